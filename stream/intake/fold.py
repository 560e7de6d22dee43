"""Fold: one shard of the group that makes events of anybody's topics.

    records → mapper of each source → envelopes → decode, route → forwards to the shards of their group

In:  batches of records of the topics that are mapped, as plain tuples.
Out: what one commit writes: forwards, dead letters, the account; it keeps no rows.

A mapped event goes the way of a forwarded record: it says its kind, when the record that it is of arrived, and the
place of that. One that the contract will refuse goes on all the same, to any shard: so what arrives is what was mapped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from stream.changes.deltas import Delta, pack
from stream.contract import dead_letter
from stream.contract.kinds import KINDS, KindName
from stream.contract.records import ARRIVAL_HEADER, FROM_HEADER, ITEM_HEADER, KIND_HEADER, MAPPED, SOURCES, Record
from stream.contract.rejects import UNKNOWN_SITE, Reject
from stream.engine.account import Figures
from stream.engine.commit import Commit, Forward, Letter, ShardReport
from stream.engine.groups import Group
from stream.ingest.decode import DEFAULT_LIMITS, Limits, decode
from stream.ingest.route import canonical_keys, partitions_of
from stream.intake.figures import SourceFigures
from stream.sources.mapper import Mapped, Mapper, Outcome, Refused
from stream.sources.source import Source
from stream.sources.wire.schemas import Schemas
from stream.sources.wire.wire import BY_SCHEMA
from stream.state.keys import ACCOUNT
from stream.state.table import LogRecord

#: So many items are mapped in one fold, about: all of them are one transaction.
ITEMS_AT_ONCE: Final = 20_000
#: A record of ten thousand broken items is no ten thousand letters: they say its place, the account counts them all.
LETTERS_A_RECORD: Final = 100
#: What a forward or a dead letter takes in memory beside its value.
_BESIDE_BYTES: Final = 512

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Figures).decode


@dataclass(frozen=True, slots=True)
class IntakeOptions:
    """What the mapping of records depends on, beside them.

    `reads` is topic → the sources that read it. `schemas` is registry → what is known of it, filled by the shell.
    """

    reads: Mapping[str, Sequence[Source]]
    key: bytes | None = None
    most_bytes: int = 8 << 20
    limits: Limits = DEFAULT_LIMITS
    partitioner: str = "murmur2"
    schemas: Mapping[str, Schemas] | None = None


class SourcesFold:
    """Maps partition `shard` of every topic that has one."""

    def __init__(
        self, shard: int, shards: Mapping[str, int], options: IntakeOptions, groups: Mapping[str, Group]
    ) -> None:
        """Take group → number of shards of those that run."""
        self.shard, self.pending_bytes = shard, 0
        self._options = options
        self._home: dict[KindName, tuple[str, int]] = {
            kind: (name, shards[name]) for name, group in groups.items() if name in shards for kind in group.kinds
        }
        off = frozenset(KINDS) - self._home.keys()
        known = options.schemas or {}
        made: dict[str, Mapper] = {}
        for source in {source.name: source for some in options.reads.values() for source in some}.values():
            schemas = known.get(source.definition.registry)
            made[source.name] = Mapper(source, options.key, schemas, options.most_bytes, off)
        self._mappers = {topic: [made[source.name] for source in some] for topic, some in options.reads.items()}
        self._figures, self._stored = SourceFigures(), b""
        self._forwards: list[Forward] = []
        self._letters: list[Letter] = []
        self._items_a_record = 1.0
        self._newest_ms: dict[str, int] = {}  # source → arrival of its newest record

    @property
    def most_records(self) -> int:
        """How many records the next fold shall take, by how many items the last ones had."""
        return max(1, int(ITEMS_AT_ONCE / self._items_a_record))

    def missing(self, inputs: Sequence[tuple[str, Sequence[Record]]]) -> dict[str, set[int]]:
        """Name the schemas that a batch needs and that are not known yet, by registry."""
        wanted: dict[str, set[int]] = {}
        for name, records in inputs:
            for mapper in self._mappers.get(name.removeprefix(MAPPED), ()):
                if mapper.source.shape.format in BY_SCHEMA:
                    found = mapper.schemas.missing(record[3] for record in records)
                    if found:
                        wanted.setdefault(mapper.source.definition.registry, set()).update(found)
        return wanted

    def fold(self, batches: Sequence[tuple[str, Sequence[Record]]]) -> None:
        """Map records of any of its topics; bad input is data and never raises."""
        read = items = 0
        for name, records in batches:
            topic = name.removeprefix(MAPPED)
            for mapper in self._mappers[topic]:
                out = mapper.map(records, topic, self.shard)
                self._figures.take(mapper.source.name, out)
                self._forward(out, records, topic)
                buried: Counter[int] = Counter()
                for refused in out.refused:
                    buried[refused.place] += 1
                    if buried[refused.place] <= LETTERS_A_RECORD:
                        self._bury(refused, records[refused.place], topic, mapper.source)
                items += out.items + len(out.events)
            read += len(records)
            if records:
                self._newest_ms[name] = max(records[-1][1], self._newest_ms.get(name, 0))
        if read:
            self._items_a_record = max(items / read, 1.0)

    def _forward(self, out: Outcome, records: Sequence[Record], topic: str) -> None:
        by_kind: dict[KindName, list[Mapped]] = {}
        for event in out.events:
            by_kind.setdefault(event.kind, []).append(event)
        sender = f"{SOURCES}/{self.shard}".encode()
        for kind, events in by_kind.items():
            group, shards = self._home[kind]
            places = self._places(kind, events, records, shards)
            tags = (KIND_HEADER, kind.encode()), (FROM_HEADER, sender)
            for event, place in zip(events, places, strict=True):
                offset, arrival_ms = records[event.place][:2]
                origin = f"{topic}-{self.shard}-{offset}-{event.item}".encode()
                headers = [*tags, (ARRIVAL_HEADER, str(arrival_ms).encode()), (ITEM_HEADER, origin)]
                self._forwards.append(Forward(place, None, event.value, headers, group))
                self.pending_bytes += len(event.value) + _BESIDE_BYTES

    def _places(self, kind: KindName, events: Sequence[Mapped], records: Sequence[Record], shards: int) -> list[int]:
        """Give the shard of each event; one that will be refused has none, and ends with any."""
        places = [self.shard % shards] * len(events)
        if shards == 1:
            return places
        made = [(at, records[event.place][1], None, event.value, ()) for at, event in enumerate(events)]
        read = decode(kind, made, self._options.limits)
        keys = canonical_keys(kind, read.events)
        for at, place in zip(read.index, partitions_of(keys, shards, self._options.partitioner).tolist(), strict=True):
            places[at] = place
        return places

    def _bury(self, refused: Refused, record: Record, topic: str, source: Source) -> None:
        offset, arrival_ms = record[:2]
        kept = record if source.definition.keep == "raw" else (offset, arrival_ms, None, None, ())
        reject = Reject(refused.place, refused.reason, refused.path, source.definition.site or UNKNOWN_SITE)
        _, letter, about = dead_letter.encode(reject, kept, f"{SOURCES}/{source.name}", topic, self.shard)
        self._letters.append((f"{topic}-{self.shard}-{offset}-{refused.item}".encode(), letter, about))
        self.pending_bytes += len(letter) + _BESIDE_BYTES

    # state ------------------------------------------------------------------------------------------------

    def load(self, key: bytes, value: bytes | None) -> None:
        """Take one record of the state log."""
        if key[:1] == ACCOUNT.prefix and value is not None:
            self._figures, self._stored = SourceFigures(_decode(value).outcomes), value

    def changes(self, seq: int, report: ShardReport) -> Commit:
        """Give what this commit must write, and forget it."""
        now = _encode(Figures(self._figures.outcomes))
        state: list[LogRecord] = [(ACCOUNT.prefix, now)] if now != self._stored else []
        self._stored = now
        delta = Delta(
            SOURCES, self.shard, seq, [], b"", b"", b"", [], {}, None, report.caught_up, report.now_ms,
            report.lag_records, [], self._figures.outcomes,
            {f"source_newest_ms/{name}": float(ms) for name, ms in self._newest_ms.items()}, {}, report.life,
        )  # fmt: skip
        forwards, letters = self._forwards, self._letters
        self._forwards, self._letters, self.pending_bytes = [], [], 0
        return Commit(state, pack(delta), letters, forwards)
