"""Chain: what a shard tells the shards of leads, what it was told, and how far time has come along the way.

In:  messages of the stage; records of the topic between groups; the shell's report.
Out: records for other shards, numbered without a gap; messages for the stage; the clock that the stage may go by.

A record names the one before it of the same sender to the same receiver, so that one that is missing is seen. Each
says up to when its sender has read; a sender with nothing to say says that alone, now and then. So a receiver knows
how far the slowest of them has come, and its clock never runs ahead of what somebody has still to read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import msgspec

from stream.contract.records import Record
from stream.engine.commit import ShardReport
from stream.engine.groups import Group
from stream.engine.options import FoldOptions
from stream.identity.messages import Touches as Touch
from stream.identity.messages import UnknownTouches, pack, unpack
from stream.state.keys import CHAIN
from stream.state.table import LogRecord

#: A sender that has nothing to tell says so often how far it has come. All of them do in the same seconds of the
#: broker's clock, so that a receiver that has nothing else to do is not woken by each of them apart.
TELL_MS: Final = 10_000

Hear = Callable[[str, int, Sequence[msgspec.Raw]], None]


class BrokenChain(Exception):
    """What a shard told does not follow what it told before; the text says why."""


class Taken(msgspec.Struct, array_like=True):
    """What came last from one sender."""

    seq: int
    life: str
    reached_ms: int


class Links(msgspec.Struct, array_like=True):
    """What is stored of a chain. Append new fields at the end."""

    sent: dict[int, int] = {}  # shard of leads → number of the last record to it
    taken: dict[str, Taken] = {}  # group/shard → what came last from it
    clock_ms: int = 0


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(Links).decode


class Chain:
    """The ties of one shard to those of leads."""

    prefix = CHAIN.prefix

    def __init__(self, group: Group, shard: int, groups: Iterable[Group], options: FoldOptions) -> None:
        self._group, self._shard, self._once = group, shard, options.once
        self._hears = bool(group.told_by)
        tells = any(group.name in other.told_by for other in groups)
        self._receivers = range(options.leads) if tells else range(0)
        counts = options.told_by
        self._senders = [f"{name}/{at}" for name in group.told_by for at in range(counts.get(name, 0))]
        self.links = Links({}, {})
        self._stored = b""
        self._told_ms: dict[int, int] = {}  # receiver → when it was last told anything
        self._reached_ms = 0

    # state ------------------------------------------------------------------------------------------------

    def load(self, key: bytes, value: bytes | None) -> None:
        """Take a record of the state log."""
        if value is not None:
            self.links, self._stored = _decode(value), value

    def changes(self) -> list[LogRecord]:
        """Give the links if they changed."""
        if not (self._hears or self._receivers):
            return []
        now = _encode(self.links)
        if now == self._stored:
            return []
        self._stored = now
        return [(self.prefix, now)]

    # what comes in ----------------------------------------------------------------------------------------

    def take(self, records: Sequence[Record], hear: Hear) -> None:
        """Hand on what shards told; raises BrokenChain where something is missing, or cannot be known to be there.

        What is no record of ours is nobody's word, and passed over: whatever it stands for is missed by its number.
        """
        for _, _, _, value, _ in records:
            try:
                touch = unpack(value or b"")
            except UnknownTouches as error:
                raise BrokenChain(str(error)) from error
            except msgspec.MsgspecError:
                continue
            sender = f"{touch.group}/{touch.shard}"
            known = self.links.taken.get(sender)
            if self._once:
                _refuse_gap(sender, known, touch)
            seq, reached_ms = touch.seq, touch.reached_ms
            if known is not None:
                seq, reached_ms = max(seq, known.seq), max(reached_ms, known.reached_ms)
            self.links.taken[sender] = Taken(seq, touch.life, reached_ms)
            if touch.messages:
                hear(touch.group, touch.shard, touch.messages)

    # what goes out ----------------------------------------------------------------------------------------

    def tell(self, messages: Mapping[int, Sequence[msgspec.Raw]], report: ShardReport) -> list[tuple[int, bytes]]:
        """Give the records of a commit; also those that say no more than how far this shard has come."""
        out: list[tuple[int, bytes]] = []
        sent, now_ms = self.links.sent, report.now_ms
        seq = max(sent.values(), default=0)
        for receiver in self._receivers:
            some = messages.get(receiver, ())
            if not some and not self._waits(receiver, now_ms):
                continue
            whole = Touch(
                self._group.name, self._shard, report.life, seq + 1, sent.get(receiver, 0), self._reached_ms, list(some)
            )
            packed = pack(whole)
            out += [(receiver, record) for record in packed]
            seq += len(packed)
            sent[receiver], self._told_ms[receiver] = seq, now_ms
        return out

    def _waits(self, receiver: int, now_ms: int) -> bool:
        """Tell whether somebody else has not heard of this shard for long, as far as the time is known."""
        told_ms = self._told_ms.get(receiver)
        own = self._hears and receiver == self._shard
        return bool(now_ms) and not own and (told_ms is None or now_ms // TELL_MS != told_ms // TELL_MS)

    # time -------------------------------------------------------------------------------------------------

    def clock_ms(self, newest_ms: Mapping[str, int], report: ShardReport) -> int:
        """Give the time that the stage goes by: that of the shell, or for whoever is told of people how far all came.

        A kind's newest event counts as how far its source was read, as long as something is left to read.
        """
        self._reached_ms = _reached(self._group.kinds, newest_ms, report)
        if not self._hears:
            return report.now_ms
        links, own = self.links, f"{self._group.name}/"
        senders = {*self._senders, *links.taken}
        came = {name: links.taken[name].reached_ms if name in links.taken else 0 for name in senders}
        # shards of leads tell each other how far they came by all others; by each other nobody would come any further
        self._reached_ms = min([self._reached_ms, *(ms for name, ms in came.items() if not name.startswith(own))])
        among = [ms for name, ms in came.items() if name.startswith(own) and name != f"{own}{self._shard}"]
        self.move(min([self._reached_ms, *among]))
        return links.clock_ms

    def move(self, now_ms: int) -> None:
        """Move the clock on; it never goes back."""
        self.links.clock_ms = max(now_ms, self.links.clock_ms)

    @property
    def sent(self) -> dict[int, int]:
        """Number of the last record to each shard of leads."""
        return dict(self.links.sent)

    @property
    def taken(self) -> dict[str, int]:
        """Number of the last record that came from each sender."""
        return {sender: last.seq for sender, last in self.links.taken.items()}


def _refuse_gap(sender: str, known: Taken | None, touch: Touch) -> None:
    """Raise BrokenChain for a record that is not the next one of its sender."""
    if known is not None and touch.life != known.life:
        raise BrokenChain(
            f"{sender} began anew (life {touch.life}), but what its former life {known.life} told is known here"
        )
    if touch.prev != (known.seq if known is not None else 0):
        before = f"number {known.seq}" if known is not None else "nothing"
        raise BrokenChain(
            f"{sender} told number {touch.seq} behind {touch.prev or 'nothing'}, but {before} came last: what lies "
            "between is gone"
        )


def _reached(kinds: Sequence[str], newest_ms: Mapping[str, int], report: ShardReport) -> int:
    """Give the moment up to which a shard has read its own sources."""
    if report.caught_up and report.now_ms:
        return report.now_ms
    lag = report.lag_records
    behind = [kind for kind in kinds if kind not in report.missing and lag.get(kind, 1)]
    came = min((newest_ms.get(kind, 0) for kind in behind), default=max(newest_ms.values(), default=0))
    return min(came, report.now_ms) if report.now_ms else came
