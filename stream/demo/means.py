"""Means: what the figures of the demo's company usually are, as its simulator gives them.

In:  the table `means.csv`; or the simulator, to measure it anew.
Out: for each figure of one site the mean of its successes (or count) and of its trials, at 400 records a second of
     fast motion.

    python -m stream.demo.means        # measures anew and writes the table; some minutes
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from stream.demo.pace import NOTE, RATE, traffic_of
from stream.demo.traffic import Traffic
from stream.judge.history import Figure
from stream.judge.readings import KNOWN, Names, figures_of
from stream.replay.replay import ReplayOptions
from stream.replay.seeding import Hours

HOUR_MS: Final = 3_600_000
TABLE: Final = "means.csv"
#: Of what is there less often in an hour nobody asks how a day or a week usually is; nor of anything below the second
#: whether it is as usual.
DAILY_LEAST: Final = 10.0
LEAST: Final = 3.0

#: Metric, labels beside site, window.
Name = tuple[str, tuple[tuple[str, str], ...], str]


class Mean(NamedTuple):
    """A figure of a site: labels beside site, and the means of both numbers; trials are None for a count."""

    metric: str
    labels: tuple[tuple[str, str], ...]
    window: str
    successes: float
    trials: float | None


def table() -> list[Mean]:
    """Read the table of the package."""
    text = (files("stream.demo") / TABLE).read_text(encoding="utf-8")
    return [
        Mean(
            metric,
            tuple(tuple(pair.split("=", 1)) for pair in labels.split(";") if pair),  # type: ignore[misc]
            window,
            float(successes),
            float(trials) if trials else None,
        )
        for metric, labels, window, successes, trials in csv.reader(text.splitlines()[1:])
    ]


def measure(
    windows: Iterable[str], *, first_hour: int, hours: int, seeds: Iterable[int] = (1,), rate: float = RATE
) -> dict[Name, tuple[float, float]]:
    """Simulate so many hours for each seed and give the means of full hours from the first one on, at `RATE`.

    Figures are named by metric, labels beside site, and window; trials are NaN for a count.
    """
    wanted = tuple(windows)
    total: dict[Figure, list[float]] = {}
    looks = 0
    for seed in seeds:
        # whole hours, so that the last step is one
        start_ms = 1_767_225_600_000
        options = traffic_of(seed=seed, sites=1, rate=rate, start_ms=start_ms, length_ms=hours * HOUR_MS, blanks=False)
        lines = [record.value for record in Traffic(options) if record.value is not None]
        replay, names = Hours(ReplayOptions(now_ms=start_ms + hours * HOUR_MS, windows=wanted)), Names()
        for snapshot in replay.snapshots(lines):
            if snapshot.as_of_ms - start_ms < first_hour * HOUR_MS:
                continue
            looks += 1
            for figure, seen in figures_of(replay.whole(snapshot), names).items():
                if seen.waits == KNOWN and figure.window in wanted:
                    both = total.setdefault(figure, [0.0, 0.0])
                    both[0] += seen.successes
                    both[1] += seen.trials
    scale = RATE / rate / max(looks, 1)
    return {_name(figure): (top * scale, bottom * scale) for figure, (top, bottom) in total.items()}


def _name(figure: Figure) -> Name:
    return figure.metric, tuple(pair for pair in figure.labels if pair[0] != "site"), figure.window


def write(means: Mapping[Name, tuple[float, float]], path: Path) -> int:
    """Write a table; return how many figures it has."""
    often = {
        name[:2] for name, (top, bottom) in means.items() if name[2] == "1h" and np.fmax(top, bottom) >= DAILY_LEAST
    }
    rows = [
        (metric, ";".join(f"{label}={value}" for label, value in labels), window, _cut(top), _cut(bottom))
        for (metric, labels, window), (top, bottom) in sorted(means.items())
        if ((metric, labels) in often if window in ("24h", "7d") else np.fmax(top, bottom) >= LEAST)
    ]
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(("metric", "labels", "window", "successes", "trials"))
        writer.writerows(rows)
    return len(rows)


def _cut(mean: float) -> str:
    return "" if mean != mean else f"{mean:.5g}"


#: How each window is measured. Days and weeks are at a part of the pace, so that they do not take hours.
MEASURES: Final[tuple[dict[str, Any], ...]] = (
    {"windows": ("1h", "6h"), "first_hour": 2, "hours": 8, "seeds": (1, 2, 3)},  # those that the demo plays
    {"windows": ("24h",), "first_hour": 25, "hours": 33, "rate": RATE / 4},
    {"windows": ("7d",), "first_hour": 169, "hours": 181, "rate": RATE / 20},
)


def _all() -> None:
    means: dict[Name, tuple[float, float]] = {}
    for wanted in MEASURES:
        means |= measure(**wanted)
    count = write(means, Path(__file__).with_name(TABLE))
    print(f"{count} figures at {RATE:g} records a second, {NOTE}", file=sys.stderr)


if __name__ == "__main__":
    _all()
