"""Lines: events in a file, told apart by their type and placed by their times."""

from __future__ import annotations

import orjson
import pytest

from stream.contract.kinds import KINDS
from stream.contract.rejects import Reject
from stream.contract.times import DAY_MS
from stream.ingest.decode import Limits
from stream.ingest.lines import Line, decode_lines, read_lines
from tests.events import TIME, TIME_MS, event

GOOD = orjson.dumps(event("page_view"))


def test_each_kind_is_known_from_its_type() -> None:
    read = decode_lines([orjson.dumps(event(kind)) for kind in KINDS], now_ms=TIME_MS)
    assert {kind: len(decoded.events) for kind, decoded in read.decoded.items()} == dict.fromkeys(KINDS, 1)
    marked = decode_lines([b"\xef\xbb\xbf" + GOOD, orjson.dumps(event("ad", type=" AD"))], now_ms=TIME_MS)
    assert {kind: len(decoded.events) for kind, decoded in marked.decoded.items()} == {"page_view": 1, "ad": 1}
    assert read.rejects == []


def test_line_numbers_are_the_offsets_of_the_records() -> None:
    lines = [GOOD, b"", b"   \n", orjson.dumps(event("ad")), GOOD]
    read = decode_lines(lines, now_ms=TIME_MS)
    assert [record[0] for record in read.records["page_view"]] == [1, 5]
    assert [record[0] for record in read.records["ad"]] == [4]


@pytest.mark.parametrize(
    ("line", "reason", "path"),
    [
        (b"{", "not_json", ""),
        (b'{"type":"page_view","x":"\xff"}', "not_json", ""),
        (b"\xef\xbb\xbf", "not_json", ""),
        (b"[" * 100_000, "too_deep", ""),
        (b'{"type":"page_view","x":"' + b"x" * 300_000 + b'"}', "too_large", ""),
        (b"[]", "wrong_type", ""),
        (b"null", "wrong_type", ""),
        (b"{}", "missing_field", "type"),
        (b'{"type":null}', "missing_field", "type"),
        (b'{"type":["page_view"]}', "wrong_type", "type"),
        (b'{"type":"call"}', "unknown_kind", "type"),
        (b'{"type":""}', "missing_field", "type"),
    ],
)
def test_a_line_of_no_known_kind_is_rejected_by_its_number(line: bytes, reason: str, path: str) -> None:
    read = decode_lines([GOOD, line, GOOD], now_ms=TIME_MS)
    assert read.rejects == [Reject(2, reason, path)]  # type: ignore[arg-type]
    assert len(read.decoded["page_view"].events) == 2


def test_a_reject_names_the_site_of_its_line() -> None:
    assert [
        reject.site
        for reject in read_lines([b'{"type":"call","data":{"site_id":"shop"}}'])
        if isinstance(reject, Reject)
    ] == ["shop"]


@pytest.mark.parametrize(
    ("envelope", "stated_ms", "arrival_ms", "event_ms"),
    [
        ({}, TIME_MS, TIME_MS, TIME_MS),
        ({"recordedtime": "2025-06-15T12:00:07Z"}, TIME_MS, TIME_MS + 7_000, TIME_MS),
        ({"recordedtime": "2025-06-15T11:59:53Z"}, TIME_MS, TIME_MS - 7_000, TIME_MS - 7_000),
    ],
)
def test_arrival_is_the_recorded_time_without_one_the_time(
    envelope: dict[str, str], stated_ms: int, arrival_ms: int, event_ms: int
) -> None:
    line = orjson.dumps(event("page_view", **envelope))
    (read,) = read_lines([line])
    assert isinstance(read, Line)
    assert (read.kind, read.time_ms, read.record) == ("page_view", stated_ms, (1, arrival_ms, None, line, ()))
    assert decode_lines([line], now_ms=TIME_MS).decoded["page_view"].times.tolist() == [event_ms]


def test_a_recorded_time_makes_an_event_late() -> None:
    line = orjson.dumps(event("page_view", recordedtime="2025-06-17T12:00:00Z"))
    (reject,) = decode_lines([line], now_ms=TIME_MS).decoded["page_view"].rejects
    assert reject.reason == "too_late"
    week = Limits(lateness_ms=7 * DAY_MS)
    assert decode_lines([line], now_ms=TIME_MS, limits=week).decoded["page_view"].rejects == []


@pytest.mark.parametrize(("now_ms", "reasons"), [(TIME_MS - DAY_MS, []), (TIME_MS - DAY_MS - 1, ["bad_time"])])
def test_times_are_taken_up_to_a_day_ahead_of_the_wall_clock(now_ms: int, reasons: list[str]) -> None:
    decoded = decode_lines([GOOD], now_ms).decoded["page_view"]
    assert [reject.reason for reject in decoded.rejects] == reasons


@pytest.mark.parametrize("envelope", [{"time": "soon"}, {"time": 5}, {"recordedtime": "soon"}])
def test_a_line_without_a_readable_time_is_still_a_record(envelope: dict[str, object]) -> None:
    line = orjson.dumps(event("page_view", **envelope))
    (reject,) = decode_lines([line], now_ms=TIME_MS).decoded["page_view"].rejects
    assert (reject.reason, reject.path) == ("bad_time", next(iter(envelope)))


def test_many_lines_go_through_in_pieces() -> None:
    lines = (orjson.dumps(event("page_view", id=f"e{i}", time=TIME)) for i in range(10_000))
    assert [event_.id for event_ in decode_lines(lines, TIME_MS).decoded["page_view"].events] == [
        f"e{i}" for i in range(10_000)
    ]
