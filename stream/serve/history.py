"""History: what the main figures were since the worker started, in bounded memory.

In:  figures by site, window and metric, as of a moment.
Out: points for a chart.

A ring that is full drops every other point and doubles its step, up to a longest step; from then on it drops its
oldest. So a chart always covers everything since the start, or as much as the window asks for.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping
from typing import Final

from stream.serve.figures import Figure, Key
from stream.settings.values import duration_ms

CAPACITY: Final = 360
FIRST_STEP_MS: Final = 2_000
SERIES_LIMIT: Final = 1_000  # 6 KB each
DAY_MS: Final = 86_400_000


class Ring:
    """Points in order of time, at least a step apart; two columns of doubles, since tuples take six times as much."""

    __slots__ = ("_most_step_ms", "at_ms", "measure", "step_ms", "values")

    def __init__(self, span_ms: int, measure: str = "") -> None:
        """Keep `span_ms` at least, once there was that much; all of it in one measure."""
        self.measure = measure
        self.step_ms = FIRST_STEP_MS
        self._most_step_ms = span_ms * 2 // CAPACITY
        self.at_ms, self.values = array("d"), array("d")

    def __len__(self) -> int:
        return len(self.at_ms)

    def add(self, at_ms: int, figure: Figure) -> None:
        """Add a point; one that comes less than a step after the last one is passed over."""
        if self.at_ms and at_ms < self.at_ms[-1] + self.step_ms:
            return
        if len(self) >= CAPACITY:
            self._make_room()
        self.at_ms.append(at_ms)
        self.values.append(math.nan if figure.value is None else figure.value)

    def _make_room(self) -> None:
        coarser = self.step_ms < self._most_step_ms
        if coarser:
            self.step_ms *= 2
        for column in (self.at_ms, self.values):
            column[:] = column[::2] if coarser else column[CAPACITY // 8 :]  # in one go: no ring of its own is needed


class History:
    """One ring a figure; figures beyond the limit have none."""

    def __init__(self) -> None:
        self._rings: dict[Key, Ring] = {}

    def __len__(self) -> int:
        return len(self._rings)

    def take(self, as_of_ms: int, figures: Mapping[Key, Figure]) -> None:
        """Remember what the figures are now."""
        for key, figure in figures.items():
            ring = self._rings.get(key)
            if ring is None or ring.measure != figure.measure:  # another currency is another line
                if ring is None and len(self._rings) >= SERIES_LIMIT:
                    continue
                ring = self._rings[key] = Ring(max(DAY_MS, duration_ms(key.window) * 3), figure.measure)
            ring.add(as_of_ms, figure)

    def interrupt(self) -> None:
        """Leave a gap in every line: another worker has the figures for a while."""
        for ring in self._rings.values():
            if ring.at_ms:
                ring.add(int(ring.at_ms[-1]) + ring.step_ms, Figure())

    def points(self, key: Key) -> tuple[list[int], list[float | None]]:
        """Give what a chart shows, oldest first: moments in milliseconds, and values."""
        ring = self._rings.get(key)
        if ring is None:
            return [], []
        return [int(at) for at in ring.at_ms], [None if math.isnan(value) else value for value in ring.values]
