"""State log: the compacted partition that a shard's state lives in, and the only way to write for a shard.

In:  what one commit must write.
Out: all of it or nothing; and at a take-over all that was ever committed.

`fence` comes first: the broker then aborts whatever the former owner left open and refuses everything it still
sends. Only after it is the end of the log a fixed point, so that what `read` gives is complete.

Each acknowledgement says where the log begins and where the write went. So a log that is emptied, cut or made anew
beneath its owner is noticed before the commit that follows.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from typing import Any, Final, NamedTuple

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.default_records import DefaultRecordBatch

from stream.contract.records import Record
from stream.errors import TopicError
from stream.kafka.bounded import within
from stream.kafka.clock import BrokerClock, Sent
from stream.kafka.reader import Reader
from stream.kafka.security import Link

log = logging.getLogger("leadpulse.statelog")

#: (key, value, timestamp in ms or None for now, headers)
Row = tuple[bytes | None, bytes | None, int | None, list[tuple[str, bytes]]]

BATCH_BYTES: Final = 768 << 10  # below the brokers' default limit of 1 MiB for a record batch
REQUEST_TIMEOUT_MS: Final = 10_000
TRANSACTION_TIMEOUT_MS: Final = 15_000  # below the 20 s after which a worker gives up its commit
CLOSE_S: Final = 3.0


class Extent(NamedTuple):
    """Where a log begins, its last stable offset, and how many records were read."""

    begin: int
    end: int
    records: int


class LogLost(Exception):
    """A log lost records while its owner wrote to it."""


class StateLog:
    """Own the producer of one shard."""

    def __init__(
        self,
        link: Link,
        topic: str,
        partition: int,
        transactional_id: str | None,
        packed: Collection[str] = (),
        clock: BrokerClock | None = None,
    ) -> None:
        """Without a transactional id (delivery at_least_once) writes are awaited but neither fenced nor atomic.

        What goes to the topics of `packed` is compressed. `clock` is told what the broker stamps on what is written.
        """
        self._packed, self._clock = packed, clock or BrokerClock()
        self.tp = TopicPartition(topic, partition)
        self.link = link
        self._id = transactional_id
        self._producer: AIOKafkaProducer | None = None
        self._begin: int | None = None
        self._reached: dict[TopicPartition, int] = {}
        self.anew: set[str] = set()  # topics of others that were made anew or emptied since somebody looked
        self._begins: dict[TopicPartition, int] = {}

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

    async def read(self, reader: Reader, load: Callable[[bytes, bytes | None], None], start: int = 0) -> Extent:
        """Hand every committed record from `start` on to `load`, oldest first; from here on both ends are watched."""

        def each(records: Sequence[Record]) -> None:
            for _, _, key, value, _ in records:
                load(key or b"", value)

        return await self.read_all(reader, each, start)

    async def read_all(self, reader: Reader, take: Callable[[Sequence[Record]], None], start: int = 0) -> Extent:
        """Hand every committed record from `start` on to `take`, many at a time, as `read` does."""
        begin, end = (await reader.bounds([self.tp]))[self.tp]
        self._begin, self._reached[self.tp] = begin, end
        count = 0
        async for records in reader.scan(self.tp, max(begin, start), end):
            take(records)
            count += len(records)
            await asyncio.sleep(0)
        return Extent(begin, end, count)

    async def write(self, parts: Iterable[tuple[str, int, Iterable[Row]]]) -> None:
        """Write rows to (topic, partition), all or nothing; raises whatever the broker says."""
        producer = self._producer
        if producer is None:
            raise RuntimeError("write before fence")
        acks: list[Awaitable[Any]] = []
        try:
            if self._id is not None:
                await producer.begin_transaction()
            sent = self._clock.sent()
            # no topic of ours keeps this time, but for a broker that stamps nothing
            now_ms = int(sent.wall_s * 1000)
            for topic, partition, rows in parts:
                packed = self._id is not None and topic in self._packed
                await _send(producer, topic, partition, rows, now_ms, acks, packed)
            told = [await ack for ack in acks]
            for one in told:
                self._look(one)
            self._learn(sent, told)
            if self._id is not None:
                await producer.commit_transaction()
        except BaseException:
            for ack in acks:  # fetch the errors of the rest, or asyncio reports each one as never retrieved
                if isinstance(ack, asyncio.Future):
                    ack.add_done_callback(_retrieve)
            raise

    def _learn(self, sent: Sent, told: list[Any]) -> None:
        """Tell the clock what the broker stamped last; refuse topics that keep the writer's time.

        A broker with transactions stamps what its topic says. One that answers without an offset only says that it
        has the records already.
        """
        for ack in told:
            if self._id is not None and ack.offset >= 0 and ack.timestamp_type == 0:
                raise TopicError(
                    "The topic keeps the times of whoever writes (message.timestamp.type=CreateTime), and a worker's "
                    "clock may be wrong.",
                    where=ack.topic,
                    do="Run `leadpulse topics create`: it sets message.timestamp.type=LogAppendTime.",
                )
        stamps = [ack.timestamp for ack in told if ack.timestamp_type and ack.timestamp > 0]
        if stamps:
            self._clock.stamped(sent, stamps[-1])
        elif told and self._id is None:
            self._clock.unstamped()

    def _look(self, told: Any) -> None:
        """Hold where a write went, and where its partition begins, beside what was told before."""
        tp: TopicPartition = told.topic_partition
        if told.offset < 0:
            return  # a repeat that the broker had taken already
        before, self._reached[tp] = self._reached.get(tp, -1), told.offset
        begin = told.log_start_offset if told.log_start_offset is not None and told.log_start_offset >= 0 else None
        if tp.topic != self.tp.topic:
            if told.offset < before or (begin is not None and begin > self._begins.setdefault(tp, begin)):
                self.anew.add(tp.topic)
            if begin is not None:
                self._begins[tp] = begin
        elif told.offset < before:
            raise LogLost(f"it was at offset {before}, and goes on at {told.offset}: it was made anew")
        elif begin is not None and self._begin is not None and begin != self._begin:
            raise LogLost(f"it began at offset {self._begin}, and begins at {begin} now: its records were deleted")

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
    packed: bool,
) -> None:
    batch = _batch(producer, packed)
    append = batch.append
    for key, value, time_ms, headers in rows:
        stamp = now_ms if time_ms is None else time_ms
        if append(key=key, value=value, timestamp=stamp, headers=headers) is None:
            acks.append(await producer.send_batch(batch, topic, partition=partition))
            batch = _batch(producer, packed)
            append = batch.append
            append(key=key, value=value, timestamp=stamp, headers=headers)
    if batch.record_count():
        acks.append(await producer.send_batch(batch, topic, partition=partition))


def _batch(producer: AIOKafkaProducer, packed: bool) -> BatchBuilder:
    """Make a batch; a producer of aiokafka compresses all of them or none."""
    if not packed:
        return producer.create_batch()
    return BatchBuilder(BATCH_BYTES, DefaultRecordBatch.CODEC_SNAPPY, is_transactional=True)


def _retrieve(future: asyncio.Future[Any]) -> None:
    if not future.cancelled():
        future.exception()
