"""Levels: the rolling windows of all series at once, kept up as panes come and go.

In:  changes of series per finest pane; the moment that windows are read at.
Out: for each window, one array with the sum of every series; what a snapshot must keep.

A level holds panes of one length in a ring and serves the windows that are long enough for it. One add when a
change comes, one subtraction when a pane leaves; nothing is summed anew when somebody reads.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from stream.changes.accumulator import Spread
from stream.changes.panes import NOW, Grid, end_pane, window_ms
from stream.windows import ages
from stream.windows.amounts import Amounts
from stream.windows.level import PLAN, SHORTEST_FOR_TOTALS_MS, Level, Window, level_of, merged
from stream.windows.spreads import Part, columns

Ints = NDArray[np.int64]


class Levels:
    """All levels together; a series lives in the levels that its windows need."""

    def __init__(self, windows: Iterable[Window], grid: Grid) -> None:
        self.grid = grid
        self.now_ms = 0
        self.series = 0
        by_level: dict[int, list[Window]] = {}
        self.amounts = Amounts()
        for window in windows:
            if window[0] != NOW:
                by_level.setdefault(level_of(window_ms(window[0])), []).append(window)
        self.levels: dict[int, Level] = {}
        self._level_of: dict[Window, Level] = {}
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
        numbers = tuple(sorted({self._level_of[window].number for window in windows if window[0] != NOW}))
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
        self.amounts.pour(sid, into)
        for level in self.levels.values():
            level.pour(sid, into)

    def drop(self, sid: int) -> None:
        """Forget a series; its number may become that of another one."""
        self._totals.clear()
        self.amounts.drop(sid)
        for level in self.levels.values():
            level.drop(sid)
        numbers = tuple(number for number, level in self.levels.items() if level.has(sid))
        self._free.setdefault(numbers, []).append(sid)

    def holds(self, sid: int) -> bool:
        """Tell whether a series holds anything that a window, or a figure that ends in the past, can show."""
        return self.amounts.of(sid) != 0 or any(level.holds(sid) for level in self.levels.values())

    def advance(self, now_ms: int) -> None:
        """Read windows at `now` from here on: they end at now, rounded up to an edge of their panes.

        Shifted ones end at the last edge that lies at least their shift before now.
        """
        if now_ms > self.now_ms:
            self.now_ms = now_ms
            for level in self.levels.values():
                if level.advance(now_ms):
                    self._totals.clear()

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

    def stand(self, sids: Ints, amounts: Ints) -> None:
        """Change what stands of series."""
        self._totals.clear()
        self.amounts.add(sids, amounts)

    def spread(self, sid: int, spread: Spread, from_ms: int = 0, to_ms: int = 1 << 62) -> None:
        """Spread a total over its period, as far as it lies in [from, to)."""
        self.spread_all([Part(sid, spread, from_ms, to_ms)])

    def spread_all(self, parts: Iterable[Part]) -> None:
        """Spread totals over their periods, each as far as its series has of it."""
        table = columns(parts)
        if table.size:
            self._totals.clear()
            for level in self.levels.values():
                level.spread(table)

    def total(self, window: Window) -> Ints:
        """Give the sums of a window by series, one more 0 at the end; not to be changed."""
        known = self._totals.get(window)
        if known is None:
            size = self.series + 1
            of_level = self._level_of.get(window)
            known = self.amounts.total(size) if of_level is None else of_level.total(window, size)
            self._totals[window] = known
        return known

    def between(self, window: Window, sids: Ints, end_ms: int) -> Ints | None:
        """Sum series over a window that ends at an earlier moment, rounded up to an edge; None: it is forgotten.

        Where its own level has forgotten it, longer panes may remember, if the series are kept there too.
        """
        number = self._level_of[window].number
        for level in self.levels.values():
            if level.number == number or (level.number > number and level.keeps(sids[sids >= 0]).all()):
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

    # by age -----------------------------------------------------------------------------------------------

    def by_age(self, window: Window, sids: Ints) -> tuple[Ints, Ints, Ints]:
        """Give what series hold in a window, by age in ms: place among the series, age, amount."""
        level = self._level_of[window]
        end = level.ends[window]
        return ages.by_age(self._upto(level.number), end - level.windows[window], self.now_ms, sids)

    def recent(self, sids: Ints, lengths_ms: Ints) -> Ints:
        """Sum what series hold that is younger than lengths of their own."""
        return ages.recent(list(self.levels.values()), self.now_ms, sids, lengths_ms)

    def oldest_ms(self, sids: Ints) -> Ints:
        """Give where the oldest pane begins in which each series holds anything; −1 where there is none."""
        return ages.oldest_ms(list(self.levels.values()), sids)

    def remembered_ms(self) -> int:
        """Give the moment before which nothing is remembered."""
        level = self.levels[max(self.levels)]
        return (level.end - level.ring) * level.pane_ms + level.origin_ms

    def _upto(self, number: int) -> list[Level]:
        return [level for at, level in self.levels.items() if at <= number]
