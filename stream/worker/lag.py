"""Lag: what a shard has not read of its sources, and whether it has read enough to be believed.

In:  the ends of each source as the broker tells them, and the positions.
Out: records that are not read; whether all is read that can be, and all was that was there a little while ago.

A partition has two ends. Up to the last stable offset it can be read; from there to the high watermark lies what waits
for the end of a transaction. Both count as lag: a transaction that somebody leaves open hides the records of
everybody else. But there is always one where producers use them, so what is newer than a while is let pass.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping
from typing import Final

from stream.kafka.fetch import Ends

#: A source counts as read if all is that was there within so long.
READ_WITHIN_S: Final = 15.0


class Lag:
    """The ends of the sources of one shard; moments are seconds of a steady clock."""

    def __init__(self) -> None:
        self._ends: dict[str, Ends] = {}
        self._goal: dict[str, int] = {}  # the stable ends as they were at the last report
        self._seen: dict[str, deque[tuple[float, int]]] = {}  # when, and the high watermark that was told then
        self.unread: dict[str, int] = {}  # records of partitions that are nobody's; they count with this shard's

    def see(self, source: str, ends: Ends, now_s: float) -> None:
        """Learn how far a source goes."""
        self._ends[source] = ends
        seen = self._seen.setdefault(source, deque())
        seen.append((now_s, ends.high))
        self._forget(seen, now_s)

    def clear(self) -> None:
        """Forget all, because the shard reads on from its position anew."""
        self._ends.clear()
        self._seen.clear()
        self._goal = {}

    def to_fetch(self, source: str, fetched: int) -> int | None:
        """Give how many records can be fetched from a position on; None while the end is not known."""
        ends = self._ends.get(source)
        return None if ends is None else ends.stable - fetched

    def records(self, positions: Mapping[str, int]) -> dict[str, int]:
        """Give the records behind the positions, of the sources whose end is known."""
        return {
            name: max(0, ends.high - positions[name]) + self.unread.get(name, 0)
            for name, ends in self._ends.items()
            if name in positions
        }

    def caught_up(self, positions: Mapping[str, int], sources: Collection[str], now_s: float) -> bool:
        """Say whether all of these sources are read to their end, and take what is there now as the next goal.

        A report behind is caught up: under live traffic there is always a record that has just arrived.
        """
        goal = self._goal or {name: ends.stable for name, ends in self._ends.items()}
        self._goal = {name: ends.stable for name, ends in self._ends.items()}
        reached = all(name in positions and positions[name] >= end for name, end in goal.items())
        return reached and self.is_read(positions, sources, now_s)

    def is_read(self, positions: Mapping[str, int], sources: Collection[str], now_s: float) -> bool:
        """Say whether of each of these sources all is read that was there within the last while."""
        return not self.unread and all(
            name in positions and self._was_reached(name, positions[name], now_s) for name in sources
        )

    def _was_reached(self, source: str, position: int, now_s: float) -> bool:
        seen = self._seen.get(source)
        if not seen:
            return False
        self._forget(seen, now_s)
        return any(high <= position for _, high in seen)

    @staticmethod
    def _forget(seen: deque[tuple[float, int]], now_s: float) -> None:
        while seen and now_s - seen[0][0] > READ_WITHIN_S:
            seen.popleft()
