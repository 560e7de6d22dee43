"""Intercom: notifications as what happened in conversations."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tests.realdata.vendor_payloads import events, mapped

CONTACTS = {"contacts": [{"type": "contact", "id": "c1", "external_id": "u-9"}]}


def post(topic: str, outer: dict[str, Any] | None = None, **item: Any) -> bytes:
    said = {"type": "notification_event", "id": "notif_1", "topic": topic, "created_at": 1_772_357_400}
    return orjson.dumps({**said, "data": {"item": {"id": "147", "contacts": CONTACTS, **item}}, **(outer or {})})


def read(value: bytes, **options: Any) -> list[dict[str, Any]]:
    out = mapped("intercom", value, **options)
    assert out.refused == []
    return events(out)


def parts(**author: Any) -> dict[str, Any]:
    return {"conversation_parts": {"conversation_parts": [{"body": "secret", "author": author}]}}


def test_who_opens_a_conversation_writes_its_first_message() -> None:
    started, message = read(post("conversation.user.created"))
    assert started["time"] == "2026-03-01T09:30:00.000Z"
    assert started["data"] == {
        "site_id": "acme", "visitor_id": "c1", "user_id": "u-9", "conversation_id": "147",
        "action": "conversation_started",
    }  # fmt: skip
    assert (message["data"]["action"], message["data"]["actor"]) == ("message", "visitor")
    assert started["id"] != message["id"]
    by_us = read(post("conversation.admin.single.created"))
    assert [each["data"]["actor"] for each in by_us] == ["agent", "agent"]


@pytest.mark.parametrize(
    ("topic", "author", "actor"),
    [
        ("conversation.user.replied", {"type": "user"}, "visitor"),
        ("conversation.admin.replied", {"type": "admin"}, "agent"),
        ("conversation.admin.replied", {"type": "bot"}, "bot"),
        ("conversation.admin.replied", {"type": "admin", "from_ai_agent": True}, "bot"),
        ("conversation.operator.replied", {"type": "bot"}, "bot"),
    ],
)
def test_a_reply_is_of_whoever_wrote_it_and_nothing_of_it_goes_on(topic: str, author: Any, actor: str) -> None:
    out = mapped("intercom", post(topic, **parts(**author)))
    (one,) = events(out)
    assert (one["data"]["action"], one["data"]["actor"]) == ("message", actor)
    assert b"secret" not in out.events[0].value


def test_an_assignment_is_a_handover_where_the_bot_took_part() -> None:
    (one,) = read(post("conversation.admin.assigned", ai_agent_participated=True))
    assert one["data"]["action"] == "handoff"
    assert mapped("intercom", post("conversation.admin.assigned")).ignored == {"conversation.admin.assigned": 1}


@pytest.mark.parametrize(
    ("state", "resolved"),
    [("assumed_resolution", True), ("confirmed_resolution", True), ("routed_to_team", False), ("abandoned", None), (None, None)],
)  # fmt: skip
def test_what_is_closed_ends_and_says_whether_the_bot_solved_it(state: Any, resolved: Any) -> None:
    (one,) = read(post("conversation.admin.closed", ai_agent={"resolution_state": state}))
    assert (one["data"]["action"], one["data"].get("resolved")) == ("conversation_ended", resolved)


def test_a_person_is_the_contact_and_else_who_wrote_and_an_address_is_hashed() -> None:
    author = {"type": "lead", "id": "a1", "email": "Jo@Acme.example"}
    one, _ = read(post("conversation.user.created", contacts=None, source={"author": author}))
    assert one["data"]["visitor_id"] == "a1"
    assert len(one["data"]["email_hash"]) == 64
    teammate = {"type": "admin", "id": "9", "email": "rep@acme.example"}
    (two,) = read(post("conversation.admin.replied", source={"author": teammate}))
    assert two["data"]["visitor_id"] == "c1"
    assert "email_hash" not in two["data"]


def test_what_is_sent_again_is_one_event() -> None:
    first, again = (
        read(post("conversation.user.replied", {"delivery_attempts": n, "first_sent_at": 1}))[0]["id"] for n in (1, 2)
    )
    assert first == again
    (other,) = read(post("conversation.user.replied", {"id": "notif_2"}))
    assert other["id"] != first


def test_topics_of_ones_own_are_what_the_options_say_and_others_are_ignored_by_name() -> None:
    (one,) = read(post("conversation.rated"), chats={"conversation.rated": {"action": "lead_captured"}})
    assert one["data"]["action"] == "lead_captured"
    out = mapped("intercom", post("contact.created"), post("ping"), post("brand.new"), b"{}")
    assert out.ignored == {"contact.created": 1, "ping": 1}
    assert out.unmapped == {"brand.new": 1, "(no name)": 1}
