"""Live: what an engine takes of a core while nothing comes, and at a steady rate; one engine after the other.

In:  a broker, an engine, a rate.
Out: % of a core idle and at the rate, peak memory, whether it has handled every event.

CPU is that of the process with all its threads, from outside. Events are the job's, each with the time at which it is sent.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from typing import Final

import numpy as np

from tests.bench import usage
from tests.bench.mix import KINDS
from tests.bench.peers import own, topics
from tests.bench.peers.engines import OWN, Engine
from tests.bench.peers.environments import NotHere
from tests.bench.peers.job import Job
from tests.bench.peers.program import Program
from tests.bench.site import Batches
from tests.integration.brokers import Broker

SETTLE_S: Final = 20.0  # what an engine starts, compiles and joins is over by then
IDLE_S: Final = 15.0
WARM_S: Final = 10.0
AFTER_S: Final = 90.0  # until everything must have been handled
TICK_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class Load:
    """What an engine took, in % of a core."""

    idle: float
    busy: float
    peak_mb: float


async def run(broker: Broker, engine: Engine, job: Job, rate: int, seconds: int) -> Load:
    """Let an engine idle, then feed it; raises NotHere where it does not keep up."""
    with ExitStack() as stack:
        name = f"{topics.PREFIX}live."
        if engine.name == OWN:
            here = stack.enter_context(own.installed(broker, name))
            worker = stack.enter_context(here.worker())
            await here.ready(worker)
            kinds, pid = list(KINDS), worker.process.pid
        else:
            assert engine.command is not None
            stack.callback(topics.drop, broker, name)
            topics.make(broker, [f"{name}all"])
            told = {"BROKER": broker.bootstrap, "TOPIC": f"{name}all", "EVENTS": rate * seconds, "LIVE": 1}
            program = stack.enter_context(Program(engine.command(), told | {"GROUP": f"{name}{time.time_ns()}"}))
            kinds, pid = ["all"], program.process.pid
        await asyncio.sleep(SETTLE_S)
        idle = await _taken(pid, IDLE_S)
        busy, peak_mb = await _feed(broker, name, kinds, job, rate, seconds, pid)
        if engine.name == OWN:
            await here.follow(worker, rate * seconds, AFTER_S)
        else:
            await asyncio.to_thread(program.run, rate * seconds, AFTER_S)
        return Load(idle, busy, peak_mb)


async def _taken(pid: int, seconds: float) -> float:
    """Give the % of a core that a process takes for some seconds."""
    stop = _since(pid)
    await asyncio.sleep(seconds)
    return stop()


def _since(pid: int) -> Callable[[], float]:
    try:
        began, before_s = time.monotonic(), usage.cpu_s(pid)
    except OSError:
        raise NotHere("it ended before the first event") from None

    def stop() -> float:
        try:
            return 100 * (usage.cpu_s(pid) - before_s) / (time.monotonic() - began)
        except (OSError, IndexError):
            raise NotHere("it ended early") from None

    return stop


async def _feed(
    broker: Broker, name: str, kinds: list[str], job: Job, rate: int, seconds: int, pid: int
) -> tuple[float, float]:
    """Send events evenly; give the % of a core once it is warm, and the peak memory.

    The last tick is sent when these are measured: programs end by it.
    """
    events = list(islice(job.records(), rate * seconds))
    stop: Callable[[], float] | None = None
    async with topics.producer(broker) as producer:
        batches = Batches(producer, name, kinds)
        began, sent, last = time.monotonic(), 0, len(events) - int(rate * TICK_S)
        while sent < last:
            await asyncio.sleep(TICK_S)
            passed_s = time.monotonic() - began
            if stop is None and passed_s > WARM_S:
                stop = _since(pid)
            upto = min(last, int(passed_s * rate))
            await _send(batches, kinds, events[sent:upto])
            sent = upto
        assert stop is not None
        busy, peak_mb = stop(), usage.memory_mb(pid)
        await _send(batches, kinds, events[last:])
        await batches.flush()
    return busy, peak_mb


async def _send(batches: Batches, kinds: list[str], events: list[tuple[int, topics.Event]]) -> None:
    now_ms = int(time.time() * 1000)
    stamp = np.datetime_as_string(np.datetime64(now_ms, "ms"), timezone="UTC").encode()
    for partition, event in events:
        kind = event.kind if event.kind in kinds else kinds[0]
        await batches.add(topics.stamped(event, stamp, now_ms)._replace(kind=kind), partition)
    await batches.send()
