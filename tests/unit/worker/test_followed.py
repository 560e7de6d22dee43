"""What a worker reads of the rollup's owner: the same readings, the same verdicts, the same past, without a broker."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from stream.catalog import BY_NAME
from stream.changes.panes import HOUR_MS
from stream.contract.alert import Verdict
from stream.contract.dead_letter import DeadLetter
from stream.contract.results import decode, encode
from stream.history.judged import JudgedLog, JudgedRow
from stream.judge.history import figure_of
from stream.kafka.clock import BrokerClock
from stream.serve.figures import Key
from stream.serve.points import TEN_MS, name_of
from stream.worker.examples import newest
from stream.worker.followed import Past, Readings
from stream.worker.kept_log import KeptLog
from stream.worker.published import key_of
from tests.fabric import readings

NOON_MS = 1_772_323_200_000
SAID = Verdict("drop", 0.06, 0.05, 840, 4, "2026-03-01T00:00:00Z")


def test_a_reading_is_read_back_as_it_was_written() -> None:
    for one in readings(NOON_MS):
        whole = replace(one, verdict=SAID)
        assert decode(encode(whole)) == whole


@pytest.mark.parametrize("value", [b"", b"{}", b"[]", b'{"metric": 1}', b"\xff"])
def test_what_is_no_reading_is_counted_and_takes_the_place_of_none(value: bytes) -> None:
    some = Readings()
    some.load(b"k", encode(readings(NOON_MS)[0]))
    some.load(b"k", value)
    assert some.unreadable == 1
    assert some.view((), live=True) is None


def test_the_newest_record_of_each_key_stands_and_a_tombstone_takes_it_back() -> None:
    some = Readings()
    one, other = readings(NOON_MS)[:2]
    for reading in (one, other, replace(one, value=7, as_of_ms=NOON_MS + 1_000)):
        some.load(key_of(reading), encode(reading))
    view = some.view((), live=True)
    assert view is not None
    assert ([each.value for each in view.readings], view.as_of_ms) == ([7, other.value], NOON_MS + 1_000)
    some.load(key_of(one), None)
    assert some.view((), live=False).readings == (other,)  # type: ignore[union-attr]


def test_verdicts_of_figures_that_the_catalog_has_not_are_left_out() -> None:
    log, past = JudgedLog(), Past()
    rows = [JudgedRow("visitors", "shop", "", "", "1h", SAID), JudgedRow("gone", "shop", "", "", "1h", SAID)]
    for key, value in log.rows(rows, NOON_MS):
        past.load(key, value)
    past.settle(None)
    assert [(one.metric, one.verdict) for one in past.judged] == [("visitors", SAID)]


def test_torn_verdicts_are_none() -> None:
    log, other = JudgedLog(), JudgedLog()
    many = [JudgedRow("visitors", f"site{n * 7919 % 100_003}", "", str(n**3), "1h", SAID) for n in range(60_000)]
    rows = list(log.rows(many, NOON_MS))
    assert len(rows) > 1
    assert len(log.judged()) == 60_000
    for key, value in rows[1:]:
        other.load(key, value)
    assert other.judged() == []


def test_what_the_owner_keeps_of_ten_minutes_another_worker_reads() -> None:
    owner, past = KeptLog("history", BrokerClock()), Past()
    for ten in (0, 1, 3):
        at_ms = NOON_MS + ten * TEN_MS
        some = readings(at_ms)
        for key, value, *_ in [*owner.rows(at_ms, some, ()), *owner.ten_rows(at_ms, some, ())]:
            past.load(key, value)
    past.settle(None)
    for mine, theirs in ((past.view.tens, owner.past.tens), (past.view.hours, owner.past.hours),
                         (past.view.shown, owner.past.shown)):  # fmt: skip
        assert mine.rows.keys() == theirs.rows.keys()
        assert list(mine.held()) == list(theirs.held())
    assert list(past.view.tens.held()) == [NOON_MS // TEN_MS + ten for ten in (0, 1, 3)]
    assert name_of(Key("shop", "5m", "visitors"), "") in past.view.tens.rows
    assert figure_of(BY_NAME["visitors"], {"site": "shop"}, "1h") in past.view.hours.rows
    assert list(past.view.shown.held()) == [NOON_MS // HOUR_MS]


def test_ten_minutes_older_than_two_days_are_taken_back() -> None:
    owner = KeptLog("history", BrokerClock())
    first = owner.ten_rows(NOON_MS, readings(NOON_MS), ())
    key = next(key for key, *_ in first if key.startswith(b"ten/hour/"))
    later_ms = NOON_MS + 288 * TEN_MS
    gone = {key for key, value, *_ in owner.ten_rows(later_ms, readings(later_ms), ()) if value is None}
    assert key in gone


def letter(n: int, reason: str = "not_json") -> DeadLetter:
    return DeadLetter(topic="form", partition=1, offset=n, timestamp_ms=n, kind="form", reason=reason, path="data.x",
                      value=b"ann@shop.example", key=b"ann")  # fmt: skip


def test_examples_are_the_newest_of_each_reason_and_say_nothing_of_what_was_sent() -> None:
    found = newest([letter(n) for n in range(9)] + [letter(3, "too_late")])
    assert [(one.reason, one.offset) for one in found] == [("not_json", 8), ("too_late", 3)]
    assert "ann" not in repr(found)
