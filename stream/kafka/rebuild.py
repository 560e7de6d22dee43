"""Rebuild: give up all own state on the broker, so that everything is counted anew.

In:  a link to the broker, the layout, the consumer group.
Out: own topics that are new and empty, partition counts that agree, a group that has never been; or an error that
     says what is in the way. Broken off at any point it can be run again.

The group goes last: as long as it is there, a worker that is started too early knows that something was counted before,
and refuses an empty state.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import OffsetSpec
from kafka.errors import (
    GroupAuthorizationFailedError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)

from stream.errors import StartError, TopicError
from stream.kafka import rights, topics
from stream.kafka.layout import Layout
from stream.kafka.rebuild_plan import Holding, RebuildPlan
from stream.kafka.security import Link
from stream.kafka.topic_plan import TopicPlan
from stream.kafka.topic_spec import TopicSpec

#: Deleting a topic takes a broker a moment, and more on a busy one.
DELETE_LIMIT_S: Final = 60.0


def plan(client: KafkaAdminClient, layout: Layout, start: str, whole: Layout | None = None) -> RebuildPlan:
    """Look at all topics, and plan around what there is of the sources.

    `whole` is the layout of all that might run: own topics of what is not in `layout` are given up.
    """
    wanted = {spec.name for spec in TopicPlan(layout).specs}
    more = {spec.name for spec in TopicPlan(whole or layout).specs if spec.role != "source"} - wanted
    dropped = sorted(topics.found(client, more))
    there = topics.found(client, wanted)
    specs = TopicPlan.fitting(layout, there).specs
    if layout.former() is not None:  # the result topics are those of the generation that publishes
        specs = tuple(spec for spec in specs if spec.role != "result" or spec.name not in there)
    specs = tuple(spec for spec in specs if not spec.kind or spec.name in there)  # nobody asked for the others
    return RebuildPlan.of(
        specs, {name: holding(client, name, one.partitions) for name, one in there.items()}, start, dropped
    )


def holding(client: KafkaAdminClient, topic: str, partitions: int) -> Holding:
    """Count what a topic holds, by its offsets: markers of transactions are among them."""
    tps = [TopicPartition(topic, number) for number in range(partitions)]
    first = client.list_partition_offsets(dict.fromkeys(tps, OffsetSpec.EARLIEST))
    last = client.list_partition_offsets(dict.fromkeys(tps, OffsetSpec.LATEST))
    oldest = client.list_partition_offsets(dict.fromkeys(tps, 0))  # the first record at or after the year 1970
    times = [found.timestamp for found in oldest.values() if found is not None and found.offset >= 0]
    return Holding(
        partitions,
        gone=sum(first[tp].offset for tp in tps),
        kept=sum(last[tp].offset - first[tp].offset for tp in tps),
        oldest_ms=min((at for at in times if at > 0), default=None),
    )


def members(client: KafkaAdminClient, group: str) -> list[str]:
    """Name the workers that are in the consumer group."""
    found = client.describe_groups([group]).get(group, {})
    return [f"{one['client_id']} at {one['client_host'].lstrip('/')}" for one in found.get("members") or ()]


def wait_alone(client: KafkaAdminClient, group: str, limit_s: float, waiting: Callable[[list[str]], None]) -> None:
    """Wait until no worker is in the group; one that was killed stays in it for as long as its session.

    Raises StartError where somebody is still there after the limit.
    """
    until, told = time.monotonic() + limit_s, False
    while found := members(client, group):
        if not told:
            waiting(found)
            told = True
        if time.monotonic() > until:
            raise StartError(
                f"{len(found)} worker(s) still run; nothing was changed.",
                where=f"consumer group {group}: {', '.join(found)}",
                do="Stop all workers of this installation, then run `leadpulse topics rebuild` again.",
            )
        time.sleep(0.5)


def carry_out(
    link: Link,
    client: KafkaAdminClient,
    layout: Layout,
    group: str,
    wanted: RebuildPlan,
    *,
    replication: int | None = None,
) -> list[TopicSpec]:
    """Do what the plan says; give the topics that were created."""
    with _granted(link, layout, group):
        if wanted.raised:
            client.create_partitions(wanted.raised)
        _delete(client, [*wanted.emptied, *wanted.dropped])
        made = _create(link, layout, replication)
        result = client.delete_groups([group]).get(group, "OK")
    if result not in ("OK", "GroupIdNotFoundError"):
        raise StartError(
            f"The topics are new, but the consumer group could not be deleted ({result}).",
            where=f"consumer group {group}",
            do=f"If workers run, stop them. Then `leadpulse topics rebuild` again. If the right is missing, let "
            f"{rights.grant(link, rights.REBUILD_GROUP, f'--group {group}')}",
        )
    return made


def _delete(client: KafkaAdminClient, names: list[str]) -> None:
    until = time.monotonic() + DELETE_LIMIT_S
    gone = set[str]()
    while left := [name for name in names if name not in gone]:
        for name in left:
            try:
                client.delete_topics([name])
            except UnknownTopicOrPartitionError:
                pass  # gone before, or by the last turn
        gone |= set(left) - set(_existing(client, left))
        if time.monotonic() > until:
            raise TopicError(
                f"The broker did not delete {len(left)} topic(s) within {DELETE_LIMIT_S:.0f} s.",
                where=", ".join(left),
                do="Set delete.topic.enable=true on the brokers, then run `leadpulse topics rebuild` again.",
            )
        if len(gone) < len(names):
            time.sleep(0.2)


def _existing(client: KafkaAdminClient, names: Iterable[str]) -> list[str]:
    wanted = set(names)
    return [name for name in client.list_topics() if name in wanted]


def _create(link: Link, layout: Layout, replication: int | None) -> list[TopicSpec]:
    """Create what is missing; brokers of a cluster learn of a deletion one after the other."""
    until = time.monotonic() + DELETE_LIMIT_S
    made: dict[str, TopicSpec] = {}
    while True:
        try:
            made |= {spec.name: spec for spec in topics.create(link, layout, replication=replication)}
            return list(made.values())
        except TopicError as error:
            if not isinstance(error.__cause__, TopicAlreadyExistsError) or time.monotonic() > until:
                raise
            time.sleep(0.5)


@contextmanager
def _granted(link: Link, layout: Layout, group: str) -> Iterator[None]:
    """Turn a missing right into the command that grants it."""
    prefix = f"{layout.prefix}leadpulse."
    try:
        yield
    except TopicAuthorizationFailedError as error:
        raise TopicError(
            "This user may not make leadpulse's own topics anew.",
            where=f"topics {prefix}*",
            do=f"{rights.grant(link, rights.REBUILD_TOPIC, f'--topic {prefix}', prefixed=True)}; then run "
            "`leadpulse topics rebuild` again.",
        ) from error
    except GroupAuthorizationFailedError as error:
        raise StartError(
            "This user may not delete the consumer group.",
            where=f"consumer group {group}",
            do=f"{rights.grant(link, rights.REBUILD_GROUP, f'--group {group}')}; then run "
            "`leadpulse topics rebuild` again.",
        ) from error
