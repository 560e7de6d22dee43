"""Readings: which of them history keeps, and what is added up of them.

In:  the readings of one moment.
Out: figures: successes (or a count) and trials, and why one cannot be used.

A judged entry that adds up over some of its labels has figures of its own, with fewer labels.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cache
from typing import Final, NamedTuple

from stream.catalog import METRICS, Metric
from stream.contract.readings import Reading
from stream.judge.history import KEPT, Figure, shape_of
from stream.judge.plan import label_sets

#: Why a figure says nothing of a moment: nothing; its window begins before anything is known; its sources are behind;
#: there is no such reading.
KNOWN: Final = 0
EARLY: Final = 1
BEHIND: Final = 2
ABSENT: Final = 3

_KINDS: Final = frozenset({"count", "amount", "ratio"})
_MOST_NAMES: Final = 200_000


class Seen(NamedTuple):
    """What a figure is at one moment; trials are NaN for what is no ratio, both where `waits` says why."""

    successes: float
    trials: float
    waits: int


class Names:
    """The figures that a reading adds to, remembered by its name."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, tuple[tuple[str, str], ...]], tuple[Figure, ...]] = {}

    def of(self, reading: Reading) -> tuple[Figure, ...]:
        """Name the figures that a reading is, or adds to; none where history keeps nothing of it."""
        if reading.window not in KEPT:
            return ()
        key = (reading.metric, reading.window, tuple(reading.labels.items()))
        known = self._known.get(key)
        if known is None:
            known = _figures(reading.metric, reading.labels, reading.window)
            if len(self._known) < _MOST_NAMES:
                self._known[key] = known
        return known


def figures_of(readings: Iterable[Reading], names: Names) -> dict[Figure, Seen]:
    """Add up what history keeps of the readings of one moment."""
    out: dict[Figure, Seen] = {}
    for reading in readings:
        figures = names.of(reading)
        if not figures:
            continue
        one = seen_of(reading)
        for figure in figures:
            other = out.get(figure)
            out[figure] = one if other is None else _added(other, one)
    return out


def seen_of(reading: Reading, *, early: bool = True) -> Seen:
    """Read what a reading says, and whether it can be used: `early` asks whether all of its window is known."""
    waits = KNOWN
    if early and reading.data_since_ms is not None and (reading.window_start_ms or 0) < reading.data_since_ms:
        waits = EARLY
    if not reading.complete:
        waits = BEHIND
    if waits:
        return Seen(math.nan, math.nan, waits)
    if reading.denominator is None:
        value = reading.value
        return Seen(math.nan, math.nan, ABSENT) if value is None else Seen(float(value), math.nan, KNOWN)
    return Seen(float(reading.numerator or 0), float(reading.denominator), KNOWN)


def _added(one: Seen, other: Seen) -> Seen:
    # what waits makes the sum wait: NaN adds up to NaN
    return Seen(one.successes + other.successes, one.trials + other.trials, max(one.waits, other.waits))


@cache
def _entries() -> dict[str, tuple[Metric, ...]]:
    found: dict[str, list[Metric]] = {}
    for metric in METRICS:
        if metric.kind in _KINDS and "site" in metric.labels:
            found.setdefault(metric.series, []).append(metric)
    return {name: tuple(entries) for name, entries in found.items()}


def _figures(series: str, labels: dict[str, str], window: str) -> tuple[Figure, ...]:
    for metric in _entries().get(series, ()):
        mine = set(metric.labels) == labels.keys()
        if mine and window in metric.windows and all(labels.get(label) == value for label, value in metric.constant):
            shape = shape_of(metric.name)
            return tuple(
                Figure(metric.name, tuple((label, labels[label]) for label in some), window, shape)
                for some in label_sets(metric)
            )
    return ()
