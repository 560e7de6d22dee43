"""Rules: fields that an action needs, periods, and ids."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from stream.contract.chatbot import NEEDS
from stream.contract.kinds import KINDS
from stream.contract.times import DAY_MS
from stream.ingest.decode import Limits, decode
from tests.events import TIME_MS, data_of, event, total


def reject_of(kind: str, data: dict[str, Any]) -> tuple[str, str] | None:
    decoded = decode(kind, [(0, TIME_MS + 5, None, orjson.dumps(event(kind, data)), ())])
    return (decoded.rejects[0].reason, decoded.rejects[0].path) if decoded.rejects else None


HASH = "0f" * 32
LEAD = {"visitor_id": None, "lead_id": "l1"}
HASHED = {"visitor_id": None, "email_hash": HASH}


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({}, None),
        ({"submission_id": None}, None),
        ({"submission_id": None, "action": "view"}, None),
        ({"submission_id": None, "action": "start"}, None),
        ({"submission_id": None, "action": "abandon"}, None),
        ({"visitor_id": None}, "visitor_id"),
        ({"visitor_id": None, "lead_id": "l1"}, "visitor_id"),
        ({"platform": "site", "visitor_id": None, "email_hash": HASH}, "visitor_id"),
        ({"platform": "meta"}, "lead_id"),
        ({"platform": "meta", **LEAD}, None),
        ({"platform": "linkedin", **HASHED}, None),
        ({"platform": "google", **LEAD, "submission_id": None}, None),
        ({"platform": "google", **LEAD, "visitor_id": "v"}, None),
    ],
)
def test_a_form_needs_its_person(changes: dict[str, Any], missing: str | None) -> None:
    found = reject_of("form", data_of("form", **changes))
    assert found == (None if missing is None else ("missing_field", f"data.{missing}"))


@pytest.mark.parametrize("action", NEEDS)
def test_a_chatbot_action_needs_what_it_is_about(action: str) -> None:
    needed = NEEDS[action]
    bare = data_of("chatbot", action=action, actor=None)
    assert reject_of("chatbot", bare) == ("missing_field", f"data.{needed}")
    # the other fields do not stand in for it
    others = dict.fromkeys(set(NEEDS.values()) - {needed}, "bot")
    assert reject_of("chatbot", {**bare, **others}) == ("missing_field", f"data.{needed}")
    assert reject_of("chatbot", {**bare, needed: "bot"}) is None


@pytest.mark.parametrize("action", ["conversation_started", "handoff", "lead_captured", "conversation_ended"])
def test_other_chatbot_actions_need_nothing_more(action: str) -> None:
    assert reject_of("chatbot", data_of("chatbot", action=action, actor=None)) is None


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({}, None),
        ({"email_hash": None}, "lead_id"),
        ({"email_hash": None, "visitor_id": "v"}, "lead_id"),
        ({"email_hash": None, "lead_id": "l"}, None),
        ({"action": "bounced"}, "bounce_type"),
        ({"action": "bounced", "bounce_type": "block"}, None),
        ({"action": "dropped"}, None),
    ],
)
def test_an_email_needs_its_recipient_and_a_bounce_its_type(changes: dict[str, Any], missing: str | None) -> None:
    found = reject_of("email", data_of("email", **changes))
    assert found == (None if missing is None else ("missing_field", f"data.{missing}"))


SPEND = {"action": "spend", "cost_micros": 5, "currency": "EUR"}


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (data_of("ad"), None),
        (data_of("ad", **SPEND), None),
        (data_of("ad", **{**SPEND, "currency": None}), ("missing_field", "data.currency")),
        (data_of("ad", **{**SPEND, "cost_micros": None}), ("missing_field", "data.cost_micros")),
        (data_of("ad", action="conversion", conversion_value=9.5), None),
        (total(), None),
        (total(**SPEND), None),
        (total(period_start=None), ("missing_field", "data.period_start")),
        (total(period_end=None), ("missing_field", "data.period_end")),
        (total(revision=None), None),
        (data_of("ad", revision=1), ("missing_field", "data.period_start")),
        (data_of("ad", revision=0), None),
        (data_of("ad", **{**SPEND, "currency": "XXX"}), ("out_of_range", "data.currency")),
        (data_of("ad", currency="XXX"), None),
        (
            total(period_start="2025-06-15T12:00:00Z", period_end="2025-06-16T00:00:00Z"),
            ("bad_time", "data.period_start"),
        ),
        (total(period_start="2025-06-15T11:59:59Z", period_end="2025-06-16T00:00:00Z"), None),
        (total(period_end="2025-06-14T00:00:00Z"), ("bad_time", "data.period_end")),
        (total(period_end="2025-06-14T00:00:00.001Z"), None),
        (total(period_start="1999-12-31T23:59:59Z"), ("bad_time", "data.period_start")),
    ],
)
def test_an_ad_total_has_a_whole_period_and_a_spend_its_money(
    data: dict[str, Any], fault: tuple[str, str] | None
) -> None:
    assert reject_of("ad", data) == fault


def test_the_length_of_a_period_is_bounded() -> None:
    body = orjson.dumps(event("ad", total(period_start="2025-06-10T00:00:00Z", period_end="2025-06-12T00:00:00Z")))
    record = (0, TIME_MS, None, body, ())
    assert decode("ad", [record], Limits(period_ms=2 * DAY_MS)).rejects == []
    assert [reject.path for reject in decode("ad", [record], Limits(period_ms=2 * DAY_MS - 1)).rejects] == [
        "data.period_end"
    ]


def test_a_month_may_be_reported_before_it_is_over() -> None:
    data = total(period_start="2025-06-01T00:00:00Z", period_end="2025-07-01T00:00:00Z")
    assert reject_of("ad", data) is None


@pytest.mark.parametrize("kind", [name for name, kind in KINDS.items() if kind.rule and not kind.optional])
def test_the_pass_over_a_batch_passes_over_valid_events(kind: str) -> None:
    """What the pass picks is looked at twice: it must not be everything."""
    (read,) = decode(kind, [(0, TIME_MS, None, orjson.dumps(event(kind)), ())]).events
    assert KINDS[kind].rule.suspects([read]) == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_id_of_a_kind_refuses_separators(kind: str) -> None:
    names = [name for name in KINDS[kind].data.__struct_fields__ if name in data_of(kind) and name.endswith("_id")]
    required = {"site_id", "visitor_id", "form_id", "conversation_id", "message_id"} & set(names)
    assert required
    for name in required:
        assert reject_of(kind, data_of(kind, **{name: "a\x1fb"})) == ("out_of_range", f"data.{name}")


@pytest.mark.parametrize("text", ["a@b", "@", "user@host", "a@", "@b.c", "a b@c", "ünï@"])
def test_an_at_alone_makes_no_address(text: str) -> None:
    assert reject_of("page_view", data_of("page_view", visitor_id=text)) is None
