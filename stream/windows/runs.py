"""Runs: changes of series in order of time, so that a stretch of it is found without looking at the rest.

In:  changes of series in panes of one millisecond.
Out: the sums of a stretch by series; lines of single series.

New changes are sorted runs of their own, and runs are merged as they grow: few to look at, each change moved log(n)
times. A person who comes again is taken from one pane and put into another; in a merge the two cancel out.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from stream.kernels.sums import Ints, summed
from stream.windows.lines import Line, deal

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

    def columns(self) -> tuple[Ints, Ints, Ints]:
        """Give series, panes and amounts."""
        return self.keys & _SID_MASK, self.keys >> _SID_BITS, self.amounts


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

    def lines(self, sids: Ints) -> dict[int, Line]:
        """Give the changes of some series, each as a line."""
        lines: dict[int, Line] = {sid: Line() for sid in sids.tolist()}
        for run in self._runs:
            deal(lines, *run.columns())
        return lines
