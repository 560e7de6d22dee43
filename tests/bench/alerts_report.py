"""Report of the proof of the alerts: its tables, and the bars that were missed.

In:  runs, the spells in which alerts fired, counts of states.
Out: three tables in Markdown: false pages of quiet days, time to find a drop, what the state said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from stream.render.alerts import ratios
from tests.bench.alerts_spells import Spells, hours_to_find, pages
from tests.bench.alerts_traffic import HOUR_S, WEEK_S, WINDOWS_S, hour_of_week, visits_share

MOST_PAGES: Final = 0.2
MOST_HOURS: Final = 6.0
LEAST_FOUND: Final = 0.95

AT_WORK, ANY_HOUR = "Mon–Thu 8–12 h", "any hour"
#: The case that must be found in time: volume, part that is lost, beginning.
HELD_TO: Final = (200, 0.5, AT_WORK)

#: Moments by volume, window, whether n reached the needed n, and state.
States = dict[tuple[int, str, bool, int], int]
#: The needed n and the largest n, by volume and window.
Sizes = dict[tuple[int, str], tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Case:
    """So many runs of one volume, drop and time of its beginning."""

    per_hour: int
    part: float
    begins: str
    runs: int


@dataclass(frozen=True, slots=True)
class Run:
    """One site: its case and when its drop begins."""

    site: str
    case: Case
    drop_s: float


def quiet_days(runs: list[Run], found: Spells, naive: Spells, quiet: tuple[int, int]) -> list[str]:
    """Print the false pages of each volume; give the bars that were missed."""
    missed = []
    start_s, end_s = quiet
    print("\nQuiet days: false pages per series and week\n")
    print("| visits an hour | series × weeks | false pages | per series and week | 30 % below yesterday |")
    print("|---|---|---|---|---|")
    for volume in dict.fromkeys(run.case.per_hour for run in runs):
        sites = [run.site for run in runs if run.case.per_hour == volume]
        weeks = len(sites) * (end_s - start_s) / WEEK_S
        ours, theirs = (
            sum(start_s <= at < end_s for site in sites for at in pages(spells.get(site, {})))
            for spells in (found, naive)
        )
        print(f"| {volume:,} | {weeks:.0f} | {ours} | {ours / weeks:.3f} | {theirs / weeks:.1f} |")
        if ours / weeks > MOST_PAGES:
            missed.append(f"{ours / weeks:.2f} false pages per series and week at {volume} an hour")
    return missed


def drops(runs: list[Run], found: Spells, naive: Spells, within_s: int) -> list[str]:
    """Print how fast drops were found; give the bars that were missed."""
    missed = []
    print(f"\nDrops: found within {within_s // 3600} h, hours to the page\n")
    print("| visits an hour | drop | begins | visits an hour, 6 h from then | runs | found | within 6 h | median | 95 % |"
          " 30 % below yesterday: found, median |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|---|")
    for case in dict.fromkeys(run.case for run in runs):
        of_case = [run for run in runs if run.case == case]
        hours, theirs = (
            np.array([hours_to_find(spells.get(run.site, {}), run.drop_s, within_s) for run in of_case])
            for spells in (found, naive)
        )
        fast = float((hours <= MOST_HOURS).mean())
        then = case.per_hour * float(np.mean([_busy(run.drop_s) for run in of_case]))
        print(
            f"| {case.per_hour:,} | {case.part:.0%} | {case.begins} | {then:,.0f} | {case.runs} | {np.isfinite(hours).mean():.0%}"
            f" | {fast:.0%} | {_hours(hours, 0.5)} | {_hours(hours, 0.95)}"
            f" | {np.isfinite(theirs).mean():.0%}, {_hours(theirs, 0.5)} |"
        )
        if (case.per_hour, case.part, case.begins) == HELD_TO and fast < LEAST_FOUND:
            missed.append(f"a {case.part:.0%} drop at {case.per_hour} an hour was found within 6 h in {fast:.0%}")
    return missed


def states(seen: States, sizes: Sizes) -> list[str]:
    """Print what the state said before and after the needed n was there; give the bars that were missed."""
    missed = []
    said = {ratios.TOO_LITTLE: "not enough data", ratios.OK: "ok", ratios.DROP: "drop"}
    print("\nState, in quiet days: share of the moments, and what was said in them\n")
    print("| visits an hour | window | needed n | largest n | n below the needed | of these: not enough data, ok, drop |"
          " n is there | of these: not enough data, ok, drop |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|")
    for volume in sorted({volume for volume, *_ in seen}):
        for window in WINDOWS_S:
            counts = {e: [seen.get((volume, window, e, state), 0) for state in said] for e in (False, True)}
            whole = sum(map(sum, counts.values()))
            if not whole:
                continue
            cells = [cell for of in counts.values() for cell in (f"{sum(of) / whole:.1%}", _parts(of))]
            needed, most = sizes[volume, window]
            print(f"| {volume:,} | {window} | {needed:,.0f} | {most:,.0f} | {' | '.join(cells)} |")
            if counts[False][1]:
                missed.append(f"ok was said {counts[False][1]} times below the needed n: {volume} an hour, {window}")
            if counts[True][0]:
                missed.append(
                    f"not enough data was said {counts[True][0]} times above the needed n: {volume}, {window}"
                )
    if not seen:
        missed.append("no state was shown")
    print()
    return missed


def _busy(drop_s: float) -> float:
    """Give the visits in the time that a drop is to be found in, as a multiple of the mean."""
    moments = drop_s + np.linspace(0, MOST_HOURS * HOUR_S, 72, endpoint=False)
    return float(visits_share(hour_of_week(moments)).mean())


def _parts(counts: list[int]) -> str:
    whole = sum(counts)
    return ", ".join(f"{count / whole:.2%}" for count in counts) if whole else "–"


def _hours(values: np.ndarray[Any, np.dtype[np.float64]], part: float) -> str:
    value = float(np.quantile(values, part, method="higher"))
    return f"{value:.1f} h" if np.isfinite(value) else "–"
