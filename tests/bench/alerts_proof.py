"""Proof of the alerts: how often they page when nothing is wrong, and how fast they find a drop.

Run:  python -m tests.bench.alerts_proof [--quick] [--step SECONDS] [--seed N]
Out:  a table, and exit code 1 when a bar is missed.

Every run is a site of its own in one real Prometheus:

    |-- 28 days --|--------- 30 days ---------|-- drop, 48 h --|
       baseline      quiet: any page is false     time to find

The counts are back-filled by promtool; the rendered recording rules are evaluated over them by Prometheus itself
(promtool tsdb create-blocks-from rules), and so are the rendered expressions of the alerts. Only `for` and
`keep_firing_for` are played here, since Prometheus plays them in its own time.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from stream.export import rules
from stream.export.alerts import ratios
from stream.export.alerts.promql import Timings
from stream.values import duration_ms
from tests.bench.alerts_traffic import DAY_S, HOUR_S, MONDAY_S, WEEK_S, Drop, windows
from tests.e2e import backfill
from tests.e2e.prometheus import Prometheus, program, prometheus

RATIO: Final = "visit_to_lead_ratio"
ALERT: Final = "LeadpulseVisitToLeadRatioDrop"
HISTORY_D, QUIET_D, DROP_D = 28, 30, 2
#: The week after the quiet days begins on a Monday, so that drops fall on a given day and hour.
WHOLE_D: Final = HISTORY_D + QUIET_D + 7 + DROP_D
#: What people use instead: a third below the same hour of the day before.
YESTERDAY: Final = 'leadpulse:ratio:value{window="1h"} < 0.7 * (leadpulse:ratio:value{window="1h"} offset 1d)'
MOST_PAGES: Final = 0.2
MOST_HOURS: Final = 6.0
LEAST_FOUND: Final = 0.95


@dataclass(frozen=True, slots=True)
class Case:
    """So many runs of one volume, drop and time of its beginning."""

    per_hour: int
    part: float
    begins: str  # "work": Monday to Thursday, 8 to 12 h; "any": any hour of the week
    runs: int


FULL: Final = (
    *(Case(volume, part, "work", 12) for volume in (20, 50) for part in (0.3, 0.5)),
    Case(200, 0.3, "work", 20), Case(200, 0.5, "work", 40), Case(200, 0.5, "any", 20),
    *(Case(2000, part, "work", 12) for part in (0.3, 0.5)),
)  # fmt: skip
QUICK: Final = tuple(Case(volume, part, "work", 2) for volume in (20, 50, 200, 2000) for part in (0.3, 0.5))


@dataclass(frozen=True, slots=True)
class Run:
    """One site: its case and when its drop begins."""

    site: str
    case: Case
    drop_s: float


def runs_of(cases: tuple[Case, ...], rng: np.random.Generator, monday_s: int) -> list[Run]:
    """Name the sites and draw the moments of their drops."""
    out = []
    for case in cases:
        for _ in range(case.runs):
            if case.begins == "work":
                begins_s = monday_s + rng.integers(4) * DAY_S + rng.uniform(8, 12) * HOUR_S
            else:
                begins_s = monday_s + rng.uniform(0, 7) * DAY_S
            out.append(Run(f"r{len(out)}", case, begins_s))
    return out


def columns(
    runs: list[Run], rng: np.random.Generator, start_s: int, end_s: int, step_s: int
) -> Iterator[backfill.Column]:
    """Give what a worker would have shown."""
    for run in runs:
        drop = Drop(run.drop_s, run.case.part)
        for window, parts in windows(rng, run.case.per_hour, start_s, end_s, step_s, drop).items():
            for part, values in zip(("numerator", "denominator"), parts, strict=True):
                labels = f'{{site="{run.site}",window="{window}",instance="a:9464",job="leadpulse"}}'
                yield backfill.Column(f"leadpulse_{RATIO}_{part}{labels}", values)
    yield backfill.Column("leadpulse_complete", np.ones((end_s - start_s) // step_s, np.int64))


def needed_groups(groups: list[dict[str, Any]], expr: str) -> list[dict[str, Any]]:
    """Keep the recording rules that an expression reads, and those that they read."""
    every = [rule for group in groups for rule in group["rules"]]
    wanted, texts = set(), [expr]
    while texts:
        text = texts.pop()
        for rule in every:
            if rule["record"] in text and id(rule) not in wanted:
                wanted.add(id(rule))
                texts.append(rule["expr"])
    return [{"name": "proof", "rules": [rule for rule in every if id(rule) in wanted]}]


def held(moments_s: list[float], step_s: int, hold_s: int, keep_s: int) -> list[tuple[float, float]]:
    """Play `for` and `keep_firing_for`: give the spells of firing from the moments at which a condition held.

    >>> held([0, 300, 600, 900, 2400], 300, 600, 900)
    [(600, 1800)]
    """
    out: list[tuple[float, float]] = []
    begun = last = None
    for moment in [*moments_s, float("inf")]:
        if last is not None and begun is not None and moment - last > step_s:
            if last - begun >= hold_s:
                spell = begun + hold_s, last + keep_s
                if out and spell[0] <= out[-1][1]:
                    spell = out.pop()[0], spell[1]
                out.append(spell)
            # a gap shorter than `keep` goes on firing, but what comes after it waits anew only when that is over
            begun = None
        if begun is None:
            begun = moment - hold_s if out and moment <= out[-1][1] else moment
        last = moment
    return out


def pages(by_window: dict[str, list[tuple[float, float]]]) -> list[float]:
    """Give the moments at which someone is told: the 1 h window holds back 6 h and 24 h, 6 h holds back 24 h."""
    out, louder = [], []
    for window in ("1h", "6h", "24h"):
        spells = by_window.get(window, [])
        for begin, end in spells:
            at = begin
            for start, stop in sorted(louder):
                if start <= at < stop:
                    at = stop  # told when the louder alert is over, if it fires still
            if at < end:
                out.append(at)
        louder += spells
    return sorted(out)


def spells_of(
    server: Prometheus, expr: str, start_s: int, end_s: int, step_s: int, hold_s: int, keep_s: int
) -> dict[str, dict[str, list[tuple[float, float]]]]:
    """Give the spells of firing by site and window."""
    out: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for series in server.range(expr, start_s, end_s, step_s):
        labels = series["metric"]
        moments = [float(at) for at, _ in series["values"]]
        out.setdefault(labels["site"], {})[labels["window"]] = held(moments, step_s, hold_s, keep_s)
    return out


@dataclass(slots=True)
class Tally:
    """What came of the runs of one volume under one rule."""

    false_pages: int = 0
    weeks: float = 0.0

    @property
    def rate(self) -> float:
        """Give the false pages per series and week."""
        return self.false_pages / self.weeks


def quiet(
    runs: list[Run], spells: dict[str, dict[str, list[tuple[float, float]]]], start_s: int, end_s: int
) -> dict[int, Tally]:
    """Count pages of the quiet days, by volume."""
    out: dict[int, Tally] = {}
    for run in runs:
        tally = out.setdefault(run.case.per_hour, Tally())
        tally.false_pages += sum(start_s <= at < end_s for at in pages(spells.get(run.site, {})))
        tally.weeks += (end_s - start_s) / WEEK_S
    return out


def hours_to_find(run: Run, spells: dict[str, dict[str, list[tuple[float, float]]]]) -> float:
    """Give the hours until someone was told of a drop, or was being told; infinite within 48 hours."""
    told = [
        max(begin, run.drop_s)
        for of_window in spells.get(run.site, {}).values()
        for begin, end in of_window
        if end > run.drop_s and begin < run.drop_s + DROP_D * DAY_S
    ]
    # a page that stood already when the drop began does not count as found
    fresh = [at for at in told if at > run.drop_s]
    return (min(fresh) - run.drop_s) / HOUR_S if fresh else float("inf")


@contextmanager
def workplace(keep: Path | None) -> Iterator[Path]:
    """Give a folder for the data, removed at the end unless it was named."""
    if keep is not None:
        shutil.rmtree(keep, ignore_errors=True)
        (keep / "data").mkdir(parents=True)
        yield keep
        return
    with tempfile.TemporaryDirectory(prefix="leadpulse-proof-") as folder:
        (Path(folder) / "data").mkdir()
        yield Path(folder)


def main() -> None:
    """Run the proof and print the tables."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.alerts_proof")
    parser.add_argument("--quick", action="store_true", help="two runs a case: a look, no proof")
    parser.add_argument("--step", type=int, default=600, help="seconds between two evaluations")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="a folder for the data, which is emptied first and left")
    options = parser.parse_args()
    for name in ("promtool", "prometheus"):
        program(name)
    with workplace(options.keep) as folder:
        missed = prove(folder, QUICK if options.quick else FULL, options.step, options.seed)
    for bar in missed:
        print(f"missed: {bar}", file=sys.stderr)
    sys.exit(1 if missed and not options.quick else 0)


def say(text: str) -> None:
    """Print a line at once."""
    print(text, flush=True)


def prove(folder: Path, cases: tuple[Case, ...], step_s: int, seed: int) -> list[str]:
    """Simulate, evaluate, print; give the bars that were missed."""
    began = time.monotonic()
    rng = np.random.default_rng(seed)
    now = int(time.time())
    # the last Monday that leaves room for a week of drops, and the days before it
    monday_s = (now - (7 + DROP_D) * DAY_S - MONDAY_S) // WEEK_S * WEEK_S + MONDAY_S
    start_s = monday_s - (HISTORY_D + QUIET_D) * DAY_S
    end_s = start_s + WHOLE_D * DAY_S
    judged_from_s = start_s + HISTORY_D * DAY_S
    # what is exposed is evaluated at once: both stand at the same moment within a step
    phase_s = backfill.phase_s(folder, start_s, step_s)
    start_s, judged_from_s, end_s = start_s + phase_s, judged_from_s + phase_s, end_s + phase_s
    runs = runs_of(cases, rng, monday_s)
    times = list(range(start_s + step_s, end_s + 1, step_s))
    samples = backfill.write(columns(runs, rng, start_s, end_s, step_s), times, folder / "data")
    say(f"{len(runs)} runs, {samples:,} samples back-filled in {time.monotonic() - began:.0f} s; steps of {step_s} s")

    timings = Timings()
    alert = next(
        rule for group in rules.alerting(timings, rules.Links()) for rule in group["rules"] if rule["alert"] == ALERT
    )
    groups = needed_groups(rules.recording(timings), alert["expr"])
    backfill.evaluate(folder, groups, start_s, end_s, step_s, judged_from_s - 2 * DAY_S, say)

    hold_s, keep_s = (duration_ms(alert[key]) // 1000 for key in ("for", "keep_firing_for"))
    with prometheus(folder, backfill.NO_TARGETS, more=backfill.wide(step_s)) as server:
        found = spells_of(server, alert["expr"], judged_from_s, end_s, step_s, hold_s, keep_s)
        naive = spells_of(server, YESTERDAY, judged_from_s, end_s, step_s, hold_s, keep_s)
        states = state_shares(server, runs, judged_from_s, monday_s, step_s)
        liars = server.instant(
            f"count_over_time((({ratios.TRIALS} < {ratios.NEEDED}) and {ratios.STATE} == {ratios.OK})"
            f"[{QUIET_D}d:{step_s}s])", monday_s,
        )  # fmt: skip
    missed = report(runs, found, naive, states, judged_from_s, monday_s)
    if liars:
        missed.append(f"{len(liars)} series said ok with fewer trials than needed")
    say(f"whole: {(time.monotonic() - began) / 60:.1f} min")
    return missed


def state_shares(
    server: Prometheus, runs: list[Run], start_s: int, end_s: int, step_s: int
) -> dict[tuple[int, str, int], float]:
    """Give the share of the quiet time that each state was shown, by volume and window."""
    volume_of = {run.site: run.case.per_hour for run in runs}
    out: dict[tuple[int, str, int], float] = {}
    span = f"[{(end_s - start_s) // step_s * step_s}s:{step_s}s]"
    for state in (ratios.TOO_LITTLE, ratios.OK, ratios.DROP):
        for series in server.instant(f"avg_over_time(({ratios.STATE} == bool {state}){span})", end_s):
            labels = series["metric"]
            volume = volume_of[labels["site"]]
            share = float(series["value"][1]) / sum(run.case.per_hour == volume for run in runs)
            key = volume, labels["window"], state
            out[key] = out.get(key, 0.0) + share
    return out


Spells = dict[str, dict[str, list[tuple[float, float]]]]


def report(
    runs: list[Run], found: Spells, naive: Spells, states: dict[tuple[int, str, int], float], start_s: int, end_s: int
) -> list[str]:
    """Print the tables; give the bars that were missed."""
    missed = []
    say("\nQuiet days: false pages per series and week\n")
    say("| visits an hour | series-weeks | these rules | 30 % below yesterday | not enough data: 1h, 6h, 24h |")
    say("|---|---|---|---|---|")
    theirs = quiet(runs, naive, start_s, end_s)
    for volume, tally in quiet(runs, found, start_s, end_s).items():
        unknown = ", ".join(
            f"{states.get((volume, window, ratios.TOO_LITTLE), 0):.0%}" for window in ("1h", "6h", "24h")
        )
        say(f"| {volume} | {tally.weeks:.0f} | {tally.rate:.3f} | {theirs[volume].rate:.1f} | {unknown} |")
        if tally.rate > MOST_PAGES:
            missed.append(f"{tally.rate:.2f} false pages per series and week at {volume} an hour")
    say("\nDrops: found within 48 h, within 6 h; hours to the page\n")
    say("| visits an hour | drop | begins | runs | found | within 6 h | median | 95 % | yesterday's: found, median |")
    say("|---|---|---|---|---|---|---|---|---|")
    for case in dict.fromkeys(run.case for run in runs):
        hours = np.array([hours_to_find(run, found) for run in runs if run.case == case])
        other = np.array([hours_to_find(run, naive) for run in runs if run.case == case])
        fast = float((hours <= MOST_HOURS).mean())
        begins = "Mon–Thu 8–12 h" if case.begins == "work" else "any hour"
        say(
            f"| {case.per_hour} | {case.part:.0%} | {begins} | {case.runs} | {np.isfinite(hours).mean():.0%} |"
            f" {fast:.0%} | {_hours(hours, 0.5)} | {_hours(hours, 0.95)} |"
            f" {np.isfinite(other).mean():.0%}, {_hours(other, 0.5)} |"
        )
        if (case.per_hour, case.part, case.begins) == (200, 0.5, "work") and fast < LEAST_FOUND:
            missed.append(f"a 50 % drop at 200 an hour was found within 6 h in {fast:.0%} of the runs")
    say("")
    return missed


def _hours(values: np.ndarray[Any, np.dtype[np.float64]], part: float) -> str:
    value = float(np.quantile(values, part, method="higher"))
    return f"{value:.1f} h" if np.isfinite(value) else "–"


if __name__ == "__main__":
    main()
