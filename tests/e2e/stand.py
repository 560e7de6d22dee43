"""The stand: a real worker on a real Kafka, with Prometheus, Alertmanager and a webhook around it.

In:  a broker, a folder.
Out: one installation with a past of four weeks, steady traffic beside it, and what was told to whom.

Everything is as rendered but the timings, which are seconds. The past says that site `shop` usually has 2,000
visitors an hour of whom 5 % become leads, and that page views and forms come in all the time.
"""

from __future__ import annotations

import itertools
import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from kafka import KafkaProducer

from stream.render import rules
from stream.render.alerts import servers
from stream.render.alerts.companions import EVENTS
from stream.render.alerts.promql import WEEKS, Timings
from stream.render.alerts.ratios import SUCCESSES, TRIALS
from stream.render.yaml import document
from tests.e2e import backfill
from tests.e2e.prometheus import Prometheus, Server, Webhook, alertmanager, prometheus, wait_until, webhook
from tests.events import data_of, event
from tests.integration.brokers import Broker, free_port
from tests.integration.conftest import Site
from tests.integration.supervisor import Worker

WORKER = [sys.executable, "-m", "stream", "worker"]
RATIO = "visit_to_lead_ratio"
ALERT = "LeadpulseVisitToLeadRatioDrop"

#: Seconds where operators have minutes.
TIMINGS = Timings(interval="2s", hold="6s", keep="4s", silences=("30s",), down_for="6s", silent_for="4s")

VISITORS, LEADS = 2_000, 100
#: Records a second of the traffic beside, by kind.
BESIDE = {"page_view": 5.0, "form": 2.0}
HOUR_S, WEEK_S = 3_600, 604_800


@dataclass(slots=True)
class Stand:
    """One installation under watch."""

    site: Site
    folder: Path
    prometheus: Prometheus
    alertmanager: Server
    webhook: Webhook
    producer: Any
    ports: list[int] = field(default_factory=list)
    #: kinds of the traffic beside that are sent
    beside: set[str] = field(default_factory=lambda: set(BESIDE))
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def worker(self, *, restart: bool = False) -> Worker:
        """Start one more worker."""
        self.ports.append(free_port())
        settings = {**self.site.settings, "LEADPULSE_HTTP": f"127.0.0.1:{self.ports[-1]}"}
        started = Worker(WORKER, settings, self.folder, f"worker-{len(self.ports)}", restart=restart)
        self.site.workers.append(started)
        return started

    def watch(self, *ports: int) -> None:
        """Let Prometheus scrape the workers on these ports."""
        targets = [{"targets": [f"127.0.0.1:{port}" for port in ports], "labels": {}}]
        (self.folder / "targets.json").write_text(json.dumps(targets))

    def send(self, kind: str, site: str, visitor: str, at_s: float | None = None, **data: Any) -> None:
        """Produce one event."""
        number = next(self._numbers)
        moment = datetime.fromtimestamp(time.time() if at_s is None else at_s, UTC)
        body = event(
            kind, data_of(kind, site_id=site, visitor_id=visitor, **data), id=f"e{number}",
            time=moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        )  # fmt: skip
        self.producer.send(f"{self.site.prefix}{kind}", key=visitor.encode(), value=json.dumps(body).encode())

    def visits(self, name: str, count: int, leads: int, spread_s: float = 0) -> None:
        """Produce visitors of the shop, the first `leads` of whom submit a form, spread over the last seconds."""
        now = time.time() - 5
        for i in range(count):
            at_s = now - spread_s * i / count
            self.send("page_view", "shop", f"{name}-{i}", at_s)
            if i < leads:
                self.send("form", "shop", f"{name}-{i}", at_s, submission_id=f"{name}-{i}")
        self.producer.flush(60)

    def trickle(self, stop: threading.Event) -> None:
        """Produce the traffic beside, of another site, until told to stop."""
        owed = dict.fromkeys(BESIDE, 0.0)
        while not stop.wait(0.2):
            for kind in sorted(self.beside):
                owed[kind] += BESIDE[kind] * 0.2
                while owed[kind] >= 1:
                    owed[kind] -= 1
                    action = {"action": "view"} if kind == "form" else {}
                    self.send(kind, "side", f"s{next(self._numbers)}", **action)

    def value(self, expr: str) -> float | None:
        """Give the only value of an expression."""
        found = self.prometheus.instant(expr)
        return float(found[0]["value"][1]) if found else None

    def told(self, name: str, status: str, since_s: float, limit_s: float) -> float:
        """Wait until the webhook was told of an alert; give the seconds since a moment (monotonic)."""

        def at() -> float | None:
            return next(
                (t for t, said, labels, _ in list(self.webhook.told)
                 if said == status and labels["alertname"] == name and t >= since_s), None,
            )  # fmt: skip

        moment: float = wait_until(at, limit_s, f"{name} {status}; told: {self.since(since_s)}")
        return moment - since_s

    def since(self, moment_s: float) -> set[str]:
        """Name the alerts that were told as firing since a moment."""
        told = list(self.webhook.told)
        return {labels["alertname"] for t, said, labels, _ in told if said == "firing" and t >= moment_s}

    def settle(self) -> None:
        """Wait until nothing fires any more and that was told for every window."""
        wait_until(lambda: not self.prometheus.firing(), 120, "nothing fires", 1)
        time.sleep(6)


def past(data: Path, now_s: int, minutes: int = 30) -> None:
    """Write what the same hours of four weeks held, as the recording rules would have recorded it."""

    def stretches(shifts: tuple[int, ...], step_s: int) -> list[int]:
        begins = sorted(now_s - week * WEEK_S + shift * HOUR_S - 120 for week in WEEKS for shift in shifts)
        return [begin + at for begin in begins for at in range(0, minutes * 60 + 120, step_s)]

    times = stretches((0,), 15)
    level = np.ones(len(times), np.int64)
    backfill.write(
        [
            backfill.Column(f'{record}{{ratio="{RATIO}",site="shop",window="{window.name}"}}', level * value)
            for window in TIMINGS.windows
            for record, value in ((SUCCESSES, LEADS), (TRIALS, VISITORS))
        ],
        times, data,
    )  # fmt: skip
    times = stretches((-1, 0, 1), 5)
    since = np.asarray(times) - times[0]
    backfill.write(
        [backfill.Column(f'{EVENTS}{{kind="{kind}"}}', since * rate) for kind, rate in BESIDE.items()], times, data
    )


@contextmanager
def stand(broker: Broker, folder: Path) -> Iterator[Stand]:
    """Set everything up; no worker runs yet."""
    site = Site(broker, folder, 3)
    (folder / "data").mkdir()
    past(folder / "data", int(time.time()))
    files = {Path(path).name: text for path, text in rules.render(TIMINGS).items() if "/rules/" in path}
    with ExitStack() as stack:
        hook = stack.enter_context(webhook())
        told = stack.enter_context(alertmanager(folder, document(servers.alertmanager(hook.url, wait="1s"))))
        config = servers.prometheus(TIMINGS.interval, (), told.url.removeprefix("http://"))
        config["global"]["scrape_interval"] = "2s"
        config["rule_files"] = ["leadpulse-*.yml"]
        config["scrape_configs"] = [
            {"job_name": "leadpulse", "file_sd_configs": [{"files": ["targets.json"], "refresh_interval": "1s"}]}
        ]
        (folder / "targets.json").write_text("[]")
        server = stack.enter_context(prometheus(folder, document(config), files, ["--rules.alert.resend-delay=2s"]))
        producer = KafkaProducer(bootstrap_servers=broker.bootstrap, linger_ms=50, acks="all")
        stack.callback(producer.close, 5)
        made = Stand(site, folder, server, told, hook, producer)
        stop = threading.Event()
        beside = threading.Thread(target=made.trickle, args=(stop,), daemon=True)
        beside.start()
        try:
            yield made
        finally:
            stop.set()
            beside.join(5)
            for worker in site.workers:
                worker.stop(10)
