"""Drain: the main job. One worker works off a backlog of the standard mix on a real broker.

Run:  python -m tests.bench drain [--events N] [--visitors N] [--scattered]
Out:  events a second, CPU seconds per million events, events per CPU-second, peak memory; the same of a plain
      reader of the same topics in the same run, and the ratio.

Transactions are on, every shard commits each other second as long as it has much to read, everything is counted, and
the account at the end is exact or the run fails. CPU is that of the worker process with all its threads, from the
first restored shard (before its first fold) to the publication that says that every record has ended.
"""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Final

import orjson

from tests.bench import figures, usage
from tests.bench.mix import KINDS, Mix, Options
from tests.bench.site import Account, Site, site
from tests.integration.brokers import Broker
from tests.integration.supervisor import Worker, python

LIMIT_S: Final = 1_200.0
START_S: Final = 180.0  # a busy machine takes its time


@dataclass(frozen=True, slots=True)
class Figures:
    """What a process needed for a number of events."""

    events: int
    wall_s: float
    cpu_s: float
    peak_mb: float

    @property
    def per_cpu_s(self) -> float:
        """Give the events per CPU-second."""
        return self.events / self.cpu_s

    def show(self, name: str) -> None:
        """Print what a process needed."""
        million_s = self.cpu_s / self.events * 1e6
        print(f"{name}: {self.events / self.wall_s:,.0f} events/s over {self.wall_s:.1f} s")
        print(f"{name}: {million_s:.2f} CPU seconds per million events, peak memory {self.peak_mb:.0f} MB")


async def run(broker: Broker, options: Options) -> None:
    """Measure, check the account and print."""
    mix = Mix(options)
    loops_ms = [usage.loop_ms()]
    with site(broker, "drain.") as here:
        began = time.monotonic()
        await here.produce(mix)
        made_s = time.monotonic() - began
        how = "their events scattered" if options.scattered else "in visits"
        print(f"mix: {len(mix):,} records of {options.visitors:,} visitors, {how}; made and sent in {made_s:.0f} s")
        worker, account = await _drain(here, len(mix))
        loops_ms.append(usage.loop_ms())
        plain = _read(here, len(mix))
        loops_ms.append(usage.loop_ms())
    worker.show("leadpulse worker")
    print(f"events per CPU-second: {worker.per_cpu_s:.0f}")
    plain.show("plain aiokafka + orjson reader")
    print(f"plain aiokafka + orjson reader: {plain.per_cpu_s:.0f} events per CPU-second")
    print(f"ratio worker / plain reader: {worker.per_cpu_s / plain.per_cpu_s:.2f}")
    print(f"fixed loop: {usage.shown(loops_ms)} before, between and after; the busier the machine, the longer")
    check(account, mix.uniques, len(mix))
    found = {
        "events": len(mix),
        "per_cpu_s": worker.per_cpu_s,
        "per_s": worker.events / worker.wall_s,
        "peak_mb": worker.peak_mb,
        "reader_per_cpu_s": plain.per_cpu_s,
    }
    figures.keep("drain scattered" if options.scattered else "drain", found)


async def _drain(here: Site, records: int) -> tuple[Figures, Account]:
    """Start a worker and wait until it has counted everything, on the topic and in its gauges."""
    with here.worker() as worker:
        ready(worker)
        pid = worker.process.pid
        began, used_s = time.monotonic(), usage.cpu_s(pid)
        account = await here.follow(worker, records, LIMIT_S)
        wall_s, cpu_s = time.monotonic() - began, usage.cpu_s(pid) - used_s
        figures = Figures(records, wall_s, cpu_s, usage.memory_mb(pid))
        until = time.monotonic() + 5  # the gauges follow the commit
        while (shown := sum(value for _, value in here.metrics()["leadpulse_events_total"])) != account.ended:
            if time.monotonic() > until:
                sys.exit(f"/metrics shows {shown:.0f} records, the result topic {account.ended}")
    return figures, account


def ready(worker: Worker) -> None:
    """Wait until all shards are about to read, or have just begun."""
    until = time.monotonic() + START_S
    while "ready: " not in worker.log():
        if worker.exits or time.monotonic() > until:
            raise RuntimeError(f"the worker did not start:\n{worker.log()[-3000:]}")
        time.sleep(0.01)


def _read(here: Site, records: int) -> Figures:
    """Let the plain reader read the same topics."""
    topics = [f"{here.prefix}{kind}" for kind in KINDS]
    command = [*python("-m"), "tests.bench.reader", here.broker.bootstrap, str(records), *topics]
    done = subprocess.run(command, capture_output=True, check=True, timeout=LIMIT_S)
    got = orjson.loads(done.stdout)
    return Figures(got["records"], got["seconds"], got["cpu_s"], got["peak_mb"])


def check(account: Account, uniques: dict[str, int], records: int) -> None:
    """Hold the account against what was produced; ends the run where it is not exact."""
    counted, duplicates = account.of("counted"), sum(account.of("duplicate").values())
    print(f"account: {sum(counted.values()):,} counted + {duplicates:,} duplicates = {records:,} produced")
    if counted != uniques or sum(counted.values()) + duplicates != records or account.error:
        sys.exit(f"not exact: counted {counted}, expected {uniques}, conservation error {account.error}")
