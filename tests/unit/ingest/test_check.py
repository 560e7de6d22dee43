"""Check: what a producer is told about each line."""

from __future__ import annotations

from collections import Counter
from typing import Any

import orjson
import pytest

from stream.contract.expected import expected
from stream.contract.kinds import KINDS
from stream.contract.rejects import REASONS
from stream.ingest.check import Finding, Tally, check_lines
from tests.contracts.poison import corpus
from tests.events import TIME_MS, data_of, event


def findings(*bodies: Any) -> list[Finding]:
    lines = [body if isinstance(body, bytes) else orjson.dumps(body) for body in bodies]
    return list(check_lines(lines, now_ms=TIME_MS))


def test_right_events_leave_nothing_to_say() -> None:
    tally = Tally()
    lines = [orjson.dumps(event(kind, id=kind)) for kind in KINDS]
    assert list(check_lines(lines, TIME_MS, tally=tally)) == []
    assert (tally.lines, tally.right, tally.wrong, tally.warnings, tally.ok) == (
        len(KINDS), Counter(dict.fromkeys(KINDS, 1)), Counter(), 0, True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"{", "not_json: The line is not JSON."),
        (
            {"type": "crm"},
            "unknown_kind type: The type is none of the kinds that are read. Use one of",
        ),
        (
            event("form", data_of("form", action="submitted")),
            "out_of_range data.action: The value is not allowed. Expected: one of abandon, error, start,",
        ),
        (
            event("form", data_of("form", submission_id=None)),
            "missing_field data.submission_id: A required field is missing. A submit needs the id",
        ),
        (
            event("page_view", time="15.06.2025"),
            "bad_time time: The time cannot be taken. Expected: a time of RFC 3339 with its zone",
        ),
        (
            event("email", data_of("email", email_hash="ann@example.com")),
            "personal_data data.email_hash: An e-mail address stands where only a pseudonym may.",
        ),
        (
            event("ad", data_of("ad", count=1.5)),
            "wrong_type data.count: The value has the wrong type. Expected: a whole number from 0,",
        ),
    ],
)
def test_an_error_says_what_is_wrong_and_what_to_do(body: Any, told: str) -> None:
    (finding,) = findings(body)
    assert str(finding).startswith(f"line 1: error: {told}")


def test_findings_come_in_order_of_lines() -> None:
    lines = [event("ad", data_of("ad", count="x"), id=f"a{i}") if i % 2 else event("form", time="x") for i in range(9)]
    assert [finding.line for finding in findings(*lines)] == list(range(1, 10))


@pytest.mark.parametrize(
    ("data", "path", "hint"),
    [
        ({"visitorId": "v"}, "data.visitorId", "Did you mean visitor_id?"),
        ({"page": {"path": "/", "titel": "x"}}, "data.page.titel", "Did you mean title?"),
        ({"zzz": 1}, "data.zzz", "It is allowed, and ignored."),
        ({"a\u0007": 1}, "data.(unprintable)", "It is allowed, and ignored."),
    ],
)
def test_an_unknown_field_is_a_warning(data: dict[str, Any], path: str, hint: str) -> None:
    (finding,) = findings(event("page_view", data_of("page_view", **data)))
    assert (finding.level, finding.reason, finding.path, finding.hint) == (
        "warning",
        "unknown_field",
        path,
        hint,
    )


def test_a_second_event_with_the_same_id_is_a_warning() -> None:
    (finding,) = findings(event("page_view"), event("page_view", source="app"), event("page_view"))
    assert (finding.line, finding.level, finding.reason) == (3, "warning", "duplicate")
    assert "Line 1" in finding.sentence


def test_the_tally_adds_up() -> None:
    tally = Tally()
    bodies = [event("page_view"), event("page_view", id="e2", extra=1), event("ad", time=5), {"type": "crm"}]
    told = list(check_lines([*map(orjson.dumps, bodies), b"", b"nope"], TIME_MS, tally=tally))
    assert (tally.lines, tally.right["page_view"], tally.warnings, tally.ok) == (5, 2, 1, False)
    assert tally.wrong == Counter(bad_time=1, unknown_kind=1, not_json=1)
    assert len(told) == 4


def test_every_bad_record_of_the_corpus_is_told_with_a_hint() -> None:
    bad = [value for _, _, value, reason in corpus() if reason and value and value.strip() and b"\n" not in value]
    told = [finding for finding in check_lines(bad[:700], TIME_MS) if finding.level == "error"]
    assert {finding.reason for finding in told} <= set(REASONS)
    assert [finding for finding in told if not finding.hint and finding.path] == []


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("", "an object in JSON, as CloudEvents has it"),
        ("data", "an object"),
        ("specversion", '"1.0"'),
        ("data.site_id", "text of 1 to 64 characters"),
        ("data.page.title", "text of at most 4,096 characters"),
        ("data.scroll_pct", "a number from 0 to 100"),
        ("data.traffic.reasons", "a list, each item text of at most 4,096 characters"),
        ("data.traffic.reasons[3]", "text of at most 4,096 characters"),
        ("data.consent.ads", "true or false"),
        ("data.nothing", ""),
        ("data.site_id.x", ""),
    ],
)
def test_what_belongs_into_a_field_is_said_from_its_type(path: str, words: str) -> None:
    assert expected("page_view", path) == words
