"""Whole log: one partition of a log read from its beginning to its end, from beside whoever writes it.

In:  a link to the broker, a partition.
Out: every committed record up to the end as it was when reading began; nothing is changed, and nobody is fenced.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from aiokafka import TopicPartition

from stream.contract.records import Record
from stream.kafka.inspect import asked
from stream.kafka.reader import Reader
from stream.kafka.security import Link


def read(link: Link, topic: str, partition: int, load: Callable[[bytes, bytes | None], None]) -> int:
    """Hand each record to `load`, oldest first; give how many there were."""

    def take(records: Sequence[Record]) -> None:
        for _, _, key, value, _ in records:
            load(key or b"", value)

    return scan(link, topic, partition, take)


def scan(link: Link, topic: str, partition: int, take: Callable[[Sequence[Record]], None]) -> int:
    """Hand all records to `take`, as they come out of the topic; give how many there were."""

    async def look() -> int:
        tp, count = TopicPartition(topic, partition), 0
        async with Reader(link) as reader:
            begin, end = (await reader.bounds([tp]))[tp]
            async for records in reader.scan(tp, begin, end):
                take(records)
                count += len(records)
        return count

    return asked(link, look())


def end(link: Link, topic: str, partition: int) -> int:
    """Give up to where a log was ever written and committed."""

    async def look() -> int:
        tp = TopicPartition(topic, partition)
        async with Reader(link) as reader:
            return (await reader.bounds([tp]))[tp][1]

    return asked(link, look())
