"""The real engine on a real broker: workers by the command line, traffic by the simulator, answers by the oracle.

In:  an installation.
Out: what differs between oracle, state, result topic and gauges; nothing, if all is well.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from itertools import islice
from typing import Any

import orjson
from aiokafka import AIOKafkaProducer
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError, KafkaTimeoutError
from kafka.partitioner import murmur2

from stream.demo.traffic import Options, Record, Traffic
from stream.reference.account import Expected, Window
from stream.reference.metrics import BOTH_KNOWN, LEAD_COSTS, SHIFTED, TIMES
from tests import patience
from tests.accounting import BY_ORIGIN, told_of
from tests.integration.brokers import free_port
from tests.integration.conftest import Site
from tests.integration.supervisor import Worker, exit_of
from tests.oracle import Judged, Raw, judge

WORKER = [sys.executable, "-m", "stream", "worker"]
PUBLISHED_WITHIN_S = 17  # of the last record, as long as a commit and the 15 s between two publications
KINDS = ("page_view", "form", "chatbot", "email", "ad")

Series = tuple[str, tuple[tuple[str, str], ...], str | None]

#: What has edges of its own, or is told by what the oracle does not know.
ELSEWHERE = SHIFTED | frozenset(BOTH_KNOWN) | frozenset(LEAD_COSTS) | frozenset(TIMES) | BY_ORIGIN


class Engine:
    """Real workers of one installation."""

    def __init__(self, site: Site) -> None:
        self.site = site
        site.settings |= {"LEADPULSE_CLOCK": "events", "LEADPULSE_LABEL_LIMIT": "1000"}
        self.ports: list[int] = []
        self.traffic: list[Options] = []  # that was sent
        self._latest: dict[bytes, bytes | None] = {}
        self._follower: KafkaConsumer | None = None

    def worker(self, command: Sequence[str] = WORKER, **settings: Any) -> Worker:
        """Start one more worker."""
        self.ports.append(free_port())
        own = {"LEADPULSE_HTTP": f"127.0.0.1:{self.ports[-1]}", **settings}
        started = Worker(command, {**self.site.settings, **own}, self.site.folder, f"e{len(self.ports)}")
        self.site.workers.append(started)
        return started

    def refused(self, **settings: Any) -> tuple[int, str]:
        """Start one more worker, which must end by itself; give its exit code and its log."""
        worker = self.worker(**settings)
        worker.restart = False
        told = exit_of(worker)
        self.site.workers.remove(worker)
        self.ports.pop()
        return told

    def produce(
        self, count: int, seed: int = 1, rate: float = 0, place: Callable[[bytes], int] | None = None,
        leads: bool = False,
    ) -> int:  # fmt: skip
        """Send about `count` records of the last two hours; with `rate` so many a second. Give how many."""
        hours_ms = 2 * 3_600_000
        start_ms = int(time.time() * 1000) - hours_ms
        options = Options(seed, start_ms, hours_ms, rate=count / (hours_ms / 1000), rhythm=False, leads=leads)
        self.traffic.append(options)
        return asyncio.run(self._send(Traffic(options), rate, place or (lambda key: murmur2(key) & 0x7FFFFFFF)))

    async def _send(self, records: Iterable[Record], rate: float, place: Callable[[bytes], int]) -> int:
        """Send records in their order, in batches a partition: a record at a time costs more than the engine."""
        producer = AIOKafkaProducer(bootstrap_servers=self.site.broker.bootstrap, acks="all", max_batch_size=1 << 19)
        await producer.start()
        sent, began, remaining = 0, time.monotonic(), iter(records)
        try:
            while chunk := list(islice(remaining, int(rate / 4) or 5_000)):
                batches: dict[tuple[str, int], list[Record]] = {}
                for record in chunk:
                    partition = 0 if record.key is None else place(record.key) % self.site.partitions
                    batches.setdefault((self.site.prefix + record.kind, partition), []).append(record)
                acks = []
                for (topic, partition), some in batches.items():
                    batch = producer.create_batch()
                    for record in some:
                        if batch.append(key=record.key, value=record.value, timestamp=record.time_ms) is None:
                            acks.append(await producer.send_batch(batch, topic, partition=partition))
                            batch = producer.create_batch()
                            batch.append(key=record.key, value=record.value, timestamp=record.time_ms)
                    acks.append(await producer.send_batch(batch, topic, partition=partition))
                for ack in acks:
                    await ack
                sent += len(chunk)
                if rate and (ahead_s := sent / rate - (time.monotonic() - began)) > 0:
                    await asyncio.sleep(ahead_s)
        finally:
            await producer.stop()
        return sent

    # -- what is on the broker

    def raw(self, kinds: Sequence[str] = KINDS) -> list[Raw]:
        """Give every record of the source topics."""
        found = []
        for kind in kinds:
            for record in self._read(self.site.prefix + kind):
                found.append(Raw(kind, record.partition, record.offset, record.timestamp, record.key, record.value))
        return found

    def readings(self) -> dict[Series, dict[str, Any]]:
        """Give the last reading of each key of the result topic; reads on from where it was."""
        consumer = self._follower
        if consumer is None:
            consumer = self._follower = self._consumer()
            consumer.assign([TopicPartition(self.site.layout.metrics, 0)])
            consumer.seek_to_beginning()
        (partition,) = consumer.assignment()
        end = consumer.end_offsets([partition])[partition]
        until = patience.until(20)
        while consumer.position(partition) < end:
            if time.monotonic() > until:  # a client that met the topic just before it was made anew may rest for ever
                raise KafkaTimeoutError(f"nothing comes of the {end - consumer.position(partition)} records there are")
            for records in consumer.poll(timeout_ms=500, max_records=20_000).values():
                for record in records:
                    self._latest[record.key] = record.value
        found = (orjson.loads(value) for value in self._latest.values() if value is not None)
        return {
            (reading["metric"], tuple(sorted(reading["labels"].items())), reading["window"]): reading
            for reading in found
        }

    def reconnect(self) -> None:
        """Follow the result topic anew: a client that found the port closed rests for long before it tries again."""
        if self._follower is not None:
            self._follower.close()
            self._follower = None

    def rows(self, group: str) -> Counter[bytes]:
        """Count the live keys of a group's state log by their first byte."""
        live: dict[tuple[int, bytes], bool] = {}
        for record in self._read(self.site.layout.state(group)):
            live[record.partition, record.key] = record.value is not None
        return Counter(key[:1] for (_, key), alive in live.items() if alive)

    def _read(self, topic: str) -> list[Any]:
        consumer = self._consumer()
        partitions = [TopicPartition(topic, p) for p in sorted(consumer.partitions_for_topic(topic) or ())]
        consumer.assign(partitions)
        ends = consumer.end_offsets(partitions)
        consumer.seek_to_beginning(*partitions)
        out: list[Any] = []
        until = patience.until(120)
        while any(consumer.position(tp) < ends[tp] for tp in partitions) and time.monotonic() < until:
            for records in consumer.poll(timeout_ms=500, max_records=20_000).values():
                out += records
        consumer.close()
        return out

    def _consumer(self) -> KafkaConsumer:
        return KafkaConsumer(
            bootstrap_servers=self.site.broker.bootstrap, isolation_level="read_committed", enable_auto_commit=False,
            auto_offset_reset="earliest", max_partition_fetch_bytes=4 << 20, fetch_max_bytes=32 << 20,
        )  # fmt: skip

    def gauges(self, having: str = "leadpulse_visitors{") -> dict[str, float]:
        """Give the series of whichever worker shows the business gauges, of which one is known."""
        for port in self.ports:
            try:
                text = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10).read().decode()
            except OSError:
                continue
            found = {}
            for line in text.splitlines():
                if not line.startswith("#"):
                    name, _, value = line.rpartition(" ")
                    found[name] = float(value)
            if any(name.startswith(having) for name in found):
                return found
        return {}

    # -- comparison

    def wait_accounted(self, count: int, limit_s: float = 300) -> None:
        """Wait until the account on the result topic holds all records, and the long windows were published."""
        logging.getLogger("kafka").setLevel(logging.ERROR)  # a busy machine makes it say much
        until = time.monotonic() + limit_s
        seen = -1
        while time.monotonic() < until:
            try:
                readings = self.readings()
            except KafkaError:  # a client that the broker left for long is not the one under test
                self.reconnect()
                readings = {}
            seen = sum(r["value"] for (metric, _, _), r in readings.items() if metric == "events_total")
            if seen >= count:
                return
            time.sleep(1)
        logs = "\n".join(f"--- {w.name} {w.exits}\n{w.log()[-1500:]}" for w in self.site.workers)
        raise AssertionError(f"{seen} of {count} records accounted for after {limit_s:.0f} s\n{logs}")

    def faults(self) -> list[str]:
        """Compare reference, result topic, gauges and state; the first differences as text.

        Windows over an hour are published each 15 s, so that readings and gauges have this long to become right.
        """
        judged = judge(self.raw())
        reference = told_of(judged)
        told = cache(lambda metric, window, span: reference.between(metric, Window(window, *span)))
        until = patience.until(PUBLISHED_WITHIN_S)
        while True:
            began = time.monotonic()
            readings = self.readings()
            out = self._account(judged, readings) + _figures_differ(reference.metrics(), told, readings)
            out += _gauges_differ(readings, self.gauges())
            if not out or began > until:
                break
            time.sleep(1)
        for group, prefix, sort in (("visitors", b"v", "person"), ("emails", b"m", "message")):
            rows, known = self.rows(group)[prefix], reference.units(sort)
            if rows != known:
                out.append(f"state has {rows} rows of the sort {sort}, the reference {known}")
        return out

    @staticmethod
    def _account(judged: Judged, readings: Mapping[Series, dict[str, Any]]) -> list[str]:
        places: Counter[tuple[str, str, str]] = Counter()
        for (metric, labels, _), reading in readings.items():
            if metric == "events_total":
                named = dict(labels)
                places[named["kind"], named["outcome"], named["reason"]] = reading["value"]
        out = [
            f"account {place}: oracle {judged.places[place]}, leadpulse {places[place]}"
            for place in sorted(places.keys() | judged.places.keys())
            if places[place] != judged.places[place]
        ]
        error = readings["conservation_error", (), None]["value"]
        return out + ([f"conservation error {error}"] if error else [])


def _spans(metrics: set[str], readings: Mapping[Series, dict[str, Any]]) -> dict[str, tuple[int, int]]:
    """Give the edges of each window: a reading that did not change was not published again, the newest edges hold."""
    spans: dict[str, tuple[int, int]] = {}
    for (metric, labels, window), reading in readings.items():
        own = metric in ELSEWHERE or metric not in metrics or _by_newest(metric, dict(labels))
        if window is not None and not own:
            span = _ms(reading["window_start"]), _ms(reading["window_end"])
            spans[window] = max(span, spans.get(window, span))
    return spans


def _figures_differ(
    metrics: set[str], told: Callable[[str, str, tuple[int, int]], Any], readings: Mapping[Series, dict[str, Any]]
) -> list[str]:
    """Hold readings beside what the reference says between their edges."""
    out, compared, spans = [], 0, _spans(metrics, readings)
    for (metric, labels, window), reading in readings.items():
        if window not in spans or metric in ELSEWHERE or metric not in metrics:
            continue
        if _by_newest(metric, dict(labels)):
            continue
        want = told(metric, window, spans[window]).get(labels, Expected(None))
        compared += 1
        if not _same(reading, want):
            out.append(f"{metric} {dict(labels)} {window}: reference {want}, leadpulse {reading['value']}")
    return out if compared >= 200 else [*out, f"only {compared} figures were compared"]


def _by_newest(metric: str, labels: Mapping[str, str]) -> bool:
    """Tell whether a reading may hold what lies after the newest counted event.

    What the rollup is told of such moments lies at that event (`Rollup.add`): arrivals, while a backlog is worked off,
    and records that were filtered. The account, which is compared whole, holds each of them.
    """
    return metric == "valid_event_ratio" or (metric == "traffic_events" and labels.get("class") != "human")


def _same(reading: Mapping[str, Any], want: Expected) -> bool:
    """Tell whether a reading says what it should; what is there on one side only says nothing."""
    sides = [(reading["value"], want.value)]
    if want.denominator is not None:
        sides = [(reading["numerator"], want.numerator), (reading["denominator"], want.denominator)]
    return all(abs((a or 0) - (b or 0)) <= 1e-9 * max(1, abs(b or 0)) for a, b in sides)


def _gauges_differ(readings: Mapping[Series, dict[str, Any]], gauges: Mapping[str, float]) -> list[str]:
    """Hold every reading on the topic beside the gauge that shows it."""
    out, matched = [], 0
    by_labels = {(_name(text), _labels(text)): value for text, value in gauges.items()}
    for (metric, labels, window), reading in readings.items():
        if window is None or reading["value"] is None:
            continue
        shown = by_labels.get((f"leadpulse_{metric}", frozenset({*labels, ("window", window)})))
        if shown is None or shown != reading["value"]:
            out.append(f"{metric} {dict(labels)} {window}: topic {reading['value']}, gauge {shown}")
        matched += 1
    if not matched:
        out.append("no gauge was found")
    return out


def _name(text: str) -> str:
    return text.partition("{")[0]


def _labels(text: str) -> frozenset[tuple[str, str]]:
    inside = text.partition("{")[2].rstrip("}")
    pairs = (pair.partition("=") for pair in inside.split('",') if pair)
    return frozenset((name, value.strip('"')) for name, _, value in pairs)


def _ms(text: str) -> int:
    from datetime import datetime

    return round(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)
