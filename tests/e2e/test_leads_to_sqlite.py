"""The documented consumer of leads on a broker: it goes on where its database says, whoever kills it."""

from __future__ import annotations

import json
import runpy
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from kafka import KafkaProducer
from kafka.admin import KafkaAdminClient, NewTopic

from stream.demo.broker import EmbeddedBroker

SCRIPT = Path(__file__).resolve().parents[2] / "docs/examples/leads_to_sqlite.py"
PARTITIONS = 3


@pytest.fixture
def broker() -> Iterator[str]:
    running = EmbeddedBroker()
    running.start()
    try:
        admin = KafkaAdminClient(bootstrap_servers=running.address)
        admin.create_topics([NewTopic("leadpulse.leads", PARTITIONS, 1)])
        admin.close()
        yield running.address
    finally:
        running.stop()


def produce(broker: str, first: int, last: int, told: dict[str, tuple[int, str]]) -> None:
    """Tell of 50 leads, one after the other and again and again; every seventh record ends a key."""
    producer = KafkaProducer(bootstrap_servers=broker, acks="all", enable_idempotence=False)
    for number in range(first, last):
        id = f"l{number % 50}"
        value = None if number % 7 == 0 else {"version": number, "stage": f"s{number % 5}", "score": number}
        key = json.dumps(["shop", "lead_id", id]).encode()
        body = None if value is None else json.dumps(value).encode()
        producer.send("leadpulse.leads", key=key, value=body, partition=number % 50 % PARTITIONS)
        if value is None:
            told.pop(id, None)
        else:
            told[id] = number, f"s{number % 5}"
    producer.flush()
    producer.close()


def leads(path: Path) -> dict[str, tuple[int, str]]:
    with sqlite3.connect(path) as db:
        return {id: (version, stage) for id, version, stage in db.execute("SELECT id, version, stage FROM leads")}


def test_rows_are_what_the_topic_says_however_often_the_consumer_is_killed(broker: str, tmp_path: Path) -> None:
    path, command = tmp_path / "leads.db", [sys.executable, str(SCRIPT), broker]
    told: dict[str, tuple[int, str]] = {}
    produce(broker, 1, 2_000, told)
    for wait_s in (0.4, 0.8, 1.2):
        child = subprocess.Popen([*command, str(path)])
        time.sleep(wait_s)
        child.send_signal(signal.SIGKILL)
        child.wait(10)
    subprocess.run([*command, str(path), "--once"], check=True, timeout=60)
    assert leads(path) == told
    produce(broker, 2_000, 2_300, told)
    subprocess.run([*command, str(path), "--once"], check=True, timeout=60)
    assert leads(path) == told
    with sqlite3.connect(path) as db:
        assert sum(next for _, next in db.execute("SELECT partition, next FROM positions")) == 2_299


@pytest.mark.parametrize("turned", [False, True])
def test_a_tombstone_takes_only_what_its_own_partition_said(tmp_path: Path, turned: bool) -> None:
    """A lead that moves to another partition is told anew there; partitions may be read in any order."""
    consumer = runpy.run_path(str(SCRIPT))
    key = b'["shop","lead_id","l1"]'
    old = [SimpleNamespace(partition=0, offset=0, key=key, value=b'{"version": 7, "stage": "mql"}'),
           SimpleNamespace(partition=0, offset=1, key=key, value=None)]  # fmt: skip
    new = [SimpleNamespace(partition=2, offset=0, key=key, value=b'{"version": 8, "stage": "mql"}')]
    db = consumer["opened"](str(tmp_path / "leads.db"))
    for records in (new, old) if turned else (old, new):
        consumer["take"](db, records)
    db.close()
    assert leads(tmp_path / "leads.db") == {"l1": (8, "mql")}
