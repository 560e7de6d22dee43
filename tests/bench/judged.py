"""Judged: what judging adds to a publication of all windows.

Run:  python -m tests.bench.judged [--figures N] [--publications N]
Out:  milliseconds of a publication without a look, between looks, and with one, by part; bytes that it writes.

Figures are of every entry that is judged, with values made up for their labels, and six weeks of history; readings are
of all their windows, those too that only show the verdict of another.
"""

from __future__ import annotations

import argparse
import itertools
import random
import time
from collections.abc import Callable, Iterator
from statistics import median

import numpy as np

from stream.changes.panes import HOUR_MS, MINUTE_MS, window_ms
from stream.contract.readings import Reading
from stream.contract.results import encode
from stream.judge.history import KEPT
from stream.judge.plan import judged
from stream.judge.readings import Names
from stream.judge.settings import Settings
from stream.kafka.clock import BrokerClock
from stream.worker.judging import Judging
from stream.worker.kept_log import KeptLog
from stream.worker.published import Published

NOON_MS = 1_772_452_800_000
SITES = ("shop", "blog")


def names(figures: int) -> Iterator[tuple[str, dict[str, str], str, bool]]:
    """Give (series, labels, window, is a count) until so many figures are judged, by label values and windows."""
    entries = [entry for entry in judged() if set(entry.metric.labels) - {"site"} == set(entry.by)]
    count, given = 0, set[tuple[str, str]]()
    for turn in itertools.count():
        for entry in entries:
            metric = entry.metric
            for site in SITES:
                constant = dict(metric.constant)
                labels = {label: constant.get(label, f"{label}-{turn}") for label in metric.labels} | {"site": site}
                if (metric.series, str(labels)) in given:
                    continue
                given.add((metric.series, str(labels)))
                for window in metric.windows:
                    yield metric.series, labels, window, metric.kind == "count"
                count += len(entry.windows)
                if count >= figures:
                    return


def readings(named: list[tuple[str, dict[str, str], str, bool]], at_ms: int, seq: int) -> list[Reading]:
    """Read all of them at a moment."""
    draw = random.Random(seq)
    out = []
    for series, labels, window, counts in named:
        hours = window_ms(window) / HOUR_MS
        trials = int(2_000 * hours * draw.uniform(0.9, 1.1)) + 1
        top = int(trials * 0.05)
        value, numerator, denominator = (top, None, None) if counts else (top / trials, top, trials)
        out.append(
            Reading(series, labels, window, value, numerator, denominator, denominator, at_ms - window_ms(window),
                    at_ms, at_ms, True, 0, seq, "v")
        )  # fmt: skip
    return out


def remember(judging: Judging, named: list[tuple[str, dict[str, str], str, bool]]) -> None:
    """Fill six weeks."""
    history, find, draw = judging.kept.history, Names(), np.random.default_rng(1)
    rows: dict[int, tuple[float, bool]] = {}
    for reading in readings(named, NOON_MS, 0):
        for figure in find.of(reading):
            rows[history.row(figure)] = window_ms(figure.window) / HOUR_MS, reading.denominator is None
    at = np.array(list(rows))
    hours, counts = (np.array(column) for column in zip(*rows.values(), strict=True))
    for lag in range(history.slots - 1, 0, -1):
        trials = 2_000 * hours * draw.uniform(0.9, 1.1, len(at))
        history.put(NOON_MS // HOUR_MS - lag, at, np.floor(trials * 0.05), np.where(counts, np.nan, np.floor(trials)))


def timed(work: Callable[[], object]) -> tuple[float, object]:
    """Give the milliseconds of some work, and what came of it."""
    began = time.process_time()
    found = work()
    return (time.process_time() - began) * 1_000, found


def run(figures: int, publications: int) -> None:
    """Publish with and without looks, and print the medians."""
    named = list(names(figures))
    settings = Settings()
    judging = Judging(KeptLog("history", BrokerClock()), "alerts", lambda: settings)
    remember(judging, named)
    kept = sum(window in KEPT for _, _, window, _ in named)
    print(f"{figures:,} judged figures; {len(named):,} readings of all windows, {kept:,} of them in history")
    plain, told = Published(encode), Published(encode)
    took: dict[str, list[float]] = {"plain": [], "between": [], "look": [], "rows of a look": []}
    size = 0
    for turn in range(publications):
        at_ms = NOON_MS + (turn + 1) * 10 * MINUTE_MS
        found = readings(named, at_ms, turn + 1)
        ms, _ = timed(lambda found=found: plain.rows(found, None))
        plain.confirm()
        took["plain"].append(ms)
        judging.until_ms(at_ms, at_ms)
        ms, parts = timed(lambda at_ms=at_ms, found=found: judging.parts(at_ms, found, (), told, looks=True))
        took["look"].append(ms)
        ms, _ = timed(lambda found=found: told.rows(found, None))
        told.confirm()
        took["rows of a look"].append(ms)
        size = sum(len(key) + len(value or b"") for _, _, some in parts for key, value, *_ in some)  # type: ignore[attr-defined]
        later = readings(named, at_ms + 15_000, 1_000 + turn)
        ms, _ = timed(lambda later=later: told.rows(later, None))
        told.confirm()
        plain.rows(later, None)
        plain.confirm()
        took["between"].append(ms)
    for what, all_ms in took.items():
        print(f"{what:<16}{median(all_ms):>9.1f} ms  ({min(all_ms):.1f} to {max(all_ms):.1f})")
    print(f"last look wrote {size:,} bytes beside readings")


def main() -> None:
    """Read options."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.judged")
    parser.add_argument("--figures", type=int, default=3_000)
    parser.add_argument("--publications", type=int, default=12)
    args = parser.parse_args()
    run(args.figures, args.publications)


if __name__ == "__main__":
    main()
