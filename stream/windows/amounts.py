"""Amounts: what stands of each series, in no pane: it holds until it is taken back.

In:  changes of series.
Out: for every series what stands of it; slices for a snapshot.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

#: Series in one record of the log.
A_SLICE: Final = 1_000


class Amounts:
    """One number a series."""

    def __init__(self) -> None:
        self._amounts = np.zeros(256, np.int64)
        self.changed: set[int] = set()  # slices

    def add(self, sids: Ints, amounts: Ints) -> None:
        """Change what stands of series; each may be named more than once."""
        if len(sids):
            self._fit(int(sids.max()) + 1)
            np.add.at(self._amounts, sids, amounts)
            self.changed.update(np.unique(sids // A_SLICE).tolist())

    def total(self, size: int) -> Ints:
        """Give what stands of the first series."""
        out = np.zeros(size, np.int64)
        some = self._amounts[:size]
        out[: len(some)] = some
        return out

    def of(self, sid: int) -> int:
        """Give what stands of one series."""
        return int(self._amounts[sid]) if sid < len(self._amounts) else 0

    def pour(self, sid: int, into: int) -> None:
        """Add what stands of one series to another."""
        if amount := self.of(sid):
            self.add(np.array([into]), np.array([amount]))

    def drop(self, sid: int) -> None:
        """Forget what stands of a series."""
        if amount := self.of(sid):
            self.add(np.array([sid]), np.array([-amount]))

    def _fit(self, size: int) -> None:
        more = size - len(self._amounts)
        if more > 0:
            more = max(more, len(self._amounts) // 2)
            self._amounts = np.concatenate([self._amounts, np.zeros(more, np.int64)])

    # the log ----------------------------------------------------------------------------------------------

    @property
    def slices(self) -> int:
        """How many slices there are."""
        return -(-len(self._amounts) // A_SLICE)

    def slice(self, number: int) -> tuple[Ints, Ints]:
        """Give the series of a slice of which anything stands, and what."""
        first = number * A_SLICE
        some = self._amounts[first : first + A_SLICE]
        held = np.flatnonzero(some)
        return held + first, some[held]
