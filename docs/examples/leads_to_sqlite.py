"""Leads in SQLite: a table that says of each lead what `leadpulse.leads` says, kept up to date exactly once.

    python leads_to_sqlite.py localhost:9092 leads.db            # until Ctrl-C
    python leads_to_sqlite.py localhost:9092 leads.db --once     # up to the end of the topic as it is now

Needs kafka-python. What makes it exactly once:

- Rows and positions are written in one transaction of the database, and the database alone says where to go on. A crash
  at any moment loses both or neither; Kafka's own committed offsets are not used.
- `read_committed`: what a worker's transaction took back is never seen.
- A record replaces the row of its key if its version is not lower: a worker that delivers at least once may repeat
  what is older. A tombstone (no value) says that there is no such lead any more: it was merged, renamed, forgotten.
- All records of a key lie in one partition. Only where partitions are added to the topic a lead moves: a tombstone ends
  it in the old one and it is told anew in the new one. So a tombstone takes only what its own partition said.

An empty database takes the topic from its beginning. The topic is compacted, so that is one record a lead.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Iterable
from typing import Any, Protocol

from kafka import KafkaConsumer, TopicPartition

TOPIC = "leadpulse.leads"
SCHEMA = """
CREATE TABLE IF NOT EXISTS leads (
    site TEXT, type TEXT, id TEXT, version INTEGER, stage TEXT, score INTEGER, band TEXT, rep TEXT, said TEXT,
    partition INTEGER,
    PRIMARY KEY (site, type, id)
);
CREATE TABLE IF NOT EXISTS positions (partition INTEGER PRIMARY KEY, next INTEGER);
"""
REPLACE = """
INSERT INTO leads VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (site, type, id) DO UPDATE SET
    version = excluded.version, stage = excluded.stage, score = excluded.score, band = excluded.band,
    rep = excluded.rep, said = excluded.said, partition = excluded.partition
WHERE excluded.version >= leads.version
"""
DELETE = "DELETE FROM leads WHERE site = ? AND type = ? AND id = ? AND partition = ?"


class Record(Protocol):
    """What is needed of a record."""

    partition: int
    offset: int
    key: bytes
    value: bytes | None


def opened(path: str) -> sqlite3.Connection:
    """Open the database, and make its tables if it is new."""
    db = sqlite3.connect(path)
    db.executescript(SCHEMA)
    return db


def take(db: sqlite3.Connection, records: Iterable[Record]) -> None:
    """Take some records and the positions behind them, in one transaction."""
    with db:  # commits; rolls back if anything in it raises
        for record in records:
            key: list[str] = json.loads(record.key)
            if record.value is None:
                db.execute(DELETE, [*key, record.partition])
            else:
                said: dict[str, Any] = json.loads(record.value)
                shown = [said.get(name) for name in ("version", "stage", "score", "band", "rep")]
                db.execute(REPLACE, [*key, *shown, record.value.decode(), record.partition])
            db.execute("INSERT OR REPLACE INTO positions VALUES (?, ?)", (record.partition, record.offset + 1))


def run(servers: str, path: str, *, once: bool = False) -> None:
    """Follow the topic from where the database says."""
    db = opened(path)
    consumer = KafkaConsumer(
        bootstrap_servers=servers,
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    partitions = [TopicPartition(TOPIC, number) for number in sorted(consumer.partitions_for_topic(TOPIC) or ())]
    if not partitions:
        raise SystemExit(f"There is no topic {TOPIC} on {servers}: does a worker follow leads there?")
    consumer.assign(partitions)
    places = dict(db.execute("SELECT partition, next FROM positions"))
    for partition in partitions:
        if partition.partition in places:
            consumer.seek(partition, places[partition.partition])
        else:
            consumer.seek_to_beginning(partition)
    ends = consumer.end_offsets(partitions)
    try:
        while not once or any(consumer.position(partition) < ends[partition] for partition in partitions):
            for records in consumer.poll(timeout_ms=500).values():
                take(db, records)
    except KeyboardInterrupt:
        pass
    finally:
        consumer.close()
        db.close()


if __name__ == "__main__":
    run(sys.argv[1], sys.argv[2], once="--once" in sys.argv[3:])
