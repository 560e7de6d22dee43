"""Tried and proved: one record before and after, and the tests of a definition."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from stream.intake.files import Tried, envelopes, records_of, values_of
from stream.intake.proved import proved
from stream.intake.tried import masked, tried
from stream.intake.visits import Visits
from stream.sources.load import of_table, usual
from stream.sources.mapper import Mapper
from stream.sources.presets import preset

KEY = b"k" * 32
TRACK = {
    "type": "track", "event": "Signed Up", "messageId": "m", "anonymousId": "a", "timestamp": "2026-03-01T09:30:00Z",
    "context": {"ip": "1.2.3.4", "traits": {"email": "jo@acme.example"}},
}  # fmt: skip


def mapper(**said: Any) -> Mapper:
    return Mapper(of_table({"preset": "segment", "site": "acme", **said}, "here", Path()), KEY)


def test_values_that_make_a_difference_are_read_and_addresses_are_masked() -> None:
    found = tried(mapper(), (1, 0, None, orjson.dumps(TRACK), ()))
    assert set(found.read) == {"type", "event", "messageId", "anonymousId", "timestamp", "context.traits.email"}
    assert found.unread == {"context.ip": "1.2.3.4"}
    assert found.read["context.traits.email"] == "(address)"
    assert [event["type"] for event in found.events] == ["form"]


def test_a_value_is_shown_shortly_and_without_what_cannot_be_shown() -> None:
    assert masked("x" * 200) == "x" * 79 + "…"
    assert masked("a\x1bb") == "a·b"
    assert masked("to jo%40acme.example now") == "to (address) now"


@pytest.mark.parametrize(
    ("name", "content", "values"),
    [
        ("a.ndjson", b'{"a":1}\n\n{"a":2}\r\n', [b'{"a":1}', b'{"a":2}']),
        ("a.json", b'{\n"a":1}\n', [b'{\n"a":1}\n']),
        ("a.csv", b'\xef\xbb\xbfa,b\n1,\n"x,y",2\n', [b'{"a":"1","b":null}', b'{"a":"x,y","b":"2"}']),
        ("a.csv.gz", b"a\n1\n", [b'{"a":"1"}']),
    ],
)
def test_a_file_holds_records_by_its_form(name: str, content: bytes, values: list[bytes]) -> None:
    assert list(values_of(usual(preset("segment")), name, content.splitlines(keepends=True))) == values


def test_what_becomes_of_all_records_of_a_file_is_told() -> None:
    told = Tried()
    values = [
        orjson.dumps(TRACK),
        b"{",
        orjson.dumps({**TRACK, "event": "X"}),
        orjson.dumps({"type": "identify"}),
        b"{",
    ]
    assert len(list(envelopes(mapper(), records_of(values, 5), told))) == 1
    assert (told.records, told.items, told.mapped) == (5, 5, 1)
    assert (told.unmapped, told.ignored, told.events) == ({"X": 1}, {"identify": 1}, {"form": 1})
    assert told.refused == {("not_json", ""): 2}
    assert told.first == {("not_json", ""): 2}


TEST = {"input": orjson.dumps(TRACK).decode(), "expect": [{"type": "form", "data.form_type": "trial"}]}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({}, []),
        ({"expect": [{"data.form_type": "demo"}]}, ["event 1: data.form_type is 'trial', not 'demo'"]),
        ({"expect": []}, ["1 event(s) in place of 0."]),
        ({"input": '{"type":"track","event":"X"}', "expect": [{}]}, ["0 event(s) in place of 1: unmapped X"]),
        ({"expected": []}, ["there is no expected in a test. Did you mean expect?"]),
        ({"input_file": "x"}, ["it needs one of input and input_file."]),
        ({"outcome": "unmapped"}, ["it needs one of expect (a list of events, [] for none) and outcome."]),
    ],
)
def test_a_test_of_a_definition_says_what_differs(change: dict[str, Any], says: list[str]) -> None:
    assert proved(mapper(), {**TEST, **change}, lambda path: b"") == says


@pytest.mark.parametrize(
    ("value", "outcome", "ok"),
    [
        (b'{"type":"track","event":"X"}', "unmapped", True),
        (b'{"type":"identify"}', "ignored", True),
        (b"{", "not_json", True),
        (b"{", "unmapped", False),
        (orjson.dumps(TRACK), "unmapped", False),
    ],
)
def test_an_outcome_can_be_expected(value: bytes, outcome: str, ok: bool) -> None:
    assert (proved(mapper(), {"input_file": "f", "outcome": outcome}, lambda path: value) == []) == ok


def test_events_that_name_no_browser_are_told_by_kind() -> None:
    def event(kind: str, **data: str) -> bytes:
        return orjson.dumps({"type": kind, "data": data})

    visits = Visits()
    lines = [
        event("form", visitor_id="a"),
        event("form", visitor_id="u", user_id="u"),
        event("page_view", visitor_id="a"),
        event("email"),
        b"{",
    ]
    assert list(visits.seen(lines)) == lines
    assert list(visits.told()) == ["50% of form events (1) have no id of the browser: they cannot meet their visit"]
