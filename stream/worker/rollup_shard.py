"""Rollup shard: adds up what all shards report, and publishes.

In:  the deltas of all shards of all groups, read_committed, in the order in which each shard wrote them.
Out: readings on the result topic and to the exporter; from time to time a snapshot of all cells.

It lives by the same protocol as any shard: fence, restore, then one transaction a commit. Its position (which deltas
its cells cover) is written together with the snapshot and never without it, so that both always fit; deltas after
it are simply read again, and what was published is published again with the same values.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec
from aiokafka import TopicPartition

from stream.changes.holds import unpack
from stream.errors import REBUILD, TopicError
from stream.kafka.clock import BrokerClock
from stream.kafka.fetch import Ends, Unpacked
from stream.kafka.layout import ROLLUP, Layout, ShardId
from stream.kafka.reader import OpenReader, Reader
from stream.kafka.state_log import Row, StateLog
from stream.rollup.standing import ForeignDelta, SequenceGap
from stream.serve.views import Exporter, RollupView, ShardView
from stream.state.keys import ROLLUP_ALIVE, ROLLUP_POSITION
from stream.worker.guards.outage import Fail, dies
from stream.worker.inbox import Batch
from stream.worker.judging import Judging
from stream.worker.ports import EncodeReading, Rollup
from stream.worker.position import Place
from stream.worker.published import Published
from stream.worker.restore import Claim, restore
from stream.worker.rounds import Rounds
from stream.worker.shard import CLOSE_S
from stream.worker.succession import RestoringUnlessSucceeded, Succession
from stream.worker.writing import commit

log = logging.getLogger("leadpulse.rollup")

ANEW: Final = f"Restore the topics of leadpulse as they were; or {REBUILD}"

ALL_WINDOWS_S: Final = 15.0  # longer windows move slowly: a look at them each second would only cost
FAST_WINDOWS: Final = ("5m", "1h")
SNAPSHOT_S: Final = 30.0


class RollupPosition(Place):
    """The deltas that the snapshot covers: topic → next offset of each partition."""

    next: dict[str, list[int]]


class RollupShard:
    """Own the rollup while the consumer group says so."""

    def __init__(
        self,
        rollup: Rollup,
        statelog: StateLog,
        layout: Layout,
        counts: Mapping[str, int],
        encode: EncodeReading,
        exporter: Exporter,
        *,
        snapshot_s: float = SNAPSHOT_S,
        clock: BrokerClock | None = None,
        claim: Claim = Claim(),
        fail: Fail = dies,
        succession: Succession | None = None,
        judging: Judging | None = None,
    ) -> None:
        """Take `counts` as group → number of shards; without `judging` there is no topic for history."""
        self.id = ShardId(ROLLUP, 0)
        self.state = "restoring"
        self.committed: dict[TopicPartition, int] = {}
        self.committed_at = time.monotonic()
        self._rollup, self._log, self._layout = rollup, statelog, layout
        self._exporter, self._snapshot_s, self._claim = exporter, snapshot_s, claim
        self._clock, self._life = clock or BrokerClock(), ""
        self._fail, self._succession, self._judging = fail, succession, judging
        self._kept = None if judging is None else judging.kept
        self._shown: RollupView | None = None
        self.unread: dict[str, int] = {}
        self._published = Published(encode)
        self._tps = [TopicPartition(layout.deltas(group), p) for group in layout.groups for p in range(counts[group])]
        self._next: dict[TopicPartition, int] = {}
        self._goal: dict[TopicPartition, int] = {}
        self._unheard: set[TopicPartition] = set()
        self._task: asyncio.Task[None] | None = None
        self._busy = asyncio.Lock()
        self._all_due = self._snapshot_due = 0.0
        self._complete = self._along = False
        self._records, self._rises = 0, [0, 0]  # at the last publication, and how many came with the last two
        self._lag = self._deltas = self._commits = self._restored = 0
        self._commit_s = self._apply_s = self._restore_s = 0.0
        self._committed_ms = 0

    # -- life

    def start(self, open_reader: OpenReader, slots: asyncio.Semaphore, after: asyncio.Future[None] | None) -> None:
        """Restore in the background, then follow the deltas; it takes no slot, since nothing is shown without it."""
        self._task = asyncio.create_task(self._run(open_reader, after), name="rollup")

    async def _run(self, open_reader: OpenReader, after: asyncio.Future[None] | None) -> None:
        try:
            if after is not None:
                await asyncio.wait({after})
            async with open_reader() as reader:
                await self._restore(reader)
            async with open_reader(patient=True) as reader:
                reader.follow(self._next if self._kept is None else self._next | {self._kept.tp: self._kept.next})
                self.state = "running"
                rounds = Rounds(time.monotonic())
                while True:
                    got = await reader.poll(rounds.wait_s(time.monotonic()))
                    self._apply(got)
                    ends_calm = self._calm and self._rollup.records != self._records
                    if rounds.take(got, time.monotonic(), at_once=ends_calm):
                        async with self._busy:
                            if self.state == "running" and self._reached_goal():
                                await self._succeed(open_reader)
                                await self._publish()
                            self._lag = self._behind(reader)
                        rounds.published(time.monotonic(), complete=self._complete, calm=self._calm)
                    await asyncio.sleep(0)
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            await self._fail("rollup", error)

    async def _restore(self, reader: Reader) -> None:
        began = time.monotonic()
        log_tp = self._log.tp
        found = RestoringUnlessSucceeded(self._rollup.load, f"{log_tp.topic} partition {log_tp.partition}")
        restored = await restore(self._log, reader, found, self._claim)
        value, self._restored, self._life = restored.position, restored.records, restored.life.id
        stored = None if value is None else msgspec.json.decode(value, type=RollupPosition)
        if self._succession is not None:
            await self._succession.begin(reader)
        await StateLog(self._log.link, self._layout.metrics, 0, None).read(reader, self._published.found)
        if self._judging is not None:
            await self._judging.restore(self._log.link, reader)
        if self._judging is None or self._judging.alerts is None:
            self._published.judge(lambda _: None)  # nobody would take back what the topic still says
        bounds = await reader.bounds(self._tps)
        for tp, (begin, end) in bounds.items():
            known = stored.next.get(tp.topic, []) if stored else []
            self._next[tp] = self._checked(tp, begin, end, known[tp.partition] if tp.partition < len(known) else begin)
        # until it has seen all that was reported before the take-over, readings would first fall and then rise
        self._goal = {tp: end for tp, (_, end) in bounds.items()}
        # nothing is known of these, or all of it has gone from the topic since: their first number will tell
        self._unheard = {tp for tp, (begin, _) in bounds.items() if self._next[tp] <= begin}
        # the position goes with what was restored: nothing was added since. And its stamp says how late it is, so that
        # nobody takes what was reported long ago for news
        first = restored.rows(msgspec.json.encode(self._position()), ROLLUP_POSITION.prefix)
        await commit(self._log, [(log_tp.topic, log_tp.partition, first)], self._claim.owner)
        self._restore_s = time.monotonic() - began
        log.debug("rollup restored: %d records in %.2f s", self._restored, self._restore_s)

    @staticmethod
    def _checked(tp: TopicPartition, begin: int, end: int, known: int) -> int:
        if begin <= known <= end:
            return known
        raise TopicError(
            f"Deltas from offset {known} on are needed, but the topic holds {begin} to {end}.",
            where=f"{tp.topic} partition {tp.partition}",
            do=f"Restore the topic, or {REBUILD}.",
        )

    async def resume(self) -> None:
        """Go on after a rebalance; whoever owned it meanwhile has fenced us."""
        if self.state == "paused":
            self.state = "running"
            self.committed_at = time.monotonic()

    async def quiesce(self) -> None:
        """Publish and snapshot, because a rebalance begins or the worker stops."""
        if self.state != "running":
            return
        self.state = "paused"
        async with self._busy:
            try:
                if self._reached_goal():
                    self._snapshot_due = 0.0
                    await self._publish()
            except asyncio.CancelledError:
                raise
            except BaseException as error:
                await self._fail("rollup, last commit before a rebalance", error)

    async def close(self, *, stale: bool = False) -> None:
        """Leave the rollup to the next owner; stop showing its readings, or show that they are the last ones."""
        self.state = "closed"
        self._exporter.show_rollup(self._shown.stale() if stale and self._shown is not None else None)
        if self._judging is not None:
            self._exporter.show_judged(())
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=CLOSE_S)
        await self._log.close()

    # -- work

    def feed(self, batch: Batch) -> None:
        """Nothing comes this way: the rollup's log is assigned only to say who owns the rollup."""

    def see_end(self, source: str, end: Ends) -> None:
        """Nothing comes this way either."""

    def _apply(self, got: Mapping[TopicPartition, Unpacked]) -> None:
        began = time.perf_counter()
        for tp, unpacked in got.items():
            if self._kept is not None and tp == self._kept.tp:
                self._kept.take(unpacked.records, unpacked.next)
                continue
            for offset, stamp_ms, key, value, _ in unpacked.records:
                if value is not None:
                    self._add(tp, offset, value, stamp_ms)
                elif (holds := unpack(key)) is not None:
                    self._rollup.hear(holds, stamp_ms, live=offset >= self._goal.get(tp, 0))
            self._next[tp] = unpacked.next
            if unpacked.records:
                self._unheard.discard(tp)
            self._deltas += len(unpacked.records)
        self._apply_s += time.perf_counter() - began

    def _add(self, tp: TopicPartition, offset: int, value: bytes, stamp_ms: int) -> None:
        where = f"{tp.topic} partition {tp.partition}, offset {offset}"
        try:
            self._rollup.apply(value, stamp_ms, live=offset >= self._goal.get(tp, 0))
        except SequenceGap as gap:
            raise TopicError(f"What shards report cannot be added up: {gap}.", where=where, do=f"{ANEW}.") from gap
        except ForeignDelta as unknown:
            raise TopicError(
                f"A delta is not of this release: {unknown}.",
                where=where,
                do=f"Run the release that wrote it on all workers; or {REBUILD}.",
            ) from unknown

    def _reached_goal(self) -> bool:
        self._goal = {tp: end for tp, end in self._goal.items() if self._next[tp] < end}
        return not self._goal

    def _behind(self, reader: Reader) -> int:
        return sum(max(0, end - self._next[tp]) for tp, end in reader.ends().items() if tp in self._next)

    @property
    def _calm(self) -> bool:
        """Whether all is complete and no records came for a while: the next ones are published as soon as they come."""
        return self._complete and self._along and not any(self._rises)

    async def _succeed(self, open_reader: OpenReader) -> None:
        """Take over from the former generation, once everything is read; what it published since is found anew."""
        succession = self._succession
        if succession is None or succession.open or not self._complete or not await succession.take_over():
            return
        async with open_reader() as reader:
            await StateLog(self._log.link, self._layout.metrics, 0, None).read(reader, self._published.found)
        self._all_due = 0.0

    async def _publish(self) -> None:
        began = time.monotonic()
        if self._unheard:  # what was published before is not taken back until it is known that it can be added up
            alive: list[Row] = [(ROLLUP_ALIVE.prefix, b"", None, [])]
            await commit(self._log, [(self._log.tp.topic, self._log.tp.partition, alive)], self._claim.owner)
            self.committed_at = time.monotonic()
            return
        now_ms, shows = self._clock.now_ms(), self._succession is None or self._succession.open
        judging = self._judging
        self._rollup.advance(now_ms, judging.until_ms(self._rollup.now_ms, now_ms) if judging and shows else None)
        complete, records = self._rollup.complete, self._rollup.records
        along = self._rollup.complete_along
        news = along is not self._along or self._is_news(complete, records)
        due = judging is not None and shows and judging.is_due(self._rollup.now_ms)
        # a backlog passes edge after edge: there figures are looked at no more often than all windows are read
        windows = None if began >= self._all_due or news or (due and complete) else FAST_WINDOWS
        readings = self._rollup.readings(windows)
        as_of_ms = max((reading.as_of_ms for reading in readings), default=0)
        judged: list[tuple[str, int, list[Row]]] = []
        if judging is not None and windows is None:
            judged = judging.parts(as_of_ms, readings, self._kinds_behind(), self._published, looks=due)
        changed = self._published.rows(readings, windows) if shows else []
        rows: list[Row] = [(key, value, None, []) for key, value in changed]
        # something each time: the answer says whether the log is still there, and still ours
        own: list[Row] = [(ROLLUP_ALIVE.prefix, b"", None, [])]
        snapshot = began >= self._snapshot_due
        if snapshot:
            own = [(key, value, None, []) for key, value in self._rollup.snapshot(False)]
            own.append((ROLLUP_POSITION.prefix, msgspec.json.encode(self._position()), None, []))
        parts: list[tuple[str, int, Iterable[Row]]] = []
        if rows:
            parts.append((self._layout.metrics, 0, rows))
        parts += judged
        parts.append((self._log.tp.topic, self._log.tp.partition, own))
        await commit(self._log, parts, self._claim.owner)
        now = self.committed_at = time.monotonic()
        if windows is None:
            self._all_due = now + ALL_WINDOWS_S
        self._rises, self._records = [self._rises[1], records - self._records], records
        if snapshot:
            self._snapshot_due = now + self._snapshot_s
        self._commits += 1
        self._commit_s = now - began
        self._committed_ms = self._clock.now_ms()
        self._complete, self._along = complete, along
        if shows:
            self._shown = RollupView(self._published.confirm(), as_of_ms, self._committed_ms)
            if judging is not None:  # the page looks at both when figures are new
                judging.show(self._exporter, self._shown.readings)
            self._exporter.show_rollup(self._shown)
        if self._layout.metrics in self._log.anew:  # whoever reads it must find everything in it
            self._log.anew.discard(self._layout.metrics)
            self._published.forget()
            self._all_due = 0.0
        if judging is not None and judging.alerts in self._log.anew:
            self._log.anew.discard(judging.alerts)
            judging.tell_again()

    def _kinds_behind(self) -> frozenset[str]:
        groups = self._layout.groups
        return frozenset(kind for name in self._rollup.behind if name in groups for kind in groups[name].kinds)

    def _is_news(self, complete: bool, records: int) -> bool:
        """Say whether long windows must be read now, because of what would be said beside them.

        Whoever reads that all is complete must find every window read after the last record, or close to it while
        traffic goes on; and whoever reads a long window, that it is complete no more.
        """
        if complete is not self._complete:
            return True
        return complete and not all(steady(records - self._records, before) for before in self._rises)

    def _position(self) -> RollupPosition:
        topics: dict[str, list[int]] = {}
        for tp in self._tps:  # in order of partitions
            topics.setdefault(tp.topic, []).append(self._next[tp])
        position = RollupPosition(next=topics)
        self._claim.mark(position, self._life)
        return position

    def view(self) -> ShardView:
        """Show the rollup as it is now."""
        return ShardView(
            group=ROLLUP,
            shard=0,
            state=self.state,
            caught_up=self.state == "running" and self._lag == 0 and not self._goal,
            lag_records={"deltas": self._lag},
            records=self._deltas,
            commits=self._commits,
            committed_ms=self._committed_ms,
            commit_s=self._commit_s,
            fold_s=self._apply_s,
            restore_s=self._restore_s,
            restored_records=self._restored,
        )


def steady(came: int, before: int) -> bool:
    """Say whether about as many records came as with a publication before: less than four times, more than a quarter.

    Publications are not quite as far from each other as commits are, so that one may have two and the next one none of
    many shards.

    >>> steady(110, 100), steady(0, 0), steady(30, 3_000), steady(3_000, 0)
    (True, True, False, False)
    """
    return came == before or before < 4 * came < 16 * before
