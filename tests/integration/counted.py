"""What the stand-in worker should have counted, and what it did; reads the topics with kafka-python alone.

In:  a broker and a topic prefix.
Out: known events produced; an account of source topics, state log, deltas and result topic.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

KINDS = {"page_view": "visitors", "form": "visitors", "chatbot": "visitors", "email": "emails", "ad": "ads"}
GROUPS = ("visitors", "emails", "ads")
MIX = ("page_view",) * 14 + ("form", "chatbot", "email", "email", "ad", "ad")


def event(i: int, keys: int, pad: int) -> tuple[str, bytes, bytes]:
    """Make the i-th known event: kind, key, value."""
    kind = MIX[i % len(MIX)]
    return kind, b"k%d" % (i * 2654435761 % keys), b'{"amount":%d,"pad":%s}' % (i % 97, b"1" * pad)


def amount_of(value: bytes | None) -> int | None:
    """Read an event's amount; None for anything that is not such an event."""
    try:
        found = json.loads(value or b"")
    except (ValueError, RecursionError):
        return None
    whole = isinstance(found, dict) and all(type(number) is int for number in found.values())
    return found.get("amount") if whole else None


def produce(
    bootstrap: str, prefix: str, count: int, *, rate: float = 0, keys: int = 5_000, first: int = 0, pad: int = 18
) -> None:
    """Send known events; raises if one was not acknowledged."""
    producer = KafkaProducer(
        bootstrap_servers=bootstrap,
        acks="all",
        linger_ms=20,
        batch_size=256 << 10,
        enable_idempotence=True,
        max_block_ms=120_000,
        delivery_timeout_ms=180_000,
    )
    failed: list[BaseException] = []
    began = time.monotonic()
    for i in range(first, first + count):
        kind, key, value = event(i, keys, pad)
        producer.send(f"{prefix}{kind}", key=key, value=value).add_errback(failed.append)
        if rate and i % 200 == 0:
            ahead_s = began + (i - first) / rate - time.monotonic()
            if ahead_s > 0:
                time.sleep(ahead_s)
    producer.flush(180)
    producer.close()
    if failed:
        raise RuntimeError(f"{len(failed)} events were not acknowledged, first: {failed[0]!r}")


def records(bootstrap: str, topic: str) -> Iterator[tuple[int, bytes | None, bytes | None]]:
    """Give (partition, key, value) of every committed record of a topic."""
    consumer = KafkaConsumer(
        bootstrap_servers=bootstrap,
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=4 << 20,
        fetch_max_bytes=32 << 20,
    )
    try:
        partitions = [TopicPartition(topic, p) for p in consumer.partitions_for_topic(topic) or ()]
        consumer.assign(partitions)
        ends = consumer.end_offsets(partitions)
        consumer.seek_to_beginning(*partitions)
        while any(consumer.position(tp) < end for tp, end in ends.items()):
            for tp, found in consumer.poll(timeout_ms=500, max_records=20_000).items():
                for record in found:
                    yield tp.partition, record.key, record.value
    finally:
        consumer.close()


@dataclass
class Account:
    """Both sides of the comparison."""

    events: int = 0
    rows_expected: dict[tuple[str, int, bytes], dict[str, int]] = field(default_factory=dict)
    rows: dict[tuple[str, int, bytes], dict[str, int]] = field(default_factory=dict)
    totals_expected: Counter[str] = field(default_factory=Counter)
    totals: Counter[str] = field(default_factory=Counter)
    seq_faults: list[str] = field(default_factory=list)
    readings: dict[str, int] = field(default_factory=dict)
    dead_letters: int = 0
    dead_letters_expected: int = 0

    def faults(self) -> list[str]:
        """Say each difference; nothing means exact."""
        wrong = [
            key
            for key in self.rows_expected.keys() | self.rows.keys()
            if self.rows_expected.get(key) != self.rows.get(key)
        ]
        faults = (
            [
                (
                    f"{len(wrong)} wrong rows, first {wrong[0]}:"
                    f" expected {self.rows_expected.get(wrong[0])}, got {self.rows.get(wrong[0])}"
                )
            ]
            if wrong
            else []
        )
        if +self.totals != +self.totals_expected:
            faults.append(f"deltas: expected {dict(self.totals_expected)}, got {dict(self.totals)}")
        if Counter(self.readings) != +self.totals_expected:
            faults.append(f"readings: expected {dict(self.totals_expected)}, got {self.readings}")
        if self.dead_letters != self.dead_letters_expected:
            faults.append(f"dead letters: expected {self.dead_letters_expected}, got {self.dead_letters}")
        return faults + self.seq_faults


def account(bootstrap: str, prefix: str) -> Account:
    """Read everything and count it twice: from the sources, and from what the workers wrote."""
    out = Account()
    for kind, group in KINDS.items():
        for partition, key, value in records(bootstrap, f"{prefix}{kind}"):
            out.events += 1
            amount = amount_of(value)
            if amount is None:
                out.dead_letters_expected += 1
                out.totals_expected["poison"] += 1
                continue
            row = out.rows_expected.setdefault((group, partition, key or b""), {})
            row[kind] = row.get(kind, 0) + 1
            row["sum"] = row.get("sum", 0) + amount
            out.totals_expected[kind] += 1
            out.totals_expected["sum"] += amount
    for group in GROUPS:
        for partition, key, value in records(bootstrap, f"{prefix}leadpulse.state.{group}"):
            if key is not None and not key.startswith(b"\x00"):
                out.rows[group, partition, key] = json.loads(value or b"null")
        seqs: dict[int, int] = {}
        for partition, _, value in records(bootstrap, f"{prefix}leadpulse.deltas.{group}"):
            if value is None:  # a heartbeat
                continue
            delta = json.loads(value)
            if delta["seq"] != seqs.get(partition, 0) + 1:
                out.seq_faults.append(f"{group}/{partition}: seq {delta['seq']} after {seqs.get(partition, 0)}")
            seqs[partition] = delta["seq"]
            out.totals.update(delta["counts"])
    for _, key, value in records(bootstrap, f"{prefix}leadpulse.metrics"):
        name = json.loads(key or b"null")[1]["kind"]
        out.readings.pop(name, None)
        if value is not None:
            out.readings[name] = json.loads(value)["value"]
    out.dead_letters = sum(1 for _ in records(bootstrap, f"{prefix}leadpulse.dead_letter"))
    return out


def published(bootstrap: str, prefix: str) -> int:
    """Give how many records the result topic says were counted now."""
    now: dict[str, int] = {}
    for _, key, value in records(bootstrap, f"{prefix}leadpulse.metrics"):
        now[json.loads(key or b"null")[1]["kind"]] = json.loads(value)["value"] if value else 0
    return sum(count for kind, count in now.items() if kind != "sum")
