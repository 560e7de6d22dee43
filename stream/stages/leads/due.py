"""Due: which rows change by themselves, and when.

In:  rows with the moment at which they change without any fact.
Out: those whose moment has come.

What lies far ahead is in a list by the hour, unsorted. A row whose moment comes earlier is listed again; one whose
moment moves on, as it does with every sign of life, is found too early and listed anew. Whoever is told of a row looks
at it, so a name too many is harmless.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heapify, heappop, heappush
from typing import Final

_HOUR_MS: Final = 3_600_000


class Due:
    """The rows of one shard by the moment at which they change."""

    def __init__(self) -> None:
        self._later: dict[int, list[tuple[int, bytes]]] = {}
        self._hours: list[int] = []
        self._soon: list[tuple[int, bytes]] = []
        self._hour = -1  # what is due in it or before is among the soon

    def move(self, key: bytes, before_ms: int, due_ms: int) -> None:
        """List a row whose moment has changed, if it would be found too late."""
        if not before_ms or due_ms < before_ms:
            self.add(due_ms, key)

    def add(self, due_ms: int, key: bytes) -> None:
        """List a row; 0 is never."""
        if not due_ms:
            return
        hour = due_ms // _HOUR_MS
        if hour <= self._hour:
            heappush(self._soon, (due_ms, key))
            return
        some = self._later.get(hour)
        if some is None:
            some = self._later[hour] = []
            heappush(self._hours, hour)
        some.append((due_ms, key))

    def by(self, now_ms: int) -> Iterator[bytes]:
        """Give the rows whose moment has come, and forget that they were listed."""
        hour = now_ms // _HOUR_MS
        while self._hours and self._hours[0] <= hour:
            self._soon += self._later.pop(heappop(self._hours))
        if hour > self._hour:
            self._hour = hour
            heapify(self._soon)
        while self._soon and self._soon[0][0] <= now_ms:
            yield heappop(self._soon)[1]
