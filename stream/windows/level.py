"""Level: the windows that are long enough for panes of one length, kept up as those come and go.

In:  changes of series in panes of its length; the moment that windows are read at.
Out: for each window the running sum of every series; panes of series.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from stream.changes.panes import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, end_pane
from stream.kernels.sums import summed
from stream.windows.pages import Pages
from stream.windows.spreads import Waiting, in_panes

Ints = NDArray[np.int64]
#: (name of the window, how long before now it ends in ms).
Window = tuple[str, int]

#: (longest window that a level serves, its panes, how much longer it remembers for figures that end in the past).
PLAN: Final = (
    (10 * MINUTE_MS, 5 * SECOND_MS, 0),
    (6 * HOUR_MS, MINUTE_MS, 0),
    (7 * DAY_MS, 15 * MINUTE_MS, 3 * DAY_MS),
    (90 * DAY_MS, 6 * HOUR_MS, 35 * DAY_MS),
    (365 * DAY_MS, DAY_MS, 35 * DAY_MS),
)

#: Totals of a period say nothing about shorter windows.
SHORTEST_FOR_TOTALS_MS: Final = DAY_MS


def level_of(length_ms: int) -> int:
    """Give the number of the level that serves windows of a length: at least 60 panes a window.

    Raises ValueError where a window is longer than any level remembers.
    """
    for number, (longest, _, _) in enumerate(PLAN):
        if length_ms <= longest:
            return number
    raise ValueError(f"no level remembers windows of {length_ms} ms")


@dataclass(slots=True)
class Level:
    """Panes of one length: cells by row and pane, and a running sum a window."""

    number: int
    pane_ms: int
    origin_ms: int
    ring: int
    windows: dict[Window, int]  # → length in panes
    takes_totals: bool
    end: int = 0
    rows: int = 0
    row_of: NDArray[np.int32] = field(default_factory=lambda: np.full(256, -1, np.int32))
    sids: Ints = field(default_factory=lambda: np.zeros(256, np.int64))  # by row
    dirty: set[int] = field(default_factory=set)
    ends: dict[Window, int] = field(init=False)  # the first pane that each window leaves out
    cells: Pages = field(init=False)
    sums: dict[Window, Ints] = field(init=False)
    still_ms: int = field(init=False, default=-1)  # until when windows end where they end now
    waiting: Waiting = field(default_factory=Waiting)

    def __post_init__(self) -> None:
        self.cells = Pages(self.ring)
        self.sums = {window: np.zeros(256, np.int64) for window in self.windows}
        self.ends = dict.fromkeys(self.windows, self.end)

    def add_row(self, sid: int) -> None:
        """Give a series a row."""
        if sid >= len(self.row_of):
            self.row_of = _longer(self.row_of, sid + 1, -1)
        if self.rows == len(self.sids):
            self.sids = _longer(self.sids, self.rows + 1)
            for window, sums in self.sums.items():
                self.sums[window] = _longer(sums, self.rows + 1)
        self.cells.make_room(self.rows + 1)
        self.row_of[sid] = self.rows
        self.sids[self.rows] = sid
        self.rows += 1

    def apply(self, sids: Ints, panes: Ints, amounts: Ints) -> None:
        """Add changes of series in panes of this level; panes that no window can see any more are passed over."""
        most = int(sids.max(initial=0))
        if most >= len(self.row_of):
            self.row_of = _longer(self.row_of, most + 1, -1)
        every = self.row_of[sids]
        wanted = (every >= 0) & (panes >= self.end - self.ring)
        rows, panes, amounts = every[wanted].astype(np.int64), panes[wanted], amounts[wanted]
        if not len(rows):
            return
        if int(panes.max()) >= self.end:
            raise ValueError("a change lies after the moment that windows are read at")
        self.cells.add(rows, panes, amounts)
        for window, length in self.windows.items():
            last = self.ends[window]
            seen = panes >= last - length
            if last < self.end:
                seen &= panes < last
            if seen.all():
                np.add.at(self.sums[window], rows, amounts)
            else:
                np.add.at(self.sums[window], rows[seen], amounts[seen])
        self.dirty.update(np.unique(panes).tolist())

    def advance(self, now_ms: int) -> bool:
        """Let panes leave until windows end at `now`: rounded up to an edge, but down where they are shifted.

        What ends half an hour ago ends at the last edge that lies so long before: later it would not be over. Tells
        whether any window ends elsewhere now.
        """
        if now_ms <= self.still_ms:
            return False
        first, end = self.end, max(self.end, end_pane(now_ms, self.pane_ms, self.origin_ms))
        ends = {window: self._end(window, now_ms, end) for window in self.windows}
        self.still_ms = self._still_ms(end, ends)
        if end == first and ends == self.ends:
            return False
        cells, rows = self.cells, self.rows
        for window, length in self.windows.items():
            was, last = self.ends[window], ends[window]
            if last - was < length:
                self.sums[window][:rows] -= cells.sum(was - length, last - length, rows)
        if end > first:
            cells.advance(end)
            self.dirty.update(range(max(first, end - self.ring), end))
        self.end = end
        for window, length in self.windows.items():
            was, last = self.ends[window], ends[window]
            if last - was >= length:
                self.sums[window][:rows] = cells.sum(last - length, last, rows)
            elif was < first:  # some of what is entered by a shifted window was there before
                self.sums[window][:rows] += cells.sum(was, min(last, first), rows)
        self.ends = ends
        if len(self.waiting):
            self._spread(self.waiting.table, first, end)
            self.waiting.end(end * self.pane_ms + self.origin_ms)
        return True

    def _still_ms(self, end: int, ends: dict[Window, int]) -> int:
        """Give the last moment at which all windows end where these do."""
        edges = [(ends[window] + 1) * self.pane_ms + window[1] - 1 for window in ends if window[1]]
        return min([end * self.pane_ms, *edges]) + self.origin_ms

    def _end(self, window: Window, now_ms: int, end: int) -> int:
        shift_ms = window[1]
        return end if not shift_ms else max(self.ends[window], (now_ms - shift_ms - self.origin_ms) // self.pane_ms)

    def spread(self, table: Ints) -> None:
        """Add totals over their periods, as far as series have them; what lies in the future waits for its panes."""
        if not self.takes_totals:
            return
        here = np.array([self.has(sid) for sid in table[0].tolist()], np.bool_)
        table = table[:, here]
        self._spread(table, self.end - self.ring, self.end)
        edge = self.end * self.pane_ms + self.origin_ms
        self.waiting.add(table[:, np.minimum(table[2], table[5]) > edge])

    def _spread(self, table: Ints, first: int, end: int) -> None:
        for sids, panes, amounts in in_panes(table, self.pane_ms, self.origin_ms, first, end):
            self.apply(*merged(sids, panes, amounts))

    def take_from(self, shorter: Level) -> None:
        """Take over what a level of shorter panes holds, and what waits there, of the series that are kept here too."""
        factor = self.pane_ms // shorter.pane_ms
        for pane in range(shorter.end - shorter.ring, shorter.end):
            self._take(*shorter.of_pane(pane), pane // factor)
        table = shorter.waiting.table
        table = table[:, self.keeps(table[0])]
        # the last pane here goes on behind the last one there
        for sids, panes, amounts in in_panes(table, shorter.pane_ms, shorter.origin_ms, shorter.end, self.end * factor):
            self.apply(*merged(sids, panes // factor, amounts))
        self.waiting.add(table[:, np.minimum(table[2], table[5]) > self.end * self.pane_ms + self.origin_ms])

    def _take(self, sids: Ints, amounts: Ints, pane: int) -> None:
        kept = self.keeps(sids)
        if kept.any():
            self.apply(sids[kept], np.full(int(kept.sum()), pane, np.int64), amounts[kept])

    def pour(self, sid: int, into: int) -> None:
        """Add all that one series holds to another, if both are here."""
        row, home = self._row(sid), self._row(into)
        if row < 0 or home < 0:
            return
        self.cells.pour(row, home)
        for sums in self.sums.values():
            sums[home] += sums[row]
        self.dirty.update(self.cells.holding(row))
        self.waiting.move(sid, into)

    def drop(self, sid: int) -> None:
        """Forget all that a series holds."""
        row = self._row(sid)
        if row < 0:
            return
        self.dirty.update(self.cells.holding(row))
        self.cells.drop(row)
        for sums in self.sums.values():
            sums[row] = 0
        self.waiting.move(sid, None)

    def of_pane(self, pane: int) -> tuple[Ints, Ints]:
        """Give the series that hold anything in a pane, and what."""
        cells = self.cells.of_pane(pane, self.rows)
        rows = cells.nonzero()[0]
        return self.sids[rows], cells[rows]

    def holds(self, sid: int) -> bool:
        """Tell whether a series holds anything."""
        row = self._row(sid)
        return row >= 0 and bool(self.cells.holding(row))

    def has(self, sid: int) -> bool:
        """Tell whether a series is kept here."""
        return self._row(sid) >= 0

    def _row(self, sid: int) -> int:
        return int(self.row_of[sid]) if sid < len(self.row_of) else -1

    def total(self, window: Window, size: int) -> Ints:
        """Give the sum of every series in a window, by series; 0 for series that this level does not hold."""
        out = np.zeros(size, np.int64)
        out[self.sids[: self.rows]] = self.sums[window][: self.rows]
        return out

    def between(self, sids: Ints, first: int, end: int) -> Ints | None:
        """Sum series over panes [first, end); None where that reaches further back than is remembered."""
        if first < self.end - self.ring:
            return None
        out = np.zeros(len(sids), np.int64)
        there, rows = self._rows(sids)
        if len(there):
            out[there] = self.cells.sum_of(rows, first, min(end, self.end))
        return out

    def since(self, sids: Ints, firsts: Ints) -> Ints:
        """Sum series from first panes of their own on, as far as they are remembered."""
        out = np.zeros(len(sids), np.int64)
        there, rows = self._rows(sids)
        out[there] = self.cells.since(rows, np.maximum(firsts[there], self.end - self.ring), self.end)
        return out

    def held(self, sids: Ints, first: int, end: int) -> tuple[Ints, Ints, Ints]:
        """Give the panes of [first, end) in which series hold anything: place among the series, pane, amount."""
        there, rows = self._rows(sids)
        places, panes, amounts = self.cells.held(rows, max(first, self.end - self.ring), min(end, self.end))
        return there[places], panes, amounts

    def keeps(self, sids: Ints) -> NDArray[np.bool_]:
        """Tell of each series whether it is kept here."""
        out = np.zeros(len(sids), np.bool_)
        out[self._rows(sids)[0]] = True
        return out

    def _rows(self, sids: Ints) -> tuple[Ints, Ints]:
        """Give the places of the series that are kept here, and their rows."""
        here = (sids >= 0) & (sids < len(self.row_of))
        rows = np.where(here, self.row_of[np.where(here, sids, 0)], -1)
        there = np.flatnonzero(rows >= 0)
        return there, rows[there].astype(np.int64)


def _longer(column: Any, size: int, empty: int = 0) -> Any:
    """Give a column room for so many rows, and for half as many as there were."""
    more = max(size - len(column), len(column) // 2)
    return np.concatenate([column, np.full(more, empty, column.dtype)])


def merged(sids: Ints, panes: Ints, amounts: Ints) -> tuple[Ints, Ints, Ints]:
    """Add up changes of the same series in the same pane; drop those that come to nothing.

    A batch names few series and panes many times over: merging once is cheaper than adding each at every level.
    """
    if len(sids) < 64:
        return sids, panes, amounts
    low = int(panes.min())
    span = int(panes.max()) - low + 1
    keys = sids * span + (panes - low)
    size = (int(sids.max()) + 1) * span
    if size <= 8 * len(keys):  # dense: counting is faster than sorting
        sums = np.zeros(size, np.int64)
        np.add.at(sums, keys, amounts)
        found = np.flatnonzero(sums)
        return found // span, found % span + low, sums[found]
    unique, amounts = summed(keys, amounts)
    return unique // span, unique % span + low, amounts
