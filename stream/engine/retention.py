"""Retention: up to which moment a shard may forget.

In:  the newest event of each kind, and the shell's report.
Out: the oldest moment of which an event may still come; None where nothing may be forgotten.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from stream.changes.panes import HOUR_MS
from stream.engine.commit import ShardReport

#: How far the clocks of a broker and of a worker may be apart.
_CLOCKS_APART_MS: Final = 2 * HOUR_MS


class Retention:
    """Follows the slowest source of a shard."""

    def __init__(self, kinds: Sequence[str], lateness_ms: int) -> None:
        self._kinds, self._lateness_ms = kinds, lateness_ms
        self._read: set[str] = set()  # kinds of which records came since the last commit
        self._heard_ms: dict[str, int] = {}  # kind → when that was last so, by the clock of the shell

    def heard(self, kind: str) -> None:
        """Note that records of a kind came."""
        self._read.add(kind)

    def oldest_ms(self, newest_ms: Mapping[str, int], report: ShardReport) -> int | None:
        """Give the moment before which no event is still to come, by the slowest kind that is not silent."""
        heard_ms, now_ms = self._heard_ms, report.now_ms
        for kind in newest_ms:
            if kind in self._read or kind not in heard_ms:
                heard_ms[kind] = now_ms
        self._read.clear()
        if not newest_ms or any(report.lag_records.get(kind) for kind in self._kinds if kind not in newest_ms):
            return None
        # a source that was silent for so long and has nothing to read is not slow, or nothing would ever be dropped
        slow = [
            newest
            for kind, newest in newest_ms.items()
            if not report.caught_up or now_ms - heard_ms[kind] <= self._lateness_ms
        ]
        # a record that says it comes from the far future must make nobody forgotten
        slowest_ms = min(min(slow, default=max(newest_ms.values())), now_ms + _CLOCKS_APART_MS)
        return slowest_ms - self._lateness_ms
