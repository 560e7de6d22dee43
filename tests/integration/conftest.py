"""One broker for all integration tests of a run, and workers that end with their test."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stream.engine.groups import GROUPS, chosen
from stream.kafka import topics
from stream.kafka.layout import Layout
from stream.kafka.security import Link
from tests import patience
from tests.integration import counted
from tests.integration.brokers import Broker, NoBroker
from tests.integration.shared import fresh_prefix, shared_broker
from tests.integration.supervisor import Worker, python

STANDIN = Path(__file__).with_name("standin.py")


@pytest.fixture(scope="session")
def any_broker() -> Broker:
    """Give the best broker that this machine can run."""
    return shared_broker()


@pytest.fixture(scope="session")
def broker(any_broker: Broker) -> Broker:
    """Give a broker with transactions."""
    if not any_broker.transactions:
        pytest.skip("needs a broker with transactions: a Docker daemon, or Java and Maven")
    return any_broker


@pytest.fixture(scope="session")
def embedded() -> Broker:
    """Give the embedded broker, which has no transactions."""
    try:
        return shared_broker("embedded")
    except NoBroker as error:
        pytest.skip(str(error))


class Site:
    """One installation on a broker: a topic prefix of its own, and its workers."""

    def __init__(
        self, broker: Broker, folder: Path, partitions: int, *, optional: bool = False, off: bool = False,
        **settings: Any,
    ) -> None:  # fmt: skip
        """Take `optional` for the topics that an installation may be without, `off` for none of leads."""
        self.broker, self.folder, self.partitions = broker, folder, partitions
        self.prefix = fresh_prefix("t")
        self.layout = Layout(self.prefix, GROUPS.values())
        self.link = Link((broker.bootstrap,))
        self.workers: list[Worker] = []
        self.settings = {
            "LEADPULSE_BROKERS": broker.bootstrap,
            "LEADPULSE_TOPIC_PREFIX": self.prefix,
            "LEADPULSE_SESSION_TIMEOUT": "6s",
            "LEADPULSE_LEADS": "off",  # oracle and stand-in follow nobody; who wants it says so
            "LEADPULSE_DELIVERY": "exactly_once" if broker.transactions else "at_least_once",
            "PYTHONPATH": str(Path(__file__).parents[2]),
            **settings,
        }
        made = Layout(self.prefix, chosen("off").values()) if off else self.layout
        topics.create(self.link, made, partitions=partitions, optional=optional)

    def worker(self, *, restart: bool = True, arguments: tuple[str, ...] = (), **settings: Any) -> Worker:
        """Start one more worker."""
        name = f"w{len(self.workers)}"
        started = Worker(
            [*python(STANDIN), *arguments], {**self.settings, **settings}, self.folder, name, restart=restart
        )
        self.workers.append(started)
        return started

    def produce(self, count: int, **options: Any) -> None:
        """Send known events and wait for their acknowledgement."""
        counted.produce(self.broker.bootstrap, self.prefix, count, **options)

    def wait_counted(self, count: int, limit_s: float = 60) -> None:
        """Wait until the result topic says that so many records were counted."""
        until = patience.until(limit_s)
        now = -1
        while time.monotonic() < until:
            now = counted.published(self.broker.bootstrap, self.prefix)
            if now >= count:
                return
            time.sleep(0.5)
        logs = "\n".join(f"--- {worker.name} {worker.exits}\n{worker.log()[-1500:]}" for worker in self.workers)
        raise AssertionError(f"{now} of {count} counted after {limit_s:.0f} s\n{logs}")

    def stop(self) -> list[int]:
        """End all workers in order; give their exit codes."""
        codes = [worker.stop() for worker in self.workers]
        self.workers = []
        return codes

    def faults(self) -> list[str]:
        """Compare everything with what should be there."""
        return counted.account(self.broker.bootstrap, self.prefix).faults()


@pytest.fixture
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., Site]]:
    """Make installations on the broker; their workers end with the test."""
    made: list[Site] = []

    def make(partitions: int = 3, on: Broker | None = None, **settings: Any) -> Site:
        broker = on or request.getfixturevalue("broker")
        made.append(Site(broker, tmp_path, partitions, **settings))
        return made[-1]

    yield make
    for one in made:
        for worker in one.workers:
            worker.stop(5)
