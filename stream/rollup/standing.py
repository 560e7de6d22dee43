"""Standing: what the shards reported of themselves, and what follows for all readings.

In:  the newest report of each shard.
Out: whether everything is restored and caught up, since when there is data, and the account of all records.

What shards tell those of leads is on its way for a second or two. Figures that leads count for are complete once these
have taken in all that had been told some seconds ago.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

import msgspec

from stream.changes.deltas import Delta
from stream.changes.holds import Holds

Shard = tuple[str, int]

#: A shard that has not reported for so long does not count as caught up.
SILENT_AFTER_MS = 15_000
#: A heartbeat that was on its way for so long is no news: who wrote it may have stood still, and own nothing any more.
HELD_WITHIN_MS = 5_000
#: What a shard tells another one has come after so long, if that one has nothing more to read.
_ON_ITS_WAY_MS: Final = 15_000


class Standing(msgspec.Struct, array_like=True):
    """The newest report of one shard."""

    seq: int
    reported_ms: int  # when the broker took it
    caught_up: bool
    newest_ms: dict[str, int]
    oldest_ms: int | None
    lag_records: dict[str, int]
    missing: list[str]
    account: dict[str, int]
    gauges: dict[str, float]
    marks: dict[str, int] = {}  # as a former release wrote them; today each has a record of its own
    life: str = ""  # once it was not said
    sent: dict[int, int] = {}
    taken: dict[str, int] = {}


class SequenceGap(Exception):
    """What a shard reported cannot be added to what it reported before; the text says why."""


class ForeignDelta(Exception):
    """A delta of another release, or bytes that are none; the text says which."""


def follows(known: Standing | None, delta: Delta, *, once: bool) -> bool:
    """Tell whether a delta is the next of its shard; False: it was added before.

    With `once` numbers never come again (transactions). Else a crash may repeat some, and they say the same.
    Raises SequenceGap for what cannot be added: a number that is missing, or the report of another life.
    """
    name, seq = f"shard {delta.group}/{delta.shard}", known.seq if known else 0
    if known is not None and known.life and delta.life and delta.life != known.life:  # older releases say none
        raise SequenceGap(
            f"{name} began anew (life {delta.life}), but what its former life {known.life} reported is in the totals"
        )
    if delta.seq > seq + 1:
        raise SequenceGap(f"{name} reported number {delta.seq} after {seq or 'nothing'}: what lies between is gone")
    if delta.seq <= seq and once:
        raise SequenceGap(f"{name} reported number {delta.seq} again after {seq}: its log has lost its end")
    return delta.seq > seq


class Standings:
    """The reports of all shards."""

    def __init__(self, shards: Mapping[str, int], absent: Iterable[str] = (), told: Collection[str] = ()) -> None:
        """`told` are groups to whose shards others tell something."""
        self._absent = frozenset(absent)
        self._told = frozenset(told)
        self._sent: dict[Shard, deque[tuple[int, dict[int, int]]]] = {}  # what each had told, and when it said so
        self.expected = {(group, number) for group, count in shards.items() for number in range(count)}
        self.of: dict[Shard, Standing] = {}
        self.changed: set[Shard] = set()
        self._heard: dict[Shard, int] = {}  # when the newest report came, by the clock of whoever reads
        self._held: dict[Shard, int] = {}  # up to when it is known to hold, if that is later

    def take(self, delta: Delta, stamp_ms: int, heard_ms: int | None = None) -> None:
        """Replace what a shard reported before; the broker took it at `stamp_ms`.

        With `heard_ms` it has just come, which tells of silence whatever the clocks of two brokers say of each other.
        """
        shard = delta.group, delta.shard
        self._held.pop(shard, None)
        if heard_ms is not None:
            self._heard[shard] = heard_ms
        before = self.of.get(shard)
        oldest, newest = delta.oldest_ms, delta.newest_ms
        if before is not None:
            known = [ms for ms in (before.oldest_ms, oldest) if ms is not None]
            oldest = min(known, default=None)
            newest = _highest(before.newest_ms, newest)
        self.of[shard] = Standing(
            delta.seq, stamp_ms, delta.caught_up, newest, oldest, delta.lag_records, delta.missing, delta.account,
            delta.gauges, life=delta.life or (before.life if before else ""), sent=delta.sent, taken=delta.taken,
        )  # fmt: skip
        self.changed.add(shard)
        if delta.sent:
            self._tell(shard, stamp_ms, delta.sent, before)

    def hold(self, holds: Holds, stamp_ms: int, heard_ms: int | None = None) -> None:
        """Learn that what shards reported last still held; the arguments are those of `take`.

        Whoever says so need not own a shard any more: its heartbeat is fenced by another one's transaction. It counts
        only for a shard whose newest report it names, by life and number, for then nobody has reported anything since;
        and from the moment at which its writer looked, however late it comes. What it names that is not known here yet
        may change figures: until that has come, the shard is not known to hold.
        """
        late_ms = max(0, stamp_ms - holds.now_ms)
        if late_ms > HELD_WITHIN_MS:
            return
        at_ms = max(stamp_ms, heard_ms or 0) - late_ms
        for held in holds.shards:
            shard = held.group, held.shard
            known = self.of.get(shard)
            if known is not None and (known.seq, known.life) == (held.seq, held.life):
                self._held[shard] = max(at_ms, self._held.get(shard, 0))

    def _tell(self, shard: Shard, stamp_ms: int, sent: dict[int, int], before: Standing | None) -> None:
        told = self._sent.get(shard)
        if told is None:
            told = self._sent[shard] = deque([(before.reported_ms, before.sent)] if before is not None else ())
        if not told or told[-1][1] != sent:
            told.append((stamp_ms, sent))
        while len(told) > 1 and told[1][0] <= stamp_ms - _ON_ITS_WAY_MS:
            told.popleft()

    def complete(self, now_ms: int) -> bool:
        """Tell whether every shard has reported lately that it has nothing more to read; but those that are told."""
        return all(self._caught_up(shard, now_ms) for shard in self.expected if shard[0] not in self._told)

    def complete_along(self, now_ms: int) -> bool:
        """Tell whether the shards that are told have nothing more to read, and took in what had been told by now."""
        along = [shard for shard in self.expected if shard[0] in self._told]
        return all(self._caught_up(shard, now_ms) for shard in along) and all(
            self.of[receiver].taken.get(f"{sender[0]}/{sender[1]}", 0) >= seq
            for sender in self.of
            for number, seq in self._had_told(sender, now_ms).items()
            for receiver in along
            if receiver[1] == number
        )

    def behind(self, now_ms: int) -> frozenset[str]:
        """Name the groups of which a shard has not said lately that it has nothing more to read."""
        return frozenset(shard[0] for shard in self.expected if not self._caught_up(shard, now_ms))

    @property
    def any_told(self) -> bool:
        """Whether there are shards that are told."""
        return any(group in self._told for group, _ in self.expected)

    def _had_told(self, sender: Shard, now_ms: int) -> dict[int, int]:
        """Give what a shard had told to each when it may have come: all of it, if nothing was told since."""
        told = self._sent.get(sender)
        if told is None:
            return self.of[sender].sent
        return next((sent for stamp_ms, sent in reversed(told) if stamp_ms <= now_ms - _ON_ITS_WAY_MS), {})

    def _caught_up(self, shard: Shard, now_ms: int) -> bool:
        known = self.of.get(shard)
        if known is None or not known.caught_up:
            return False
        heard_ms = max(self._heard.get(shard, 0), self._held.get(shard, 0))
        return now_ms - max(known.reported_ms, heard_ms) < SILENT_AFTER_MS

    def reached_ms(self, now_ms: int) -> int:
        """Give the moment up to which shards have reported: now, but not long after half of them say that it is.

        A single broker whose clock is far ahead moves nothing.
        """
        held = self._held
        stamps = sorted(max(self.of[shard].reported_ms, held.get(shard, 0)) for shard in self.expected & self.of.keys())
        return min(now_ms, stamps[(len(stamps) - 1) // 2] + SILENT_AFTER_MS) if stamps else now_ms

    def data_since_ms(self) -> int | None:
        """Give the time of the first event that was seen."""
        return min((s.oldest_ms for s in self.of.values() if s.oldest_ms is not None), default=None)

    def newest_ms(self) -> dict[str, int]:
        """Give the time of the newest event of each source."""
        newest: dict[str, int] = {}
        for standing in self.of.values():
            newest = _highest(newest, standing.newest_ms)
        return newest

    def account(self) -> Counter[str]:
        """Add up the account of all shards; names are parts joined by "/"."""
        total: Counter[str] = Counter()
        for standing in self.of.values():
            total.update(standing.account)
        return total

    def records(self) -> int:
        """Count the records that all shards have accepted."""
        return sum(n for s in self.of.values() for name, n in s.account.items() if name.endswith("/accepted"))

    def lag_records(self) -> Counter[str]:
        """Add up what each source has not read."""
        total: Counter[str] = Counter()
        for standing in self.of.values():
            total.update(standing.lag_records)
        return total

    def gauges(self, name: str) -> Iterator[float]:
        """Give a gauge of every shard that has it."""
        for standing in self.of.values():
            if name in standing.gauges:
                yield standing.gauges[name]

    def by_site(self, name: str) -> Iterator[tuple[str, float]]:
        """Give a gauge of every shard that has it, by site: `name/site`."""
        prefix = f"{name}/"
        for standing in self.of.values():
            for named, value in standing.gauges.items():
                if named.startswith(prefix):
                    yield named[len(prefix) :], value

    def missing(self) -> frozenset[str]:
        """Name the sources whose topic does not exist."""
        return self._absent.union(*(standing.missing for standing in self.of.values()))

    def by_name(self, prefix: str) -> Counter[str]:
        """Add up the gauges whose names begin with a prefix, by what follows it."""
        total: Counter[str] = Counter()
        for standing in self.of.values():
            for name, value in standing.gauges.items():
                if name.startswith(prefix):
                    total[name[len(prefix) :]] += int(value)
        return total


def _highest(a: dict[str, int], b: dict[str, int]) -> dict[str, int]:
    out = dict(a)
    for name, value in b.items():
        if value > out.get(name, -1):
            out[name] = value
    return out
