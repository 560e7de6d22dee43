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
from tests.events import TIME_MS, data_of, event, total


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
            {"type": "call"},
            "unknown_kind type: The type is none of the kinds that are read. Use one of",
        ),
        (
            event("form", data_of("form", action="submitted")),
            "out_of_range data.action: The value is not allowed. Expected: one of abandon, error, start,",
        ),
        (
            event("form", data_of("form", visitor_id=None)),
            "missing_field data.visitor_id: A required field is missing. Page views, chats and forms",
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
            event("ad", data_of("ad", count="3")),
            "wrong_type data.count: The value has the wrong type. Expected: a number with less than",
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
        ({"leadId": "v"}, "data.leadId", "Did you mean lead_id?"),
        ({"page": {"path": "/", "grupo": "x"}}, "data.page.grupo", "Did you mean group?"),
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
    bodies = [event("page_view"), event("page_view", id="e2", extra=1), event("ad", time=5), {"type": "call"}]
    told = list(check_lines([*map(orjson.dumps, bodies), b"", b"nope"], TIME_MS, tally=tally))
    assert (tally.lines, tally.right["page_view"], tally.warnings, tally.ok) == (5, 2, 1, False)
    assert tally.wrong == Counter(bad_time=1, unknown_kind=1, not_json=1)
    assert len(told) == 4


def test_every_bad_record_of_the_corpus_is_told_with_a_hint() -> None:
    bad = [value for _, _, value, reason in corpus() if reason and value and value.strip() and b"\n" not in value]
    told = [finding for finding in check_lines(bad[:700], TIME_MS) if finding.level == "error"]
    assert {finding.reason for finding in told} <= set(REASONS)
    assert [finding for finding in told if not finding.hint and finding.path] == []
    assert len(told) >= len(bad[:700])


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("", "an object in JSON, as CloudEvents has it"),
        ("data", "an object"),
        ("specversion", '"1.0"'),
        ("data.site_id", "text of 1 to 64 characters, or a whole number"),
        ("data.page.group", "text of at most 4,096 characters"),
        ("data.page.content_id", "text of at most 4,096 characters, or a whole number"),
        ("data.engagement_ms", "a number from 0"),
        ("data.traffic.class", "one of bot, human, internal, test"),
        ("data.consent.analytics", "true or false"),
        ("data.nothing", ""),
        ("data.site_id.x", ""),
    ],
)
def test_what_belongs_into_a_field_is_said_from_its_type(path: str, words: str) -> None:
    assert expected("page_view", path) == words


def test_all_faults_of_a_line_are_named() -> None:
    body = event(
        "chatbot", data_of("chatbot", visitor_id=None, action="sing", conversation_id=[]), id=None, time="soon"
    )
    told = [(finding.reason, finding.path) for finding in findings(body)]
    assert set(told) == {
        ("missing_field", "id"),
        ("missing_field", "data.visitor_id"),
        ("out_of_range", "data.action"),
        ("wrong_type", "data.conversation_id"),
        ("bad_time", "time"),
    }


def test_what_a_field_asks_of_another_is_among_the_faults() -> None:
    body = event("ad", data_of("ad", action="spend", campaign_id=None, period_start="2025-06-14T00:00:00Z"))
    assert {(finding.reason, finding.path) for finding in findings(body)} == {
        ("missing_field", "data.campaign_id"),
        ("missing_field", "data.cost_micros"),
        ("missing_field", "data.currency"),
        ("missing_field", "data.period_end"),
    }


@pytest.mark.parametrize(
    ("data", "envelope", "hint"),
    [
        ({"visitor_id": None, "visitorId": "v"}, {}, "There is data.visitorId: did you mean visitor_id?"),
        ({"visitor_id": None, "visitr_id": "v"}, {}, "There is data.visitr_id: did you mean visitor_id?"),
        ({"visitor_id": None}, {"visitor_id": "v"}, "There is visitor_id: did you mean visitor_id?"),
        ({"visitor_id": None, "a\u0007visitor_id": "v"}, {}, "Page views, chats and forms on the site need"),
    ],
)
def test_a_missing_field_may_be_there_by_another_name(
    data: dict[str, Any], envelope: dict[str, Any], hint: str
) -> None:
    (finding,) = findings(event("page_view", data_of("page_view", **data), **envelope))
    assert (finding.reason, finding.path) == ("missing_field", "data.visitor_id")
    assert finding.hint.startswith(hint)


def test_an_event_of_another_kind_is_on_the_wrong_topic() -> None:
    lines = [orjson.dumps(event("page_view")), orjson.dumps(event("form"))]
    told = list(check_lines(lines, TIME_MS, topic="page_view"))
    assert [(finding.line, finding.reason, finding.path) for finding in told] == [(2, "wrong_topic", "type")]


DAY = "2025-06-14T00:00:00Z"


@pytest.mark.parametrize(
    ("sentence", "bodies", "told"),
    [
        ("one message to two", [event("email", data_of("email", email_hash=None, lead_id=who), id=who) for who in "abc"],
         [(2, "several_recipients")]),
        ("the same one by two names", [event("email", data_of("email", lead_id="a")), event("email", id="2")], []),
        ("a chat of two people", [event("chatbot", data_of("chatbot", visitor_id=who), id=who) for who in "ab"],
         [(2, "shared_conversation")]),
        ("a chat over days", [event("chatbot", id=day, time=f"2025-06-{day}T12:00:00Z") for day in ("12", "13", "15")],
         [(3, "long_conversation")]),
        ("a campaign in the address", [event("page_view", data_of("page_view", campaign=None, page={"path": "/",
         "url": "/?UTM_source=x"}), id=str(n)) for n in range(2)], [(1, "campaign_in_url")]),
        ("a campaign in the fragment", [event("page_view", data_of("page_view", campaign=None, page={"path": "/",
         "url": "/#?utm_source=x"}))], []),
        ("a total of a campaign and of its ad", [event("ad", total(revision=1, ad_id=ad), id=str(ad)) for ad in
         (None, "a", "b")], [(2, "mixed_granularity")]),
        ("totals of two days at two grains", [event("ad", total(revision=1)), event("ad", total(revision=1, ad_id="a",
         period_start="2025-06-13T00:00:00Z", period_end=DAY), id="2")], []),
        ("single clicks and a total of clicks", [event("ad", total(revision=1)), event("ad", id="2")],
         [(2, "mixed_granularity")]),
        ("a total without a revision", [event("ad", total(revision=None), id=str(n)) for n in range(2)],
         [(1, "no_revision")]),
        ("submits that do not say which", [event("form", data_of("form", submission_id=None), id=str(n)) for n in
         range(2)], [(1, "no_submission_id")]),
        ("a submit of no known type", [event("form", data_of("form", form_type="callback"))],
         [(1, "ignored"), (1, "no_key_event")]),
        ("a form given up that was never begun", [event("form", data_of("form", action="abandon"))], [(1, "no_start")]),
        ("a form begun after it was given up, in the file", [event("form", data_of("form", action=action), id=action)
         for action in ("abandon", "start")], []),
        ("a country that is none", [event("page_view", data_of("page_view", geo={"country": "T1"}))], [(1, "ignored")]),
        ("an id used by two kinds", [event("page_view"), event("ad")], []),
    ],
)  # fmt: skip
def test_what_is_easily_misread_is_a_warning(sentence: str, bodies: list[Any], told: list[tuple[int, str]]) -> None:
    found = findings(*bodies)
    assert {finding.level for finding in found} <= {"warning"}, sentence
    assert [(finding.line, finding.reason) for finding in found] == told, sentence
