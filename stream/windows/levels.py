"""Levels: the rolling windows of all series at once, kept up as panes come and go.

In:  changes of series per finest pane; the moment that windows are read at.
Out: for each window, one array with the sum of every series; what a snapshot must keep.

A level holds panes of one length in a ring and serves the windows that are long enough for it. One add when a
change comes, one subtraction when a pane leaves; nothing is summed anew when somebody reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream.changes.accumulator import Spread
from stream.changes.panes import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Grid, end_pane, window_ms
from stream.kernels.sums import summed

Ints = NDArray[np.int64]
#: (name of the window, how long before now it ends in ms).
Window = tuple[str, int]

#: (longest window that a level serves, its panes, how much longer it remembers for figures that end in the past).
PLAN: Final = (
    (10 * MINUTE_MS, 5 * SECOND_MS, 0),
    (6 * HOUR_MS, MINUTE_MS, 0),
    (7 * DAY_MS, 15 * MINUTE_MS, 3 * DAY_MS),
    (90 * DAY_MS, 6 * HOUR_MS, 35 * DAY_MS),
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


class Pending(NamedTuple):
    """A total that is not over, and the part of its time, [from, to), that a series has of it."""

    sid: int
    spread: Spread
    from_ms: int
    to_ms: int


@dataclass(slots=True)
class Level:
    """Panes of one length: `cells[pane % ring, row]`, and a running sum a window."""

    number: int
    pane_ms: int
    origin_ms: int
    ring: int
    windows: dict[Window, int]  # → length in panes
    takes_totals: bool
    end: int = 0
    rows: int = 0
    capacity: int = 256
    row_of: NDArray[np.int32] = field(default_factory=lambda: np.full(256, -1, np.int32))
    sids: list[int] = field(default_factory=list)
    dirty: set[int] = field(default_factory=set)
    ends: dict[Window, int] = field(init=False)  # the first pane that each window leaves out
    cells: Ints = field(init=False)
    sums: dict[Window, Ints] = field(init=False)
    pending: list[Pending] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.cells = np.zeros((self.ring, self.capacity), np.int64)
        self.sums = {window: np.zeros(self.capacity, np.int64) for window in self.windows}
        self.ends = dict.fromkeys(self.windows, self.end)

    def add_row(self, sid: int) -> None:
        """Give a series a row."""
        while sid >= len(self.row_of):
            self.row_of = np.concatenate([self.row_of, np.full(len(self.row_of), -1, np.int32)])
        if self.rows == self.capacity:
            self._widen()
        self.row_of[sid] = self.rows
        self.sids.append(sid)
        self.rows += 1

    def _widen(self) -> None:
        """Make room for twice as many series; panes in which nothing happened take no memory until something does."""
        cells = np.zeros((self.ring, 2 * self.capacity), np.int64)
        held = np.flatnonzero(self.cells.any(axis=1))
        cells[held, : self.capacity] = self.cells[held]
        self.cells = cells
        for window, sums in self.sums.items():
            self.sums[window] = np.concatenate([sums, np.zeros_like(sums)])
        self.capacity *= 2

    def apply(self, sids: Ints, panes: Ints, amounts: Ints) -> None:
        """Add changes of series in panes of this level; panes that no window can see any more are passed over."""
        while len(self.row_of) <= int(sids.max(initial=0)):
            self.row_of = np.concatenate([self.row_of, np.full(len(self.row_of), -1, np.int32)])
        rows = self.row_of[sids]
        wanted = (rows >= 0) & (panes >= self.end - self.ring)
        rows, panes, amounts = rows[wanted].astype(np.int64), panes[wanted], amounts[wanted]
        if not len(rows):
            return
        oldest, newest = int(panes.min()), int(panes.max())
        if newest >= self.end:
            raise ValueError("a change lies after the moment that windows are read at")
        np.add.at(self.cells.reshape(-1), (panes % self.ring) * self.capacity + rows, amounts)
        for window, length in self.windows.items():
            last = self.ends[window]
            if last - length <= oldest and newest < last:
                np.add.at(self.sums[window], rows, amounts)
            else:
                seen = (panes >= last - length) & (panes < last)
                np.add.at(self.sums[window], rows[seen], amounts[seen])
        self.dirty.update(np.unique(panes).tolist())

    def advance(self, now_ms: int) -> None:
        """Let panes leave until windows end at `now`: rounded up to an edge, but down where they are shifted.

        What ends half an hour ago ends at the last edge that lies so long before: later it would not be over.
        """
        first, end = self.end, max(self.end, end_pane(now_ms, self.pane_ms, self.origin_ms))
        ends = {window: self._end(window, now_ms, end) for window in self.windows}
        if end == first and ends == self.ends:
            return
        cells, ring = self.cells, self.ring
        for window, length in self.windows.items():
            was, last = self.ends[window], ends[window]
            if last - was < length:
                leaving = np.arange(was - length, last - length) % ring
                self.sums[window] -= cells[leaving].sum(axis=0)
        if end > first:
            cells[[pane % ring for pane in range(max(first, end - ring), end)]] = 0
            self.dirty.update(range(max(first, end - ring), end))
        self.end = end
        for window, length in self.windows.items():
            was, last = self.ends[window], ends[window]
            if last - was >= length:
                self.sums[window] = cells[np.arange(last - length, last) % ring].sum(axis=0)
            elif was < first:  # some of what is entered by a shifted window was there before
                self.sums[window] += cells[np.arange(was, min(last, first)) % ring].sum(axis=0)
        self.ends = ends
        if self.pending:
            self._spread_on(first, end)

    def _end(self, window: Window, now_ms: int, end: int) -> int:
        shift_ms = window[1]
        return end if not shift_ms else max(self.ends[window], (now_ms - shift_ms - self.origin_ms) // self.pane_ms)

    def spread(self, sid: int, spread: Spread, from_ms: int, to_ms: int) -> None:
        """Add a total over its period, as far as it lies in [from, to); what lies in the future waits for its panes."""
        if not self.takes_totals or sid >= len(self.row_of) or self.row_of[sid] < 0:
            return
        part = Pending(sid, spread, from_ms, to_ms)
        self._spread(part, self.end - self.ring, self.end)
        if min(spread.end_ms, to_ms) > self.end * self.pane_ms + self.origin_ms:
            self.pending.append(part)

    def _spread_on(self, first: int, end: int) -> None:
        for part in self.pending:
            self._spread(part, first, end)
        edge = end * self.pane_ms + self.origin_ms
        self.pending = [part for part in self.pending if min(part.spread.end_ms, part.to_ms) > edge]

    def _spread(self, part: Pending, first: int, end: int) -> None:
        first = max(first, (part.from_ms - self.origin_ms) // self.pane_ms)
        end = min(end, (part.to_ms - self.origin_ms) // self.pane_ms)
        panes = list(spread_panes(part.spread, self.pane_ms, self.origin_ms, first, end))
        if panes:
            numbers = np.fromiter((pane for pane, _ in panes), np.int64, len(panes))
            amounts = np.fromiter((amount for _, amount in panes), np.int64, len(panes))
            self.apply(np.full(len(panes), part.sid, np.int64), numbers, amounts)

    def pour(self, sid: int, into: int) -> None:
        """Add all that one series holds to another, if both are here."""
        row, home = self._row(sid), self._row(into)
        if row < 0 or home < 0:
            return
        cells = self.cells[:, row]
        self.cells[:, home] += cells
        for sums in self.sums.values():
            sums[home] += sums[row]
        self._touch(cells)
        self.pending += [part._replace(sid=into) for part in self.pending if part.sid == sid]

    def drop(self, sid: int) -> None:
        """Forget all that a series holds."""
        row = self._row(sid)
        if row < 0:
            return
        self._touch(self.cells[:, row])
        self.cells[:, row] = 0
        for sums in self.sums.values():
            sums[row] = 0
        self.pending = [part for part in self.pending if part.sid != sid]

    def holds(self, sid: int) -> bool:
        """Tell whether a series holds anything."""
        row = self._row(sid)
        return row >= 0 and bool(self.cells[:, row].any())

    def has(self, sid: int) -> bool:
        """Tell whether a series is kept here."""
        return self._row(sid) >= 0

    def _row(self, sid: int) -> int:
        return int(self.row_of[sid]) if sid < len(self.row_of) else -1

    def _touch(self, cells: Ints) -> None:
        first = self.end - self.ring
        slots = np.flatnonzero(cells)
        self.dirty.update((first + (slots - first) % self.ring).tolist())

    def total(self, window: Window, size: int) -> Ints:
        """Give the sum of every series in a window, by series; 0 for series that this level does not hold."""
        out = np.zeros(size, np.int64)
        out[self.sids] = self.sums[window][: self.rows]
        return out

    def between(self, sids: Ints, first: int, end: int) -> Ints | None:
        """Sum series over panes [first, end); None where that reaches further back than is remembered."""
        if first < self.end - self.ring:
            return None
        out = np.zeros(len(sids), np.int64)
        here = (sids >= 0) & (sids < len(self.row_of))
        rows = np.where(here, self.row_of[np.where(here, sids, 0)], -1)
        there = np.flatnonzero(rows >= 0)
        if len(there):
            panes = np.arange(first, min(end, self.end)) % self.ring
            out[there] = self.cells[np.ix_(panes, rows[there])].sum(axis=0)
        return out


def spread_panes(spread: Spread, pane_ms: int, origin_ms: int, first: int, end: int) -> Iterator[tuple[int, int]]:
    """Give (pane, amount) of a total within panes [first, end): differences of a cumulative floor, so that they
    add up to the amount exactly, whatever the panes.

    >>> list(spread_panes(Spread(("ad_click",), 0, 400, 10, 1), 100, 0, 0, 9))
    [(0, 2), (1, 3), (2, 2), (3, 3)]
    """
    low = max(first, (spread.start_ms - origin_ms) // pane_ms)
    high = min(end, end_pane(spread.end_ms, pane_ms, origin_ms))
    before = cumulative(spread, low * pane_ms + origin_ms)
    for pane in range(low, high):
        after = cumulative(spread, (pane + 1) * pane_ms + origin_ms)
        if after != before:
            yield pane, spread.sign * (after - before)
        before = after


def cumulative(spread: Spread, until_ms: int) -> int:
    """Give how much of a total lies before a moment, rounded down."""
    if until_ms <= spread.start_ms:
        return 0
    if until_ms >= spread.end_ms:
        return spread.amount
    return spread.amount * (until_ms - spread.start_ms) // (spread.end_ms - spread.start_ms)


class Levels:
    """All levels together; a series lives in the levels that its windows need."""

    def __init__(self, windows: Iterable[Window], grid: Grid) -> None:
        self.grid = grid
        self.now_ms = 0
        self.series = 0
        by_level: dict[int, list[Window]] = {}
        for window in windows:
            by_level.setdefault(level_of(window_ms(window[0])), []).append(window)
        self.levels: dict[int, Level] = {}
        self._level_of: dict[Window, Level] = {}
        self._numbers_of: dict[tuple[Window, ...], tuple[int, ...]] = {}  # windows → their levels
        self._totals: dict[Window, Ints] = {}  # as they were read since the last change: many metrics read the same
        self._free: dict[tuple[int, ...], list[int]] = {}  # numbers that are nobody's, by the levels of their rows
        for number, here in sorted(by_level.items()):
            _, pane_ms, extra = PLAN[number]
            panes = {w: window_ms(w[0]) // pane_ms for w in here}
            # What is shifted is not also asked for as it was in the past: the one reach or the other, not their sum.
            longest = max(n + (-(-w[1] // pane_ms) + 1 if w[1] else extra // pane_ms) for w, n in panes.items())
            level = Level(
                number,
                pane_ms,
                grid.origin_ms,
                ring=longest + 1,
                windows=panes,
                takes_totals=min(window_ms(w[0]) for w in here) >= SHORTEST_FOR_TOTALS_MS,
            )
            self.levels[number] = level
            for window in here:
                self._level_of[window] = level

    def add_series(self, windows: Iterable[Window]) -> int:
        """Make a series that can be read in `windows`; give its number."""
        self._totals.clear()
        windows = tuple(windows)
        numbers = self._numbers_of.get(windows)
        if numbers is None:
            numbers = tuple(sorted({self._level_of[window].number for window in windows}))
            self._numbers_of[windows] = numbers
        free = self._free.get(numbers)
        if free:
            return free.pop()
        sid = self.series
        self.series += 1
        for number in numbers:
            self.levels[number].add_row(sid)
        return sid

    def pour(self, sid: int, into: int) -> None:
        """Add all that one series holds to another, where both are kept."""
        self._totals.clear()
        for level in self.levels.values():
            level.pour(sid, into)

    def drop(self, sid: int) -> None:
        """Forget a series; its number may become that of another one."""
        self._totals.clear()
        for level in self.levels.values():
            level.drop(sid)
        numbers = tuple(number for number, level in self.levels.items() if level.has(sid))
        if numbers:
            self._free.setdefault(numbers, []).append(sid)

    def holds(self, sid: int) -> bool:
        """Tell whether a series holds anything that a window, or a figure that ends in the past, can show."""
        return any(level.holds(sid) for level in self.levels.values())

    def advance(self, now_ms: int) -> None:
        """Read windows at `now` from here on: they end at now, rounded up to an edge of their panes.

        Shifted ones end at the last edge that lies at least their shift before now.
        """
        if now_ms > self.now_ms:
            self.now_ms = now_ms
            self._totals.clear()
            for level in self.levels.values():
                level.advance(now_ms)

    def apply(self, sids: Ints, panes: Ints, amounts: Ints) -> None:
        """Add changes at finest panes to every level that holds their series."""
        self._totals.clear()
        for level in self.levels.values():
            if not len(sids):
                return
            factor = level.pane_ms // self.grid.pane_ms
            at = panes if factor == 1 else panes // factor
            sids_here, at, amounts_here = merged(sids, at, amounts)
            level.apply(sids_here, at, amounts_here)
            if factor != 1:
                sids, panes, amounts = sids_here, at * factor, amounts_here

    def spread(self, sid: int, spread: Spread, from_ms: int = 0, to_ms: int = 1 << 62) -> None:
        """Spread a total over its period, as far as it lies in [from, to)."""
        self._totals.clear()
        for level in self.levels.values():
            level.spread(sid, spread, from_ms, to_ms)

    def total(self, window: Window) -> Ints:
        """Give the sums of a window by series, one more 0 at the end; not to be changed."""
        known = self._totals.get(window)
        if known is None:
            known = self._totals[window] = self._level_of[window].total(window, self.series + 1)
        return known

    def between(self, window: Window, sids: Ints, end_ms: int) -> Ints | None:
        """Sum series over a window that ends at an earlier moment, rounded up to an edge; None: it is forgotten.

        Where its own level has forgotten it, longer panes may remember.
        """
        number = self._level_of[window].number
        for level in self.levels.values():
            if level.number >= number:
                end = end_pane(end_ms, level.pane_ms, level.origin_ms)
                sums = level.between(sids, end - window_ms(window[0]) // level.pane_ms, end)
                if sums is not None:
                    return sums
        return None

    def edge_ms(self, window: Window, end_ms: int) -> int:
        """Give the edge at which a window ends that shall end at an earlier moment."""
        level = self._level_of[window]
        return end_pane(end_ms, level.pane_ms, level.origin_ms) * level.pane_ms + level.origin_ms

    def span(self, window: Window, end_ms: int | None = None) -> tuple[int, int]:
        """Give start and end in ms of a window as it is read now, or at an earlier moment."""
        level = self._level_of[window]
        if end_ms is None:
            end_ms = level.ends[window] * level.pane_ms + level.origin_ms
        end_ms = self.edge_ms(window, end_ms)
        return end_ms - level.windows[window] * level.pane_ms, end_ms


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
