"""Told: what running workers say of themselves over HTTP, and events of page views to be counted.

In:  an installation with workers of the real engine.
Out: gauges by their text; waits that end with what was seen last.
"""

from __future__ import annotations

import json
import sys
import time
import urllib.request
from collections.abc import Callable, Iterable
from typing import Any

from kafka import KafkaProducer
from kafka.partitioner import murmur2

from stream.contract.times import format_ms
from tests import patience
from tests.events import data_of, event
from tests.integration.brokers import free_port
from tests.integration.conftest import Site
from tests.integration.supervisor import Worker

WORKER = [sys.executable, "-m", "stream", "worker"]


class Told:
    """Workers of one installation, and what they show."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.ports: list[int] = []

    def worker(self, command: list[str] = WORKER, **settings: Any) -> Worker:
        """Start one more worker."""
        self.ports.append(free_port())
        own = {"LEADPULSE_HTTP": f"127.0.0.1:{self.ports[-1]}", **settings}
        started = Worker(command, {**self.site.settings, **own}, self.site.folder, f"t{len(self.ports)}")
        self.site.workers.append(started)
        return started

    def gauges(self, port: int | None = None) -> dict[str, float]:
        """Give the series of one worker, or of the one that shows the figures; nothing while nobody does."""
        for one in self.ports if port is None else [port]:
            try:
                text = urllib.request.urlopen(f"http://127.0.0.1:{one}/metrics", timeout=5).read().decode()
            except OSError:
                continue
            lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
            found = {name: float(value) for name, _, value in lines}
            if port is not None or "leadpulse_complete" in found:
                return found
        return {}

    def wait(self, what: str, ready: Callable[[dict[str, float]], bool], limit_s: float = 30) -> dict[str, float]:
        """Wait until the figures are as they should be."""
        until, found = patience.until(limit_s), {}
        while time.monotonic() < until:
            found = self.gauges()
            if found and ready(found):
                return found
            time.sleep(0.2)
        shown = {name: value for name, value in found.items() if name.startswith(SHOWN)}
        logs = "\n".join(f"--- {worker.name} {worker.exits}\n{worker.log()[-1500:]}" for worker in self.site.workers)
        raise AssertionError(f"{what}: not after {limit_s:.0f} s; {shown}\n{logs}")

    def close(self) -> None:
        """End the workers in order."""
        assert self.site.stop() == [0] * len(self.ports)


SHOWN = (
    "leadpulse_complete",
    "leadpulse_events_total",
    "leadpulse_page_views{",
    "leadpulse_source_lag",
    "leadpulse_as_of",
)


def page_view(number: int, time_ms: int, name: str = "e") -> tuple[bytes, bytes]:
    """Give key and value of a page view of a visitor of its own."""
    visitor = f"{name}-v{number}"
    data = data_of("page_view", visitor_id=visitor, site_id="shop")
    made = event("page_view", data, id=f"{name}{number}", time=format_ms(time_ms))
    return visitor.encode(), json.dumps(made).encode()


def produce(
    site: Site, kind: str, records: Iterable[tuple[bytes, bytes, int]], place: Callable[[bytes], int] | None = None
) -> int:
    """Send (key, value, record time in ms) and wait for their acknowledgement; give how many."""
    producer = KafkaProducer(bootstrap_servers=site.broker.bootstrap, acks="all", linger_ms=20)
    count = 0
    for key, value, at_ms in records:
        partition = (place or (lambda key: murmur2(key) & 0x7FFFFFFF))(key) % site.partitions
        producer.send(site.prefix + kind, key=key, value=value, partition=partition, timestamp_ms=at_ms)
        count += 1
    producer.flush()
    producer.close()
    return count


def now_ms() -> int:
    """Give the time of this machine, which is that of the broker."""
    return int(time.time() * 1000)


def views(gauges: dict[str, float], window: str) -> float:
    """Give the page views of a window over all labels."""
    return sum(
        value
        for name, value in gauges.items()
        if name.startswith("leadpulse_page_views{") and f'window="{window}"' in name
    )


def accounted(gauges: dict[str, float], outcome: str = "", kind: str = "page_view") -> float:
    """Give the records of a kind by where they ended."""
    wanted = f'kind="{kind}"', f'outcome="{outcome}' if outcome else ""
    return sum(
        value
        for name, value in gauges.items()
        if name.startswith("leadpulse_events_total{") and all(part in name for part in wanted)
    )
