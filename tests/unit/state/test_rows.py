"""Rows: changes, tombstones and expiry, a little at a time."""

from __future__ import annotations

import msgspec
import pytest

from stream.state.keys import AD_TOTALS, PEOPLE
from stream.state.rows import Rows, newest_ms


def row(last_ms: int) -> bytes:
    return msgspec.msgpack.encode([last_ms, "facts", [1, {"a": None}]])


def filled(count: int) -> Rows:
    rows = Rows(PEOPLE, 0)
    for number in range(count):
        rows.put(f"k{number}", row(number))
    rows.changes()
    return rows


def test_changes_are_given_once() -> None:
    rows = Rows(PEOPLE, 0)
    rows.put("a", row(1))
    rows.put("a", row(2))
    assert rows.changes() == [(b"va", row(2))]
    assert rows.changes() == []


def test_what_is_loaded_is_no_change_and_a_tombstone_takes_it_away() -> None:
    rows = Rows(PEOPLE, 0)
    rows.load(b"va", row(1))
    rows.load("vü\x1fb".encode(), row(1))
    rows.load(b"va", None)
    rows.load(b"vnobody", None)
    assert list(rows.encoded) == ["ü\x1fb"]
    assert rows.changes() == []


def test_the_time_of_a_row_is_read_without_the_rest() -> None:
    assert newest_ms(row(1_750_000_000_000)) == 1_750_000_000_000


@pytest.mark.parametrize(("before_ms", "left"), [(0, 5), (1, 4), (3, 2), (99, 0)])
def test_only_what_is_older_goes(before_ms: int, left: int) -> None:
    rows = filled(5)
    assert rows.sweep(before_ms, 99) == 5 - left
    assert len(rows) == left
    assert sorted(rows.changes()) == [(f"vk{n}".encode(), None) for n in range(5 - left)]


def test_a_few_at_each_commit_come_round_to_all() -> None:
    rows = filled(100)
    dropped = [rows.sweep(50, 7) for _ in range(40)]
    assert sum(dropped) == 50
    assert max(dropped) <= 7
    assert len(rows) == 50


def test_rows_that_come_while_the_sweep_goes_round_are_found_in_the_next_round() -> None:
    rows = filled(10)
    rows.sweep(5, 3)
    rows.load(b"vlate", row(1))
    for _ in range(20):
        rows.sweep(5, 3)
    assert "late" not in rows.encoded
    assert len(rows) == 5


def test_a_row_that_changed_since_the_last_commit_stays() -> None:
    rows = filled(3)
    rows.put("k0", row(0))
    rows.sweep(99, 99)
    assert list(rows.encoded) == ["k0"]


def test_a_row_that_comes_back_before_the_commit_is_written_and_not_buried() -> None:
    rows = filled(2)
    rows.sweep(99, 99)
    rows.put("k0", row(7))
    assert sorted(rows.changes(), key=lambda change: change[0]) == [(b"vk0", row(7)), (b"vk1", None)]


def test_a_sweep_over_nothing_ends() -> None:
    assert Rows(PEOPLE, 0).sweep(10, 400) == 0


@pytest.mark.parametrize(
    ("last_ms", "stays"),
    [
        # a row is remembered for its memory, and a day more for the hours of the known ids
        (899, False),
        (900, True),
    ],
)
def test_a_row_goes_when_its_memory_and_a_day_are_over(last_ms: int, stays: bool) -> None:
    rows = Rows(AD_TOTALS, 100)
    rows.put("a", row(last_ms))
    assert rows.changes() == [(b"ta", row(last_ms))]
    rows.expire(1_000 + 86_400_000)
    assert ("a" in rows.encoded) == stays


def test_what_is_settled_is_not_written() -> None:
    rows = filled(2)
    rows.put("k0", row(7))
    rows.settle()
    assert rows.changes() == []
    assert rows.encoded["k0"] == row(7)
