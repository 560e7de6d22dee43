"""Topics of others on a real Kafka: any partition count, any key, each item exactly once, and an account that closes."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pytest
from aiokafka import AIOKafkaProducer
from kafka import KafkaConsumer, KafkaProducer
from kafka.admin import NewTopic

from stream.engine.groups import chosen, mapping
from stream.kafka import topics, whole_log
from stream.kafka.layout import Layout
from tests import patience
from tests.integration.conftest import Site
from tests.integration.engine import Engine

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

KEY = "k" * 32
FIELDS = """
preset = "fields"
name = "views"
site = "acme"
topics = ["{prefix}views"]
each = "."
[[event]]
kind = "page_view"
when = {{ kind = "VIEW" }}
id = "id"
time = "at"
time_unit = "ms"
visitor_id = "who"
page.path = "path"
"""
PRESET = """
preset = "{preset}"
site = "acme"
topics = ["{prefix}{preset}*"]
"""


class Vendors:
    """Three topics of others, with partition counts and keys that are not ours; what was sent, and what it is."""

    def __init__(self, engine: Engine, folder: Path, counts: dict[str, int]) -> None:
        self.engine, self.prefix, self.counts = engine, engine.site.prefix, counts
        self.sent: Counter[str] = Counter()
        (folder / "defs").mkdir()
        (folder / "defs" / "views.toml").write_text(FIELDS.format(prefix=self.prefix))
        for preset in ("segment", "sendgrid"):
            (folder / "defs" / f"{preset}.toml").write_text(PRESET.format(prefix=self.prefix, preset=preset))
        engine.site.settings |= {"LEADPULSE_SOURCES": folder / "defs", "LEADPULSE_EMAIL_HASH_KEY": KEY}
        with topics.admin(engine.site.link) as client:
            client.create_topics(
                [NewTopic(self.prefix + name, n, 1) for name, n in counts.items()], wait_for_metadata=True
            )
        mapped = mapping((self.prefix + name for name in counts), chosen("off"))
        self.layout = Layout(self.prefix, mapped.values())
        topics.create(engine.site.link, self.layout, partitions=engine.site.partitions)
        self._producer = KafkaProducer(bootstrap_servers=engine.site.broker.bootstrap, acks="all", linger_ms=20)
        self._rng = random.Random(3)

    def send(self, count: int, first: int = 0) -> None:
        """Send about so many records to each topic, under keys that say nothing of who it is of."""
        now_ms = int(time.time() * 1_000) - 3_600_000
        for i in range(first, first + count):
            self._send("views", self._views(i, now_ms), "views")
            self._send("segment", self._segment(i, now_ms), "segment")
            self._send("sendgrid", self._sendgrid(i, now_ms), "sendgrid")
        self._producer.flush(180)

    def _send(self, topic: str, value: Any, source: str) -> None:
        raw = value if isinstance(value, bytes) else orjson.dumps(value)
        self._producer.send(self.prefix + topic, key=b"k%d" % self._rng.randrange(99), value=raw)

    def _views(self, i: int, now_ms: int) -> Any:
        if i % 50 == 7:
            self.sent["views dead_lettered"] += 1
            return b"{"
        views = [
            {"kind": "VIEW", "id": f"{i}-{n}", "at": now_ms + i, "who": f"v{i % 997}", "path": "/"}
            for n in range(i % 3)
        ]
        other = [{"kind": "SCROLL"}] * (i % 5 == 1)
        self.sent["views mapped"] += len(views)
        self.sent["views unmapped"] += len(other)
        self.sent["page_view"] += len(views)
        return [*views, *other]

    def _segment(self, i: int, now_ms: int) -> Any:
        time_said = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now_ms / 1_000))
        call = {
            "messageId": f"m{i}",
            "anonymousId": f"v{i % 997}",
            "timestamp": time_said,
            "userId": f"u{i}@acme.example",
        }
        match i % 10:
            case 0:
                self.sent["segment ignored"] += 1
                return {**call, "type": "identify"}
            case 1:
                self.sent["segment unmapped"] += 1
                return {**call, "type": "track", "event": "Clicked"}
            case 2 | 3:
                self.sent["segment mapped"] += 1
                self.sent["form"] += 1
                return {**call, "type": "track", "event": "Signed Up"}
        self.sent["segment mapped"] += 1
        self.sent["page_view"] += 1
        return {**call, "type": "page", "context": {"page": {"path": "/pricing"}}}

    def _sendgrid(self, i: int, now_ms: int) -> Any:
        post = [
            {"event": event, "sg_event_id": f"{event}{i}", "sg_message_id": f"m{i}", "email": f"p{i % 499}@acme.example",
             "timestamp": now_ms // 1_000}
            for event in ("processed", "delivered", "inbound")
        ]  # fmt: skip
        self.sent["sendgrid mapped"] += 2
        self.sent["sendgrid unmapped"] += 1
        self.sent["email"] += 2
        return post

    def seen(self) -> Counter[str]:
        """Give the same of what workers have published."""
        found: Counter[str] = Counter()
        for (metric, labels, _), reading in self.engine.readings().items():
            said, value = dict(labels), int(reading["value"] or 0)
            if metric == "source_items_total":
                found[f"{said['source']} {said['outcome']}"] += value
            elif metric == "events_total" and said["outcome"] in ("counted", "duplicate", "filtered", "dead_lettered"):
                if said["outcome"] == "counted":
                    found[said["kind"]] += value
                else:
                    found[f"{said['kind']} {said['outcome']} {said['reason']}"] += value
        return found

    def wait(self, limit_s: float = 90) -> Counter[str]:
        """Wait until what was published is what was sent; give what it is in the end."""
        until = patience.until(limit_s)
        while True:
            found = self.seen()
            if found == +self.sent or time.monotonic() > until:
                return found
            time.sleep(1)


async def many(bootstrap: str, topic: str, value: bytes, count: int) -> None:
    """Send the same record so often, in batches."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", max_batch_size=1 << 19)
    await producer.start()
    left, partition = count, 0
    while left:
        batch = producer.create_batch()
        while left and batch.append(key=b"k", value=value, timestamp=None) is not None:
            left -= 1
        await (await producer.send_batch(batch, topic, partition=partition))
        partition = 1 - partition
    await producer.stop()


class Written(NamedTuple):
    """A record as it lies in a topic."""

    key: bytes | None
    value: bytes | None
    headers: Any


def everything(site: Site, names: list[str]) -> dict[str, list[Written]]:
    """Read all records of topics, by topic."""
    consumer = KafkaConsumer(bootstrap_servers=site.broker.bootstrap)
    partitions = {name: sorted(consumer.partitions_for_topic(name) or ()) for name in names}
    consumer.close()
    found: dict[str, list[Written]] = {name: [] for name in names}
    for name in names:
        for partition in partitions[name]:
            whole_log.scan(
                site.link,
                name,
                partition,
                lambda some, into=found[name]: into.extend(
                    Written(key, value, more) for _, _, key, value, more in some
                ),
            )
    return found


def test_items_of_three_sources_count_once_whoever_is_killed(site, tmp_path: Path) -> None:
    engine = Engine(site(partitions=3))
    vendors = Vendors(engine, tmp_path, {"views": 5, "segment": 2, "sendgrid": 1})
    workers = [engine.worker() for _ in range(2)]
    chance = random.Random(5)
    vendors.send(3_000)
    for turn in range(4):
        vendors.send(8_000, first=3_000 + turn * 8_000)  # in all 105,000 records of three topics
        chance.choice(workers).kill(signal.SIGKILL)
        time.sleep(chance.uniform(1, 4))
    assert vendors.wait(180) == +vendors.sent, "\n".join(worker.log()[-1_500:] for worker in workers)
    engine.site.stop()


def test_nothing_that_is_written_has_an_address(site, tmp_path: Path) -> None:
    engine = Engine(site(partitions=2))
    vendors = Vendors(engine, tmp_path, {"views": 1, "segment": 3, "sendgrid": 1})
    engine.worker()
    vendors.send(300)
    assert vendors.wait() == +vendors.sent
    key = next(str(record.key, "ascii") for record in engine._read(vendors.layout.dead_letter))
    command = [sys.executable, "-m", "stream", "dead-letter", "show", "--raw", key]
    shown = subprocess.run(
        command,
        env={**os.environ, **{k: str(v) for k, v in engine.site.settings.items()}},
        capture_output=True,
        check=True,
    )
    assert shown.stdout == b"{", "it is read from its topic, where it still lies"
    engine.site.stop()
    own = [spec.name for spec in topics.TopicPlan(vendors.layout).specs if spec.role != "source"]
    written = everything(engine.site, own)
    assert {topic for topic, records in written.items() if records} >= {
        vendors.layout.reroute("visitors"), vendors.layout.reroute("emails"), vendors.layout.dead_letter,
        vendors.layout.state("sources"), vendors.layout.deltas("sources"),
    }  # fmt: skip
    for topic, records in written.items():
        for record in records:
            for part in (record.key, record.value, *(value for _, value in record.headers)):
                assert b"@acme" not in (part or b"").replace(b"%40", b"@"), topic
    letters = written[vendors.layout.dead_letter]
    assert {orjson.loads(letter.value)["value"] for letter in letters} == {None}
    assert {letter.key.rsplit(b"-", 3)[0].decode() for letter in letters} == {f"{vendors.prefix}views"}


def test_a_backlog_of_nothing_that_counts_is_drained_fast(site, tmp_path: Path) -> None:
    engine = Engine(site(partitions=2))
    vendors = Vendors(engine, tmp_path, {"views": 2, "segment": 2, "sendgrid": 1})
    count = 100_000
    unmapped = (
        b'{"type":"track","event":"Nothing That Is Known","messageId":"m","anonymousId":"a","properties":{"a":1}}'
    )
    asyncio.run(many(engine.site.broker.bootstrap, vendors.prefix + "segment", unmapped, count))
    asyncio.run(many(engine.site.broker.bootstrap, vendors.prefix + "views", b'{"type":"track","event":', count))
    vendors.sent.update({"segment unmapped": count, "views dead_lettered": count})
    worker = engine.worker()
    began, seconds = time.monotonic(), dict[str, float]()  # from the start of the process on
    until = patience.until(180)
    while len(seconds) < 2 and time.monotonic() < until:
        seen = vendors.seen()
        for what in ("segment unmapped", "views dead_lettered"):
            if seen[what] == count:
                seconds.setdefault(what, time.monotonic() - began)
        time.sleep(0.2)
    assert vendors.seen() == +vendors.sent, worker.log()[-2_000:]
    print({what: f"{count / took:,.0f}/s with the start of the worker" for what, took in seconds.items()})


def test_a_topic_that_grows_is_read_and_one_that_may_not_be_is_refused(site, tmp_path: Path) -> None:
    engine = Engine(site(partitions=2))
    vendors = Vendors(engine, tmp_path, {"views": 1, "segment": 1, "sendgrid": 1})
    with topics.admin(engine.site.link) as client:
        client.create_partitions({f"{vendors.prefix}views": 3})
    code, log = engine.refused()
    assert code == 1
    assert "topics create" in log
    topics.create(engine.site.link, vendors.layout, partitions=2)
    vendors.send(300)
    worker = engine.worker()
    assert vendors.wait() == +vendors.sent, worker.log()[-3_000:]
    engine.site.stop()
    engine.site.settings |= {"LEADPULSE_EMAIL_HASH_KEY": "another" * 4}
    code, log = engine.refused()
    assert "LEADPULSE_EMAIL_HASH_KEY" in log
    (tmp_path / "defs" / "own.toml").write_text(
        PRESET.format(prefix=vendors.prefix + "leadpulse.", preset="segment").replace("segment*", "*") + 'name = "own"'
    )
    code, log = engine.refused()
    assert code == 2
    assert "leadpulse's own" in log
