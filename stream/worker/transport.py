"""Transport: Faust's consumer carries whole batches, from positions that the shards own.

In:  what the broker sends.
Out: one Faust message a fetched batch; its value is the Batch itself.

Every override of something private in faust or aiokafka is in this file, in `lean.py` and in `app.py`; a canary test
names each one. What runs in the consumer's own thread (seek, fetch, revoke) runs on one event loop, so these
never interleave but at an await.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Coroutine, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeVar

import aiokafka
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError, OffsetOutOfRangeError, TopicAuthorizationFailedError
from aiokafka.structs import OffsetAndMetadata
from faust.events import Event
from faust.topics import Topic
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage
from mode import Service

from stream.errors import REBUILD, LeadpulseError, TopicError
from stream.kafka import fetch as lean
from stream.worker.assignor import shard_assignor
from stream.worker.guards.failstop import die
from stream.worker.guards.machine import place
from stream.worker.inbox import Batch
from stream.worker.neighbours import BEAT_S, Beat, beat

if TYPE_CHECKING:
    from stream.worker.owner import Shards

log = logging.getLogger("leadpulse.transport")
T = TypeVar("T")

FETCH_WAIT_MS: Final = 250
FETCH_MIN_BYTES: Final = 512 << 10  # one large answer costs less than many small ones, and waits 250 ms at most
CALM_AFTER_S: Final = 2.0  # if nothing came for so long,
CALM_WAIT_MS: Final = 2_000  # the next record is waited for: it is answered at once, and its followers come as above
FETCH_PARTITION_BYTES: Final = 1 << 20
FETCH_BYTES: Final = 16 << 20
ENDS_EVERY_S: Final = 0.5
BEAT_LIMIT_S: Final = 3.0
SLOT_S: Final = 10.0


def _refused(error: LeadpulseError) -> None:
    """End at once: raised within aiokafka it would come with a page of its own."""
    die("consumer group", error)


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """aiokafka's consumer in a thread of its own: heartbeats go on while a fold runs."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._next: dict[TopicPartition, tuple[int, int]] = {}  # sought partitions: epoch, position
        self._held: frozenset[TopicPartition] = frozenset()
        self._epoch = 0
        self._rebalancing = True
        self._ends_at = self._came_at = 0.0
        self._ends_known: dict[TopicPartition, int] = {}
        self._beats, self._slot = 0, (TopicPartition("", 0), 0, 0.0)
        self._beating: asyncio.Task[None] | None = None
        self._place = place()

    def _create_worker_consumer(self, transport: Any) -> aiokafka.AIOKafkaConsumer:
        conf, app, whole = self.app.conf, self.app, self.app.whole
        instance_id = conf.consumer_group_instance_id or None
        lean.install()
        return aiokafka.AIOKafkaConsumer(
            **app.link.aiokafka(),
            client_id=conf.broker_client_id,
            group_id=conf.id,
            group_instance_id=instance_id,
            partition_assignment_strategy=[
                shard_assignor(whole.assigned(), app.said, _refused, app.shards_of, whole.optional)
            ],
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_committed",
            fetch_max_wait_ms=FETCH_WAIT_MS,
            fetch_min_bytes=FETCH_MIN_BYTES,
            fetch_max_bytes=FETCH_BYTES,
            max_partition_fetch_bytes=FETCH_PARTITION_BYTES,
            request_timeout_ms=int(conf.broker_request_timeout * 1000),
            session_timeout_ms=int(conf.broker_session_timeout * 1000),
            rebalance_timeout_ms=int(conf.broker_rebalance_timeout * 1000),
            heartbeat_interval_ms=int(conf.broker_heartbeat_interval * 1000),
            max_poll_interval_ms=int((conf.broker_max_poll_interval or 300) * 1000),
            metadata_max_age_ms=conf.consumer_metadata_max_age_ms,
        )

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        self._rebalancing = True
        self._next.clear()
        await self._unless_stopping(super().on_partitions_revoked(revoked))

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        # until a shard seeks, its partitions rest: else aiokafka would ask for committed offsets and read from there
        consumer = self._ensure_consumer()
        self._next.clear()
        for tp in consumer.assignment():
            consumer.seek(tp, 0)
            consumer.pause(tp)
        self._rebalancing = False
        if self._beating is None:
            self._beating = asyncio.ensure_future(self._beat_on())
        await self._unless_stopping(super().on_partitions_assigned(assigned, generation_id))

    async def _unless_stopping(self, call: Coroutine[Any, Any, None]) -> None:
        """Run a callback in the main thread; when the app stops, that thread waits for this one and answers no more."""
        task = asyncio.ensure_future(call)
        while not task.done() and not self.app.should_stop:
            await asyncio.wait({task}, timeout=0.1)
        if task.done():
            task.result()

    async def on_thread_stop(self) -> None:
        try:
            await super().on_thread_stop()
        except (asyncio.CancelledError, KafkaError) as error:  # requests to a broker that does not answer
            log.debug("the consumer did not stop cleanly: %r", error)

    def close(self) -> None:
        """Nothing: Faust would close the client from the wrong thread when a rebalance meets a stop.

        The thread's own stop closes it a moment later, and leaves the group in order.
        """

    async def _inside(self, call: Coroutine[Any, Any, T]) -> T:
        """Run in the consumer's thread; Faust's own queue would let a seek wait until a fetch is over."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(call, self.thread_loop))

    async def seek_shard(self, offsets: Mapping[TopicPartition, int]) -> int | None:
        return await self._inside(self._seek_shard(offsets))

    async def _seek_shard(self, offsets: Mapping[TopicPartition, int]) -> int | None:
        consumer = self._ensure_consumer()
        if self._rebalancing or not consumer.assignment().issuperset(offsets):
            return None  # lost again meanwhile; the next assignment decides
        self._epoch += 1
        # what comes first may be a backlog, and other shards seek a moment later: none waits behind a calm fetch
        self._came_at = asyncio.get_running_loop().time()
        lean.pace(consumer._fetcher, FETCH_WAIT_MS, FETCH_MIN_BYTES)
        for tp, offset in offsets.items():
            self._ends_known.pop(tp, None)
            consumer.seek(tp, offset)
            consumer.resume(tp)
            self._next[tp] = self._epoch, offset
        return self._epoch

    async def fetch(self) -> tuple[list[Batch], dict[TopicPartition, lean.Ends]]:
        return await self._inside(self._fetch())

    async def _fetch(self) -> tuple[list[Batch], dict[TopicPartition, lean.Ends]]:
        consumer = self._ensure_consumer()
        consumer._coordinator.check_errors()
        fetcher, loop = consumer._fetcher, asyncio.get_running_loop()
        wanted = self._next.keys() - self._held
        calm = loop.time() - self._came_at > CALM_AFTER_S
        wait_ms = CALM_WAIT_MS if calm else FETCH_WAIT_MS
        lean.pace(fetcher, wait_ms, 1 if calm else FETCH_MIN_BYTES)
        with fetcher._subscriptions.fetch_context():  # tells aiokafka that we poll, idle or not
            if not wanted or not self.consumer.flow_active:
                await asyncio.sleep(0.02)
                return [], self._ends(fetcher)
            try:
                got = await lean.read(fetcher, wanted, wait_ms / 1000)
            except OffsetOutOfRangeError as error:
                self._refuse_gap(error)
                return [], {}
            except TopicAuthorizationFailedError as error:
                raise TopicError(
                    "The broker does not let this worker read a topic.",
                    where=str(error),
                    do="Grant READ on the topic and on the consumer group.",
                ) from error
        if got:
            self._came_at = loop.time()
            lean.pace(fetcher, FETCH_WAIT_MS, FETCH_MIN_BYTES)
        return [batch for tp, unpacked in got.items() if (batch := self._batch(tp, unpacked))], self._ends(fetcher)

    def _batch(self, tp: TopicPartition, unpacked: lean.Unpacked) -> Batch | None:
        sought = self._next.get(tp)
        if sought is None:
            return None  # revoked while we waited
        epoch, start = sought
        self._next[tp] = epoch, unpacked.next
        group, source = self.app.layout.source_of(tp.topic)
        return Batch(group, tp.partition, source, epoch, start, unpacked.next, unpacked.records, unpacked.size)

    def _refuse_gap(self, error: OffsetOutOfRangeError) -> None:
        """Retention or a recreated topic passed the position of a partition that is being read."""
        for tp, offset in error.args[0].items():
            if tp in self._next:
                raise TopicError(
                    f"Offset {offset} is not in the topic any more: records were deleted before they were counted.",
                    where=f"{tp.topic} partition {tp.partition}",
                    do=f"Lengthen the topic's retention. To go on without them, {REBUILD}.",
                ) from error

    def _ends(self, fetcher: Any) -> dict[TopicPartition, lean.Ends]:
        """Give both ends of each partition that the broker has told since, a few times a second."""
        now = asyncio.get_running_loop().time()
        if now < self._ends_at:
            return {}
        self._ends_at = now + ENDS_EVERY_S
        return lean.ends(fetcher, self._next.keys(), self._ends_known)

    async def group_offsets(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int | None]:
        return await self._inside(self._group_offsets(list(partitions)))

    async def _group_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int | None]:
        found = await self._ensure_consumer()._coordinator.fetch_committed_offsets(partitions)
        return {tp: found[tp].offset if tp in found and found[tp].offset >= 0 else None for tp in partitions}

    async def advise(self, offsets: Mapping[TopicPartition, int]) -> bool:
        return await self._inside(self._advise(offsets))

    def partitions_of(self, topic: str) -> set[int]:
        return self._consumer.partitions_for_topic(topic) or set() if self._consumer is not None else set()

    async def holds(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        return await self._inside(self._holds(list(partitions)))

    async def _holds(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        consumer = self._ensure_consumer()
        begins, ends = await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)
        return {tp: ends[tp] - begins[tp] for tp in partitions}

    async def rejoin(self) -> None:
        await self._inside(self._rejoin())

    async def _rejoin(self) -> None:
        self._ensure_consumer()._coordinator.request_rejoin()

    async def _advise(self, offsets: Mapping[TopicPartition, int]) -> bool:
        consumer = self._ensure_consumer()
        mine = {tp: offset for tp, offset in offsets.items() if tp in consumer.assignment()}
        if mine:
            await consumer.commit(mine)
        return bool(mine)

    async def _beat_on(self) -> None:
        """Show while this thread lives that this worker does, whatever its shards do."""
        while True:
            await asyncio.sleep(BEAT_S)
            try:
                await asyncio.wait_for(self._beat(), BEAT_LIMIT_S)
            except Exception as error:
                log.debug("beat not written: %r", error)

    async def _beat(self, *, left: bool = False) -> None:
        """Write a beat beside an offset of the group: that of the log of one of our shards, close to its end."""
        consumer, layout = self._ensure_consumer(), self.app.layout
        owned = sorted((tp.topic, tp.partition) for tp in consumer.assignment())
        if not owned or self._rebalancing:
            return
        (topic, partition), coordinator = owned[0], consumer._coordinator
        slot = TopicPartition(layout.state(layout.source_of(topic)[0]), partition)
        now = time.monotonic()
        if slot != self._slot[0] or now - self._slot[2] > SLOT_S:
            # not with each beat: it waits behind a fetch that waits for records
            self._slot = slot, (await consumer.end_offsets([slot]))[slot], now
        self._beats += 1
        one = Beat(coordinator.member_id, self._beats, left, self._place)
        await coordinator.commit_offsets(None, {slot: OffsetAndMetadata(self._slot[1], beat(one))})

    async def leave(self) -> None:
        """Say that this worker is gone: with a fixed name it stays in the group for its session."""
        if self._beating is not None:
            self._beating.cancel()
        try:
            await asyncio.wait_for(self._inside(self._beat(left=True)), BEAT_LIMIT_S)
        except Exception as error:
            log.debug("last beat not written: %r", error)


class Fetcher(Service):
    """Carry batches from the consumer's thread to the agents; in place of Faust's, which goes record by record."""

    def __init__(self, app: Any, **kwargs: Any) -> None:
        self.app = app
        super().__init__(**kwargs)

    @Service.task
    async def _drain(self) -> None:
        consumer = self.app.consumer
        try:
            while not self.should_stop:
                if not consumer.flow_active:
                    consumer.shards.fetching_since = None
                    await self.wait(consumer.can_resume_flow)
                consumer.shards.fetching_since = time.monotonic()
                batches, ends = await consumer._thread.fetch()
                for batch in batches:
                    await consumer.deliver(batch)
                for tp, end in ends.items():
                    consumer.shards.see_end(tp, end)
                await asyncio.sleep(0)
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            if not (self.should_stop or self.app.should_stop):
                die("fetch", error)
        finally:
            consumer.shards.fetching_since = None
            self.set_shutdown()


class Consumer(driver.Consumer):
    """Faust's consumer without its offsets, acks and gaps; it is also the shards' Source."""

    shards: Shards

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def deliver(self, batch: Batch) -> None:
        """Hand a batch to the agent of its topic."""
        topic = self.app.layout.topic_of(batch.group, batch.source)
        tp = TP(topic, batch.shard)
        # a stream drops a message of another generation than the app's, without a word
        message = ConsumerMessage(
            topic,
            batch.shard,
            batch.start,
            0.0,
            0,
            [],
            None,
            batch,
            None,
            0,
            batch.size,
            tp,
            generation_id=self.app.consumer_generation_id,
        )
        # on a revoke Faust suspends the flow: do not hang in the conductor then
        await self.wait_first(self.callback(message), self.suspend_flow.wait())

    async def perform_seek(self) -> None:
        """Nothing to seek here: each shard seeks by itself as soon as it knows its position."""

    async def commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:
        """Write advisory offsets: they show the lag to the usual tools, and nothing reads a position from them."""
        offsets = self.shards.committed()
        if not offsets:
            return False
        try:
            return await self._thread.advise(offsets)  # type: ignore[attr-defined, no-any-return]
        except Exception as error:
            log.debug("advisory offsets not written: %r", error)
            return False

    async def wait_empty(self) -> None:
        """Nothing to wait for: a batch that is not folded is read again by the next owner."""

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Our own watchdog watches."""

    @Service.task
    async def _watch(self) -> None:
        """Ask for errors: aiokafka keeps a dead coordinator (assignor raised, instance id taken) to itself."""
        while not self.should_stop:
            await self.sleep(1.0)
            consumer = self._thread._consumer
            if consumer is None or consumer._coordinator is None or consumer._closed:
                continue
            try:
                consumer._coordinator.check_errors()
            except Exception as error:
                if not self.app.should_stop:
                    die("consumer group", _told(error))

    def partitions_of(self, topic: str) -> set[int]:
        """Give the partitions of a topic, as the broker told them last."""
        return self._thread.partitions_of(topic)  # type: ignore[attr-defined, no-any-return]

    async def holds(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """Count the records of partitions that nobody reads."""
        return await self._thread.holds(partitions)  # type: ignore[attr-defined, no-any-return]

    async def rejoin(self) -> None:
        """Have the group deal the shards out anew."""
        await self._thread.rejoin()  # type: ignore[attr-defined]

    async def leave(self) -> None:
        """Say that this worker is gone."""
        await self._thread.leave()  # type: ignore[attr-defined]

    # -- the shards' Source

    async def seek(self, offsets: Mapping[TopicPartition, int]) -> int | None:
        return await self._thread.seek_shard(offsets)  # type: ignore[attr-defined, no-any-return]

    def hold(self, partitions: Iterable[TopicPartition]) -> None:
        self._thread._held |= frozenset(partitions)  # type: ignore[attr-defined]

    def release(self, partitions: Iterable[TopicPartition]) -> None:
        self._thread._held -= frozenset(partitions)  # type: ignore[attr-defined]

    async def group_offsets(self, partitions: Iterable[TopicPartition]) -> Mapping[TopicPartition, int | None]:
        return await self._thread.group_offsets(partitions)  # type: ignore[attr-defined, no-any-return]


def _told(error: Exception) -> Exception | str:
    """Prefer the message inside: aiokafka wraps what an assignor raised."""
    return error.__cause__ if isinstance(error.__cause__, LeadpulseError) else error


class Transport(driver.Transport):
    """Faust's transport with our consumer and fetcher."""

    Consumer: ClassVar[type] = Consumer
    Fetcher: ClassVar[type] = Fetcher


class BatchTopic(Topic):
    """A topic whose message value already is a Batch: nothing to decode, nothing to fail on."""

    def _compile_decode(self) -> None:
        async def decode(message: Any, *, propagate: bool = False) -> Event:
            return Event(self.app, None, message.value, message.headers, message)

        self.decode = decode
