"""Verdicts: whether each judged figure is as usual, as it stands after a look.

In:  judgements of the last moment, what fires, what waits.
Out: verdicts by figure; the nearest judged window speaks for one that is not judged.
"""

from __future__ import annotations

import math
from typing import Final

from stream.changes.panes import HOUR_MS, window_ms
from stream.contract.alert import State as Said
from stream.contract.alert import Verdict
from stream.judge.docket import Case, Series
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
_WAITS: Final = {EARLY: "its window begins before anything is known", BEHIND: "its sources are behind"}


class Verdicts:
    """The verdicts of one moment, each made when it is asked for."""

    def __init__(self, ruled: list[Ruled], firing: Firing, waits: Ints, at_ms: int, marks: Marks | None) -> None:
        self._firing, self._waits, self._at_ms, self._marks = firing, waits, at_ms, marks
        self._of: dict[Key, dict[str, tuple[Ruled, int]]] = {}
        for one in ruled:
            if one.second or one.group.how in ("limit", "vanished", "silence"):
                continue
            for row, place in enumerate(one.places.tolist()):
                series = one.group.series[place]
                key = (series.entry.metric.name, series.site, series.value)
                self._of.setdefault(key, {})[one.window] = (one, row)

    def __iter__(self) -> object:
        return iter(self._of)

    def keys(self) -> list[tuple[Key, str]]:
        """List every figure and window that is judged."""
        return [(key, window) for key, windows in self._of.items() for window in windows]

    def of(self, metric: str, site: str, value: tuple[str, ...], window: str) -> Verdict:
        """Give the verdict of a figure by the labels that its alert tells apart."""
        windows = self._of.get((metric, site, value))
        if not windows:
            return Verdict("none")
        nearest = min(windows, key=lambda name: _apart(name, window))
        verdict = self._verdict(*windows[nearest])
        if nearest == window:
            return verdict
        return Verdict(
            verdict.state,
            verdict.usual,
            verdict.limit,
            verdict.needed,
            verdict.weeks,
            verdict.at,
            nearest,
            verdict.says,
        )

    def _verdict(self, ruled: Ruled, row: int) -> Verdict:
        judged = ruled.judgement
        place = int(ruled.places[row])
        series = ruled.group.series[place]
        usual, limit, needed, weeks = (
            _number(each[row, -1]) for each in (judged.usual, judged.limit, judged.needed, judged.weeks)
        )
        state, says = self._state(ruled, row, series, ruled.cases[place])
        whole = None if needed is None else int(needed)
        at = iso(self._at_ms)
        return Verdict(state, usual, limit, whole, None if weeks is None else int(weeks), at, None, says)

    def _state(self, ruled: Ruled, row: int, series: Series, case: Case) -> tuple[Said, str | None]:
        judged = ruled.judgement
        if judged.marked[row, -1]:
            return "marked", self._marked(series, ruled.window)
        if ruled.silent is not None and ruled.silent[row]:
            return "waiting", "a source of it is silent"
        if not judged.made[row, -1]:
            waits = int(self._waits[ruled.rows[row]]) if ruled.rows is not None and ruled.rows[row] >= 0 else ABSENT
            if waits in _WAITS:
                return "waiting", _WAITS[waits]
            if waits == ABSENT:
                return "waiting", "it is not there"
            return ("young" if judged.weeks[row, -1] < LEAST_WEEKS else "too_little"), None
        fires = any(one.window == ruled.window and one.fires[-1] for one in self._firing.get(case, ()))
        if fires or judged.holds[row, -1]:
            return "rise" if series.entry.rises else "drop", None
        if not judged.enough[row, -1] >= judged.needed[row, -1]:
            return "too_little", None
        return "ok", None

    def _marked(self, series: Series, window: str) -> str | None:
        if self._marks is None:
            return None
        begin = self._at_ms - HOURS[window] * HOUR_MS
        return ", ".join(self._marks.names(series.site, series.entry.metric.series, begin, self._at_ms)) or None


def _apart(name: str, window: str) -> float:
    """Say how far two windows are apart, as a factor."""
    try:
        return abs(math.log(HOURS[name] * HOUR_MS / window_ms(window)))
    except ValueError:
        return 0.0


def _number(value: float) -> float | None:
    return None if not math.isfinite(value) else float(value)
