"""Inspect: what a broker knows of a running installation, read from beside it; nothing is changed.

In:  a link to the broker, the layout, the consumer group.
Out: topics, members and what they own, committed offsets, ends, and the newest record of each partition.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Collection, Coroutine, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeVar

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from kafka import KafkaAdminClient
from kafka import TopicPartition as AdminPartition

from stream.contract.records import Record
from stream.errors import TopicError
from stream.kafka import refusals, topics
from stream.kafka.layout import Layout
from stream.kafka.reader import Reader
from stream.kafka.security import Link
from stream.kafka.topic_plan import TopicPlan
from stream.kafka.topic_spec import Found, TopicSpec

#: Behind the newest record of a partition lie at most a few markers of transactions that ended.
TAIL: Final = 8
TAIL_LIMIT_S: Final = 10.0
QUIET_S: Final = 1.5
#: Records of a partition that are looked at to see how keys are placed.
SAMPLE: Final = 100
#: A shard that runs reports each second.
NEWS_S: Final = 1.5

T = TypeVar("T")
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
        tps = [AdminPartition(name, number) for name, one in there.items() for number in range(one.partitions)]
        begins, ends = _bounds(client, tps)
    tails = {place: max(begins[place], end - TAIL) for place, end in ends.items()}
    deltas = {layout.deltas(name) for name in layout.groups}
    newest, ahead_s = asked(link, _newest(link, tails, ends, deltas))
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


def _bounds(client: KafkaAdminClient, tps: list[AdminPartition]) -> tuple[dict[Place, int], dict[Place, int]]:
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


def asked(link: Link, answer: Coroutine[Any, Any, T]) -> T:
    """Wait for an answer; what the broker refuses is said in our words."""
    try:
        return asyncio.run(answer)
    except (KafkaError, TimeoutError) as error:
        raise (refusals.told(error, link, refusals.Names("", "", "")) or topics.silence(link)) from error


async def _newest(
    link: Link, starts: Mapping[Place, int], ends: Mapping[Place, int], deltas: Collection[str]
) -> tuple[dict[Place, Newest], float | None]:
    """Read the tails, then follow for a moment; give how far our clock is ahead of the freshest report, too."""
    newest: dict[Place, Newest] = {}
    ahead_ms: list[int] = []
    async for place, records, fresh in _read(link, starts, ends, NEWS_S):
        now_ms = int(time.time() * 1_000)
        if place[0] in deltas:  # among them are heartbeats, which have no value
            records = [record for record in records if record[3] is not None]
        if not records:
            continue
        newest[place] = Newest(records[-1][1], records[-1][3], now_ms)
        if fresh and place[0] in deltas:
            ahead_ms.append(now_ms - records[-1][1])
    return newest, min(ahead_ms) / 1_000 if ahead_ms else None


async def _read(
    link: Link, starts: Mapping[Place, int], ends: Mapping[Place, int], linger_s: float
) -> AsyncIterator[tuple[Place, Sequence[Record], bool]]:
    """Give records from the starts to the ends, and what comes within a moment after; the last is whether they did.

    A partition may end in records of a transaction that is still open: who gives nothing for a while has no more.
    """
    left = {place for place, start in starts.items() if start < ends[place]}
    if not starts:
        return
    async with Reader(link) as reader:
        reader.follow({TopicPartition(*place): start for place, start in starts.items()})
        began = heard = time.monotonic()
        while left and time.monotonic() - began < TAIL_LIMIT_S and time.monotonic() - heard < QUIET_S:
            for tp, got in (await reader.poll(0.2)).items():
                place = tp.topic, tp.partition
                heard = time.monotonic()
                if got.next >= ends[place]:
                    left.discard(place)
                if got.records:
                    yield place, got.records, False
        until = time.monotonic() + linger_s
        while (wait_s := until - time.monotonic()) > 0:
            for tp, got in (await reader.poll(min(wait_s, 0.1))).items():
                if got.records:
                    yield (tp.topic, tp.partition), got.records, True


def newest(link: Link, topic: str, most: int) -> list[Record]:
    """Give about so many of the newest records of a topic, partition by partition.

    Raises TopicError where it is not there.
    """
    with topics.admin(link) as client:
        there = topics.found(client, [topic])
        if topic not in there:
            raise TopicError("The topic is missing, or not to be seen.", where=topic, do="`leadpulse topics verify`.")
        tps = [AdminPartition(topic, number) for number in range(there[topic].partitions)]
        begins, ends = _bounds(client, tps)
    share = max(1, most // len(tps))
    starts = {place: max(begins[place], end - share) for place, end in ends.items()}
    found: list[Record] = []

    async def look() -> None:
        async for _, records, _ in _read(link, starts, ends, 0.0):
            found.extend(records)

    asked(link, look())
    return found


def sample(link: Link, seen: Inspection, names: Iterable[str]) -> dict[str, list[tuple[int, bytes | None]]]:
    """Give partition and key of some newest records of each topic."""
    names = set(names)
    ends = {place: end for place, end in seen.ends.items() if place[0] in names}
    starts = {place: max(seen.begins[place], end - SAMPLE) for place, end in ends.items()}
    out: dict[str, list[tuple[int, bytes | None]]] = {name: [] for name in names}

    async def look() -> None:
        async for (topic, partition), records, _ in _read(link, starts, ends, 0.0):
            out[topic] += [(partition, record[2]) for record in records]

    asked(link, look())
    return out
