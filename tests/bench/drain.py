"""Drain: the main job. One worker works off a backlog of the standard mix on a real broker.

Run:  python -m tests.bench drain [--events N] [--visitors N] [--scattered]
Out:  events a second, CPU seconds per million events, events per CPU-second, peak memory; the same of a plain
      reader of the same topics in the same run, and the ratio.

Transactions are on, every shard commits each second, everything is counted, and the account at the end is exact or
the run fails. CPU is that of the worker process with all its threads, from the first restored shard (before
its first fold) to the publication that says that every record has ended.
"""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Final

import orjson

from tests.bench import usage
from tests.bench.mix import KINDS, Mix, Options
from tests.bench.site import Account, Site, site
from tests.integration.brokers import Broker
from tests.integration.supervisor import Worker, python

LIMIT_S: Final = 1_200.0


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
        """Print a table of one row."""
        print(f"{name}: {self.events / self.wall_s:,.0f} events/s over {self.wall_s:.1f} s")
        print(
            f"{name}: {self.cpu_s / self.events * 1e6:.2f} CPU seconds per million events, peak {self.peak_mb:.0f} MB"
        )


async def run(broker: Broker, options: Options) -> Figures:
    """Measure, check the account and print."""
    mix = Mix(options)
    loops = [usage.loop_ms()]
    with site(broker, "drain.") as here:
        began = time.monotonic()
        produced = await here.produce(mix)
        print(
            f"mix: {produced:,} records produced in {time.monotonic() - began:.0f} s, {options.visitors:,} visitors, ",
            end="",
        )
        print("their events scattered" if options.scattered else "in visits")
        figures, account = await _drain(here, produced)
        loops.append(usage.loop_ms())
        plain = _read(broker, produced)
        loops.append(usage.loop_ms())
    figures.show("leadpulse worker")
    print(f"events per CPU-second: {figures.per_cpu_s:.0f}")
    plain.show("plain aiokafka + orjson reader")
    print(f"plain aiokafka + orjson reader: {plain.per_cpu_s:.0f} events per CPU-second")
    print(f"ratio worker / plain reader: {figures.per_cpu_s / plain.per_cpu_s:.2f}")
    print(
        f"fixed loop: {' '.join(f'{ms:.1f}' for ms in loops)} ms before, between and after; below 20 on a quiet machine"
    )
    check(account, mix.uniques, produced)
    return figures


async def _drain(here: Site, produced: int) -> tuple[Figures, Account]:
    with here.worker() as worker:
        _first_restored(worker)
        pid = worker.process.pid
        began, used = time.monotonic(), usage.cpu_s(pid)
        account = Account()
        async for account in here.follow(worker, produced, LIMIT_S):  # noqa: B007 -- the last one is used
            wall_s, cpu_s = time.monotonic() - began, usage.cpu_s(pid) - used
        figures = Figures(produced, wall_s, cpu_s, usage.memory_mb(pid))
        until = time.monotonic() + 5  # the gauges follow the commit
        while (shown := sum(value for _, value in here.metrics()["leadpulse_events_total"])) != account.ended:
            if time.monotonic() > until:
                raise SystemExit(f"/metrics shows {shown:.0f} records, the result topic {account.ended}")
    return figures, account


def _first_restored(worker: Worker) -> None:
    """Wait until the first shard is about to read."""
    until = time.monotonic() + 60
    while " restored:" not in worker.log():
        if worker.exits or time.monotonic() > until:
            raise RuntimeError(f"the worker did not start:\n{worker.log()[-3000:]}")
        time.sleep(0.01)


def _read(broker: Broker, records: int) -> Figures:
    """Let the plain reader read the same topics."""
    command = [
        *python("-m"),
        "tests.bench.reader",
        broker.bootstrap,
        str(records),
        *(f"drain.{kind}" for kind in KINDS),
    ]
    done = subprocess.run(command, capture_output=True, check=True, timeout=LIMIT_S)
    got = orjson.loads(done.stdout)
    return Figures(got["records"], got["seconds"], got["cpu_s"], got["peak_mb"])


def check(account: Account, uniques: dict[str, int], produced: int) -> None:
    """Hold the account against what was produced; ends the run where it is not exact."""
    counted, duplicates = account.of("counted"), sum(account.of("duplicate").values())
    print(f"account: {sum(counted.values()):,} counted + {duplicates:,} duplicates = {produced:,} produced")
    if counted != uniques or sum(counted.values()) + duplicates != produced or account.error:
        sys.exit(f"not exact: counted {counted}, expected {uniques}, conservation error {account.error}")
