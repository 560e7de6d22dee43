"""Targets: which series each cell adds to, as arrays, so that the changes of many shards find theirs at once.

In:  cells, as they are or as a delta encodes them, each once with the series that were found for it.
Out: a number for each cell; changes of cells by number turned into changes of series.

A name that comes again costs one look into a table: what it says was read when it came first. Numbers are private to
the process, and go on meaning what they meant when a cell was forgotten: changes that wait are of the series that
were right when they came.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream.changes.cells import Cell
from stream.changes.panes import Grid
from stream.kernels.named import UNKNOWN, named
from stream.rollup.budget import ALWAYS, NEVER
from stream.windows.level import merged

Ints = NDArray[np.int64]
Name = Cell | bytes  # as it is, or as a delta encodes it

_MOST_CELLS: Final = 100_000
_MOST_NUMBERS: Final = 3 * _MOST_CELLS  # with those of cells that were forgotten


class Part(NamedTuple):
    """The series that a cell adds to in [from, to)."""

    from_ms: int
    to_ms: int
    sids: list[int]


class Targets:
    """The series of cells, as far as they were found."""

    def __init__(self, grid: Grid, core: Any = None) -> None:
        self._grid = grid
        #: Cell → its number; and the same by its name as a delta encodes it.
        self.numbers: dict[Cell, int] = {}
        self.coded = named(core)
        self._of_kind: dict[str, list[Name]] = {}  # of those
        self._begin_anew()

    def _begin_anew(self) -> None:
        self.forget()
        # by number: where its series begin among all, and how many they are
        self._first, self._sizes, self._sids = array("q"), array("q"), array("q")
        self._parted: dict[int, list[Part]] = {}  # cells that add to different series before and after a moment
        self._until: Ints = np.zeros((0, 2), np.int64)  # of these: number, and the pane before which some is elsewhere

    def add(self, name: Name, kind: str, parts: list[Part]) -> int:
        """Remember the series of a cell, from moment to moment; give its number."""
        if len(self.numbers) + len(self.coded) >= _MOST_CELLS:
            self.forget()
        number = self._table(name)[name] = len(self._first)
        self._of_kind.setdefault(kind, []).append(name)
        sids = parts[-1].sids if parts else []
        self._first.append(len(self._sids))
        self._sizes.append(len(sids))
        self._sids.extend(sids)
        if len(parts) > 1:
            self._parted[number] = parts
        return number

    def _table(self, name: Name) -> Any:
        return self.coded if isinstance(name, bytes) else self.numbers

    def find(self, cells: Sequence[Cell]) -> tuple[Ints, list[tuple[int, Cell]]]:
        """Give the number of each cell, −1 where it is not known; and of those the place and the cell."""
        numbers = np.array([self.numbers.get(cell, UNKNOWN) for cell in cells], np.int64)
        return numbers, [(at, cells[at]) for at in np.flatnonzero(numbers == UNKNOWN).tolist()]

    def find_coded(self, names: bytes) -> tuple[Ints, list[tuple[int, bytes]]]:
        """Do the same for a list as a delta encodes it."""
        numbers, unknown = self.coded.find(names)
        return np.frombuffer(numbers, np.int64), unknown

    def sids(self, number: int) -> list[int]:
        """Give the series that a cell adds to by now."""
        first = self._first[number]
        return self._sids[first : first + self._sizes[number]].tolist()

    def parts(self, number: int) -> list[Part]:
        """Give the series that a cell adds to, from moment to moment."""
        return self._parted.get(number) or [Part(ALWAYS, NEVER, self.sids(number))]

    def forget(self, kinds: Iterable[str] | None = None) -> None:
        """Forget the cells of some kinds, or all of them."""
        if kinds is None:
            self.numbers.clear()
            self.coded.clear()
            self._of_kind.clear()
            return
        for kind in kinds:
            for name in self._of_kind.pop(kind, ()):
                self._table(name).pop(name, None)

    def expand(self, changes: Sequence[tuple[Ints, Ints, Ints]]) -> tuple[Ints, Ints, Ints]:
        """Turn changes of cells, as (numbers, panes, amounts), into changes of series; no number is in use after it.

        Shards that change the same cell in the same pane are added up before that: a cell adds to many series.
        """
        numbers, panes, amounts = (np.concatenate(column) for column in zip(*changes, strict=True))
        numbers, panes, amounts = merged(numbers, panes, amounts)
        early: list[tuple[Ints, Ints, Ints]] = []
        if self._parted:
            numbers, panes, amounts, early = self._early(numbers, panes, amounts)
        found = self._of(numbers, panes, amounts)
        if len(self._first) > _MOST_NUMBERS:
            self._begin_anew()
        if not early:
            return found
        sids, at, n = (np.concatenate(column) for column in zip(found, *early, strict=True))
        return sids, at, n

    def _of(self, numbers: Ints, panes: Ints, amounts: Ints) -> tuple[Ints, Ints, Ints]:
        first, sizes = (np.frombuffer(column, np.int64)[numbers] for column in (self._first, self._sizes))
        ends = np.cumsum(sizes)
        total = int(ends[-1]) if len(ends) else 0
        at = np.repeat(first - (ends - sizes), sizes) + np.arange(total)
        sids = np.frombuffer(self._sids, np.int64)[at] if total else at
        return sids, np.repeat(panes, sizes), np.repeat(amounts, sizes)

    def _early(
        self, numbers: Ints, panes: Ints, amounts: Ints
    ) -> tuple[Ints, Ints, Ints, list[tuple[Ints, Ints, Ints]]]:
        """Take out the changes that lie before the moment from which on their cells have series of their own."""
        parted, until = self._moments()
        at = np.minimum(np.searchsorted(parted, numbers), len(parted) - 1)
        late = (parted[at] != numbers) | (panes >= until[at])
        out: list[tuple[Ints, Ints, Ints]] = []
        places = np.flatnonzero(~late)  # they are few: most of what comes is of now
        if not len(places):
            return numbers, panes, amounts, out
        places = places[np.argsort(numbers[places], kind="stable")]
        named = numbers[places]
        begins = np.flatnonzero(np.diff(named, prepend=-1)).tolist()
        for begin, end in zip(begins, [*begins[1:], len(places)], strict=True):
            own = places[begin:end]
            late[own] = True
            for part in self._parted[int(named[begin])][:-1]:
                here = own[(panes[own] >= self._pane(part.from_ms)) & (panes[own] < self._pane(part.to_ms))]
                late[here] = False
                out += [(np.full(len(here), sid, np.int64), panes[here], amounts[here]) for sid in part.sids]
        return numbers[late], panes[late], amounts[late], out

    def _moments(self) -> tuple[Ints, Ints]:
        """Give the numbers of cells with several parts, in order, and the pane before which some is not of the last."""
        if len(self._until) < len(self._parted):
            until = {
                number: max(self._pane(part.to_ms) for part in parts[:-1]) for number, parts in self._parted.items()
            }
            self._until = np.array(sorted(until.items()), np.int64)
        return self._until[:, 0], self._until[:, 1]

    def _pane(self, ms: int) -> int:
        return -NEVER if ms == ALWAYS else self._grid.pane(ms)
