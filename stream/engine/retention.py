"""Retention: up to which moment a shard may forget.

In:  the newest event of each kind, and the shell's report.
Out: the oldest moment of which an event may still come; None where nothing may be forgotten.

The shell's time is the broker's: a worker's clock that goes wrong makes nobody forgotten.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from stream.changes.panes import HOUR_MS
from stream.contract.records import FROM_HEADER
from stream.engine.commit import ShardReport
from stream.ingest.columns import Columns

#: How far the clocks of two brokers may be apart, and a record ahead of both.
_CLOCKS_APART_MS: Final = 2 * HOUR_MS


class Retention:
    """Follows the slowest source of a shard."""

    def __init__(self, kinds: Sequence[str], lateness_ms: int) -> None:
        self._kinds, self._lateness_ms = kinds, lateness_ms
        self._read: set[str] = set()  # kinds of which records came since the last commit
        self._heard_ms: dict[str, int] = {}  # kind → when that was last so, by the broker's clock
        # shard that forwards → the newest event of its latest batch, and when that came by the broker's clock
        self._forwarding: dict[bytes, tuple[int, int | None]] = {}

    def heard(self, kind: str) -> None:
        """Note that records of a kind came."""
        self._read.add(kind)

    def forwarded(self, batch: Columns) -> None:
        """Note how far the shards have come that forward records here: they may be slow sources, as others are."""
        newest: dict[bytes, int] = {}
        for index, time_ms in zip(batch.index, batch.times.tolist(), strict=True):
            origin = dict(batch.records[index][4]).get(FROM_HEADER)
            if origin is not None:
                newest[origin] = max(time_ms, newest.get(origin, 0))
        self._forwarding.update((origin, (time_ms, None)) for origin, time_ms in newest.items())

    def oldest_ms(self, newest_ms: Mapping[str, int], report: ShardReport) -> int | None:
        """Give the moment before which no event is still to come, by the slowest kind that is not silent."""
        heard_ms, now_ms = self._heard_ms, report.now_ms
        if not now_ms:
            return None  # nothing was written yet: it is not known how late it is
        for kind in newest_ms:
            if kind in self._read or kind not in heard_ms:
                heard_ms[kind] = now_ms
        self._read.clear()
        unheard, caught_up = [kind for kind in self._kinds if kind not in newest_ms], report.caught_up
        # before its end is known a source may hold what is older than all
        if not newest_ms or any(report.lag_records.get(kind, not caught_up) for kind in unheard):
            return None
        # a source that was silent for so long and has nothing to read is not slow, or nothing would ever be dropped
        slow = [
            newest
            for kind, newest in newest_ms.items()
            if not report.caught_up or now_ms - heard_ms[kind] <= self._lateness_ms
        ]
        slow += self._slow_shards(now_ms)
        # a record that says it comes from the far future must make nobody forgotten
        slowest_ms = min(min(slow, default=max(newest_ms.values())), now_ms + _CLOCKS_APART_MS)
        return slowest_ms - self._lateness_ms

    def _slow_shards(self, now_ms: int) -> list[int]:
        """Give how far each shard has come that forwarded something not too long ago."""
        out: list[int] = []
        for origin, (newest_ms, came_ms) in list(self._forwarding.items()):
            came_ms = now_ms if came_ms is None else came_ms
            if now_ms - came_ms <= self._lateness_ms:
                self._forwarding[origin] = newest_ms, came_ms
                out.append(newest_ms)
            else:
                del self._forwarding[origin]
        return out
