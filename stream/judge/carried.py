"""Carried: which readings carry a verdict, and which one.

In:  a reading, verdicts of a look.
Out: its verdict, if it is judged.

A reading is judged by the entry that it is a reading of, if its labels are those that the entry tells apart: where a
verdict is of a sum over some labels, no reading shows that sum, and none carries it.
"""

from __future__ import annotations

from functools import cache
from typing import Final, NamedTuple

from stream.contract.alert import Verdict
from stream.contract.readings import Reading
from stream.judge.plan import Judged, judged
from stream.judge.verdicts import Verdicts

_MOST_NAMES: Final = 200_000


class Named(NamedTuple):
    """A judged figure: its entry, site, and the values of the labels that are told apart."""

    metric: str
    site: str
    value: tuple[str, ...]


class Carried:
    """Finds the verdicts of readings; remembers which figure each name is."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, tuple[tuple[str, str], ...]], Named | None] = {}

    def of(self, reading: Reading, verdicts: Verdicts) -> Verdict | None:
        """Give the verdict of a reading; totals and what stands have no window to judge."""
        window = reading.window
        if window is None or window == "now":
            return None
        named = self.named(reading)
        if named is None:
            return None
        verdict = verdicts.of(*named, window)
        return None if verdict.state == "none" else verdict

    def named(self, reading: Reading) -> Named | None:
        """Name the figure that a reading is judged as; None where it is not."""
        key = reading.metric, tuple(reading.labels.items())
        try:
            return self._known[key]
        except KeyError:
            named = _named(reading.metric, reading.labels)
            if len(self._known) < _MOST_NAMES:
                self._known[key] = named
            return named


@cache
def _entries() -> dict[str, tuple[Judged, ...]]:
    found: dict[str, list[Judged]] = {}
    for entry in judged():
        if set(entry.metric.labels) - {"site"} == set(entry.by):
            found.setdefault(entry.metric.series, []).append(entry)
    return {series: tuple(entries) for series, entries in found.items()}


def _named(series: str, labels: dict[str, str]) -> Named | None:
    for entry in _entries().get(series, ()):
        metric = entry.metric
        if labels.keys() == set(metric.labels) and all(labels[label] == value for label, value in metric.constant):
            value = tuple(labels[label] for label in metric.labels if label in entry.by)
            return Named(metric.name, labels["site"], value)
    return None
