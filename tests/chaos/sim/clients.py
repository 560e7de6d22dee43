"""Clients of the broker in memory: what `stream.kafka` uses of aiokafka, step by step and with a fault at any of them.

In:  a wire, which carries each request; the broker behind it.
Out: a producer as `StateLog` drives it; a reader as take-overs and the rollup use it.

`StateLog` and most of `Reader` run as they are: only what is beneath them is another.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, Protocol, Self

from aiokafka import TopicPartition
from aiokafka.errors import IllegalOperation, OffsetOutOfRangeError

from stream.errors import TopicError
from stream.kafka.fetch import Unpacked
from stream.kafka.reader import Reader
from tests.chaos.sim.broker import Ack, Broker
from tests.chaos.sim.clock import Effect


class Wire(Protocol):
    """How requests of one process reach the broker."""

    broker: Broker

    async def call(self, effect: Effect) -> Any:
        """Carry a request: it has its effect and is answered, or an error is raised before or after."""

    async def gate(self) -> None:
        """Wait as long as the process stands still."""


class WireLink:
    """In place of a Link: all that its clients need is the wire."""

    brokers = ("memory",)

    def __init__(self, wire: Wire) -> None:
        self.wire = wire

    def aiokafka(self) -> dict[str, Any]:
        """Give the arguments of a client."""
        return {"wire": self.wire}


class Batch:
    """Rows of one partition, as many as fit."""

    def __init__(self, most: int) -> None:
        self._most, self._size, self.rows = most, 61, list[tuple[Any, ...]]()

    def append(self, *, key: Any, value: Any, timestamp: int, headers: Any = ()) -> object | None:
        """Take a row; None if it does not fit, unless it is the first."""
        size = 20 + len(key or b"") + len(value or b"")
        if headers:
            size += sum(len(a) + len(b) for a, b in headers)
        if self.rows and self._size + size > self._most:
            return None
        self._size += size
        self.rows.append((key, value, timestamp, headers))
        return self

    def record_count(self) -> int:
        """Count the rows."""
        return len(self.rows)


class Producer:
    """In place of AIOKafkaProducer: one batch is one request, in their order; a failed one fails the commit."""

    def __init__(self, *, wire: Wire, transactional_id: str | None = None, max_batch_size: int = 16_384, **_: Any):
        self._wire, self._id, self._most, self._epoch = wire, transactional_id, max_batch_size, -1
        self._before: asyncio.Future[Any] | None = None
        self._failed: BaseException | None = None
        self._open = False

    async def start(self) -> None:
        """Fence whoever wrote with this id before."""
        if self._id is not None:
            name = self._id
            self._epoch = await self._wire.call(lambda: self._wire.broker.fence(name))

    async def begin_transaction(self) -> None:
        """Begin anew; a broker learns of it with the first record."""
        if self._failed is not None:
            raise self._failed
        if self._open:
            raise IllegalOperation("a transaction is open already")
        self._before, self._open = None, True

    def create_batch(self) -> Batch:
        """Give an empty batch."""
        return Batch(self._most)

    async def send_batch(self, batch: Batch, topic: str, *, partition: int) -> asyncio.Future[Ack]:
        """Send a batch behind those before it; give its acknowledgement."""
        tp = TopicPartition(topic, partition)
        sent = asyncio.create_task(self._send(self._before, tp, batch.rows))
        self._before = sent
        return sent

    async def _send(self, before: asyncio.Future[Ack] | None, tp: TopicPartition, rows: list[Any]) -> Ack:
        if before is not None and not before.done():
            await asyncio.wait({before})
        broker, name, epoch = self._wire.broker, self._id, self._epoch
        try:
            if self._failed is not None:
                raise self._failed
            if name is None:
                return await self._wire.call(lambda: broker.append(tp, rows))  # type: ignore[no-any-return]
            return await self._wire.call(lambda: broker.write(name, epoch, tp, rows))  # type: ignore[no-any-return]
        except Exception as error:
            self._failed = error
            raise

    async def commit_transaction(self) -> None:
        """Commit all that was sent; raises if any of it failed."""
        if self._before is not None and not self._before.done():
            await asyncio.wait({self._before})
        if self._failed is not None:
            raise self._failed
        name, epoch = self._id or "", self._epoch
        await self._wire.call(lambda: self._wire.broker.commit(name, epoch))
        self._open = False

    async def stop(self) -> None:
        """Leave; what is open stays open until somebody fences it."""


class WireReader(Reader):
    """In place of the client inside a Reader; scanning and looking up a record are the Reader's own."""

    def __init__(self, link: WireLink, *, patient: bool = False) -> None:
        self._wire = link.wire
        self._places: dict[TopicPartition, int] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        """Nothing to close."""

    async def bounds(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, tuple[int, int]]:
        broker, wanted = self._wire.broker, list(partitions)

        def found() -> dict[TopicPartition, tuple[int, int]]:
            return {tp: (broker.partition(tp).begin, broker.partition(tp).stable_end) for tp in wanted}

        return await self._wire.call(found)  # type: ignore[no-any-return]

    async def offset_at(self, tp: TopicPartition, time_ms: int) -> int | None:
        partition = self._wire.broker.partition(tp)
        return next((r[0] for r, _ in partition.entries if r is not None and r[1] >= time_ms), None)

    def follow(self, offsets: Mapping[TopicPartition, int]) -> None:
        self._places = dict(offsets)

    def hasten(self) -> None:
        """Nothing waits here for what may come."""

    def rest(self) -> None:
        """Nor is anything asked for that nobody polls for."""

    async def poll(self, timeout_s: float) -> dict[TopicPartition, Unpacked]:
        await self._wire.gate()
        got = self._got()
        if not got:
            await asyncio.sleep(timeout_s)
            await self._wire.gate()
            got = self._got()
        return got

    def _got(self) -> dict[TopicPartition, Unpacked]:
        out: dict[TopicPartition, Unpacked] = {}
        for tp, start in self._places.items():
            try:
                records, place = self._wire.broker.read(tp, start)
            except OffsetOutOfRangeError as error:
                where = f"{tp.topic} partition {tp.partition}"
                raise TopicError(f"Offset {start} is gone before it was read.", where=where, do="") from error
            if place > start:
                self._places[tp] = place
                out[tp] = Unpacked(records, sum(len(record[3] or b"") for record in records), place)
        return out

    def ends(self) -> dict[TopicPartition, int]:
        return {tp: self._wire.broker.partition(tp).stable_end for tp in self._places}
