"""Retention: up to which moment a shard may forget.

In:  the newest event of each kind, and the shell's report.
Out: the oldest moment of which an event may still come; None where nothing may be forgotten.

The shell's time is the broker's: a worker's clock that goes wrong makes nobody forgotten. Kinds that may come later
than others have ids of their own, so that a month of them keeps no month of all others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from stream.changes.panes import HOUR_MS
from stream.contract.privacy import NEVER_LATE_MS
from stream.contract.records import FROM_HEADER, Record
from stream.engine.commit import ShardReport

#: How far the clocks of two brokers may be apart, and a record ahead of both.
_CLOCKS_APART_MS: Final = 2 * HOUR_MS


class Oldest(NamedTuple):
    """Before which moments no event is still to come: of any kind, of those that may be late alike, of each other."""

    rows_ms: int | None
    common_ms: int | None
    own_ms: Mapping[str, int | None]


class Retention:
    """Follows the slowest source of a shard."""

    def __init__(self, kinds: Sequence[str], lateness_ms: int, own_ms: Mapping[str, int] | None = None) -> None:
        """Take how late events may be; `own_ms` is kind → that of a kind for which it is another."""
        self._kinds, self._own_ms = kinds, dict(own_ms or {})
        self._lateness_ms: dict[str, int] = dict.fromkeys(kinds, lateness_ms) | self._own_ms
        # what may come however late keeps no row: there would be no end of them
        self._ending = [kind for kind in kinds if self._lateness_ms[kind] < NEVER_LATE_MS]
        self._common = [kind for kind in kinds if kind not in self._own_ms]
        self._read: set[str] = set()  # kinds of which records came since the last commit
        self._heard_ms: dict[str, int] = {}  # kind → when that was last so, by the broker's clock
        # kind and shard that forwards → the newest event of its latest batch, and when that came by the broker's clock
        self._forwarding: dict[tuple[str, bytes], tuple[int, int | None]] = {}

    def heard(self, kind: str) -> None:
        """Note that records of a kind came."""
        self._read.add(kind)

    def forwarded(self, kind: str, records: Sequence[Record], times: Iterable[tuple[int, int]]) -> None:
        """Note how far the shards have come that forward records here: they may be slow sources, as others are.

        `times` are places among the records with the times of their events.
        """
        newest: dict[tuple[str, bytes], int] = {}
        for index, time_ms in times:
            origin = dict(records[index][4]).get(FROM_HEADER)
            if origin is not None:
                named = kind, origin
                newest[named] = max(time_ms, newest.get(named, 0))
        self._forwarding.update((named, (time_ms, None)) for named, time_ms in newest.items())

    def oldest(self, newest_ms: Mapping[str, int], report: ShardReport) -> Oldest:
        """Give the moments before which no event is still to come, by the slowest kind that is not silent."""
        heard_ms, now_ms = self._heard_ms, report.now_ms
        if not now_ms:  # nothing was written yet: it is not known how late it is
            return Oldest(None, None, {})
        for kind in newest_ms:
            if kind in self._read or kind not in heard_ms:
                heard_ms[kind] = now_ms
        self._read.clear()
        self._let_go(now_ms)
        own = {kind: self._oldest_ms([kind], newest_ms, report) for kind in self._kinds if kind in self._own_ms}
        rows_ms, common_ms = (self._oldest_ms(kinds, newest_ms, report) for kinds in (self._ending, self._common))
        return Oldest(rows_ms, common_ms, own)

    def _oldest_ms(self, kinds: Sequence[str], newest_ms: Mapping[str, int], report: ShardReport) -> int | None:
        caught_up, now_ms = report.caught_up, report.now_ms
        unheard = [kind for kind in kinds if kind not in newest_ms]
        # before its end is known a source may hold what is older than all
        if len(unheard) == len(kinds) or any(report.lag_records.get(kind, not caught_up) for kind in unheard):
            return None
        # a record that says it comes from the far future must make nobody forgotten
        latest_ms, late = now_ms + _CLOCKS_APART_MS, self._lateness_ms
        reached = {kind: min(newest_ms[kind], latest_ms) - late[kind] for kind in kinds if kind in newest_ms}
        # a source that was silent for so long and has nothing to read is not slow, or nothing would ever be dropped
        slow = [
            oldest_ms
            for kind, oldest_ms in reached.items()
            if not caught_up or now_ms - self._heard_ms[kind] <= late[kind]
        ]
        forwarding = self._forwarding.items()
        slow += [min(ms, latest_ms) - late[kind] for (kind, _), (ms, _) in forwarding if kind in kinds]
        return min(slow, default=max(reached.values()))

    def _let_go(self, now_ms: int) -> None:
        """Forget shards that have forwarded nothing for so long that nothing as old is still to come of them."""
        for named, (newest_ms, came_ms) in list(self._forwarding.items()):
            came_ms = now_ms if came_ms is None else came_ms
            if now_ms - came_ms <= self._lateness_ms[named[0]]:
                self._forwarding[named] = newest_ms, came_ms
            else:
                del self._forwarding[named]
