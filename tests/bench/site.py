"""Site: one installation on a real broker, with the real worker as a process of its own.

In:  a broker.
Out: topics, produced traffic, a worker, and what it has counted as the result topic says.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from urllib.request import urlopen

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from stream.engine.groups import GROUPS
from stream.ingest.route import partitions_of
from stream.kafka import topics
from stream.kafka.layout import Layout
from stream.kafka.security import Link
from tests.bench.mix import KINDS, Event, Mix
from tests.integration.brokers import Broker, free_port
from tests.integration.supervisor import Worker, python

PARTITIONS: Final = 12
BATCH_BYTES: Final = 64 << 10
_ROOT: Final = Path(__file__).resolve().parents[2]
_SAMPLE: Final = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$")
_LABEL: Final = re.compile(r'(\w+)="([^"]*)"')


@dataclass
class Account:
    """What became of records, as the worker tells."""

    ends: dict[tuple[str, str, str], int] = field(default_factory=dict)  # kind, outcome, reason
    error: float = 0.0  # accepted less counted, duplicate, filtered and dead-lettered

    def take(self, reading: dict[str, Any]) -> None:
        """Take over one reading."""
        if reading["metric"] == "conservation_error":
            self.error = reading["value"]
        else:
            labels = reading["labels"]
            self.ends[labels["kind"], labels["outcome"], labels["reason"]] = reading["value"]

    @property
    def ended(self) -> int:
        """Count the records that have ended somewhere."""
        return sum(self.ends.values())

    def of(self, outcome: str) -> dict[str, int]:
        """Count the records with an outcome by kind."""
        out = dict.fromkeys(KINDS, 0)
        for (kind, how, _), count in self.ends.items():
            out[kind] += count * (how == outcome)
        return out


class Site:
    """Topics with a prefix of their own, and at most one worker."""

    def __init__(
        self,
        broker: Broker,
        prefix: str,
        folder: Path,
        partitions: int = PARTITIONS,
        settings: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.broker, self.prefix, self.folder, self.partitions = broker, prefix, folder, partitions
        self.settings = settings
        self.link = Link((broker.bootstrap,))
        self.http = f"127.0.0.1:{free_port()}"
        topics.create(self.link, Layout(prefix, GROUPS.values()), partitions=partitions)

    @contextmanager
    def worker(self) -> Iterator[Worker]:
        """Run `leadpulse worker` with its defaults but for the site's settings; end it at the end."""
        settings = {
            "LEADPULSE_BROKERS": self.broker.bootstrap,
            "LEADPULSE_TOPIC_PREFIX": self.prefix,
            "LEADPULSE_HTTP": self.http,
            "LEADPULSE_DELIVERY": "exactly_once" if self.broker.transactions else "at_least_once",
            "LEADPULSE_COMMIT_INTERVAL": "1s",
            "PYTHONPATH": str(_ROOT),
            # as where it is installed: modules are compiled once, and not by each process that starts
            "PYTHONDONTWRITEBYTECODE": "",
            "PYTHONPYCACHEPREFIX": str(_ROOT / ".cache" / "bytecode"),
            **self.settings,
        }
        command = [*python("-m"), "stream", "worker"]
        worker = Worker(command, settings, self.folder, "worker", restart=False)
        try:
            yield worker
        finally:
            worker.stop()

    async def produce(self, mix: Mix) -> None:
        """Send records as fast as possible, in batches as busy producers make them."""
        shard_of = shards_of(mix.keys, self.partitions)
        async with self.producer() as producer:
            batches = Batches(producer, self.prefix)
            for event in mix:
                await batches.add(event, shard_of[event.key])
            await batches.flush()

    @asynccontextmanager
    async def producer(self) -> AsyncIterator[AIOKafkaProducer]:
        """Give a plain producer."""
        producer = AIOKafkaProducer(
            bootstrap_servers=self.broker.bootstrap, acks="all", max_batch_size=BATCH_BYTES, max_request_size=4 << 20
        )
        await producer.start()
        try:
            yield producer
        finally:
            await producer.stop()

    async def follow(self, worker: Worker, records: int, limit_s: float) -> Account:
        """Read the account on the result topic until so many records have ended."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.broker.bootstrap, isolation_level="read_committed", auto_offset_reset="earliest"
        )
        await consumer.start()
        try:
            tp = TopicPartition(f"{self.prefix}leadpulse.metrics", 0)
            consumer.assign([tp])
            await consumer.seek_to_beginning(tp)
            account, until = Account(), time.monotonic() + limit_s
            while account.ended < records:
                if worker.exits:
                    raise RuntimeError(f"the worker ended with code {worker.exits[-1]}:\n{worker.log()[-3000:]}")
                if time.monotonic() > until:
                    raise RuntimeError(f"{account} of {records} after {limit_s:.0f} s:\n{worker.log()[-3000:]}")
                for rows in (await consumer.getmany(tp, timeout_ms=100)).values():
                    for row in rows:
                        if row.key.startswith((b'["events_total"', b'["conservation_error"')) and row.value:
                            account.take(orjson.loads(row.value))
            return account
        finally:
            await consumer.stop()

    def metrics(self) -> dict[str, list[tuple[dict[str, str], float]]]:
        """Read /metrics: name → samples."""
        found: dict[str, list[tuple[dict[str, str], float]]] = defaultdict(list)
        for line in self.page("metrics").splitlines():
            sample = _SAMPLE.match(line)
            if sample is not None:
                found[sample[1]].append((dict(_LABEL.findall(sample[2] or "")), float(sample[3])))
        return found

    def page(self, name: str) -> str:
        """Read a page of the worker; raises OSError where it cannot be had."""
        with urlopen(f"http://{self.http}/{name}", timeout=10) as answer:
            return str(answer.read().decode())

    async def ready(self, worker: Worker, limit_s: float = 60) -> None:
        """Wait until the worker says that it is ready."""
        until = time.monotonic() + limit_s
        while time.monotonic() < until and not worker.exits:
            try:
                await asyncio.to_thread(self.page, "readyz")
                return
            except OSError:
                await asyncio.sleep(0.2)
        raise RuntimeError(f"the worker did not become ready:\n{worker.log()[-3000:]}")


@contextmanager
def site(
    broker: Broker, prefix: str, partitions: int = PARTITIONS, settings: Mapping[str, str] = MappingProxyType({})
) -> Iterator[Site]:
    """Make an installation, with a folder for the worker's output."""
    with tempfile.TemporaryDirectory(prefix="leadpulse-bench-") as folder:
        yield Site(broker, prefix, Path(folder), partitions, settings)


def shards_of(keys: Sequence[bytes], partitions: int = PARTITIONS) -> dict[bytes, int]:
    """Give the partition of each key, as producers with murmur2 choose it."""
    return dict(zip(keys, partitions_of([key.decode() for key in keys], partitions).tolist(), strict=True))


class Batches:
    """Record batches that fill up, one a partition."""

    def __init__(self, producer: AIOKafkaProducer, prefix: str, kinds: Sequence[str] = KINDS) -> None:
        self._producer = producer
        self._topics = {kind: f"{prefix}{kind}" for kind in kinds}
        self._open: dict[tuple[str, int], Any] = {}
        self._acks: list[asyncio.Future[Any]] = []

    async def add(self, event: Event, shard: int) -> None:
        """Append a record; send the batch that it does not fit into any more."""
        place = event.kind, shard
        batch = self._open.get(place)
        if batch is None:
            batch = self._open[place] = self._producer.create_batch()
        if batch.append(key=event.key, value=event.value, timestamp=event.arrival_ms) is None:
            await self._send(place)
            batch = self._open[place] = self._producer.create_batch()
            batch.append(key=event.key, value=event.value, timestamp=event.arrival_ms)

    async def send(self) -> None:
        """Send what there is."""
        for place in list(self._open):
            await self._send(place)

    async def flush(self) -> None:
        """Send what is left, and wait for all acknowledgements."""
        await self.send()
        await asyncio.gather(*self._acks)
        self._acks.clear()

    async def _send(self, place: tuple[str, int]) -> None:
        kind, shard = place
        self._acks.append(await self._producer.send_batch(self._open.pop(place), self._topics[kind], partition=shard))
