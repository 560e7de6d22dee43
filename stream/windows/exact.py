"""Exact windows: every change with its millisecond, summed when somebody reads.

In:  changes of series in panes of one millisecond.
Out: the same as from levels, with edges at the millisecond. For a replay that reads once and can keep everything.
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
from stream.windows.spreads import cumulative

Ints = NDArray[np.int64]


class ExactWindows:
    """All changes, in chunks as they came, joined at the first reading."""

    def __init__(self) -> None:
        self.now_ms = 0
        self.series = 0
        self._chunks: list[tuple[Ints, Ints, Ints]] = []
        self._spreads: list[tuple[int, Spread]] = []
        self._cache: dict[Window, Ints] = {}
        self._amounts = Amounts()
        self._lines: dict[int, Line] = {}  # of the changes so far

    def add_series(self, windows: Iterable[Window]) -> int:
        """Make a series; give its number."""
        self._cache.clear()
        self.series += 1
        return self.series - 1

    def advance(self, now_ms: int) -> None:
        """Read windows at `now` from here on."""
        if now_ms != self.now_ms:
            self.now_ms = now_ms
            self._cache.clear()

    def apply(self, sids: Ints, panes: Ints, amounts: Ints) -> None:
        """Keep changes; panes are milliseconds."""
        self._chunks.append((sids, panes, amounts))
        self._cache.clear()
        self._lines.clear()

    def stand(self, sids: Ints, amounts: Ints) -> None:
        """Change what stands of series."""
        self._cache.clear()
        self._amounts.add(sids, amounts)

    def spread(self, sid: int, spread: Spread) -> None:
        """Keep a total."""
        self._spreads.append((sid, spread))
        self._cache.clear()

    def total(self, window: Window) -> Ints:
        """Give the sums of a window by series, one more 0 at the end."""
        known = self._cache.get(window)
        if known is None:
            if window[0] == NOW:
                known = self._amounts.total(self.series + 1)
            else:
                known = self._sum(*self.span(window), window_ms(window[0]))
            self._cache[window] = known
        return known

    def between(self, window: Window, sids: Ints, end_ms: int) -> Ints | None:
        """Sum series over a window that ends at an earlier moment."""
        key = (f"{window[0]}@{end_ms}", 0)
        known = self._cache.get(key)
        if known is None:
            length = window_ms(window[0])
            known = self._cache[key] = self._sum(end_ms - length, end_ms, length)
        return known[sids]

    def edge_ms(self, window: Window, end_ms: int) -> int:
        """Give the moment itself: nothing is rounded here."""
        return end_ms

    def span(self, window: Window, end_ms: int | None = None) -> tuple[int, int]:
        """Give start and end in ms of a window as it is read now, or at an earlier moment."""
        end = self.now_ms - window[1] if end_ms is None else end_ms
        return end - window_ms(window[0]), end

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
        """Give the lines of series."""
        new = {sid: Line() for sid in sids.tolist() if sid >= 0 and sid not in self._lines}
        for chunk in self._joined() if new else ():
            deal(new, *chunk)
        self._lines |= new
        return self._lines

    def _joined(self) -> list[tuple[Ints, Ints, Ints]]:
        if len(self._chunks) > 1:
            joined = [np.concatenate(part) for part in zip(*self._chunks, strict=True)]
            self._chunks = [(joined[0], joined[1], joined[2])]
        return self._chunks

    def _sum(self, start: int, end: int, length: int) -> Ints:
        out = np.zeros(self.series + 1, np.int64)
        for sids, panes, amounts in self._joined():
            seen = (panes >= start) & (panes < end)
            np.add.at(out, sids[seen], amounts[seen])
        if length >= SHORTEST_FOR_TOTALS_MS:
            for sid, spread in self._spreads:
                out[sid] += spread.sign * (cumulative(spread, end) - cumulative(spread, start))
        return out
