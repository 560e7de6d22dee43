"""World: one run of the simulation: workers, their consumer group, a broker, and everything that happens to them.

In:  a seed; a mutant, if the protocol shall be a wrong one.
Out: what is not as it must be when all is quiet again; the same for the same seed, whatever ran before.

The shards, the rollup, their owner and the state log are the product's own. What is not: the broker, the transport and
the consumer group; time; and the catalog, of which a few metrics are enough to tell a wrong count.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import Context
from random import Random
from typing import Any, Final

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import ProducerFenced

from stream.contract.results import encode
from stream.engine.shard import ShardFold
from stream.kafka.layout import ROLLUP, ShardId
from stream.kafka.state_log import StateLog
from stream.rollup import standing
from stream.rollup.rollup import Rollup
from stream.serve.views import RollupView
from stream.worker import heart, lag, rollup_shard, rounds, shard, writing
from stream.worker.assignor import deal
from stream.worker.guards.failstop import die
from stream.worker.heart import Heart
from stream.worker.life import new_life
from stream.worker.outputs import Outputs
from stream.worker.owner import Owned, Shards
from stream.worker.rollup_shard import RollupShard
from stream.worker.shard import Shard
from tests.chaos.sim import clock, faults
from tests.chaos.sim.broker import Broker
from tests.chaos.sim.clients import Producer, WireLink, WireReader
from tests.chaos.sim.clock import START_MS, VirtualLoop, VirtualTime
from tests.chaos.sim.expected import FOLLOWED_STREAMS, OF_LEADS, STREAMS, expected
from tests.chaos.sim.installation import FOLLOWED, PLAIN, installation
from tests.chaos.sim.process import Process, died, here
from tests.chaos.sim.traffic import Sending
from tests.chaos.sim.verdict import ResultTopic, differences, settled

ROOMS: Final = ("stream.worker", "stream.kafka")
SESSION_S: Final = 1.2
SETTLES_S: Final = 60.0  # after the last fault everything is right within a minute
LOOKS_S: Final = 0.2
#: More often than in earnest: each second of waiting costs as much as a dozen requests. Idle shards report once a second.
COMMITS_S: Final = 0.3
PUBLISHES_S: Final = 0.7


#: What a source may hold unread, how long a report holds, and how long a heartbeat may be on its way: all of it shorter
#: than in earnest, or no run would last long enough to be found complete too early.
READ_WITHIN_S: Final = 0.8
SILENT_AFTER_S: Final = 1.5
HELD_WITHIN_S: Final = 0.5
#: Idle shards report so often; the pacemaker where all are idle, and so often all by themselves.
HEARTBEATS_S: Final = 0.8
PACES_S: Final = 1.0
RESTS_S: Final = 1.5
#: A record may be read by one shard first and then by another, each of which may leave it unread for a while; and what
#: says that all is read is so old at most as the commit took that it came with.
UNCOUNTED_S: Final = 2 * READ_WITHIN_S + SILENT_AFTER_S + faults.COMMIT_LIMIT_S

#: In one run of so many a last record comes then, and what is reported of it stays hidden for so long.
HIDES: Final = 20
LAST_S: Final = 3.5
HIDDEN_S: Final = 10.0

#: In one run of so many shards have the compiled core, where there is one: to make it costs more than such a run's few
#: records, and all others ask the Python, which gives the same answers.
NATIVELY: Final = 30

#: Seeds beside each other share streams, so that a process has few of them to work out.
TOGETHER: Final = 50
#: Runs in which people are followed cost three times as much: of the first ones they are one in five, later one in 50.
_OFTEN: Final = 500


@contextmanager
def silence() -> Iterator[None]:
    """Let nobody log; within it once more it costs nothing, and else as much as some twenty requests."""
    before = logging.root.manager.disable
    if before < logging.CRITICAL:
        logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        if before < logging.CRITICAL:
            logging.disable(before)


class Options:
    """The settings that a shard reads."""

    start, start_ms = "earliest", None
    commit_interval_s, inbox_bytes = COMMITS_S, 20_000


class World:
    """One run."""

    def __init__(self, seed: int, plan: faults.Plan | None = None) -> None:
        """Take the faults of the seed, or those of a plan."""
        self.seed, self.doubted = seed, False
        self.rng = rng = Random(seed)
        self.loop = VirtualLoop()
        followed = seed % (5 if seed < _OFTEN else 50) == 4  # shards tell others of people
        place = rng.randrange(len(FOLLOWED if followed else PLAIN))
        self.installation = installation(place, followed)
        self.fold = self.installation.folds["auto" if seed % NATIVELY == 0 else "off"]
        drawn = faults.planned(rng)
        self.plan = drawn if plan is None else plan
        self.expected = expected(place, followed, seed // TOGETHER % (FOLLOWED_STREAMS if followed else STREAMS))
        self.broker = Broker(lambda: START_MS + round(self.loop.time() * 1000), self.installation.configs)
        self.results = ResultTopic(self.broker, self.installation.layout.metrics)
        self.early: list[str] = []  # publications that were complete too early
        self.members: list[Process] = []
        self.lives: list[Process] = []
        self._made: list[object] = []  # what shards and rollups hold, of all that there ever were
        self._wanted = rng.randrange(1, 4)
        # a record comes when all is quiet, and what is reported of it stays hidden: the rest goes on saying that it holds
        self._last: Sending | None = None
        if seed % HIDES == HIDES - 3 and not followed:
            self._last, self._wanted = self.expected.sendings[-1], 1
        self._generation = 0
        self._rebalance = asyncio.Event()

    # -- run

    def run(self) -> list[str]:
        """Run until all is quiet; give what is wrong."""
        virtual, lives = VirtualTime(self.loop), Random(self.seed)
        self.loop.made = _noted
        try:
            with (
                silence(),
                clock.unregistered(),
                clock.replaced(
                    *self.installation.swaps,
                    (writing, "COMMIT_LIMIT_S", faults.COMMIT_LIMIT_S),
                    (heart, "HEARTBEAT_S", HEARTBEATS_S),
                    (shard, "HEARTBEAT_S", HEARTBEATS_S),
                    (shard, "PACES_S", PACES_S),
                    (shard, "RESTS_S", RESTS_S),
                    (lag, "READ_WITHIN_S", READ_WITHIN_S),
                    (standing, "SILENT_AFTER_MS", round(SILENT_AFTER_S * 1000)),
                    (standing, "HELD_WITHIN_MS", round(HELD_WITHIN_S * 1000)),
                    (rounds, "PUBLISH_S", PUBLISHES_S),
                    (rollup_shard, "ALL_WINDOWS_S", 5 * PUBLISHES_S),
                    (rounds, "BEHIND_S", PUBLISHES_S),  # nobody is spared by publishing less
                    *clock.swaps_of("new_life", new_life, lambda: f"{lives.getrandbits(64):016x}", ROOMS),
                    *clock.swaps_of("time", clock.time, virtual, ROOMS),
                    *clock.swaps_of("die", die, died, ROOMS),
                    *clock.swaps_of("AIOKafkaProducer", AIOKafkaProducer, Producer, ROOMS),
                ),
            ):
                return self.loop.run_until_complete(self._run())
        except clock.Standstill:
            return ["standstill: nobody waits for anything that could come"]
        finally:
            self.loop.close()

    def forget(self) -> None:
        """Let go of what refers to each other in circles, so that nearly all of it is gone at once; it is over."""
        for life in self.lives:
            for owned in life.shards.owned.values():
                vars(owned).clear()
            for part in (life.shards, life.source, life):
                vars(part).clear()
        for whole in (*self._made, self.loop, self.broker, self):
            vars(whole).clear()

    async def _run(self) -> list[str]:
        self._work = work = [asyncio.ensure_future(one) for one in (self._send(), self._harm(), self._coordinate())]
        for number in range(self._wanted):
            self._start(f"{number}")
        out = ["not settled a minute after the last fault"]
        try:
            await asyncio.wait(work[:2])
            until = self.loop.time() + SETTLES_S
            while self.loop.time() < until:
                await self.loop.sleep(LOOKS_S)
                if settled(self):
                    out = differences(self)
                    if not out:
                        out = self.early
                        break
            else:
                out += [f"{life.name} ended: {life.why}" for life in self.lives if not life.alive][-3:]
        finally:
            for life in self.lives:
                life.crash("over")
            mine = asyncio.current_task()
            left = [task for task in self.loop.tasks if task is not mine and not task.done()]
            for task in left:
                task.cancel()
            await asyncio.wait(left, timeout=SETTLES_S)
        return out

    # -- what happens

    async def _send(self) -> None:
        for one in sorted(self.expected.sendings, key=self._sent_s):
            if one is self._last:
                await self.loop.until(LAST_S - 0.1)
                self._hang(self._reports_of(one.tp), HIDDEN_S)
            await self.loop.until(self._sent_s(one))
            self.broker.append(one.tp, [(one.key, one.value, one.time_ms, ())])

    def _sent_s(self, one: Sending) -> float:
        return LAST_S if one is self._last else one.at_s

    def _reports_of(self, source: TopicPartition) -> TopicPartition:
        """Give the partition by which whoever reads a source reports."""
        layout = self.installation.layout
        return TopicPartition(layout.deltas(layout.source_of(source.topic)[0]), source.partition)

    async def _harm(self) -> None:
        for at_s, what in self.plan.moments:
            await self.loop.until(at_s)
            self._do(what)
        await self.loop.until(faults.ENDS_S)
        self.plan.over = True

    def _do(self, what: str) -> None:
        rng, alive = self.rng, [life for life in self.lives if life.alive]
        self.plan.happened[f"{what} at a moment"] += 1
        if what == "rebalance":
            self._rebalance.set()
        elif what == "outage":
            self.plan.down_until = self.loop.time() + rng.choice((0.3, 0.3, 1.5, 1.5, faults.LONGER_S))
        elif what == "compact":
            for group, shard in self.installation.places:
                self.broker.compact(TopicPartition(self.installation.layout.state(group), shard))
            self.broker.compact(TopicPartition(self.installation.layout.rollup, 0))
        elif what == "hang":
            self._hang(rng.choice(self.expected.sendings).tp, rng.uniform(0.3, 3))
        elif alive:
            victim = rng.choice(alive)
            victim.crash("killed") if what == "crash" else victim.freeze(rng.uniform(0.6, 2.8))

    def _hang(self, tp: TopicPartition, seconds: float) -> None:
        """Let some other producer leave a transaction open for a while, and then take it back."""
        epoch = self.broker.fence("stranger")
        self.broker.write("stranger", epoch, tp, [(b"k", b"{}", START_MS, ())])
        self.loop.call_later(seconds, self._take_back, epoch)

    def _take_back(self, epoch: int) -> None:
        with suppress(ProducerFenced):  # the next stranger ended it already
            self.broker.abort("stranger", epoch)

    # -- processes

    def _start(self, name: str) -> None:
        life = Process(name, self.broker, self.plan, self.rng, self.loop)
        link: Any = WireLink(life)
        beats = Heart(life.clock)
        life.watched = self._look_at
        layout, counts = self.installation.layout, self.installation.shards

        def make(id: ShardId) -> Owned:
            log = StateLog(link, layout.state(id.group), id.shard, layout.transactional_id(id), clock=life.clock)
            if id.group == ROLLUP:
                rollup, snapshot_s = Rollup(self.installation.rollup), self.rng.choice((1, 3))
                self._made.append(rollup)
                return RollupShard(rollup, log, layout, counts, encode, life, snapshot_s=snapshot_s, clock=life.clock)
            fold = ShardFold(id.group, id.shard, counts[id.group], self.fold)
            self._made.append(fold)
            outputs = Outputs(layout, id, counts, max(counts.values()))
            return Shard(outputs, fold, log, life.source, Options(), clock=life.clock, heart=beats)

        life.shards = Shards(layout, make, lambda *, patient=False: WireReader(link, patient=patient))
        self.lives.append(life)
        self.members.append(life)
        life.spawn(life.source.pump())
        self._rebalance.set()
        self._work.append(asyncio.ensure_future(self._replace(life)))

    def _look_at(self, view: RollupView) -> None:
        """Hold a publication that says that all is complete beside what had been sent by then."""
        ended, complete = 0, False
        for reading in view.readings:
            if reading.metric == "events_total" and reading.labels["kind"] not in OF_LEADS:
                ended += int(reading.value or 0)
            elif reading.metric == "complete":
                complete = reading.value == 1
        if complete:
            until_s = (view.as_of_ms - START_MS) / 1000 - UNCOUNTED_S
            sent = sum(self._sent_s(one) < until_s and one.tp.topic not in OF_LEADS for one in self.expected.sendings)
            if ended < sent:
                self.early.append(f"complete as of {until_s + UNCOUNTED_S:.1f} s with {ended} of {sent} records")

    async def _replace(self, life: Process) -> None:
        """Start a process anew when it ended, as a supervisor does."""
        await life.ended.wait()
        await self.loop.sleep(self.rng.uniform(0.2, 0.3 if self.plan.over else 1.2))
        if life.why != "over":
            self._start(life.name)

    async def _back(self, life: Process) -> None:
        """Join the group again, which went on without this member."""
        await self.loop.sleep(SESSION_S / 4)
        await life.gate()
        if life not in self.members:
            self.members.append(life)
            self._rebalance.set()

    # -- the consumer group

    async def _coordinate(self) -> None:
        while True:
            try:
                await asyncio.wait_for(self._rebalance.wait(), SESSION_S / 2)
            except TimeoutError:
                pass
            gone = [life for life in self.members if not life.alive or life.frozen]
            if not self._rebalance.is_set() and gone:
                await self.loop.sleep(SESSION_S * self.rng.random() * (0.2 if self.plan.over else 1))
            if self._rebalance.is_set() or any(not life.alive or life.frozen for life in gone):
                self._rebalance.clear()
                await self._share_out()

    async def _share_out(self) -> None:
        """Let all members commit, and give each its shards; who does not answer is a member no longer."""
        asked = {life.spawn(self._revoked(life)): life for life in self.members if life.alive}
        done, left = await asyncio.wait(asked, timeout=SESSION_S) if asked else (set(), set())
        for task in left:
            asked[task].spawn(self._back(asked[task]))
        self.members = [life for task, life in asked.items() if task in done and life.alive] + [
            life for life in self.members if life.alive and life not in asked.values()
        ]
        if not self.members:
            return
        self._generation += 1
        layout, counts = self.installation.layout, self.installation.shards
        topics = layout.assigned()
        hands = deal({group: counts.get(group, 1) for group in topics}, len(self.members))
        for life, hand in zip(self.members, hands, strict=True):
            place_of = {
                TopicPartition(topic, shard): layout.source_of(topic)
                for group, shards in hand.items()
                for shard in shards
                for topic in topics[group]
            }
            life.spawn(self._assigned(life, place_of, self._generation))

    async def _revoked(self, life: Process) -> None:
        await life.gate()
        async with life.turn:
            life.source.revoke()
            await life.shards.quiesce()

    async def _assigned(self, life: Process, place_of: dict[TopicPartition, tuple[str, str]], generation: int) -> None:
        await life.gate()
        async with life.turn:
            if life in self.members and generation == self._generation:
                life.source.assign(place_of)
                await life.shards.assign(place_of, generation)


def _noted(task: asyncio.Task[Any], context: Context | None) -> None:
    """Note a task with the process that it belongs to."""
    life = here.get(None) if context is None else context.get(here)
    if life is not None:
        life.own(task)
