"""Proof of the alerts: how often they page when nothing is wrong, and how fast they find a drop.

Run:  python -m tests.bench.alerts_proof [--days N] [--series N] [--volumes N …] [--step SECONDS] [--seed N]
Out:  progress, three tables, and exit code 1 when a bar is missed.

`--days 7 --series 2` is a look of a minute; so few series may miss a bar by chance.

Every run is a site of its own in one real Prometheus:

    |-- 28 days --|--------- 30 days ---------|-- drop within a week, 48 h to find it --|
       baseline      quiet: any page is false

The counts are back-filled by promtool. The rules are those of deploy/prometheus: the recording rules are evaluated
over the counts by Prometheus itself (promtool tsdb create-blocks-from rules), and so is the expression of the alert.
Only `for`, `keep_firing_for` and the inhibition are played here, since they go by the clock on the wall. Rules are
evaluated every step, not every minute: a spell shorter than hold and step together may be missed. Sources are up.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import yaml

from stream.render import rules
from stream.render.alerts import ratios
from stream.settings.values import duration_ms
from tests.bench import alerts_report
from tests.bench.alerts_report import ANY_HOUR, AT_WORK, Case, Run, Sizes, States
from tests.bench.alerts_spells import Spells, held
from tests.bench.alerts_traffic import DAY_S, HOUR_S, MONDAY_S, WEEK_S, Drop, windows
from tests.e2e import backfill
from tests.e2e.prometheus import PROGRAMS, Prometheus, prometheus

ROOT: Final = Path(__file__).resolve().parents[2]
RATIO: Final = "visit_to_lead_ratio"
ALERT: Final = "LeadpulseVisitToLeadRatioDrop"
#: What people use instead: a third below the same hour of the day before.
YESTERDAY: Final = 'leadpulse:ratio:value{window="1h"} < 0.7 * (leadpulse:ratio:value{window="1h"} offset 1d)'

BASELINE_D, QUIET_D, WEEK_D, FIND_D = 28, 30, 7, 2
#: What the rules read and write before the first day that is judged, for the rule on yesterday.
BEFORE_D: Final = 2
#: Points that a query of Prometheus may give for a series.
MOST_POINTS: Final = 10_000

CASES: Final = (
    *(Case(volume, part, AT_WORK, 12) for volume in (20, 50) for part in (0.3, 0.5)),
    Case(200, 0.3, AT_WORK, 20), Case(200, 0.5, AT_WORK, 80), Case(200, 0.5, ANY_HOUR, 20),
    *(Case(2000, part, AT_WORK, 12) for part in (0.3, 0.5)),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Calendar:
    """When things are: quiet days end on a Monday, so that drops fall on a given day and hour."""

    monday_s: int
    quiet_d: int
    step_s: int
    phase_s: int = 0

    @classmethod
    def until(cls, now_s: float, quiet_d: int, step_s: int) -> Calendar:
        """Give the last one that is over by now."""
        weeks = (int(now_s) - (WEEK_D + FIND_D) * DAY_S - MONDAY_S) // WEEK_S
        return cls(weeks * WEEK_S + MONDAY_S, quiet_d, step_s)

    @property
    def start_s(self) -> int:
        """Give when the baseline begins."""
        return self.quiet_s - BASELINE_D * DAY_S

    @property
    def quiet_s(self) -> int:
        """Give when the quiet days begin."""
        return self.quiet_end_s - self.quiet_d * DAY_S

    @property
    def quiet_end_s(self) -> int:
        """Give when the quiet days end."""
        return self.monday_s + self.phase_s

    @property
    def end_s(self) -> int:
        """Give when the last drop has had its time to be found."""
        return self.quiet_end_s + (WEEK_D + FIND_D) * DAY_S


def runs_of(cases: tuple[Case, ...], rng: np.random.Generator, monday_s: int) -> list[Run]:
    """Name the sites and draw the moments of their drops."""
    out: list[Run] = []
    for case in cases:
        for _ in range(case.runs):
            if case.begins == AT_WORK:
                after_s = int(rng.integers(4)) * DAY_S + rng.uniform(8, 12) * HOUR_S
            else:
                after_s = rng.uniform(0, 7) * DAY_S
            out.append(Run(f"r{len(out)}", case, monday_s + after_s))
    return out


def columns(runs: list[Run], rng: np.random.Generator, calendar: Calendar) -> Iterator[backfill.Column]:
    """Give what a worker would have shown."""
    start_s, end_s, step_s = calendar.start_s, calendar.end_s, calendar.step_s
    for run in runs:
        drop = Drop(run.drop_s, run.case.part)
        for window, parts in windows(rng, run.case.per_hour, start_s, end_s, step_s, drop).items():
            for part, values in zip(("numerator", "denominator"), parts, strict=True):
                labels = f'{{site="{run.site}",window="{window}",instance="a:9464",job="leadpulse"}}'
                yield backfill.Column(f"leadpulse_{RATIO}_{part}{labels}", values)
    yield backfill.Column("leadpulse_complete", np.ones((end_s - start_s) // step_s, np.int64))


def rendered(kind: str) -> list[dict[str, Any]]:
    """Give the rules that are shipped: "recording" or "alerts"."""
    text = (ROOT / rules.RULES / f"leadpulse-{kind}.yml").read_text()
    return [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]


def needed(recording: list[dict[str, Any]], expr: str) -> list[dict[str, Any]]:
    """Keep the recording rules that an expression reads, and those that they read; of ratios, the one at hand."""
    of_ratio = [rule for rule in recording if rule.get("labels", {}).get("ratio", RATIO) == RATIO]
    wanted, texts = set(), [expr]
    while texts:
        text = texts.pop()
        for rule in of_ratio:
            if rule["record"] in text and id(rule) not in wanted:
                wanted.add(id(rule))
                texts.append(rule["expr"])
    return [rule for rule in of_ratio if id(rule) in wanted]


def spells_of(server: Prometheus, expr: str, calendar: Calendar, hold_s: int, keep_s: int) -> Spells:
    """Ask when an expression held, from the quiet days on, and give the spells of firing."""
    moments: dict[tuple[str, str], list[float]] = {}
    span_s = MOST_POINTS * calendar.step_s
    # what is recorded has a fraction of a second more
    for start_s in range(calendar.quiet_s + 1, calendar.end_s, span_s):
        end_s = min(start_s + span_s, calendar.end_s) - 1
        for series in server.range(expr, start_s, end_s, calendar.step_s):
            labels = series["metric"]
            moments.setdefault((labels["site"], labels["window"]), []).extend(float(at) for at, _ in series["values"])
    out: Spells = {}
    for (site, window), those in moments.items():
        out.setdefault(site, {})[window] = held(those, calendar.step_s, hold_s, keep_s)
    return out


def states_of(server: Prometheus, runs: list[Run], calendar: Calendar) -> States:
    """Count the moments of the quiet days by volume, window, whether the needed n was there, and state."""
    volume_of = {run.site: run.case.per_hour for run in runs}
    span = f"[{calendar.quiet_d * DAY_S}s:{calendar.step_s}s]"
    out: States = {}
    for enough, compare in ((False, "<"), (True, ">=")):
        for state in (ratios.TOO_LITTLE, ratios.OK, ratios.DROP):
            seen = f"{ratios.TRIALS} {compare} {ratios.NEEDED} and {ratios.STATE} == {state}"
            for series in server.instant(f"count_over_time(({seen}){span})", calendar.quiet_end_s + 1):
                key = volume_of[series["metric"]["site"]], series["metric"]["window"], enough, state
                out[key] = out.get(key, 0) + int(series["value"][1])
    return out


def sizes_of(server: Prometheus, runs: list[Run], calendar: Calendar) -> Sizes:
    """Give the needed n, in the mean, and the largest n of the quiet days, by volume and window."""
    volume_of = {run.site: run.case.per_hour for run in runs}
    span = f"[{calendar.quiet_d * DAY_S}s:{calendar.step_s}s]"
    found: dict[tuple[int, str], list[list[float]]] = {}
    for part, expr in enumerate((f"avg_over_time({ratios.NEEDED}{span})", f"max_over_time({ratios.TRIALS}{span})")):
        for series in server.instant(expr, calendar.quiet_end_s + 1):
            key = volume_of[series["metric"]["site"]], series["metric"]["window"]
            found.setdefault(key, [[], []])[part].append(float(series["value"][1]))
    return {key: (float(np.mean(means)), max(most)) for key, (means, most) in found.items()}


@contextmanager
def workplace(keep: Path | None) -> Iterator[Path]:
    """Give a folder for the data, removed at the end unless it was named; one that is there already is refused."""
    if keep is not None:
        (keep / "data").mkdir(parents=True)
        yield keep
        return
    with tempfile.TemporaryDirectory(prefix="leadpulse-proof-") as folder:
        (Path(folder) / "data").mkdir()
        yield Path(folder)


def prove(folder: Path, cases: tuple[Case, ...], quiet_d: int, step_s: int, seed: int) -> list[str]:
    """Simulate, evaluate, print; give the bars that were missed."""
    began = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - began:4.0f} s  {text}", flush=True)

    calendar = Calendar.until(time.time(), quiet_d, step_s)
    # what is exposed is evaluated at once: both stand at the same moment within a step
    calendar = replace(calendar, phase_s=backfill.phase_s(folder, calendar.start_s, step_s))
    rng = np.random.default_rng(seed)
    runs = runs_of(cases, rng, calendar.monday_s)
    say(f"{len(runs)} sites, {(calendar.end_s - calendar.start_s) // DAY_S} days in steps of {step_s} s")
    times = list(range(calendar.start_s + step_s, calendar.end_s + 1, step_s))
    samples = backfill.write(columns(runs, rng, calendar), times, folder / "data")
    say(f"{samples:,} samples back-filled")

    alert = next(rule for rule in rendered("alerts") if rule.get("alert") == ALERT)
    groups = [{"name": "proof", "rules": needed(rendered("recording"), alert["expr"])}]
    later_s = calendar.quiet_s - BEFORE_D * DAY_S
    backfill.evaluate(folder, groups, calendar.start_s, calendar.end_s, step_s, later_s, say)

    hold_s, keep_s = (duration_ms(alert[key]) // 1000 for key in ("for", "keep_firing_for"))
    with prometheus(folder, backfill.NO_TARGETS, more=backfill.wide(step_s)) as server:
        found = spells_of(server, alert["expr"], calendar, hold_s, keep_s)
        naive = spells_of(server, YESTERDAY, calendar, hold_s, keep_s)
        say("expressions of the alerts evaluated")
        states, sizes = states_of(server, runs, calendar), sizes_of(server, runs, calendar)
    quiet = (calendar.quiet_s, calendar.quiet_end_s)
    missed = alerts_report.quiet_days(runs, found, naive, quiet)
    missed += alerts_report.drops(runs, found, naive, FIND_D * DAY_S)
    missed += alerts_report.states(states, sizes)
    say(f"whole: {(time.monotonic() - began) / 60:.1f} min")
    return missed


def main() -> None:
    """Run the proof and compare with the bars."""
    volumes = sorted({case.per_hour for case in CASES})
    parser = argparse.ArgumentParser(prog="python -m tests.bench.alerts_proof", description=__doc__.partition("\n")[0])
    parser.add_argument("--days", type=int, default=QUIET_D, help=f"quiet days (default {QUIET_D})")
    parser.add_argument("--series", type=int, help="runs of each case (default: enough for the bars)")
    parser.add_argument(
        "--volumes", type=int, nargs="+", choices=volumes, default=volumes, help="visitors an hour (default: all)"
    )
    parser.add_argument("--step", type=int, choices=(300, 600), default=300, help="seconds between two evaluations")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="a new folder for the data, which is left")
    options = parser.parse_args()
    for name in ("promtool", "prometheus"):
        if shutil.which(name) is None:
            sys.exit(f"{name} is not installed (apt-get install --no-install-recommends {PROGRAMS[name]})")
    cases = tuple(replace(case, runs=options.series or case.runs) for case in CASES if case.per_hour in options.volumes)
    with workplace(options.keep) as folder:
        missed = prove(folder, cases, options.days, options.step, options.seed)
    for bar in missed:
        print(f"missed: {bar}", file=sys.stderr)
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
