"""Added: partitions that a source was given after the installation was made, and that no shard reads.

In:  how many shards each group has, and how many partitions its topics have now.
Out: which partitions nobody reads, and the message about them.

The number of shards is that of the state logs: whose shard somebody is follows from it, and so it cannot change under a
state. What lies on the partitions that there always were is counted on, exactly; what lies on the new ones is a lag.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

from aiokafka import TopicPartition

from stream.contract.records import MAPPED
from stream.errors import REBUILD, TopicError

#: (group, source) → its partitions that nobody reads
Unread = Mapping[tuple[str, str], tuple[TopicPartition, ...]]


def unread(
    sources: Mapping[str, Mapping[str, str]],
    shards: Mapping[str, int],
    partitions_of: Callable[[str], Collection[int] | None],
) -> dict[tuple[str, str], tuple[TopicPartition, ...]]:
    """Give the partitions beyond the shards of their group; a topic that is not known just now has none.

    >>> unread({"ads": {"ad": "x.ad"}}, {"ads": 2}, lambda topic: {0, 1, 2})
    {('ads', 'ad'): (TopicPartition(topic='x.ad', partition=2),)}
    """
    found = {
        (group, source): tuple(
            TopicPartition(topic, number) for number in sorted(partitions_of(topic) or ()) if number >= shards[group]
        )
        for group, topics in sources.items()
        for source, topic in topics.items()
        if not source.startswith(MAPPED)  # these are looked after by themselves
    }
    return {place: tps for place, tps in found.items() if tps}


def message(tps: Iterable[TopicPartition], records: int) -> str:
    """Say what was found, where, and what leads on."""
    tps = list(tps)
    topics = sorted({tp.topic for tp in tps})
    where = "; ".join(f"{topic} partitions {_numbers(tps, topic)}" for topic in topics)
    return str(
        TopicError(
            f"{len(tps)} partition(s) were added and are not read: {records:,} records lie there. Figures are exact "
            "for all others, and not complete.",
            where=where,
            do=f"To count them, {REBUILD}.",
        )
    )


def _numbers(tps: Iterable[TopicPartition], topic: str) -> str:
    return ", ".join(str(tp.partition) for tp in tps if tp.topic == topic)
