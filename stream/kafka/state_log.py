"""State log: the compacted partition that a shard's state lives in, and the only way to write for a shard.

In:  what one commit must write.
Out: all of it or nothing; and at a take-over all that was ever committed.

`fence` comes first: the broker then aborts whatever the former owner left open and refuses everything it still
sends. Only after it is the end of the log a fixed point, so that what `read` gives is complete.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final

from aiokafka import AIOKafkaProducer, TopicPartition

from stream.kafka.bounded import within
from stream.kafka.reader import Reader
from stream.kafka.security import Link

log = logging.getLogger("leadpulse.statelog")

#: (key, value, timestamp in ms or None for now, headers)
Row = tuple[bytes | None, bytes | None, int | None, list[tuple[str, bytes]]]

BATCH_BYTES: Final = 768 << 10  # below the brokers' default limit of 1 MiB for a record batch
REQUEST_TIMEOUT_MS: Final = 10_000
TRANSACTION_TIMEOUT_MS: Final = 15_000  # below the 20 s after which a worker gives up its commit
CLOSE_S: Final = 3.0


class StateLog:
    """Own the producer of one shard."""

    def __init__(self, link: Link, topic: str, partition: int, transactional_id: str | None) -> None:
        """Without a transactional id (delivery at_least_once) writes are awaited but neither fenced nor atomic."""
        self.tp = TopicPartition(topic, partition)
        self.link = link
        self._id = transactional_id
        self._producer: AIOKafkaProducer | None = None

    async def fence(self) -> None:
        """Become the only one that can write."""
        self._producer = AIOKafkaProducer(
            **self.link.aiokafka(),
            transactional_id=self._id,
            enable_idempotence=self._id is not None,
            acks="all",
            transaction_timeout_ms=TRANSACTION_TIMEOUT_MS,
            request_timeout_ms=REQUEST_TIMEOUT_MS,
            max_batch_size=BATCH_BYTES,
            max_request_size=4 << 20,
        )
        await self._producer.start()

    async def read(self, reader: Reader, load: Callable[[bytes, bytes | None], None]) -> int:
        """Hand every committed record to `load`, oldest first; give how many there were."""
        begin, end = (await reader.bounds([self.tp]))[self.tp]
        count = 0
        async for records in reader.scan(self.tp, begin, end):
            for _, _, key, value, _ in records:
                load(key or b"", value)
            count += len(records)
            await asyncio.sleep(0)
        return count

    async def write(self, parts: Iterable[tuple[str, int, Iterable[Row]]]) -> None:
        """Write rows to (topic, partition), all or nothing; raises whatever the broker says."""
        producer = self._producer
        if producer is None:
            raise RuntimeError("write before fence")
        acks: list[Awaitable[Any]] = []
        try:
            if self._id is not None:
                await producer.begin_transaction()
            now_ms = int(time.time() * 1000)
            for topic, partition, rows in parts:
                await _send(producer, topic, partition, rows, now_ms, acks)
            for ack in acks:
                await ack
            if self._id is not None:
                await producer.commit_transaction()
        except BaseException:
            for ack in acks:  # fetch the errors of the rest, or asyncio reports each one as never retrieved
                if isinstance(ack, asyncio.Future):
                    ack.add_done_callback(_retrieve)
            raise

    async def close(self) -> None:
        """Leave the log to the next owner."""
        producer, self._producer = self._producer, None
        if producer is not None:
            try:
                await within(CLOSE_S, producer.stop())
            except Exception as error:
                log.debug("%s: producer did not stop cleanly: %r", self.tp, error)
                await _abandon(producer)


async def _abandon(producer: AIOKafkaProducer) -> None:
    """End a producer that waits for a broker: what it still holds is never sent, so that nothing of it comes late."""
    task = producer._sender.sender_task
    if task is not None:
        task.cancel()
    try:
        await within(CLOSE_S, producer.client.close())
    except Exception as error:
        log.debug("a producer's connections did not close: %r", error)


async def _send(
    producer: AIOKafkaProducer,
    topic: str,
    partition: int,
    rows: Iterable[Row],
    now_ms: int,
    acks: list[Awaitable[Any]],
) -> None:
    batch = producer.create_batch()
    append = batch.append
    for key, value, time_ms, headers in rows:
        stamp = now_ms if time_ms is None else time_ms
        if append(key=key, value=value, timestamp=stamp, headers=headers) is None:
            acks.append(await producer.send_batch(batch, topic, partition=partition))
            batch = producer.create_batch()
            append = batch.append
            append(key=key, value=value, timestamp=stamp, headers=headers)
    if batch.record_count():
        acks.append(await producer.send_batch(batch, topic, partition=partition))


def _retrieve(future: asyncio.Future[Any]) -> None:
    if not future.cancelled():
        future.exception()
