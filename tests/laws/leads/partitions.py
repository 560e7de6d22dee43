"""Partitions: those of the topic of leads in memory, as a take-over reads them.

In:  records by partition.
Out: what a reader gives of them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Final, Self

from aiokafka import TopicPartition

TOPIC: Final = "leadpulse.leads"
#: Offset, time, key, value and headers.
Partition = list[tuple[int, int, bytes | None, bytes | None, tuple[()]]]


class Reader:
    """Reads the topic in memory."""

    def __init__(self, partitions: dict[int, Partition]) -> None:
        self._partitions = partitions

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        """Nothing to close."""

    async def bounds(self, tps: Iterable[TopicPartition]) -> dict[TopicPartition, tuple[int, int]]:
        return {tp: (0, len(self._partitions[tp.partition])) for tp in tps}

    async def scan(self, tp: TopicPartition, start: int, end: int) -> AsyncIterator[Partition]:
        assert tp.topic == TOPIC
        yield self._partitions[tp.partition][start:end]
