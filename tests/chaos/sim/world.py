"""World: one run of the simulation: workers, their consumer group, a broker, and everything that happens to them.

In:  a seed; a mutant, if the protocol shall be a wrong one.
Out: what is not as it must be when all is quiet again; the same for the same seed, whatever ran before.

The shards, the rollup, their owner and the state log are the product's own. What is not: the broker, the transport and
the consumer group; time; and the catalog, of which a few metrics are enough to tell a wrong count.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from random import Random
from typing import Any, Final

from aiokafka import AIOKafkaProducer, TopicPartition

from stream import catalog
from stream.contract.readings import Reading
from stream.contract.results import encode
from stream.engine.groups import GROUPS, following
from stream.engine.options import FoldOptions
from stream.engine.shard import ShardFold
from stream.kafka.layout import ROLLUP, Layout, ShardId
from stream.kafka.state_log import StateLog
from stream.kafka.topic_plan import TopicPlan
from stream.rollup.rollup import Rollup, RollupOptions
from stream.worker import rollup_shard
from stream.worker.assignor import deal
from stream.worker.guards.failstop import die
from stream.worker.life import new_life
from stream.worker.outputs import Outputs
from stream.worker.owner import Owned, Shards
from stream.worker.rollup_shard import RollupShard
from stream.worker.shard import Shard
from tests.chaos.sim import clock, faults
from tests.chaos.sim.broker import Broker
from tests.chaos.sim.clients import Producer, WireLink, WireReader
from tests.chaos.sim.clock import START_MS, VirtualLoop, VirtualTime
from tests.chaos.sim.process import Process, died, here
from tests.chaos.sim.traffic import sendings
from tests.chaos.sim.verdict import FIGURES, LEAD_FIGURES, differences, settled
from tests.straight import Series

ROOMS: Final = ("stream.worker", "stream.kafka")
SESSION_S: Final = 2.0
SETTLES_S: Final = 60.0  # after the last fault everything is right within a minute


#: Runs in which people are followed cost five times as much: of the first ones they are one in five, later one in 25.
_OFTEN: Final = 1_000
#: Shards of runs in which people are followed.
FOLLOWED: Final = ({"emails": 1, "leads": 2}, {"visitors": 2, "leads": 1}, {"visitors": 1, "emails": 1, "leads": 2})


class Options:
    """The settings that a shard reads."""

    start, start_ms = "earliest", None
    commit_interval_s, inbox_bytes = 1.0, 20_000


class World:
    """One run."""

    def __init__(self, seed: int, plan: faults.Plan | None = None) -> None:
        """Take the faults of the seed, or those of a plan."""
        self.seed, self.looked_at = seed, 0
        self.rng = rng = Random(seed)
        self.loop = VirtualLoop()
        self.shards: dict[str, int] = rng.choice(
            ({"ads": 2}, {"visitors": 2}, {"emails": 2}, {"visitors": 1, "ads": 1}, {"emails": 1, "ads": 1})
        )
        self.followed = seed % (5 if seed < _OFTEN else 25) == 4  # shards tell others of people
        if self.followed:
            self.shards = FOLLOWED[seed % len(FOLLOWED)]
        self.layout = Layout("", [GROUPS[group] for group in self.shards])
        drawn = faults.planned(rng)
        self.plan = drawn if plan is None else plan
        configs = {spec.name: spec.configs for spec in TopicPlan(self.layout, self.shards).specs}
        self.broker = Broker(lambda: START_MS + round(self.loop.time() * 1000), configs)
        self.sendings = sendings(rng, self.shards)
        self.straight: dict[Series, Reading] | None = None  # what all comes to without any fault
        self.members: list[Process] = []
        self.lives: list[Process] = []
        self._wanted = rng.randrange(1, 4)
        self._generation = 0
        self._rebalance = asyncio.Event()

    # -- run

    def run(self) -> list[str]:
        """Run until all is quiet; give what is wrong."""
        virtual, lives = VirtualTime(self.loop), Random(self.seed)
        figures = (*FIGURES, *LEAD_FIGURES) if self.followed else FIGURES
        shown = tuple(metric for metric in catalog.METRICS if metric.name in figures)
        logging.disable(logging.CRITICAL)
        self.loop.set_exception_handler(lambda *_: None)  # tasks of the dead
        self.loop.set_task_factory(_noted)
        try:
            with clock.replaced(
                (catalog, "METRICS", shown),
                (catalog, "version", lambda: "simulated"),  # else worked out anew for each rollup
                (rollup_shard, "BEHIND_S", 1.0),  # nobody is spared by publishing less
                *clock.swaps_of("new_life", new_life, lambda: f"{lives.getrandbits(64):016x}", ROOMS),
                *clock.swaps_of("time", clock.time, virtual, ROOMS),
                *clock.swaps_of("die", die, died, ROOMS),
                *clock.swaps_of("AIOKafkaProducer", AIOKafkaProducer, Producer, ROOMS),
            ):
                return self.loop.run_until_complete(self._run())
        except clock.Standstill:
            return ["standstill: nobody waits for anything that could come"]
        finally:
            self.loop.close()
            logging.disable(logging.NOTSET)

    async def _run(self) -> list[str]:
        self._work = work = [asyncio.ensure_future(one) for one in (self._send(), self._harm(), self._coordinate())]
        for number in range(self._wanted):
            self._start(f"{number}")
        out = ["not settled a minute after the last fault"]
        try:
            await asyncio.wait(work[:2])
            until = self.loop.time() + SETTLES_S
            while self.loop.time() < until:
                await asyncio.sleep(0.5)
                if settled(self):
                    self.looked_at = 0
                    out = differences(self)
                    if not out:
                        break
            else:
                out += [f"{life.name} ended: {life.why}" for life in self.lives if not life.alive][-3:]
        finally:
            for life in self.lives:
                life.crash("over")
            left = asyncio.all_tasks() - {asyncio.current_task()}
            for task in left:
                task.cancel()
            await asyncio.wait(left, timeout=SETTLES_S)
        return out

    # -- what happens

    async def _send(self) -> None:
        for one in self.sendings:
            await asyncio.sleep(max(0.0, one.at_s - self.loop.time()))
            self.broker.append(one.tp, [(one.key, one.value, START_MS + round(self.loop.time() * 1000), ())])

    async def _harm(self) -> None:
        for at_s, what in self.plan.moments:
            await asyncio.sleep(max(0.0, at_s - self.loop.time()))
            self._do(what)
        await asyncio.sleep(max(0.0, faults.ENDS_S - self.loop.time()))
        self.plan.over = True

    def _do(self, what: str) -> None:
        rng, alive = self.rng, [life for life in self.lives if life.alive]
        self.plan.happened += 1
        if what == "rebalance":
            self._rebalance.set()
        elif what == "outage":
            self.plan.down_until = self.loop.time() + rng.choice((0.5, 0.5, 2, 2, 12))
        elif what == "compact":
            for group in self.shards:
                for shard in range(self.shards[group]):
                    self.broker.compact(TopicPartition(self.layout.state(group), shard))
            self.broker.compact(TopicPartition(self.layout.rollup, 0))
        elif what == "hang":
            self._hang(rng.choice(self.sendings).tp)
        elif alive:
            victim = rng.choice(alive)
            victim.crash("killed") if what == "crash" else victim.freeze(rng.uniform(1, 4))

    def _hang(self, tp: TopicPartition) -> None:
        """Let some other producer leave a transaction open for a while, and then take it back."""
        epoch = self.broker.fence("stranger")
        self.broker.write("stranger", epoch, tp, [(b"k", b"{}", START_MS, ())])
        self.loop.call_later(self.rng.uniform(0.5, 5), self.broker.abort, "stranger", epoch)

    # -- processes

    def _start(self, name: str) -> None:
        life = Process(name, self.broker, self.plan, self.rng)
        link: Any = WireLink(life)
        layout = self.layout

        def make(id: ShardId) -> Owned:
            log = StateLog(link, layout.state(id.group), id.shard, layout.transactional_id(id), clock=life.clock)
            if id.group == ROLLUP:
                told = tuple(group for group in self.shards if GROUPS[group].told_by)
                windows = None if self.followed else ("1h",)
                rollup = Rollup(RollupOptions(self.shards, windows=windows, label_limit=1_000, told=told))
                snapshot_s = self.rng.choice((1, 3))
                return RollupShard(
                    rollup, log, layout, self.shards, encode, life, snapshot_s=snapshot_s, clock=life.clock
                )
            fold = ShardFold(id.group, id.shard, self.shards[id.group], following(FoldOptions(), self.shards))
            outputs = Outputs(layout, id, self.shards, max(self.shards.values()))
            return Shard(outputs, fold, log, life.source, Options(), clock=life.clock)

        life.shards = Shards(layout, make, lambda *, patient=False: WireReader(link, patient=patient))
        self.lives.append(life)
        self.members.append(life)
        life.spawn(life.source.pump())
        life.spawn(self._stay(life))
        self._rebalance.set()
        self._work.append(asyncio.ensure_future(self._replace(life)))

    async def _replace(self, life: Process) -> None:
        """Start a process anew when it ended, as a supervisor does."""
        await life.ended.wait()
        await asyncio.sleep(self.rng.uniform(0.3, 2.0))
        if life.why != "over":
            self._start(life.name)

    async def _stay(self, life: Process) -> None:
        """Join the group again whenever it went on without this member."""
        while True:
            await asyncio.sleep(SESSION_S / 4)
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
                await asyncio.sleep(SESSION_S * self.rng.random())
            if self._rebalance.is_set() or any(not life.alive or life.frozen for life in gone):
                self._rebalance.clear()
                await self._share_out()

    async def _share_out(self) -> None:
        """Let all members commit, and give each its shards; who does not answer is a member no longer."""
        asked = {life.spawn(self._revoked(life)): life for life in self.members if life.alive}
        done, _ = await asyncio.wait(asked, timeout=SESSION_S) if asked else (set(), set())
        self.members = [life for task, life in asked.items() if task in done and life.alive] + [
            life for life in self.members if life.alive and life not in asked.values()
        ]
        if not self.members:
            return
        self._generation += 1
        topics = self.layout.assigned()
        hands = deal({group: self.shards.get(group, 1) for group in topics}, len(self.members))
        for life, hand in zip(self.members, hands, strict=True):
            place_of = {
                TopicPartition(topic, shard): self.layout.source_of(topic)
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


def _noted(loop: asyncio.AbstractEventLoop, coro: Coroutine[Any, Any, Any], **named: Any) -> asyncio.Task[Any]:
    """Make a task, and note it with the process that it belongs to."""
    task = asyncio.Task(coro, loop=loop, **named)
    context = named.get("context")
    life = here.get(None) if context is None else context.get(here)
    if life is not None:
        life.own(task)
    return task
