"""Process: one worker of the simulation; its shards, its place in the consumer group, its wire to the broker.

In:  assignments; a plan of faults that says at which request what happens.
Out: the shell's own shards at work; a crash, a frozen moment, a lost answer where the plan wants one.

A crash cancels every task of the process, and nothing that they still ask of the broker has an effect. A frozen
process asks nothing until it is thawed, and then goes on as if nothing had been.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Coroutine, Iterable, Mapping
from random import Random
from typing import Any, NoReturn

from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError, OffsetOutOfRangeError

from stream.kafka.clock import BrokerClock
from stream.kafka.fetch import Ends
from stream.serve.views import AlertsView, FollowedView, JudgedFigure, LetterView, PastView, RollupView, WorkerView
from stream.worker.inbox import Batch
from stream.worker.owner import Shards
from tests.chaos.sim.broker import Broker
from tests.chaos.sim.clock import Effect, VirtualLoop, skew_ms
from tests.chaos.sim.faults import REQUEST_S, Plan

here: contextvars.ContextVar[Process] = contextvars.ContextVar("here")


class Died(BaseException):
    """The process ended itself."""


class Process:
    """One incarnation of a worker."""

    def __init__(self, name: str, broker: Broker, plan: Plan, rng: Random, loop: VirtualLoop) -> None:
        self.name, self.broker, self.plan, self.rng, self.loop = name, broker, plan, rng, loop
        self.alive, self.frozen = True, False
        self.why = ""
        self.view: RollupView | None = None
        self.watched: Callable[[RollupView], None] = lambda view: None
        self.shards: Shards
        self.source = Source(self)
        self.ended = asyncio.Event()
        self.turn = asyncio.Lock()  # a client tells of one change of the group after the other
        self.clock = BrokerClock()
        self._tasks: list[asyncio.Task[Any]] = []  # in order: a set would go by addresses
        self._thawed = asyncio.Event()
        self._context = contextvars.copy_context()
        self._context.run(here.set, self)
        self._context.run(skew_ms.set, plan.skew_ms(name))

    # -- life

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Do something inside the process."""
        return self.loop.create_task(work, context=self._context)

    def own(self, task: asyncio.Task[Any]) -> None:
        """Note a task as one that ends with the process."""
        self._tasks.append(task)

    def crash(self, why: str) -> None:
        """End at once, as by SIGKILL."""
        if self.alive:
            self.alive, self.why = False, why
            for task in self._tasks:
                task.cancel()  # nothing for one that is done
            self._thawed.set()
            self.ended.set()

    def freeze(self, seconds: float) -> None:
        """Stand still for a while, as by SIGSTOP and SIGCONT."""
        if self.alive and not self.frozen:
            self.frozen = True
            self._thawed.clear()
            self.loop.call_later(seconds, self._thaw)

    def _thaw(self) -> None:
        self.frozen = False
        self._thawed.set()

    # -- the wire

    async def gate(self) -> None:
        """Wait as long as the process stands still; a dead one goes no further."""
        while self.frozen and self.alive:
            await self._thawed.wait()
        if not self.alive:
            raise asyncio.CancelledError

    async def call(self, effect: Effect) -> Any:
        """Carry one request to the broker, and whatever the plan wants to happen to it."""
        fault, began_s = self.plan.next(self.name), self.loop.time()
        await self.loop.until(began_s + (fault.delay_s if fault else 0.001 + 0.004 * self.rng.random()))
        if fault and fault.freeze_s:
            self.freeze(fault.freeze_s)
        if self.frozen or not self.alive:
            await self.gate()
        if self.plan.down_until > self.loop.time():
            await self._outage(began_s + REQUEST_S)
        if not fault:
            return effect()
        if fault.before:
            self._happen(fault.before)
        answer = effect()
        if fault.after:
            self._happen(fault.after)
        return answer

    async def _outage(self, until_s: float) -> None:
        """Wait for a broker that is away, as long as a request may take."""
        loop = self.loop
        while self.plan.down_until > loop.time():
            await loop.sleep(max(0.001, min(until_s, self.plan.down_until) - loop.time()))
            await self.gate()
            if loop.time() >= until_s:
                raise KafkaConnectionError("no answer")

    def _happen(self, what: str) -> NoReturn:
        if what == "crash":
            self.crash("killed by the plan")
            raise asyncio.CancelledError
        raise KafkaConnectionError("planned")

    # -- the exporter

    def show_rollup(self, view: RollupView | None) -> None:
        """Keep what the gauges would show."""
        self.view = view
        if view is not None:
            self.watched(view)

    def show_worker(self, view: WorkerView) -> None:
        """Nothing asks for it here."""

    def show_alerts(self, view: AlertsView) -> None:
        """Nor for this."""

    def show_judged(self, figures: tuple[JudgedFigure, ...]) -> None:
        """Nor for this."""

    def show_followed(self, view: FollowedView) -> None:
        """Nor for this."""

    def show_past(self, view: PastView) -> None:
        """Nor for this."""

    def wants_letters(self) -> bool:
        """Nobody looks."""
        return False

    def show_letters(self, letters: tuple[LetterView, ...]) -> None:
        """Nor for this."""


def died(where: str, why: BaseException | str, *, code: int = 70) -> NoReturn:
    """Stand in for the fail-stop: the process is no more."""
    here.get().crash(f"{where}: {why!r}")
    raise Died(where)


class Source:
    """In place of Faust's consumer: batches from the offsets that the shards ask for, some of them late."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._assigned: frozenset[TopicPartition] = frozenset()
        self._rebalancing = True
        self._next: dict[TopicPartition, tuple[int, int]] = {}
        self._held: set[TopicPartition] = set()
        self._epoch = 0
        self.place_of: dict[TopicPartition, tuple[str, str]] = {}  # partition → group, source

    def revoke(self) -> None:
        """A rebalance begins."""
        self._rebalancing = True
        self._next.clear()

    def assign(self, place_of: Mapping[TopicPartition, tuple[str, str]]) -> None:
        """A rebalance ends with these partitions."""
        self._rebalancing, self._assigned, self.place_of = False, frozenset(place_of), dict(place_of)
        self._next.clear()

    async def seek(self, offsets: Mapping[TopicPartition, int]) -> int | None:
        await self._process.gate()
        await asyncio.sleep(0)
        if self._rebalancing or not self._assigned.issuperset(offsets):
            return None
        self._epoch += 1
        self._next.update({tp: (self._epoch, offset) for tp, offset in offsets.items()})
        return self._epoch

    def hold(self, partitions: Iterable[TopicPartition]) -> None:
        self._held.update(partitions)

    def release(self, partitions: Iterable[TopicPartition]) -> None:
        self._held.difference_update(partitions)

    async def group_offsets(self, partitions: Iterable[TopicPartition]) -> Mapping[TopicPartition, int | None]:
        wanted = list(partitions)
        return await self._process.call(lambda: {tp: self._process.broker.offsets.get(tp) for tp in wanted})  # type: ignore[no-any-return]

    async def pump(self) -> None:
        """Fetch for ever and hand on; now and then so late that a rebalance came between."""
        process, rng, loop = self._process, self._process.rng, self._process.loop
        while True:
            await loop.sleep(0.1 + 0.3 * rng.random())
            if process.frozen or not process.alive:
                await process.gate()
            if process.plan.down_until > loop.time():
                continue
            batches, ends = self._fetched(), self._ends()
            if rng.random() < 0.1:
                await loop.sleep(rng.random())
                await process.gate()
            for batch in batches:
                process.shards.feed(batch)
            for tp, end in ends.items():
                process.shards.see_end(tp, end)
            if rng.random() < 0.2:
                self._advise()

    def _fetched(self) -> list[Batch]:
        out = []
        for tp, (epoch, start) in list(self._next.items()):
            if tp not in self._held:
                try:
                    records, place = self._process.broker.read(tp, start, self._process.rng.randrange(1, 40))
                except OffsetOutOfRangeError as error:
                    died("fetch", error)
                if place > start:
                    self._next[tp] = epoch, place
                    group, source = self.place_of[tp]
                    size = sum(len(record[3] or b"") for record in records)
                    out.append(Batch(group, tp.partition, source, epoch, start, place, records, size))
        return out

    def _ends(self) -> dict[TopicPartition, Ends]:
        found = {tp: self._process.broker.partition(tp) for tp in self._next}
        return {tp: Ends(partition.stable_end, partition.end) for tp, partition in found.items()}

    def _advise(self) -> None:
        """Write advisory offsets, now and then nonsense: nobody may believe them."""
        for tp, offset in self._process.shards.committed().items():
            lie = self._process.rng.random() < 0.2
            self._process.broker.offsets[tp] = self._process.rng.randrange(1_000) if lie else offset
