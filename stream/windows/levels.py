"""Levels: the rolling windows of all series at once, kept up as panes come and go.

In:  changes of series per finest pane; the moment that windows are read at.
Out: for each window, one array with the sum of every series; what a snapshot must keep.

A level holds panes of one length in a ring and serves the windows that are long enough for it. One add when a
change comes, one subtraction when a pane leaves; nothing is summed anew when somebody reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

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


@dataclass(slots=True)
class Level:
    """Panes of one length: `cells[pane % ring, row]`, and a running sum a window."""

    number: int
    pane_ms: int
    origin_ms: int
    ring: int
    windows: dict[Window, tuple[int, int]]  # → (length, shift) in panes
    takes_totals: bool
    end: int = 0
    rows: int = 0
    capacity: int = 256
    row_of: NDArray[np.int32] = field(default_factory=lambda: np.full(256, -1, np.int32))
    sids: list[int] = field(default_factory=list)
    dirty: set[int] = field(default_factory=set)
    cells: Ints = field(init=False)
    sums: dict[Window, Ints] = field(init=False)
    pending: list[tuple[int, Spread]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.cells = np.zeros((self.ring, self.capacity), np.int64)
        self.sums = {window: np.zeros(self.capacity, np.int64) for window in self.windows}

    def add_row(self, sid: int) -> None:
        """Give a series a row."""
        while sid >= len(self.row_of):
            self.row_of = np.concatenate([self.row_of, np.full(len(self.row_of), -1, np.int32)])
        if self.rows == self.capacity:
            self.cells = np.concatenate([self.cells, np.zeros_like(self.cells)], axis=1)
            for window, sums in self.sums.items():
                self.sums[window] = np.concatenate([sums, np.zeros_like(sums)])
            self.capacity *= 2
        self.row_of[sid] = self.rows
        self.sids.append(sid)
        self.rows += 1

    def apply(self, sids: Ints, panes: Ints, amounts: Ints) -> None:
        """Add changes of series in panes of this level; panes that no window can see any more are passed over."""
        while len(self.row_of) <= int(sids.max(initial=0)):
            self.row_of = np.concatenate([self.row_of, np.full(len(self.row_of), -1, np.int32)])
        rows = self.row_of[sids]
        wanted = (rows >= 0) & (panes >= self.end - self.ring)
        rows, panes, amounts = rows[wanted].astype(np.int64), panes[wanted], amounts[wanted]
        if not len(rows):
            return
        if int(panes.max()) >= self.end:
            raise ValueError("a change lies after the moment that windows are read at")
        np.add.at(self.cells.reshape(-1), (panes % self.ring) * self.capacity + rows, amounts)
        for window, (length, shift) in self.windows.items():
            last = self.end - shift
            seen = panes >= last - length
            if shift:
                seen &= panes < last
            if seen.all():
                np.add.at(self.sums[window], rows, amounts)
            else:
                np.add.at(self.sums[window], rows[seen], amounts[seen])
        self.dirty.update(np.unique(panes).tolist())

    def advance(self, end: int) -> None:
        """Let panes leave until windows end at pane `end`, which they leave out."""
        step = end - self.end
        if step <= 0:
            return
        cells, ring = self.cells, self.ring
        stays = {}
        for window, (length, shift) in self.windows.items():
            if step < length:
                leaving = np.arange(self.end - shift - length, end - shift - length) % ring
                self.sums[window] -= cells[leaving].sum(axis=0)
                stays[window] = True
        fresh = range(max(self.end, end - ring), end)
        cells[[pane % ring for pane in fresh]] = 0
        first = self.end
        self.end = end
        for window, (length, shift) in self.windows.items():
            if window not in stays:
                seen = np.arange(end - shift - length, end - shift) % ring
                self.sums[window] = cells[seen].sum(axis=0)
            elif shift:
                entering = np.arange(first - shift, end - shift) % ring
                self.sums[window] += cells[entering].sum(axis=0)
        self.dirty.update(range(max(first, end - ring), end))
        if self.pending:
            self._spread_on(first, end)

    def spread(self, sid: int, spread: Spread) -> None:
        """Add a total over its period; what lies in the future waits for its panes."""
        if not self.takes_totals or sid >= len(self.row_of) or self.row_of[sid] < 0:
            return
        self._spread(sid, spread, self.end - self.ring, self.end)
        if spread.end_ms > self.end * self.pane_ms + self.origin_ms:
            self.pending.append((sid, spread))

    def _spread_on(self, first: int, end: int) -> None:
        for sid, spread in self.pending:
            self._spread(sid, spread, first, end)
        edge = end * self.pane_ms + self.origin_ms
        self.pending = [(sid, spread) for sid, spread in self.pending if spread.end_ms > edge]

    def _spread(self, sid: int, spread: Spread, first: int, end: int) -> None:
        panes = list(spread_panes(spread, self.pane_ms, self.origin_ms, first, end))
        if panes:
            numbers = np.fromiter((pane for pane, _ in panes), np.int64, len(panes))
            amounts = np.fromiter((amount for _, amount in panes), np.int64, len(panes))
            self.apply(np.full(len(panes), sid, np.int64), numbers, amounts)

    def total(self, window: Window, size: int) -> Ints:
        """Give the sum of every series in a window, by series; 0 for series that this level does not hold."""
        out = np.zeros(size, np.int64)
        out[self.sids] = self.sums[window][: self.rows]
        return out

    def between(self, sid: int, first: int, end: int) -> int | None:
        """Sum one series over panes [first, end); None where that reaches further back than is remembered."""
        if first < self.end - self.ring:
            return None
        row = self.row_of[sid] if sid < len(self.row_of) else -1
        if row < 0:
            return 0
        return int(self.cells[np.arange(first, min(end, self.end)) % self.ring, row].sum())


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
        self._totals: dict[Window, Ints] = {}  # as they were read since the last change: many metrics read the same
        for number, here in sorted(by_level.items()):
            _, pane_ms, extra = PLAN[number]
            panes = {w: (window_ms(w[0]) // pane_ms, -(-w[1] // pane_ms)) for w in here}
            level = Level(
                number,
                pane_ms,
                grid.origin_ms,
                ring=max(length + shift for length, shift in panes.values()) + extra // pane_ms + 1,
                windows=panes,
                takes_totals=min(window_ms(w[0]) for w in here) >= SHORTEST_FOR_TOTALS_MS,
            )
            self.levels[number] = level
            for window in here:
                self._level_of[window] = level

    def add_series(self, windows: Iterable[Window]) -> int:
        """Make a series that can be read in `windows`; give its number."""
        self._totals.clear()
        sid = self.series
        self.series += 1
        for number in sorted({self._level_of[window].number for window in windows}):
            self.levels[number].add_row(sid)
        return sid

    def advance(self, now_ms: int) -> None:
        """Read windows at `now` from here on: they end at now, rounded up to an edge of their panes."""
        if now_ms > self.now_ms:
            self.now_ms = now_ms
            self._totals.clear()
            for level in self.levels.values():
                level.advance(end_pane(now_ms, level.pane_ms, level.origin_ms))

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

    def spread(self, sid: int, spread: Spread) -> None:
        """Spread a total over its period."""
        self._totals.clear()
        for level in self.levels.values():
            level.spread(sid, spread)

    def total(self, window: Window) -> Ints:
        """Give the sums of a window by series, one more 0 at the end; not to be changed."""
        known = self._totals.get(window)
        if known is None:
            known = self._totals[window] = self._level_of[window].total(window, self.series + 1)
        return known

    def between(self, window: Window, sid: int, end_ms: int) -> int | None:
        """Sum a series over a window that ends at an earlier moment, rounded up to an edge."""
        level = self._level_of[window]
        end = end_pane(end_ms, level.pane_ms, level.origin_ms)
        return level.between(sid, end - window_ms(window[0]) // level.pane_ms, end)

    def span(self, window: Window, end_ms: int | None = None) -> tuple[int, int]:
        """Give start and end in ms of a window as it is read now, or at an earlier moment."""
        level = self._level_of[window]
        length, shift = level.windows[window]
        end = level.end - shift if end_ms is None else end_pane(end_ms, level.pane_ms, level.origin_ms)
        return (end - length) * level.pane_ms + level.origin_ms, end * level.pane_ms + level.origin_ms


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
