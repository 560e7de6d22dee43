"""Anew: whether a beginning would be a whole one, looked at before anything is written.

In:  the topics of leadpulse, and where each of their partitions begins and ends.
Out: nothing; or a TopicError that lists every topic that still holds something.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import OffsetSpec

from stream.errors import TopicError
from stream.kafka.layout import Layout
from stream.kafka.topic_plan import TopicPlan
from stream.kafka.topic_spec import Found

#: The roles of topics that must be empty; dead letters are nobody's state.
STATE: frozenset[str] = frozenset({"reroute", "handover", "touches", "state", "deltas", "history", "result"})


def own_topics(layout: Layout, there: Mapping[str, Found]) -> dict[str, int]:
    """Give each topic that holds state, or what follows from it, with its number of partitions."""
    specs = TopicPlan.fitting(layout, there).specs
    return {spec.name: there[spec.name].partitions for spec in specs if spec.role in STATE and spec.name in there}


def filled(client: KafkaAdminClient, topics: Mapping[str, int]) -> list[str]:
    """Name the topics of which a partition is not empty: its end, uncommitted records included, is not its begin."""
    partitions = [TopicPartition(topic, p) for topic, count in topics.items() for p in range(count)]
    begins = client.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.EARLIEST))
    ends = client.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.LATEST))
    return sorted({tp.topic for tp in partitions if begins[tp].offset != ends[tp].offset})


def refuse_half_a_reset(filled: Iterable[str]) -> None:
    """Raise TopicError where something is left of what was before."""
    left = list(filled)
    if left:
        raise TopicError(
            "--reset begins anew, and these topics still hold what was before. Nothing was written.",
            where=", ".join(left),
            do="Empty them all: `leadpulse topics rebuild`; or stop all workers, delete these topics, run `leadpulse "
            "topics create` and start with --reset. To go on with what they hold, start without --reset.",
        )
