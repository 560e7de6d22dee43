"""Accumulator: changes of cells, one behind the other while a shard folds, added up once a commit.

In:  `ids[cell] + pane` keys; amounts; totals spread over a period.
Out: every cell that changed, with its panes and amounts.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from stream.changes.cells import Cell
from stream.changes.panes import COARSER, Grid
from stream.kernels.panes import gathered
from stream.kernels.sums import counted, starts_of, summed

#: Bits for the pane in a key; 42 hold milliseconds until the year 2109, ids above them stay below 2^63.
PANE_BITS = 42
PANE_MASK = (1 << PANE_BITS) - 1
_MOST_NAMES = 200_000
_MOST = (1 << 62) - 1
_encode = msgspec.msgpack.Encoder().encode
_NO_INDEX = np.zeros(0, np.int32)
_NO_CHANGES = np.zeros(0, np.int64)


class Spread(msgspec.Struct, array_like=True, frozen=True):
    """An amount spread evenly over a period: the total that a platform reported, or the taking back of one."""

    cell: Cell
    start_ms: int
    end_ms: int
    amount: int
    sign: int


class CellIds(dict[Cell, int]):
    """Cell → its number shifted past the pane; numbers are private to the process and never stored.

    `steps[number]` is how many panes stand together for a cell.
    """

    def __init__(self, steps: Mapping[str, int]) -> None:
        super().__init__()
        self.names: list[Cell] = []
        self._coded: list[msgspec.Raw] = []  # of these, as a delta encodes them
        self.steps = array("q")
        self._steps = steps

    def __missing__(self, cell: Cell) -> int:
        key = self[cell] = len(self.names) << PANE_BITS
        self.names.append(cell)
        self.steps.append(self._steps.get(str(cell[0]), 1))
        return key

    def coded(self) -> list[msgspec.Raw]:
        """Give all names as a delta encodes them, each encoded once: most come again with every commit."""
        coded = self._coded
        coded += [msgspec.Raw(_encode(name)) for name in self.names[len(coded) :]]
        return coded


class Accumulator:
    """Gathers the changes of one shard between two commits.

    The hot path writes `up(ids[cell] + pane)` for one more and `down(…)` for one less: a number behind the others in
    an array, a third of the cost of counting in a dictionary; sorting adds them up. Other amounts go into `counts`.
    What is in no pane stands until it is taken back: `stand(cell, 1)` and, when it is over, `stand(cell, -1)`.
    """

    __slots__ = (
        "_downs", "_standing", "_steps", "_stood", "_told", "_ups", "counts", "down", "fresh", "ids", "spreads", "up",
    )  # fmt: skip

    def __init__(self, steps: Mapping[str, int] | None = None) -> None:
        """With `steps` (kind of cell → number of panes) panes stand together for cells that no shorter window shows."""
        self._steps = steps or {}
        self.ids = CellIds(self._steps)
        self.counts: defaultdict[int, int] = defaultdict(int)
        self.spreads: list[Spread] = []
        #: Cells that changed, each once since `forget_fresh`.
        self.fresh: list[Cell] = []
        self._told = np.zeros(0, np.bool_)  # by number of a cell: it was among the fresh ones
        self._standing: dict[Cell, int] = {}
        self._stood: set[Cell] = set()  # of these, which were among the fresh ones
        self._ups, self._downs = array("q"), array("q")
        self.up: Callable[[int], None] = self._ups.append
        self.down: Callable[[int], None] = self._downs.append

    def add(self, cell: Cell, pane: int, amount: int = 1) -> None:
        """Change a cell in a pane; an arrival can be any number, and what no pane holds goes to the nearest."""
        self.counts[self.ids[cell] + min(max(pane, 0), PANE_MASK)] += amount

    def put_many(self, ups: bytes, downs: bytes) -> None:
        """Add one, and take one, of each of many keys, given as 64-bit integers in the machine's order."""
        self._ups.frombytes(ups)
        self._downs.frombytes(downs)

    def stand(self, cell: Cell, amount: int) -> None:
        """Change what stands of a cell, from now until it is changed back; it is in no pane."""
        self._standing[cell] = self._standing.get(cell, 0) + amount

    def take_standing(self) -> tuple[list[Cell], NDArray[np.int64]]:
        """Give the cells of which something else stands now, and by how much; begin anew."""
        told, self._standing = self._standing, {}
        some = {cell: max(-_MOST, min(n, _MOST)) for cell, n in told.items() if n}
        self.fresh += some.keys() - self._stood
        self._stood |= some.keys()
        return list(some), np.fromiter(some.values(), np.int64, len(some))

    def take(
        self, grid: Grid | None = None, newest_ms: int = 0, *, coded: bool = False
    ) -> tuple[list[Any], NDArray[np.int32], NDArray[np.int64], NDArray[np.int64], list[Spread]]:
        """Give names, name index, panes, amounts and spreads, without what came to nothing; begin anew.

        With a grid, changes come gathered by the panes in which they are kept: by those of their kind of cell, and by
        longer ones what lies well before `newest_ms`. Names are cells, or `coded` as a delta encodes them.
        """
        if not (self._any or self.spreads):  # most commits of a shard with little to do
            return [], _NO_INDEX, _NO_CHANGES, _NO_CHANGES, []
        keys, amounts = self._changes(grid, newest_ms) if self._any else (_NO_CHANGES, _NO_CHANGES)
        numbers = keys >> PANE_BITS  # in order, as the keys are
        starts = starts_of(numbers) if len(numbers) else numbers
        distinct = numbers[starts]
        known: Sequence[Any] = self.ids.coded() if coded else self.ids.names
        names = [known[number] for number in distinct.tolist()]
        self._tell_fresh(distinct)
        index = np.zeros(len(keys), np.int32)
        index[starts[1:]] = 1
        index.cumsum(out=index)
        spreads, self.spreads = netted(self.spreads), []
        if len(known) > _MOST_NAMES:
            self.ids = CellIds(self._steps)
            self._told = np.zeros(0, np.bool_)
        return names, index, keys & PANE_MASK, amounts, spreads

    @property
    def _any(self) -> bool:
        return bool(self._ups or self._downs or self.counts)

    def forget_fresh(self) -> None:
        """Begin anew with what is fresh."""
        self.fresh = []
        self._told[:] = False
        self._stood.clear()

    def _tell_fresh(self, numbers: NDArray[np.int64]) -> None:
        known = self.ids.names
        if len(self._told) < len(known):
            self._told = np.concatenate([self._told, np.zeros(len(known), np.bool_)])
        new = numbers[~self._told[numbers]]
        self._told[new] = True
        self.fresh += [known[number] for number in new.tolist()]

    def _changes(self, grid: Grid | None, newest_ms: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Give all changes added up, in order of their keys, and forget them."""
        ups, downs, counts = len(self._ups), len(self._downs), self.counts
        keys = np.empty(ups + downs + len(counts), np.int64)
        keys[:ups], keys[ups : ups + downs] = self._ups, self._downs
        del self._ups[:], self._downs[:]
        parts: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
        if counts:
            keys[ups + downs :] = np.fromiter(counts.keys(), np.int64, len(counts))
        keys = self._kept_in(keys, grid, newest_ms)
        if ups:
            parts.append(counted(keys[:ups]))
        if downs:
            distinct, times = counted(keys[ups : ups + downs])
            parts.append((distinct, -times))
        if counts:
            parts.append(summed(keys[ups + downs :], _amounts(counts)))
            self.counts = defaultdict(int)
        if len(parts) == 1:
            return parts[0]
        return summed(np.concatenate([keys for keys, _ in parts]), np.concatenate([n for _, n in parts]), in_runs=True)

    def _kept_in(self, keys: NDArray[np.int64], grid: Grid | None, newest_ms: int) -> NDArray[np.int64]:
        """Move changes to the panes in which they are kept."""
        if grid is None or not len(keys):
            return keys
        keys -= (keys & PANE_MASK) % np.array(self.ids.steps or [1], np.int64)[keys >> PANE_BITS]
        return _gathered(keys, grid, newest_ms)


def _amounts(counts: Mapping[int, int]) -> NDArray[np.int64]:
    try:
        return np.fromiter(counts.values(), np.int64, len(counts))
    except OverflowError:  # no honest sum is so large, and no record may stop a shard
        return np.fromiter((max(-_MOST, min(n, _MOST)) for n in counts.values()), np.int64, len(counts))


def netted(spreads: list[Spread]) -> list[Spread]:
    """Leave out totals that were taken back at once: a backlog restates the same figure many times."""
    if len(spreads) < 2:
        return spreads
    times: dict[tuple[Cell, int, int, int], int] = {}
    for cell, start_ms, end_ms, amount, sign in map(msgspec.structs.astuple, spreads):
        key = cell, start_ms, end_ms, amount
        times[key] = times.get(key, 0) + sign
    return [Spread(*key, 1 if n > 0 else -1) for key, n in times.items() for _ in range(abs(n))]


def _gathered(keys: NDArray[np.int64], grid: Grid, newest_ms: int) -> NDArray[np.int64]:
    """Move changes that are so old that windows see them in longer panes only to the beginning of those."""
    panes = keys & PANE_MASK
    coarser = [(grid.pane(newest_ms - age_ms), pane_ms // grid.pane_ms) for age_ms, pane_ms in COARSER]
    return keys - panes + gathered(panes, coarser)
