"""The documented consumer of leads: rows and positions go together, older versions change nothing, tombstones end a key."""

from __future__ import annotations

import importlib.util
import json
import sqlite3
from pathlib import Path
from typing import Any, NamedTuple

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "docs/examples/leads_to_sqlite.py"
SPEC = importlib.util.spec_from_file_location("leads_to_sqlite", SCRIPT)
assert SPEC is not None
assert SPEC.loader is not None
consumer = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(consumer)


class Record(NamedTuple):
    partition: int
    offset: int
    key: bytes
    value: bytes | None


def record(offset: int, id: str, version: int | None, **said: Any) -> Record:
    value = None if version is None else json.dumps({"version": version, **said}).encode()
    return Record(0, offset, json.dumps(["shop", "lead_id", id]).encode(), value)


def leads(db: sqlite3.Connection) -> dict[str, tuple[int, str]]:
    return {id: (version, stage) for id, version, stage in db.execute("SELECT id, version, stage FROM leads")}


def positions(db: sqlite3.Connection) -> dict[int, int]:
    return dict(db.execute("SELECT partition, next FROM positions"))


@pytest.fixture
def db() -> sqlite3.Connection:
    return consumer.opened(":memory:")


def test_the_highest_version_stands_and_a_tombstone_ends_a_key(db: sqlite3.Connection) -> None:
    consumer.take(
        db, [record(0, "a", 1, stage="lead"), record(1, "b", 1, stage="lead"), record(2, "a", 2, stage="sql")]
    )
    consumer.take(db, [record(5, "a", 1, stage="lead")])  # told again
    assert leads(db) == {"a": (2, "sql"), "b": (1, "lead")}
    consumer.take(db, [record(6, "b", None), record(7, "c", 4, stage="customer")])
    assert leads(db) == {"a": (2, "sql"), "c": (4, "customer")}
    assert positions(db) == {0: 8}
    consumer.take(db, [record(8, "b", 2, stage="mql")])  # back under its old name
    assert leads(db)["b"] == (2, "mql")


def test_a_crash_within_a_batch_leaves_rows_and_positions_as_they_were(db: sqlite3.Connection) -> None:
    consumer.take(db, [record(0, "a", 1, stage="lead")])

    def failing():
        yield record(1, "a", 2, stage="sql")
        yield record(2, "b", 1, stage="lead")
        raise ConnectionError("the power went")

    with pytest.raises(ConnectionError):
        consumer.take(db, failing())
    assert leads(db) == {"a": (1, "lead")}
    assert positions(db) == {0: 1}
