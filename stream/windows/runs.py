"""Runs: changes of series in order of time, so that a stretch of it is found without looking at the rest.

In:  changes of series in panes of one millisecond.
Out: the sums of a stretch by series; of a single series, the sum of any stretch.

New changes are sorted runs of their own, and runs are merged as they grow: few to look at, each change moved log(n)
times. A person who comes again is taken from one pane and put into another; in a merge the two cancel out.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from stream.kernels.sums import Ints, summed

#: Bits for the series in a key; the pane's 42 lie above them.
_SID_BITS: Final = 21
_SID_MASK: Final = (1 << _SID_BITS) - 1
MOST_SERIES: Final = 1 << _SID_BITS


class Run:
    """Changes in order of (pane, series), each pair once."""

    __slots__ = ("amounts", "keys")

    def __init__(self, keys: Ints, amounts: Ints) -> None:
        self.keys, self.amounts = keys, amounts

    def __len__(self) -> int:
        return len(self.keys)

    def add_to(self, sums: Ints, start_ms: int, end_ms: int, sign: int = 1) -> None:
        """Add the changes of [start, end) to sums by series."""
        first, last = np.searchsorted(self.keys, [max(0, start_ms) << _SID_BITS, max(0, end_ms) << _SID_BITS])
        if first < last:
            amounts = self.amounts[first:last]
            np.add.at(sums, self.keys[first:last] & _SID_MASK, amounts if sign > 0 else -amounts)

    def of(self, sid: int) -> tuple[Ints, Ints]:
        """Give panes and amounts of one series."""
        mine = (self.keys & _SID_MASK) == sid
        return self.keys[mine] >> _SID_BITS, self.amounts[mine]


def sorted_run(sids: Ints, panes: Ints, amounts: Ints) -> Run:
    """Put changes in order."""
    return Run(*summed((panes << _SID_BITS) | sids, amounts, in_runs=True))


class Runs:
    """All changes so far."""

    def __init__(self) -> None:
        self._runs: list[Run] = []

    def add(self, run: Run) -> None:
        """Add new changes."""
        runs = self._runs
        runs.append(run)
        while len(runs) > 1 and len(runs[-2]) < 2 * len(runs[-1]):
            last, before = runs.pop(), runs.pop()
            keys = np.concatenate([before.keys, last.keys])
            amounts = np.concatenate([before.amounts, last.amounts])
            runs.append(Run(*summed(keys, amounts, in_runs=True)))

    def add_to(self, sums: Ints, start_ms: int, end_ms: int, sign: int = 1) -> None:
        """Add the changes of [start, end) to sums by series."""
        for run in self._runs:
            run.add_to(sums, start_ms, end_ms, sign)

    def of(self, sid: int) -> Line:
        """Give the changes of one series."""
        line = Line()
        for run in self._runs:
            line.add(*run.of(sid))
        return line


class Line:
    """The changes of one series, to sum any stretch of it."""

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
        if self._fresh:
            panes = np.concatenate([self._panes, *(panes for panes, _ in self._fresh)])
            amounts = np.concatenate([self._amounts, *(amounts for _, amounts in self._fresh)])
            order = np.argsort(panes, kind="stable")
            self._panes, self._amounts, self._fresh = panes[order], amounts[order], []
            self._until = np.concatenate([[0], np.cumsum(self._amounts)])
        first, last = np.searchsorted(self._panes, [start_ms, end_ms])
        return int(self._until[last] - self._until[first])
