"""Shard: state in memory, its log in Kafka, one transaction a commit. Knows nothing of Faust.

In:  batches of its sources, and the commit interval.
Out: what the fold has changed and the position, all in one transaction.

Between two commits the records only pile up in the inbox; right before a commit all of them are folded in one
call, so that a person's events are folded together and each changed row is written once. A backlog is folded
earlier, as soon as the inbox is full.

Any error ends the process, so state is changed in place and never rolled back.
"""

from __future__ import annotations

import asyncio
import logging
import time
import zlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final, Protocol

from aiokafka import TopicPartition
from msgspec.structs import replace

from stream.changes.holds import Held
from stream.contract.packed import joined
from stream.contract.records import TOUCHES
from stream.engine.chain import BrokenChain
from stream.engine.commit import ShardReport
from stream.errors import REBUILD, TopicError
from stream.kafka.clock import BrokerClock
from stream.kafka.fetch import Ends
from stream.kafka.reader import OpenReader, Reader
from stream.kafka.state_log import Row, StateLog
from stream.serve.views import ShardView
from stream.worker import position as positions
from stream.worker.guards.failstop import die
from stream.worker.guards.memory import give_back
from stream.worker.guards.outage import Fail, dies
from stream.worker.heart import HEARTBEAT_S, PACES_S, RESTS_S, Heart
from stream.worker.inbox import Batch, Inbox
from stream.worker.lag import Lag
from stream.worker.look_through import LookThrough
from stream.worker.outputs import Outputs
from stream.worker.pace import Pace
from stream.worker.ports import Fold
from stream.worker.position import Position
from stream.worker.restore import Claim, restore
from stream.worker.results import Publishes, Results
from stream.worker.takeover import Beginning, refuse_lost_state
from stream.worker.takeover import positions as take_over
from stream.worker.writing import commit

if TYPE_CHECKING:
    from stream.worker.mapping import ShardMapping

log = logging.getLogger("leadpulse.shard")

CLOSE_S: Final = 5.0
MOST_WAIT_S: Final = 60.0
#: What a record takes in an inbox at least; so many fit into a full one, and so many are folded at once.
RECORD_BYTES: Final = 256
LEAST_RECORDS: Final = 256
#: With more dead letters and forwards than this a commit is due, however early: all of them are one transaction.
PENDING_BYTES: Final = 8 << 20
#: With so many records to fetch of one source a shard commits half as often, but each other second: what is folded
#: together is written once.
BACKLOG: Final = 10_000
BACKLOG_S: Final = 2.0
#: The commits of all shards lie within so much of the interval.
SPREAD: Final = 0.1
WAITS_S: Final = 0.5  # before it is looked again whether what waits can be folded


class Source(Protocol):
    """Who carries the batches; the four calls between a shard and Kafka's side, the fourth being `feed`."""

    async def seek(self, offsets: Mapping[TopicPartition, int]) -> int | None:
        """Fetch from these offsets on; give the epoch of the batches that follow, None if no longer assigned."""

    def hold(self, partitions: Iterable[TopicPartition]) -> None:
        """Stop fetching for a while."""

    def release(self, partitions: Iterable[TopicPartition]) -> None:
        """Go on fetching."""

    async def group_offsets(self, partitions: Iterable[TopicPartition]) -> Mapping[TopicPartition, int | None]:
        """Give the consumer group's committed offsets."""


class Options(Beginning, Protocol):
    """The settings that a shard reads."""

    @property
    def commit_interval_s(self) -> float: ...
    @property
    def inbox_bytes(self) -> int: ...


class Shard:
    """Fold one partition number of one group."""

    def __init__(
        self,
        outputs: Outputs,
        fold: Fold,
        statelog: StateLog,
        source: Source,
        options: Options,
        *,
        clock: BrokerClock | None = None,
        reset: bool = False,
        claim: Claim = Claim(),
        fail: Fail = dies,
        publishes: Publishes = None,
        mapping: ShardMapping | None = None,
        heart: Heart | None = None,
    ) -> None:
        """Take `publishes`, whether results are this generation's by now; None for one that has none before it.

        `mapping` is for a shard that makes events of topics of others; `heart` is that of all shards of this worker.
        """
        self.id = id = outputs.id
        self.state = "restoring"
        self.position = Position({})
        self.committed: dict[TopicPartition, int] = {}
        self.committed_at = time.monotonic()
        self._fold, self._log, self._source, self._clock = fold, statelog, source, clock or BrokerClock()
        self._outputs, self._options, self._reset, self._claim = outputs, options, reset, claim
        self._fail, self._results = fail, Results(publishes, LookThrough.of(outputs))
        self._mapping, self._waits = mapping, False
        self._heart, self._idle, self._wrote_at = heart or Heart(self._clock), False, 0.0
        topics = outputs.layout.sources[id.group] if mapping is None else mapping.topics
        self._tps = {name: TopicPartition(topic, id.shard) for name, topic in topics.items()}
        self._inbox, self._expected, self._lag, self._pace = Inbox(), dict[str, int](), Lag(), Pace()
        self._waits_since = time.monotonic()
        self._epoch, self._pauses, self._held = -1, 0, set[str]()
        self._wake, self._busy = asyncio.Event(), asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._spread = zlib.crc32(str(id).encode()) % 97 / 97
        self._due = 0.0
        self._dirty = False
        self._open_reader: OpenReader | None = None
        self._view = ShardView(id.group, id.shard, "restoring")
        self._records = self._commits = self._restored = self._letters = 0
        self._fold_s = self._commit_s = self._restore_s = 0.0
        self._committed_ms = 0

    # -- life

    def start(self, open_reader: OpenReader, slots: asyncio.Semaphore, after: asyncio.Future[None] | None) -> None:
        """Restore in the background, then run.

        `slots` bounds how many restore at once; `after` is the end of this shard's former life in this process.
        """
        self._task = asyncio.create_task(self._run(open_reader, slots, after), name=f"shard-{self.id}")

    async def _run(self, open_reader: OpenReader, slots: asyncio.Semaphore, after: asyncio.Future[None] | None) -> None:
        try:
            if after is not None:
                await asyncio.wait({after})
            async with slots:
                await self._restore(open_reader)
            self._open_reader = open_reader
            self._due = self._slot(time.monotonic())
            await self.resume()
            while True:
                await self._turn()
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            await self._fail(f"shard {self.id}", error)

    async def _restore(self, open_reader: OpenReader) -> None:
        began = time.monotonic()
        tp = self._log.tp
        tables = getattr(self._fold, "stored", None)  # not every fold has so much to load
        found = positions.Restoring(self._fold.load, f"{tp.topic} partition {tp.partition}", tables)
        async with open_reader() as reader:
            restored = await restore(self._log, reader, found, self._claim)
            if restored.life.how == "empty" and not self._reset:
                await self._refuse_lost_state(reader)
            stored = None if restored.position is None else positions.decode(restored.position)
            starts = None if self._mapping is None else self._mapping.starts
            position = await take_over(reader, stored, self._tps, self._options, starts)
        self._claim.mark(position, restored.life.id)
        # whose the log is now, and whether it is whole, stands in it before anything is counted
        first = restored.rows(positions.encode(position), positions.POSITION_KEY)
        await commit(self._log, [(tp.topic, tp.partition, first)], self._claim.owner)
        self.position = position  # not before: a rebalance that ends meanwhile must find a shard that still restores
        self._restored = restored.records
        self._restore_s = time.monotonic() - began
        self.committed_at = time.monotonic()
        log.debug(
            "shard %s restored: %d records in %.2f s, seq %d, %s",
            self.id,
            self._restored,
            self._restore_s,
            self.position.seq,
            {name: source.next for name, source in self.position.sources.items()},
        )

    async def _refuse_lost_state(self, reader: Reader) -> None:
        deltas = TopicPartition(self._outputs.layout.deltas(self.id.group), self.id.shard)
        begin, end = (await reader.bounds([deltas]))[deltas]
        witness = await self._source.group_offsets(self._tps.values())
        refuse_lost_state(witness, (deltas, end - begin), self._log.tp.topic)

    async def resume(self) -> None:
        """Fetch from our position: after the restore, and when a rebalance gave the shard back."""
        if not self.position.sources:
            return  # still restoring; it resumes by itself
        self._drop()
        pauses = self._pauses
        epoch = await self._source.seek({tp: self.position.sources[name].next for name, tp in self._tps.items()})
        if epoch is not None and pauses == self._pauses:  # else a rebalance began meanwhile
            places = {name: self.position.sources[name] for name in self._tps}
            self._expected = {name: place.next for name, place in places.items()}
            self._waits_since = time.monotonic()
            self._pace.begin({name: place.last_ms for name, place in places.items()}, self._waits_since)
            self._epoch, self.state = epoch, "running"
            self.committed_at = self._wrote_at = time.monotonic()
            self._heart.join(self)
            self._end_rest()

    async def quiesce(self) -> None:
        """Stop taking batches and commit what is folded, because a rebalance begins or the worker stops.

        It commits even if nothing changed: that proves that the shard was ours until now, or ends the process. A
        shard that is paused already has nothing left to commit, and may be another worker's by now.
        """
        self._pauses += 1
        if self.state != "running":
            return
        self.state = "paused"
        self._heart.leave(self)
        async with self._busy:
            self._drop()
            try:
                await self._commit()
            except asyncio.CancelledError:
                raise
            except BaseException as error:
                await self._fail(f"shard {self.id}, last commit before a rebalance", error)

    async def close(self, *, stale: bool = False) -> None:
        """Forget everything; the next owner has it in the log."""
        self.state = "closed"
        self._heart.leave(self)
        self._pauses += 1
        self._inbox.take()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=CLOSE_S)
        await self._log.close()

    # -- work

    def feed(self, batch: Batch) -> None:
        """Take a batch, unless it was fetched before the last seek or a rebalance runs."""
        if self.state != "running" or batch.epoch != self._epoch:
            return
        expected = self._expected[batch.source]
        if batch.start != expected:
            die(f"shard {self.id}", f"{batch.source}: a batch starts at {batch.start}, expected {expected}", code=71)
        self._expected[batch.source] = batch.next
        self._pace.hear(batch.source, time.monotonic())
        if batch.records:
            self._pace.come(batch.source, batch.newest_ms)
        self._inbox.add(batch)
        if self._idle:
            self._end_rest()
        if self._inbox.fresh > self._options.inbox_bytes:
            self._wake.set()
            self._hold(set(self._tps))

    def see_end(self, source: str, end: Ends) -> None:
        """Learn how far a source goes; what lies before it is the shard's lag."""
        now = time.monotonic()
        self._lag.see(source, end, now)
        self._pace.hear(source, now)

    def still(self) -> Held | None:
        """Give the last report if all of it holds; None if there is something to do, which is done at once."""
        if self.state != "running" or not self._idle or self._busy.locked():
            return None
        nexts = self._nexts()
        caught_up = self._lag.caught_up(nexts, self._tps, time.monotonic())
        if self._dirty or not caught_up or any(self._lag.records(nexts).values()):
            self.rouse()
            return None
        return Held(self.id.group, self.id.shard, self.position.seq, self.position.life)

    def carried(self) -> None:
        """Learn that the last report was repeated: that is as good as a commit without changes."""
        self.committed_at = time.monotonic()
        self._committed_ms = self._clock.now_ms()

    def rouse(self) -> None:
        """Rest no longer: commit when it is due again, or report at once."""
        self._idle = False
        self._due = min(self._due, time.monotonic())
        self._wake.set()

    def _end_rest(self) -> None:
        """Commit what comes as if there had been no rest."""
        self._idle = False
        self._due = min(self._due, self._slot(time.monotonic()))
        self._wake.set()

    def _slot(self, after_s: float, every_s: float | None = None) -> float:
        """Give the next moment to commit at, of those that lie so far apart; by default, the commit interval.

        Shards of all workers commit close to each other, by the broker's clock, so that one publication shows what all
        of them counted. Not at the very same moment: one folds while another waits for the broker.
        """
        interval_s = self._options.commit_interval_s
        now = time.monotonic()
        clock_s = (self._clock.now_ms() / 1000 or now) + after_s - now
        return after_s + (interval_s * SPREAD * self._spread - clock_s) % (every_s or interval_s)

    async def _turn(self) -> None:
        """Wait until there is a reason, then fold or commit."""
        wait_s = self._due - time.monotonic()
        if wait_s > 0 and not self._full():
            self._wake.clear()
            woken = asyncio.get_running_loop().call_later(wait_s, self._wake.set)
            try:
                await self._wake.wait()
            finally:
                woken.cancel()
        async with self._busy:
            if self._mapping is not None and self.state == "running":
                self._waits = not await self._mapping.ready(self._inbox.waiting_records())
            if self.state == "running":
                if self._full():
                    self._fold_inbox()
                if time.monotonic() >= self._due or self._fold.pending_bytes > PENDING_BYTES:
                    await self._commit_when_due()
            else:
                self._due = time.monotonic() + self._options.commit_interval_s
        await asyncio.sleep(WAITS_S if self._waits else 0)

    def _full(self) -> bool:
        return self._inbox.more or self._inbox.fresh > self._options.inbox_bytes

    async def _commit_when_due(self) -> None:
        began, interval_s = time.monotonic(), self._options.commit_interval_s
        if self._inbox or self._dirty or began - self._wrote_at >= HEARTBEAT_S - interval_s / 2:
            if self._open_reader is not None:
                await self._results.read(self.position, self._open_reader)
            await self._commit()
        now = time.monotonic()
        is_behind = any((self._to_fetch(source) or 0) > BACKLOG for source in self._expected)
        every_s = max(interval_s, min(2 * interval_s, BACKLOG_S)) if is_behind else interval_s
        # under overload at least half an interval of records comes together before the next commit
        self._due = self._slot(now + interval_s / 2, every_s)
        if self._idle:
            # all rest until the same moment: what they tell those of leads wakes these up once, and not each by itself
            rests_s = PACES_S if self._heart.is_pacemaker(self) else RESTS_S
            self._due = max(self._due, self._slot(now, rests_s))

    def _to_fetch(self, source: str) -> int | None:
        return self._lag.to_fetch(source, self._expected[source])

    def _fold_inbox(self) -> None:
        if self._waits:
            return
        now = time.monotonic()
        waited = now - self._waits_since > MOST_WAIT_S  # a backlog of days must not keep others back for hours
        most = max(LEAST_RECORDS, self._options.inbox_bytes // RECORD_BYTES)
        if self._mapping is not None:
            most = min(most, self._mapping.most_records)
        horizon_ms = None if waited else self._pace.horizon_ms(self._to_fetch, self._held, now)
        taken = self._inbox.take(horizon_ms, most, in_turn=waited)
        if not self._inbox.early:
            self._waits_since = now
        if taken:
            began = time.perf_counter()
            # many small batches of a source cost up to half as much again as one
            sources = [(source, joined(batch.records for batch in batches)) for source, batches in taken.items()]
            try:
                self._fold.fold([(source, records) for source, records in sources if records])
            except BrokenChain as error:
                raise TopicError(f"{error}.", where=str(self._tps[TOUCHES]), do=f"To count anew, {REBUILD}.") from error
            for source, batches in taken.items():
                for batch in batches:
                    self.position.sources[source].cover(batch)
                    self._records += len(batch.records)
            self._fold_s += time.perf_counter() - began
            self._dirty = True
        full = self._options.inbox_bytes // 4
        self._hold({name for name, waiting in self._inbox.waiting.items() if waiting > full})

    def _hold(self, names: set[str]) -> None:
        """Fetch nothing of these sources, and of the others again."""
        more, less = names - self._held, self._held - names
        self._held = names
        if more:
            self._source.hold([self._tps[name] for name in more])
        for name in less:
            self._pace.ask(name)
        if less:
            self._source.release([self._tps[name] for name in less])

    async def _commit(self) -> None:
        began = time.monotonic()
        self._fold_inbox()
        much = self._fold.pending_bytes > PENDING_BYTES // 4
        report = self._report()
        some = self._results.slice(self.position, report.results)
        if some.stands:
            report = replace(report, stands=some.stands)
        changes = self._fold.changes(self.position.seq + 1, report)
        self.position.told = self._results.told(report, changes)
        self.position.seq += len(changes.deltas)
        place: Row = (positions.POSITION_KEY, positions.encode(self.position), None, [])
        nexts = {tp: self.position.sources[name].next for name, tp in self._tps.items()}
        beat, resting = self._heart.beat(self)
        await commit(self._log, self._outputs.parts(changes, place, some.ended, beat), self._claim.owner)
        for shard in resting.values():
            shard.carried()
        self._dirty = False
        self.committed = nexts
        self.committed_at = self._wrote_at = time.monotonic()
        self._idle = (
            report.caught_up
            and not (self._inbox or changes.untold or changes.behind or any(report.lag_records.values()))
            and self._results.rest(self.position, report)
        )
        self._committed_ms = self._clock.now_ms()
        self._commit_s = self.committed_at - began
        self._commits += 1
        if much:
            give_back()
        self._letters += len(changes.dead_letters)

    def _report(self) -> ShardReport:
        nexts = self._nexts()
        caught_up = self._lag.caught_up(nexts, self._tps, time.monotonic())
        now_ms, lag, life = self._clock.now_ms(), self._lag.records(nexts), self.position.life
        missing = self._outputs.layout.missing(self.id.group)
        results = self._results.now(told=self.position.told)
        return ShardReport(caught_up, now_ms, lag, missing, life, results)

    @property
    def unread(self) -> dict[str, int]:
        """Records on partitions that no shard reads, by source: this one reports them as its own lag."""
        return self._lag.unread

    @unread.setter
    def unread(self, records: dict[str, int]) -> None:
        self._lag.unread = records

    def _nexts(self) -> dict[str, int]:
        return {name: source.next for name, source in self.position.sources.items()}

    def view(self) -> ShardView:
        """Show the shard as it is now."""
        nexts = self._nexts()
        return ShardView(
            group=self.id.group,
            shard=self.id.shard,
            state=self.state,
            caught_up=self.state == "running" and self._lag.is_read(nexts, self._tps, time.monotonic()),
            lag_records=self._lag.records(nexts),
            records=self._records,
            dead_letters=self._letters,
            commits=self._commits,
            committed_ms=self._committed_ms,
            commit_s=self._commit_s,
            fold_s=self._fold_s,
            inbox_bytes=self._inbox.bytes,
            held=bool(self._held),
            restore_s=self._restore_s,
            restored_records=self._restored,
            native=dict(getattr(getattr(self._fold, "natively", None), "seen", {})),  # not every fold has such a way
        )

    def _drop(self) -> None:
        self._inbox.take()
        self._lag.clear()
        self._hold(set())
