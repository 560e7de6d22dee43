"""Fixed: what a worker costs before anything is counted: idle, and at rates at which that is most of it.

Run:  python -m tests.bench fixed [--partitions N …] [--rates N …] [--each S]
Out:  for each number of shards the share of a core that one worker uses, idle and at each rate, with its commits a second.

The figure is CPU time of the whole process, all its threads, by the second; the broker is not in it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Final

from tests.bench import figures, usage
from tests.bench.mix import Mix, Options
from tests.bench.site import Batches, Site, shards_of, site
from tests.integration.brokers import Broker
from tests.integration.supervisor import Worker

PARTITIONS: Final = (4, 12, 48)
RATES: Final = (0, 1_000, 3_000)
#: A worker that has just begun is not idle yet: it compiles, restores and publishes all windows.
SETTLES_S: Final = 15.0
TICK_S: Final = 0.05
FIRST: Final = 4_000  # events that it has counted before anything is measured


async def run(broker: Broker, partitions: Sequence[int], rates: Sequence[int], seconds: int) -> None:
    """Measure and print, a line for each number of partitions and rate."""
    rows: list[dict[str, float]] = []
    for count in partitions:
        with site(broker, f"fixed{count}.", count) as here, here.worker() as worker:
            await here.ready(worker)
            mix = Mix(Options(events=FIRST, visitors=1_000))
            await here.produce(mix)
            await here.follow(worker, len(mix), 120)
            for rate in rates:
                rows.append(await _measure(here, worker, rate, seconds))
    figures.keep("fixed", {"rows": rows})


async def _measure(here: Site, worker: Worker, rate: int, seconds: int) -> dict[str, float]:
    sending = asyncio.create_task(_send(here, rate, 2 * int(SETTLES_S) + seconds)) if rate else None
    await asyncio.sleep(SETTLES_S)
    pid, before = worker.process.pid, _counted(here)
    began, used_s = time.monotonic(), usage.cpu_s(pid)
    await asyncio.sleep(seconds)
    wall_s, cpu_s = time.monotonic() - began, usage.cpu_s(pid) - used_s
    after = _counted(here)
    if sending is not None:
        await sending
    commits, records = ((now - then) / wall_s for now, then in zip(after[1:], before[1:], strict=True))
    at = f"{rate:,} events/s" if rate else "idle"
    print(
        f"fixed: {after[0]} shards, {at}: {cpu_s / wall_s:.1%} of a core, {commits:.1f} commits/s, "
        f"{records:,.0f} records/s folded; fixed loop {usage.loop_ms():.0f} ms"
    )
    return {"shards": after[0], "rate": rate, "core": cpu_s / wall_s, "commits_per_s": commits}


def _counted(here: Site) -> tuple[int, float, float]:
    """Give the number of shards, the rollup among them; their commits, and the records that they have folded."""
    found = here.metrics()
    commits = [value for _, value in found["leadpulse_shard_commits_total"]]
    records = [value for name, value in found["leadpulse_shard_records_total"] if name["group"] != "rollup"]
    return len(commits), sum(commits), sum(records)


async def _send(here: Site, rate: int, seconds: int) -> None:
    """Send events evenly."""
    mix = Mix(Options(events=rate * seconds, span_ms=seconds * 1_000))
    events, shard_of = list(mix), shards_of(mix.keys, here.partitions)
    async with here.producer() as producer:
        batches = Batches(producer, here.prefix)
        began, sent, ticks = time.monotonic(), 0, 0
        while sent < len(events):
            ticks += 1
            await asyncio.sleep(max(0.0, began + ticks * TICK_S - time.monotonic()))
            upto = min(len(events), int((time.monotonic() - began) * rate))
            for event in events[sent:upto]:
                await batches.add(event, shard_of[event.key])
            sent = upto
            await batches.send()
        await batches.flush()
