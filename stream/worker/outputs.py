"""Outputs: what one commit of a shard writes, where, and in which order.

In:  a commit of the fold, and the position that goes with it.
Out: rows by topic and partition, the position last.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from stream.contract.records import KIND_HEADER, ORDERS, REROUTE
from stream.engine.commit import Commit
from stream.ingest.route import partitions_of
from stream.kafka.layout import Layout, ShardId
from stream.kafka.state_log import Row
from stream.stages.stage import EVERY, HandOver

#: Topic, partition and the rows that go there.
Part = tuple[str, int, list[Row]]


@dataclass(frozen=True, slots=True)
class Outputs:
    """Where one shard writes to; `shards_of` is group → number of shards of the groups that run."""

    layout: Layout
    id: ShardId
    shards_of: Mapping[str, int]
    dead_letter_partitions: int = 1
    partitioner: str = "murmur2"

    def parts(self, commit: Commit, place: Row) -> list[Part]:
        """Order a commit: deltas, dead letters, forwards, what others are told, results, state, and last the position.

        The position goes last: without transactions a crash in between then repeats records and loses none.
        """
        layout, (group, shard) = self.layout, self.id
        parts: list[Part] = [(layout.deltas(group), shard, [(None, delta, None, []) for delta in commit.deltas])]
        if commit.dead_letters:
            letters: list[Row] = [(key, value, None, headers) for key, value, headers in commit.dead_letters]
            parts.append((layout.dead_letter, shard % self.dead_letter_partitions, letters))
        parts += _gathered(
            (layout.reroute(one.group or group), one.partition, (one.key, one.value, None, one.headers))
            for one in commit.forwards
        )
        parts += _gathered(
            (topic, partition, (one.key, one.value, None, list(one.headers)))
            for one in commit.hand_overs
            if (topic := self._topic_of(one)) is not None  # else it does not run, and nobody waits for it
            for partition in self._partitions_of(one)
        )
        if layout.touches is not None:
            parts += _gathered((layout.touches, to, (None, record, None, [])) for to, record in commit.touches)
        parts += _gathered(
            (layout.results[one.topic], shard, (one.key.encode(), one.value, None, [])) for one in commit.results
        )
        state: list[Row] = [(key, value, None, []) for key, value in commit.state]
        parts.append((layout.state(group), shard, [*state, place]))
        return parts

    def _topic_of(self, over: HandOver) -> str | None:
        """Name the topic of a message; orders go the way of forwarded records, which every group of events has."""
        if dict(over.headers).get(KIND_HEADER) in ORDERS:
            return self.layout.sources.get(over.group, {}).get(REROUTE)
        return self.layout.handover(over.group)

    def _partitions_of(self, over: HandOver) -> Iterable[int]:
        if over.partition == EVERY:
            return range(self.shards_of[over.group])
        if over.partition is not None:
            return (over.partition,)
        key = over.key.decode("utf-8", "surrogateescape")
        return (int(partitions_of([key], self.shards_of[over.group], self.partitioner)[0]),)


def _gathered(rows: Iterable[tuple[str, int, Row]]) -> list[Part]:
    """Put the rows of one place together; places in the order in which they come first."""
    places: dict[tuple[str, int], list[Row]] = {}
    for topic, partition, row in rows:
        places.setdefault((topic, partition), []).append(row)
    return [(topic, partition, found) for (topic, partition), found in places.items()]
