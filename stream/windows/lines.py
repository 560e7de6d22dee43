"""Lines: the changes of single series in order of time, to sum any stretch of one, and to read it by age.

In:  changes of series in panes of one millisecond.
Out: sums of stretches; what is held, by how long ago that was.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from stream.kernels.sums import Ints, summed


class Line:
    """The changes of one series in order of time, each pane once."""

    __slots__ = ("_amounts", "_fresh", "_panes", "_until")

    def __init__(self) -> None:
        self._fresh: list[tuple[Ints, Ints]] = []
        self._panes = self._amounts = np.zeros(0, np.int64)
        self._until = np.zeros(1, np.int64)  # sums of the amounts before each change

    def add(self, panes: Ints, amounts: Ints) -> None:
        """Add changes."""
        if len(panes):
            self._fresh.append((panes, amounts))

    def between(self, start_ms: int, end_ms: int) -> int:
        """Sum the changes of [start, end)."""
        first, last = self._places(start_ms, end_ms)
        return int(self._until[last] - self._until[first])

    def held(self, start_ms: int, end_ms: int) -> tuple[Ints, Ints]:
        """Give the panes of [start, end) that hold anything, and what."""
        first, last = self._places(start_ms, end_ms)
        return self._panes[first:last], self._amounts[first:last]

    def _places(self, start_ms: int, end_ms: int) -> tuple[int, int]:
        if self._fresh:
            panes = np.concatenate([self._panes, *(panes for panes, _ in self._fresh)])
            amounts = np.concatenate([self._amounts, *(amounts for _, amounts in self._fresh)])
            self._panes, self._amounts = summed(panes, amounts, in_runs=True)
            self._fresh = []
            self._until = np.concatenate([[0], np.cumsum(self._amounts)])
        first, last = np.searchsorted(self._panes, [start_ms, end_ms]).tolist()
        return first, last


def deal(lines: dict[int, Line], sids: Ints, panes: Ints, amounts: Ints) -> None:
    """Add changes to the lines of their series, as far as there are any."""
    if not lines:
        return
    mine = np.isin(sids, np.fromiter(lines, np.int64, len(lines)))
    if not mine.any():
        return
    sids, panes, amounts = sids[mine], panes[mine], amounts[mine]
    order = np.argsort(sids, kind="stable")
    sids, panes, amounts = sids[order], panes[order], amounts[order]
    starts = np.flatnonzero(np.append(True, sids[1:] != sids[:-1])).tolist()
    for first, last in zip(starts, [*starts[1:], len(sids)], strict=True):
        lines[int(sids[first])].add(panes[first:last], amounts[first:last])


# what lines say by age --------------------------------------------------------------------------------------


def by_age(lines: Mapping[int, Line], sids: Ints, start_ms: int, now_ms: int) -> tuple[Ints, Ints, Ints]:
    """Give what series hold in [start, now), by age in ms: place among the series, age, amount."""
    out: list[tuple[Ints, Ints, Ints]] = []
    for at, sid in enumerate(sids.tolist()):
        if sid >= 0:
            panes, amounts = lines[sid].held(start_ms, now_ms)
            out.append((np.full(len(panes), at, np.int64), now_ms - panes, amounts))
    if not out:
        nothing = np.zeros(0, np.int64)
        return nothing, nothing, nothing
    places, ages, amounts = (np.concatenate(column) for column in zip(*out, strict=True))
    return places, ages, amounts


def recent(lines: Mapping[int, Line], sids: Ints, lengths_ms: Ints, now_ms: int) -> Ints:
    """Sum what series hold that is younger than lengths of their own."""
    pairs = zip(sids.tolist(), lengths_ms.tolist(), strict=True)
    sums = [0 if sid < 0 else lines[sid].between(now_ms - length, now_ms) for sid, length in pairs]
    return np.array(sums, np.int64)


def oldest_ms(lines: Mapping[int, Line], sids: Ints, now_ms: int) -> Ints:
    """Give the oldest moment at which each series holds anything; −1 where there is none."""
    out = np.full(len(sids), -1, np.int64)
    for at, sid in enumerate(sids.tolist()):
        panes = lines[sid].held(0, now_ms)[0] if sid >= 0 else out[:0]
        if len(panes):
            out[at] = panes[0]
    return out
