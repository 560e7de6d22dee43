"""Inspect: what a broker knows of a running installation, read from beside it; nothing is changed.

In:  a link to the broker, the layout, the consumer group.
Out: topics, members and what they own, committed offsets, ends, and the newest record of each partition.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from stream.kafka import refusals, topics
from stream.kafka.layout import Layout
from stream.kafka.security import Link
from stream.kafka.topic_plan import Found, TopicPlan, TopicSpec

#: Behind the newest record of a partition lie at most a few markers of transactions that ended.
TAIL: Final = 8
TAIL_LIMIT_S: Final = 10.0
#: Records of a partition that are looked at to see how keys are placed.
SAMPLE: Final = 100
#: A shard that runs reports each second.
NEWS_S: Final = 1.5

Place = tuple[str, int]  # topic and partition


class Newest(NamedTuple):
    """The newest record of a partition."""

    timestamp_ms: int
    value: bytes | None
    seen_ms: int  # by the clock of this machine


@dataclass(frozen=True)
class Inspection:
    """An installation as the broker sees it."""

    specs: tuple[TopicSpec, ...]
    found: Mapping[str, Found]
    group_state: str = ""
    owners: Mapping[Place, str] = field(default_factory=dict)
    members: tuple[str, ...] = ()
    committed: Mapping[Place, int] = field(default_factory=dict)
    begins: Mapping[Place, int] = field(default_factory=dict)
    ends: Mapping[Place, int] = field(default_factory=dict)
    newest: Mapping[Place, Newest] = field(default_factory=dict)
    #: How far this machine's clock is ahead of the times in a report that was written just now; None: none came.
    ahead_s: float | None = None


def inspect(link: Link, layout: Layout, group: str) -> Inspection:
    """Look once at everything."""
    with topics.admin(link) as client:
        there = topics.found(client, (spec.name for spec in TopicPlan(layout).specs))
        plan = TopicPlan.fitting(layout, there)
        described: dict[str, Any] = client.describe_groups([group]).get(group, {})
        offsets = client.list_group_offsets([group]).get(group, {})
        tps = [TopicPartition(name, number) for name, one in there.items() for number in range(one.partitions)]
        begins, ends = _bounds(client, tps)
    with _consumer(link) as consumer:
        newest = _tails(consumer, begins, ends)
        deltas = [place for place in ends if place[0] in {layout.deltas(name) for name in layout.groups}]
        ahead_s = _news(consumer, deltas, ends, newest)
    return Inspection(
        plan.specs,
        there,
        described.get("group_state", ""),
        {place: name for name, member in _members(described) for place in _places(member)},
        tuple(name for name, _ in _members(described)),
        {(tp.topic, tp.partition): found.offset for tp, found in offsets.items() if found.offset >= 0},
        begins,
        ends,
        newest,
        ahead_s,
    )


def _bounds(client: KafkaAdminClient, tps: list[TopicPartition]) -> tuple[dict[Place, int], dict[Place, int]]:
    if not tps:
        return {}, {}
    consumer_ends = client.list_partition_offsets(dict.fromkeys(tps, -1))
    consumer_begins = client.list_partition_offsets(dict.fromkeys(tps, -2))
    return (
        {(tp.topic, tp.partition): found.offset for tp, found in consumer_begins.items()},
        {(tp.topic, tp.partition): found.offset for tp, found in consumer_ends.items()},
    )


def _members(described: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Give each member's name: its client id, which holds the instance id or the process, and its host."""
    return [(f"{one['client_id']}@{one['client_host'].lstrip('/')}", one) for one in described.get("members") or ()]


def _places(member: Mapping[str, Any]) -> Iterator[Place]:
    assignment = member.get("member_assignment")
    if isinstance(assignment, Mapping):  # else there is none: the group is about to share out
        for part in assignment["assigned_partitions"]:
            for number in part["partitions"]:
                yield part["topic"], number


@contextmanager
def _consumer(link: Link) -> Iterator[KafkaConsumer]:
    consumer = KafkaConsumer(
        **link.kafka_python(),
        isolation_level="read_committed",
        enable_auto_commit=False,
        group_id=None,
        bootstrap_timeout_ms=topics.CONNECT_MS,
    )
    try:
        yield consumer
    except KafkaError as error:
        raise (refusals.told(error, link, refusals.Names("", "", "")) or topics.silence(link)) from error
    finally:
        consumer.close()


def _tails(consumer: KafkaConsumer, begins: Mapping[Place, int], ends: Mapping[Place, int]) -> dict[Place, Newest]:
    """Read the last records of every partition; one that gives none within the limit has none."""
    newest: dict[Place, Newest] = {}
    wanted = {TopicPartition(*place): end for place, end in ends.items() if end > begins[place]}
    if not wanted:
        return newest
    consumer.assign(list(wanted))
    for tp, end in wanted.items():
        consumer.seek(tp, max(begins[tp.topic, tp.partition], end - TAIL))
    until = time.monotonic() + TAIL_LIMIT_S
    while wanted and time.monotonic() < until:
        _take(consumer, 200, newest)
        for tp in [tp for tp, end in wanted.items() if consumer.position(tp) >= end]:
            del wanted[tp]
            consumer.pause(tp)
    return newest


def _news(
    consumer: KafkaConsumer, places: Iterable[Place], ends: Mapping[Place, int], newest: dict[Place, Newest]
) -> float | None:
    """Follow the reports for a moment; give how far our clock is ahead of the time of the freshest one."""
    tps = [TopicPartition(*place) for place in places]
    if not tps:
        return None
    consumer.assign(tps)
    for tp in tps:
        consumer.seek(tp, ends[tp.topic, tp.partition])
        consumer.resume(tp)
    ahead_ms: list[int] = []
    until = time.monotonic() + NEWS_S
    while time.monotonic() < until:
        fresh: dict[Place, Newest] = {}
        _take(consumer, 100, fresh)
        newest |= fresh
        ahead_ms += [one.seen_ms - one.timestamp_ms for one in fresh.values()]
    return min(ahead_ms) / 1_000 if ahead_ms else None


def _take(consumer: KafkaConsumer, wait_ms: int, into: dict[Place, Newest]) -> None:
    for tp, records in consumer.poll(timeout_ms=wait_ms).items():
        last = records[-1]
        into[tp.topic, tp.partition] = Newest(last.timestamp, last.value, int(time.time() * 1_000))


def sample(link: Link, seen: Inspection, names: Iterable[str]) -> dict[str, list[tuple[int, bytes | None]]]:
    """Give partition and key of some newest records of each topic."""
    names = set(names)
    out: dict[str, list[tuple[int, bytes | None]]] = {name: [] for name in names}
    tps = [TopicPartition(*place) for place, end in seen.ends.items() if place[0] in names and end > seen.begins[place]]
    if not tps:
        return out
    with _consumer(link) as consumer:
        consumer.assign(tps)
        for tp in tps:
            consumer.seek(tp, max(seen.begins[tp.topic, tp.partition], seen.ends[tp.topic, tp.partition] - SAMPLE))
        until = time.monotonic() + TAIL_LIMIT_S
        while time.monotonic() < until:
            for tp, records in consumer.poll(timeout_ms=200).items():
                out[tp.topic] += [(tp.partition, record.key) for record in records]
            if all(consumer.position(tp) >= seen.ends[tp.topic, tp.partition] for tp in tps):
                break
    return out
