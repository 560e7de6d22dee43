"""Topics: the events of the job on the broker, as the peers read them and as leadpulse does.

In:  a broker, the job.
Out: topics with so many of the first records in them.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final

from aiokafka import AIOKafkaProducer
from kafka import KafkaAdminClient
from kafka.admin import NewTopic
from kafka.errors import TopicAlreadyExistsError, UnknownTopicOrPartitionError

from tests.bench.mix import Event
from tests.bench.peers.job import PARTITIONS, Job
from tests.bench.site import BATCH_BYTES, Batches
from tests.integration.brokers import Broker

PREFIX: Final = "peers."


def name_of(events: int) -> str:
    """Name the topic that holds so many of the first events."""
    return f"{PREFIX}{events}"


def make(broker: Broker, names: Sequence[str]) -> None:
    """Make topics."""
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    with suppress(TopicAlreadyExistsError):
        admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in names])
    admin.close()


def drop(broker: Broker, part: str) -> None:
    """Delete all topics with this in their name (engines put theirs in front or behind): a run leaves a gigabyte."""
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    for name in [name for name in admin.list_topics() if part in name]:
        with suppress(UnknownTopicOrPartitionError):
            admin.delete_topics([name])
    admin.close()
    time.sleep(1)


@asynccontextmanager
async def producer(broker: Broker) -> AsyncIterator[AIOKafkaProducer]:
    """Give a plain producer."""
    made = AIOKafkaProducer(
        bootstrap_servers=broker.bootstrap, acks="all", max_batch_size=BATCH_BYTES, max_request_size=4 << 20
    )
    await made.start()
    try:
        yield made
    finally:
        await made.stop()


async def fill(broker: Broker, job: Job, sizes: Iterable[int]) -> None:
    """Write the first records of the job into a topic for each size."""
    wanted = sorted(sizes)
    make(broker, [name_of(size) for size in wanted])
    async with producer(broker) as out:
        batches = Batches(out, PREFIX, [str(size) for size in wanted])
        for nth, (partition, event) in enumerate(job.records()):
            for size in wanted:
                if nth < size:
                    await batches.add(event._replace(kind=str(size)), partition)
        await batches.flush()


def stamped(event: Event, stamp: bytes, now_ms: int) -> Event:
    """Let an event happen now.

    >>> stamped(Event("form", b"v", b'{"time":"2026-01-01T00:00:00.000Z"}', 0), b"2026-01-02T03:04:05.678Z", 7).value
    b'{"time":"2026-01-02T03:04:05.678Z"}'
    """
    at = event.value.index(b'"time":"') + 8
    return event._replace(value=event.value[:at] + stamp + event.value[at + 24 :], arrival_ms=now_ms)
