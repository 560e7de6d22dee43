"""Sliding windows: exact windows that move on from reading to reading.

In:  changes of series in panes of one millisecond; moments that rise.
Out: the same sums as from `ExactWindows`, to the millisecond.

What enters and what leaves is looked at, not all that a window holds: a day at steps of 5 min reads each change
about twice a window, where summing anew would read it 288 times.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from stream.changes.accumulator import Spread
from stream.changes.panes import NOW, window_ms
from stream.windows.amounts import Amounts
from stream.windows.level import SHORTEST_FOR_TOTALS_MS, Window
from stream.windows.lines import Line, by_age, deal, oldest_ms, recent
from stream.windows.runs import MOST_SERIES, Run, Runs, sorted_run
from stream.windows.spreads import cumulative

Ints = NDArray[np.int64]


class _Sum:
    """The sums of a stretch by series."""

    __slots__ = ("end_ms", "start_ms", "sums")

    def __init__(self, start_ms: int, series: int) -> None:
        self.start_ms = self.end_ms = start_ms
        self.sums = np.zeros(max(256, 2 * series), np.int64)

    def fit(self, series: int) -> None:
        """Make room."""
        if series > len(self.sums):
            self.sums = np.concatenate([self.sums, np.zeros(2 * series - len(self.sums), np.int64)])

    def take(self, run: Run) -> None:
        """Add new changes as far as they lie inside."""
        run.add_to(self.sums, self.start_ms, self.end_ms)

    def move(self, runs: Runs, start_ms: int, end_ms: int) -> None:
        """Move on: add what enters, take away what leaves."""
        runs.add_to(self.sums, self.end_ms, end_ms)
        runs.add_to(self.sums, self.start_ms, start_ms, -1)
        self.start_ms, self.end_ms = start_ms, end_ms


class SlidingWindows:
    """All changes, and for each window that was read its sums as of the last reading."""

    def __init__(self) -> None:
        self.now_ms = 0
        self.series = 0
        self._runs = Runs()
        self._sums: dict[Window, _Sum] = {}
        self._lines: dict[int, Line] = {}  # series that are read up to moments of their own
        self._spreads = _Spreads()
        self._amounts = Amounts()
        self._totals: dict[Window, Ints] = {}  # as they were read since the last change: many metrics read the same

    def add_series(self, windows: Iterable[Window]) -> int:
        """Make a series; give its number."""
        if self.series == MOST_SERIES:
            raise ValueError(f"a back-fill holds {MOST_SERIES} series and no more")
        self._totals.clear()
        self.series += 1
        return self.series - 1

    def advance(self, now_ms: int) -> None:
        """Read windows at `now` from here on."""
        if now_ms != self.now_ms:
            self.now_ms = now_ms
            self._totals.clear()

    def apply(self, sids: Ints, panes: Ints, amounts: Ints) -> None:
        """Take changes; panes are milliseconds, and may lie after now."""
        self._totals.clear()
        run = sorted_run(sids, panes, amounts)
        self._runs.add(run)
        for one in self._sums.values():
            one.fit(self.series)
            one.take(run)
        deal(self._lines, *run.columns())

    def stand(self, sids: Ints, amounts: Ints) -> None:
        """Change what stands of series."""
        self._totals.clear()
        self._amounts.add(sids, amounts)

    def spread(self, sid: int, spread: Spread) -> None:
        """Take a total."""
        self._totals.clear()
        self._spreads.add(sid, spread)

    def total(self, window: Window) -> Ints:
        """Give the sums of a window by series, one more 0 at the end; not to be changed."""
        known = self._totals.get(window)
        if known is None:
            known = self._amounts.total(self.series + 1) if window[0] == NOW else self._read(window)
            self._totals[window] = known
        return known

    def _read(self, window: Window) -> Ints:
        start, end = self.span(window)
        one = self._sums.get(window)
        if one is None or start < one.start_ms:
            one = self._sums[window] = _Sum(start, self.series)
        one.fit(self.series)
        one.move(self._runs, start, end)
        out = np.zeros(self.series + 1, np.int64)
        out[:-1] = one.sums[: self.series]
        if end - start >= SHORTEST_FOR_TOTALS_MS:
            self._spreads.add_to(out, start, end)
        return out

    def between(self, window: Window, sids: Ints, end_ms: int) -> Ints | None:
        """Sum series over a window that ends at an earlier moment."""
        start_ms = end_ms - window_ms(window[0])
        spread = np.zeros(self.series + 1, np.int64)
        if end_ms - start_ms >= SHORTEST_FOR_TOTALS_MS:
            self._spreads.add_to(spread, start_ms, end_ms)
        out = spread[sids]
        lines = self._of(sids)
        for at, sid in enumerate(sids.tolist()):
            if sid >= 0:
                out[at] += lines[sid].between(start_ms, end_ms)
        return out

    def by_age(self, window: Window, sids: Ints) -> tuple[Ints, Ints, Ints]:
        """Give what series hold in a window, by age in ms: place among the series, age, amount."""
        return by_age(self._of(sids), sids, self.span(window)[0], self.now_ms)

    def recent(self, sids: Ints, lengths_ms: Ints) -> Ints:
        """Sum what series hold that is younger than lengths of their own."""
        return recent(self._of(sids), sids, lengths_ms, self.now_ms)

    def oldest_ms(self, sids: Ints) -> Ints:
        """Give the oldest moment at which each series holds anything; −1 where there is none."""
        return oldest_ms(self._of(sids), sids, self.now_ms)

    def remembered_ms(self) -> int:
        """Give the moment before which nothing is remembered: there is none."""
        return 0

    def _of(self, sids: Ints) -> Mapping[int, Line]:
        """Give the lines of series; each is kept up from its first reading on."""
        new = np.array([sid for sid in sids.tolist() if sid >= 0 and sid not in self._lines], np.int64)
        if len(new):
            self._lines |= self._runs.lines(new)
        return self._lines

    def edge_ms(self, window: Window, end_ms: int) -> int:
        """Give the moment itself: nothing is rounded here."""
        return end_ms

    def span(self, window: Window, end_ms: int | None = None) -> tuple[int, int]:
        """Give start and end in ms of a window as it is read now, or at an earlier moment."""
        end = self.now_ms - window[1] if end_ms is None else end_ms
        return end - window_ms(window[0]), end


class _Spreads:
    """Totals of periods, as columns."""

    def __init__(self) -> None:
        self._fresh: list[tuple[int, Spread]] = []
        self._spreads: list[Spread] = []
        self._columns = np.zeros((5, 0), np.int64)  # series, start, end, amount, sign

    def add(self, sid: int, spread: Spread) -> None:
        """Take a total."""
        self._fresh.append((sid, spread))

    def add_to(self, sums: Ints, start_ms: int, end_ms: int) -> None:
        """Add what lies in [start, end) to sums by series."""
        if self._fresh:
            rows = [(sid, s.start_ms, s.end_ms, s.amount, s.sign) for sid, s in self._fresh]
            self._columns = np.concatenate([self._columns, np.array(rows, np.int64).T], axis=1)
            self._spreads += [spread for _, spread in self._fresh]
            self._fresh = []
        sids, sign = self._columns[0], self._columns[4]
        if len(sids):
            np.add.at(sums, sids, sign * (self._until(end_ms) - self._until(start_ms)))

    def _until(self, moment_ms: int) -> Ints:
        """Give how much of each total lies before a moment."""
        _, starts, ends, amounts, _ = self._columns
        out = np.where((moment_ms >= ends) & (moment_ms > starts), amounts, 0)
        # few are under way at any moment, and their product with milliseconds may need more than 64 bits
        for at in np.flatnonzero((moment_ms > starts) & (moment_ms < ends)).tolist():
            out[at] = cumulative(self._spreads[at], moment_ms)
        return out
