"""Pages: the cells of one level, where only those stretches of time take memory in which a series holds anything.

In:  rows, panes and amounts.
Out: sums of panes by row.

A page is some panes of one row. Most series hold something in few of the panes that a level remembers: a campaign of
this week, a value that came once. A table of all cells would take some 16 KB a series, pages take a kilobyte or two.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

#: Panes of a page: fewer make the table of pages larger, more leave more of them empty.
PANES: Final = 32
_NONE: Final = 0  # the page that all are that hold nothing: zeros, and never written


class Pages:
    """Cells of panes [end − ring, end); what lies before is gone."""

    def __init__(self, ring: int) -> None:
        self.ring = ring
        self._slots = -(-ring // PANES) + 1
        self._table = np.zeros((self._slots, 256), np.int32)  # slot, row → page
        self._pool = np.zeros((64, PANES), np.int64)
        self._free = list(range(63, _NONE, -1))
        self.end = 0

    def make_room(self, rows: int) -> None:
        """Have room for so many rows."""
        more = rows - self._table.shape[1]
        if more > 0:
            more = max(more, self._table.shape[1] // 2)
            self._table = np.concatenate([self._table, np.zeros((self._slots, more), np.int32)], axis=1)

    def add(self, rows: Ints, panes: Ints, amounts: Ints) -> None:
        """Add amounts to cells."""
        stretches, at = np.divmod(panes, PANES)
        slots = stretches % self._slots
        pages = self._table[slots, rows]
        if not pages.all():
            self._allot(slots, rows, pages)
            pages = self._table[slots, rows]
        np.add.at(self._pool.reshape(-1), pages.astype(np.int64) * PANES + at, amounts)

    def _allot(self, slots: Ints, rows: Ints, pages: NDArray[np.int32]) -> None:
        width = self._table.shape[1]
        lacking = np.unique((slots * width + rows)[pages == _NONE])
        short = len(lacking) - len(self._free)
        if short > 0:
            size = len(self._pool)
            more = max(short, size // 4)
            self._pool = np.concatenate([self._pool, np.zeros((more, PANES), np.int64)])
            self._free += range(size + more - 1, size - 1, -1)
        taken = self._free[-len(lacking) :]
        del self._free[-len(lacking) :]
        self._table.reshape(-1)[lacking] = taken

    def advance(self, end: int) -> None:
        """Forget what no longer lies within the ring."""
        first, last = self.end - self.ring, end - self.ring
        self.end = end
        for slot, stretch, low, high in self._stretches(max(first, last - self._slots * PANES), last):
            pages = self._table[slot]
            held = pages[pages != _NONE]
            if not len(held):
                continue
            if (stretch + 1) * PANES <= last:
                self._pool[held] = 0
                self._free += held.tolist()
                pages[:] = _NONE
            else:
                self._pool[held, low:high] = 0

    def sum(self, first: int, end: int, rows: int) -> Ints:
        """Sum panes [first, end) of all rows."""
        out = np.zeros(rows, np.int64)
        for slot, _, low, high in self._stretches(first, end):
            pages = self._table[slot, :rows]
            there = np.flatnonzero(pages)
            if len(there):
                some = self._pool[pages[there]]
                out[there] += some[:, low] if high == low + 1 else some[:, low:high].sum(axis=1)
        return out

    def sum_of(self, rows: Ints, first: int, end: int) -> Ints:
        """Sum panes [first, end) of some rows."""
        out = np.zeros(len(rows), np.int64)
        for slot, _, low, high in self._stretches(first, end):
            out += self._pool[self._table[slot, rows], low:high].sum(axis=1)
        return out

    def since(self, rows: Ints, firsts: Ints, end: int) -> Ints:
        """Sum panes [first, end) of some rows, each from a first pane of its own."""
        out = np.zeros(len(rows), np.int64)
        if len(rows):
            within = np.arange(PANES)
            for slot, stretch, _, high in self._stretches(int(firsts.min()), end):
                begins = firsts - stretch * PANES
                some = np.flatnonzero(begins < high)
                cells = self._pool[self._table[slot, rows[some]], :high]
                out[some] += np.where(within[:high] >= begins[some, None], cells, 0).sum(axis=1)
        return out

    def held(self, rows: Ints, first: int, end: int) -> tuple[Ints, Ints, Ints]:
        """Give the cells of panes [first, end) that hold anything: place among the rows, pane, amount."""
        found: list[tuple[Ints, Ints, Ints]] = []
        for slot, stretch, low, high in self._stretches(first, end):
            pages = self._table[slot, rows]
            there = np.flatnonzero(pages)
            cells = self._pool[pages[there], low:high]
            at, pane = np.nonzero(cells)
            found.append((there[at], pane + (stretch * PANES + low), cells[at, pane]))
        if not found:
            nothing = np.zeros(0, np.int64)
            return nothing, nothing, nothing
        places, panes, amounts = (np.concatenate(column) for column in zip(*found, strict=True))
        return places, panes, amounts

    def of_pane(self, pane: int, rows: int) -> Ints:
        """Give one pane of all rows."""
        stretch, at = divmod(pane, PANES)
        cells: Ints = self._pool[self._table[stretch % self._slots, :rows], at]
        return cells

    def holding(self, row: int) -> list[int]:
        """Name the panes in which a row holds anything."""
        out: list[int] = []
        for slot, stretch, _, _ in self._stretches(self.end - self.ring, self.end):
            page = self._table[slot, row]
            if page != _NONE:
                out += (stretch * PANES + np.flatnonzero(self._pool[page])).tolist()
        return out

    def pour(self, row: int, home: int) -> None:
        """Add all that one row holds to another."""
        for slot in np.flatnonzero(self._table[:, row]).tolist():
            if self._table[slot, home] == _NONE:
                self._allot(np.array([slot]), np.array([home]), np.zeros(1, np.int32))
            self._pool[self._table[slot, home]] += self._pool[self._table[slot, row]]

    def drop(self, row: int) -> None:
        """Forget all that a row holds."""
        pages = self._table[:, row]
        held = pages[pages != _NONE]
        self._pool[held] = 0
        self._free += held.tolist()
        pages[:] = _NONE

    def _stretches(self, first: int, end: int) -> Iterator[tuple[int, int, int, int]]:
        """Give (slot, number, first and last cell within) of the stretches that panes [first, end) lie in."""
        for stretch in range(first // PANES, -(-end // PANES)):
            low, high = max(first - stretch * PANES, 0), min(end - stretch * PANES, PANES)
            yield stretch % self._slots, stretch, low, high
