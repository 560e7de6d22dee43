"""Outputs: what one commit of a shard writes, where, and in which order.

In:  a commit of the fold, and the position that goes with it.
Out: rows by topic and partition, the position last.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from stream.contract.records import KIND_HEADER, ORDERS, REROUTE
from stream.engine.commit import Commit
from stream.ingest.route import partitions_of
from stream.kafka.layout import Layout, ShardId
from stream.kafka.state_log import Row
from stream.stages.stage import EVERY, HandOver, Result

#: Topic, partition and the rows that go there.
Part = tuple[str, int, list[Row]]


@dataclass(frozen=True, slots=True)
class Outputs:
    """Where one shard writes to.

    `shards_of` is group → number of shards of the groups that run; `results_in` topic of results → number of its
    partitions, of those that have not as many as there are shards of leads.
    """

    layout: Layout
    id: ShardId
    shards_of: Mapping[str, int]
    dead_letter_partitions: int = 1
    partitioner: str = "murmur2"
    results_in: Mapping[str, int] = field(default_factory=dict)

    def parts(self, commit: Commit, place: Row, ended: Iterable[Part] = (), beat: Iterable[Row] = ()) -> list[Part]:
        """Order a commit: deltas, dead letters, forwards, results, what others are told, state, and last the position.

        `ended` are tombstones of results that lie where nothing is written any more; `beat` goes beside the deltas.
        The position goes last: without transactions a crash in between then repeats records and loses none. Results go
        before what others are told, who may then be the ones that tell.
        """
        layout, (group, shard) = self.layout, self.id
        deltas: list[Row] = [(None, delta, None, []) for delta in commit.deltas]
        parts: list[Part] = [(layout.deltas(group), shard, [*deltas, *beat])]
        if commit.dead_letters:
            letters: list[Row] = [(key, value, None, headers) for key, value, headers in commit.dead_letters]
            parts.append((layout.dead_letter, shard % self.dead_letter_partitions, letters))
        parts += _gathered(
            (layout.reroute(one.group or group), one.partition, (one.key, one.value, None, one.headers))
            for one in commit.forwards
        )
        parts += ended
        parts += _gathered(self._placed(commit.results))
        parts += _gathered(
            (topic, partition, (one.key, one.value, None, list(one.headers)))
            for one in commit.hand_overs
            if (topic := self._topic_of(one)) is not None  # else it does not run, and nobody waits for it
            for partition in self._partitions_of(one)
        )
        if layout.touches is not None:
            parts += _gathered((layout.touches, to, (None, record, None, [])) for to, record in commit.touches)
        state: list[Row] = [(key, value, None, []) for key, value in commit.state]
        parts.append((layout.state(group), shard, [*state, place]))
        return parts

    def results_of(self, topic: str) -> int:
        """Give the number of partitions of a topic of results."""
        return self.results_in.get(topic) or self.shards_of[self.layout.told or ""]

    def _placed(self, results: Sequence[Result]) -> Iterable[tuple[str, int, Row]]:
        """Place results by their keys, as Kafka's own clients would, whatever the producers of sources use.

        Who tells of a lead changes with its ids. All that was ever told by one key lies in one partition, so the newest
        of it stands, and a tombstone is the end of all before it. They come in order, too: a teller knows of a lead by
        what the one before it has written in the same transaction as its last word.
        """
        for topic in dict.fromkeys(one.topic for one in results):
            name, some = self.layout.results[topic], [one for one in results if one.topic == topic]
            partitions = placed([one.key for one in some], self.results_of(name))
            for one, partition in zip(some, partitions, strict=True):
                yield name, partition, (one.key.encode(), one.value, None, [])

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


def placed(keys: Sequence[str], partitions: int) -> list[int]:
    """Give the partition of each key of a topic of results."""
    return partitions_of(keys, partitions).tolist()  # type: ignore[no-any-return]


def _gathered(rows: Iterable[tuple[str, int, Row]]) -> list[Part]:
    """Put the rows of one place together; places in the order in which they come first."""
    places: dict[tuple[str, int], list[Row]] = {}
    for topic, partition, row in rows:
        places.setdefault((topic, partition), []).append(row)
    return [(topic, partition, found) for (topic, partition), found in places.items()]
