"""Latency: how long after it is produced an event shows in a gauge, under steady load.

Run:  python -m tests.bench latency [--rate N] [--seconds N]
Out:  p50, p95, p99 and the longest time from produce to gauge, in seconds.

Beside the standard mix at the given rate there are twelve sites that nobody else visits, each with a visitor in a
shard of its own who sees a page now and then. A page view of such a site is in the gauge when
`leadpulse_page_views{site=…,window="1h"}` on /metrics has come to its number: counting is in order within a shard.
Time runs from the moment at which the event is due (at most one tick before it is sent) to the scrape that shows it.
"""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from tests.bench import figures, usage
from tests.bench.mix import Event, Mix, Options
from tests.bench.site import PARTITIONS, Batches, Site, shards_of, site
from tests.integration.brokers import Broker

BAR_S: Final = 3.0
TICK_S: Final = 0.05
SCRAPE_S: Final = 0.2
PROBE_S: Final = 0.5  # between two page views of a probe
WARM_UP_S: Final = 20.0  # until caches are full and the broker is compiled

#: A year of windows for a dozen more sites is more than is kept where nobody says so.
_SETTINGS: Final = {"LEADPULSE_READINGS_LIMIT": "100000"}
_PROBE: Final = (
    b'{"specversion":"1.0","id":"%b-%d","source":"probe","type":"page_view","time":"%b","data":'
    b'{"site_id":"probe-%d","visitor_id":"%b","page":{"path":"/"}}}'
)
_SHOWN: Final = re.compile(r'^leadpulse_page_views\{site="probe-(\d+)",window="1h"\} (\S+)$', re.MULTILINE)


@dataclass(slots=True)
class Probes:
    """One visitor a shard: the moments at which its page views were due, and those at which each was shown."""

    keys: list[bytes]
    due_s: list[list[float]] = field(default_factory=lambda: [[] for _ in range(PARTITIONS)])
    shown_s: list[list[float]] = field(default_factory=lambda: [[] for _ in range(PARTITIONS)])

    def event(self, shard: int, due_s: float) -> Event:
        """Make the next page view of a shard's probe."""
        self.due_s[shard].append(due_s)
        key, now_ms = self.keys[shard], int(time.time() * 1000)
        stamp = np.datetime_as_string(np.datetime64(now_ms, "ms"), timezone="UTC").encode()
        return Event("page_view", key, _PROBE % (key, len(self.due_s[shard]), stamp, shard, key), now_ms)

    def see(self, shard: int, count: int) -> None:
        """Learn that the gauge of a shard's probe stands at a number now."""
        shown = self.shown_s[shard]
        shown += [time.monotonic()] * (count - len(shown))

    def latencies(self, since_s: float) -> list[float]:
        """Give the time from due to shown, for all that were due from a moment on."""
        taken: list[float] = []
        for due_s, shown_s in zip(self.due_s, self.shown_s, strict=True):
            taken += [shown - due for due, shown in zip(due_s, shown_s, strict=True) if due >= since_s]
        return sorted(taken)


async def run(broker: Broker, rate: int, seconds: int) -> None:
    """Measure and print."""
    loops_ms = [usage.loop_ms()]
    mix = Mix(Options(events=rate * seconds, span_ms=seconds * 1_000))
    events, shard_of = list(mix), shards_of(mix.keys)
    keys = {shard: key for key, shard in shards_of([b"probe%d" % number for number in range(200)]).items()}
    probes = Probes([keys[shard] for shard in range(PARTITIONS)])
    with site(broker, "latency.", settings=_SETTINGS) as here, here.worker() as worker:
        await here.ready(worker)
        watching = asyncio.create_task(_watch(here, probes))
        began, used_s = time.monotonic(), usage.cpu_s(worker.process.pid)
        await _pace(here, events, shard_of, probes, rate)
        wall_s, cpu_s = time.monotonic() - began, usage.cpu_s(worker.process.pid) - used_s
        until = time.monotonic() + 30
        while list(map(len, probes.due_s)) != list(map(len, probes.shown_s)):
            if time.monotonic() > until:
                raise SystemExit("latency: not every probe has come to a gauge within 30 s")
            await asyncio.sleep(0.1)
        watching.cancel()
    loops_ms.append(usage.loop_ms())
    taken_s = probes.latencies(began + WARM_UP_S)
    p50_s, p95_s, p99_s = (taken_s[int(len(taken_s) * q)] for q in (0.5, 0.95, 0.99))
    print(f"latency: {len(events) / wall_s:,.0f} events/s for {wall_s:.0f} s, worker at {cpu_s / wall_s:.0%} of a core")
    print(f"latency: {len(taken_s)} probes of {PARTITIONS} shards; fixed loop {usage.shown(loops_ms)}")
    print(
        f"produce to gauge: p50 {p50_s:.2f} s, p95 {p95_s:.2f} s, p99 {p99_s:.2f} s, longest {taken_s[-1]:.2f} s "
        f"(bar: p95 {BAR_S:.0f} s)"
    )
    found = {"p50_s": p50_s, "p95_s": p95_s, "p99_s": p99_s, "rate": rate, "core": cpu_s / wall_s}
    figures.keep("latency", found)


async def _pace(here: Site, events: list[Event], shard_of: dict[bytes, int], probes: Probes, rate: int) -> None:
    """Send events evenly, and probes among them."""
    async with here.producer() as producer:
        batches = Batches(producer, here.prefix)
        began, sent, ticks = time.monotonic(), 0, 0
        next_probe = [began + PROBE_S * shard / PARTITIONS for shard in range(PARTITIONS)]
        while sent < len(events):
            ticks += 1
            await asyncio.sleep(max(0.0, began + ticks * TICK_S - time.monotonic()))
            now = time.monotonic()
            upto = min(len(events), int((now - began) * rate))
            for event in events[sent:upto]:
                await batches.add(event, shard_of[event.key])
            sent = upto
            for shard in range(PARTITIONS):
                if next_probe[shard] <= now:
                    await batches.add(probes.event(shard, next_probe[shard]), shard)
                    next_probe[shard] += PROBE_S
            await batches.send()
        await batches.flush()


async def _watch(here: Site, probes: Probes) -> None:
    """Scrape as often as a patient person would press reload, and note what each gauge has come to.

    Only what is asked for is read: who makes sense of ten thousand lines five times a second sends nothing meanwhile.
    """
    while True:
        page = await asyncio.to_thread(here.page, "metrics")
        for shard, value in _SHOWN.findall(page):
            probes.see(int(shard), int(float(value)))
        await asyncio.sleep(SCRAPE_S)
