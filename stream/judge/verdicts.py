"""Verdicts: whether each judged figure is as usual, as it stands after a look.

In:  judgements of the last moment, what fires, what waits.
Out: verdicts by figure; the nearest judged window speaks for one that is not judged.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from math import isfinite
from typing import Final

from stream.changes.panes import HOUR_MS, window_ms
from stream.contract.alert import State as Said
from stream.contract.alert import Verdict
from stream.judge.docket import Series
from stream.judge.firing import Firing
from stream.judge.history import Ints
from stream.judge.marks import Marks
from stream.judge.past import LEAST_WEEKS
from stream.judge.readings import ABSENT, BEHIND, EARLY
from stream.judge.rules import Ruled
from stream.judge.told import iso
from stream.judge.usual import HOURS

#: Metric, site, values of its labels.
Key = tuple[str, str, tuple[str, ...]]
_NONE: Final = Verdict("none")
_WAITS: Final = {EARLY: "its window begins before anything is known", BEHIND: "its sources are behind"}


@dataclass(frozen=True, slots=True)
class _Last:
    """A judgement at its last moment, as lists: reading thousands of rows one by one costs ten times as much."""

    places: list[int]
    rows: list[int] | None
    silent: list[bool] | None
    marked: list[bool]
    made: list[bool]
    holds: list[bool]
    usual: list[float]
    limit: list[float]
    needed: list[float]
    enough: list[float]
    weeks: list[float]

    @classmethod
    def of(cls, ruled: Ruled) -> _Last:
        """Take the last column of everything."""
        judged = ruled.judgement
        silent = None if ruled.silent is None else ruled.silent.tolist()
        rows = None if ruled.rows is None else ruled.rows.tolist()
        columns = (
            judged.marked, judged.made, judged.holds, judged.usual, judged.limit, judged.needed, judged.enough,
            judged.weeks,
        )  # fmt: skip
        return cls(ruled.places.tolist(), rows, silent, *(column[:, -1].tolist() for column in columns))


class Verdicts:
    """The verdicts of one moment, each made when it is asked for."""

    def __init__(self, ruled: list[Ruled], firing: Firing, waits: Ints, at_ms: int, marks: Marks | None) -> None:
        self._firing, self._waits, self._at_ms, self._marks = firing, waits, at_ms, marks
        self._at = iso(at_ms)
        self._of: dict[Key, dict[str, tuple[Ruled, int]]] = {}
        self._last: dict[int, _Last] = {}
        self._said: dict[Key, dict[str, Verdict]] = {}
        for one in ruled:
            if one.second or one.group.how in ("limit", "vanished", "silence"):
                continue
            for row, place in enumerate(one.places.tolist()):
                series = one.group.series[place]
                key = (series.entry.metric.name, series.site, series.value)
                self._of.setdefault(key, {})[one.window] = (one, row)

    def made(self) -> Iterator[tuple[Key, str, bool]]:
        """Say of each judged figure and window whether it could be judged at any of the moments."""
        for key, windows in self._of.items():
            for window, (ruled, row) in windows.items():
                made = ruled.judgement.made[row] & ~ruled.judgement.marked[row]
                yield key, window, bool(made.any())

    def keys(self) -> list[tuple[Key, str]]:
        """List every figure and window that is judged."""
        return [(key, window) for key, windows in self._of.items() for window in windows]

    def of(self, metric: str, site: str, value: tuple[str, ...], window: str) -> Verdict:
        """Give the verdict of a figure by the labels that its alert tells apart."""
        key = (metric, site, value)
        windows = self._of.get(key)
        if windows is None:
            return _NONE
        of = self._said.get(key)
        if of is None:
            of = self._said[key] = {}
        said = of.get(window)
        if said is None:
            said = of[window] = self._nearest(windows, window)
        return said

    def _nearest(self, windows: dict[str, tuple[Ruled, int]], window: str) -> Verdict:
        own = windows.get(window)
        if own is not None:
            return self._verdict(*own)
        nearest = _nearest_of(tuple(windows), window)
        said = self._verdict(*windows[nearest])
        return Verdict(said.state, said.usual, said.limit, said.needed, said.weeks, said.at, nearest, said.says)

    def _verdict(self, ruled: Ruled, row: int) -> Verdict:
        last = self._last.get(id(ruled))
        if last is None:
            last = self._last[id(ruled)] = _Last.of(ruled)
        state, says = self._state(ruled, last, row)
        usual, limit, needed, weeks = last.usual[row], last.limit[row], last.needed[row], last.weeks[row]
        return Verdict(
            state,
            usual if isfinite(usual) else None,
            limit if isfinite(limit) else None,
            int(needed) if isfinite(needed) else None,
            int(weeks) if isfinite(weeks) else None,
            self._at,
            None,
            says,
        )

    def _state(self, ruled: Ruled, last: _Last, row: int) -> tuple[Said, str | None]:
        place = last.places[row]
        if last.marked[row]:
            return "marked", self._marked(ruled.group.series[place], ruled.window)
        if last.silent is not None and last.silent[row]:
            return "waiting", "a source of it is silent"
        if not last.made[row]:
            waits = int(self._waits[last.rows[row]]) if last.rows is not None and last.rows[row] >= 0 else ABSENT
            if waits in _WAITS:
                return "waiting", _WAITS[waits]
            if waits == ABSENT:
                return "waiting", "it is not there"
            return ("young" if last.weeks[row] < LEAST_WEEKS else "too_little"), None
        if last.holds[row] or self._fires(ruled, place):
            return "rise" if ruled.group.series[place].entry.rises else "drop", None
        if not last.enough[row] >= last.needed[row]:
            return "too_little", None
        return "ok", None

    def _fires(self, ruled: Ruled, place: int) -> bool:
        active = self._firing.get(ruled.cases[place]) if self._firing else None
        return active is not None and any(one.window == ruled.window and one.fires[-1] for one in active)

    def _marked(self, series: Series, window: str) -> str | None:
        if self._marks is None:
            return None
        begin = self._at_ms - HOURS[window] * HOUR_MS
        return ", ".join(self._marks.names(series.site, series.entry.metric.series, begin, self._at_ms)) or None


@cache
def _nearest_of(windows: tuple[str, ...], window: str) -> str:
    return min(windows, key=lambda name: _apart(name, window))


def _apart(name: str, window: str) -> float:
    """Say how far two windows are apart, as a factor."""
    try:
        return abs(math.log(HOURS[name] * HOUR_MS / window_ms(window)))
    except ValueError:
        return 0.0
