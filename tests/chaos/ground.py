"""Ground: an installation on a real broker, under load; and how long it takes until all is right again.

In:  a broker, settings.
Out: workers with a supervisor, known events, and what the four witnesses differ in.
"""

from __future__ import annotations

import itertools
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.chaos.outcome import NotHere
from tests.integration.brokers import Broker, NoBroker, choose_broker
from tests.integration.conftest import Site
from tests.integration.engine import Engine

_seeds = itertools.count(101)


class Load:
    """Events on their way, in a thread of their own."""

    def __init__(self, engine: Engine, count: int, rate: float, **how: Any) -> None:
        self._sent: list[int] = []
        seed = next(_seeds)
        self._thread = threading.Thread(
            target=lambda: self._sent.append(engine.produce(count, seed=seed, rate=rate, **how)), daemon=True
        )
        self._thread.start()

    def runs(self) -> bool:
        """Tell whether it goes on."""
        return self._thread.is_alive()

    def join(self) -> int:
        """Wait until all is acknowledged; give how many records there were."""
        self._thread.join(900)
        if not self._sent:
            raise RuntimeError("the events were not acknowledged")
        return self._sent[0]


class Field:
    """One installation."""

    def __init__(self, site: Site, workers: int) -> None:
        self.site, self.engine, self.sent = site, Engine(site), 0
        for number in range(workers):
            self.engine.worker(LEADPULSE_INSTANCE_ID=f"w{number}")

    @property
    def workers(self) -> list[Any]:
        return self.site.workers

    def load(self, count: int, rate: float = 0) -> Load:
        """Begin to send events."""
        return Load(self.engine, count, rate)

    def wait_owned(self, limit_s: float = 60) -> None:
        """Wait until every worker is ready."""
        until = time.monotonic() + limit_s
        while not all(_ready(port) for port in self.engine.ports):
            if time.monotonic() > until:
                raise RuntimeError("\n".join(worker.log()[-1_000:] for worker in self.workers))
            time.sleep(0.3)

    def shown(self) -> dict[str, float]:
        """Give the gauges of the worker that shows the account; none if nobody does."""
        return self.engine.gauges("leadpulse_events_total{")

    def right_again(self, load: Load, limit_s: float = 150) -> float:
        """Wait until the gauges account for every record and say so; give the seconds from now, less what load took."""
        self.sent += load.join()
        began = time.monotonic()
        while (waited_s := time.monotonic() - began) < limit_s:
            gauges = self.shown()
            ended = sum(value for name, value in gauges.items() if name.startswith("leadpulse_events_total"))
            if ended >= self.sent and gauges.get("leadpulse_complete") == 1:
                return waited_s
            time.sleep(0.3)
        return waited_s

    def differences(self) -> list[str]:
        """Say where state, reference, result topic and gauges differ; the last lines of the logs if they do."""
        try:
            self.engine.wait_accounted(self.sent, 60)
            found = self.engine.faults()
        except AssertionError as error:
            found = [str(error)]
        logs = [f"{worker.name} {worker.exits}: {worker.log()[-400:]}" for worker in self.workers] if found else []
        return [*found[:5], *logs]


def _ready(port: int) -> bool:
    try:
        return bool(urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5).status == 200)
    except OSError:
        return False


class Ground:
    """What scenarios stand on: a broker for all that leave it alone, one of its own for those that do not."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._broker: Broker | None = None
        self._folder = Path(tempfile.mkdtemp(prefix="leadpulse-chaos-"))
        self._numbers = itertools.count(1)

    def close(self) -> None:
        """Stop the broker."""
        self._stack.close()

    def broker(self) -> Broker:
        """Give the broker that scenarios share."""
        if self._broker is None:
            self._broker = self._stack.enter_context(_transactional())
        return self._broker

    @contextmanager
    def own_broker(self, **how: str) -> Iterator[Broker]:
        """Run a broker for one scenario."""
        with _transactional(**how) as broker:
            yield broker

    @contextmanager
    def field(
        self, workers: int = 2, partitions: int = 3, on: Broker | None = None, **settings: Any
    ) -> Iterator[Field]:
        """Make an installation, whose workers end with the scenario."""
        folder = self._folder / str(next(self._numbers))
        folder.mkdir()
        field = Field(Site(on or self.broker(), folder, partitions, **settings), workers)
        try:
            yield field
        finally:
            for worker in field.workers:
                worker.stop(10)


@contextmanager
def _transactional(**how: str) -> Iterator[Broker]:
    try:
        with choose_broker("kafka", **how) as broker:
            yield broker
    except NoBroker as error:
        raise NotHere(f"needs Java, and Maven or the jars of Kafka: {error}") from None
