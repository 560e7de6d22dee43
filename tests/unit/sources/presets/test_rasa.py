"""Rasa: events of its broker as what happened in conversations."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tests.realdata.vendor_payloads import events, mapped


def said(event: str, **fields: Any) -> bytes:
    return orjson.dumps({"sender_id": "v", "timestamp": 1_528_402_837.617099, "event": event, **fields})


def user(intent: str = "greet", **fields: Any) -> bytes:
    return said("user", **{"text": "hello", "parse_data": {"intent": {"name": intent}}, **fields})


def read(*values: bytes, **options: Any) -> list[dict[str, Any]]:
    out = mapped("rasa", *values, **options)
    assert out.refused == []
    return events(out)


def test_what_is_written_is_a_message_of_whoever_wrote_it_and_nothing_of_it_goes_on() -> None:
    value = said("bot", text="what your bot said", data={}, metadata={"a key": "a value"})
    (bot,) = read(value)
    assert bot["time"] == "2018-06-07T20:20:37.617Z"
    assert bot["data"] == {
        "site_id": "acme", "visitor_id": "v", "conversation_id": "v", "action": "message", "actor": "bot",
    }  # fmt: skip
    assert [each["data"]["actor"] for each in read(user(), said("agent", text="hi"))] == ["visitor", "agent"]
    assert b"hello" not in mapped("rasa", user()).events[0].value


@pytest.mark.parametrize(
    ("event", "action"),
    [("session_started", "conversation_started"), ("pause", "handoff"), ("session_ended", "conversation_ended")],
)
def test_a_session_begins_is_handed_over_and_ends(event: str, action: str) -> None:
    (one,) = read(said(event))
    assert one["data"]["action"] == action


@pytest.mark.parametrize(
    "value", [user(text="/session_start"), user(text="EXTERNAL: x", metadata={"is_external": True})]
)
def test_what_a_program_writes_is_no_message(value: bytes) -> None:
    assert mapped("rasa", value).ignored == {"user": 1}


def test_names_mean_what_the_options_say() -> None:
    options = {"intents": {"leave_contact": "lead_captured"}, "actions": {"action_bye": "conversation_ended"},
               "flows": {"human": "handoff"}}  # fmt: skip
    found = read(
        user("leave_contact"), said("action", name="action_bye"), said("flow_started", flow_id="human"),
        said("action", name="action_human_handoff"), **options,
    )  # fmt: skip
    assert [each["data"]["action"] for each in found] == [
        "message", "lead_captured", "conversation_ended", "handoff", "handoff",
    ]  # fmt: skip
    assert len({each["id"] for each in found}) == 5


@pytest.mark.parametrize(
    ("slot", "action", "field"),
    [
        ("order", "order_completed", "order_id"), ("started", "order_started", "order_id"),
        ("appointment", "appointment_set", "appointment_id"), ("off", "appointment_cancelled", "appointment_id"),
    ],
)  # fmt: skip
def test_a_slot_is_an_order_or_an_appointment_and_its_value_the_id(slot: str, action: str, field: str) -> None:
    (one,) = read(said("slot", name=slot, value=17), slots={slot: action})
    assert (one["data"]["action"], one["data"][field]) == (action, "17")
    assert mapped("rasa", said("slot", name=slot, value=None), slots={slot: action}).ignored == {"slot": 1}


def test_a_slot_may_be_a_lead() -> None:
    (one,) = read(said("slot", name="email", value="jo@acme.example"), slots={"email": "lead_captured"})
    assert one["data"]["action"] == "lead_captured"


def test_a_sender_that_is_an_address_is_nobody_by_name() -> None:
    (one,) = read(user(sender_id="jo@acme.example"))
    assert len(one["data"]["visitor_id"]) == len(one["data"]["conversation_id"]) == 64


def test_what_a_tracker_does_inside_is_ignored_and_what_is_new_is_unmapped() -> None:
    out = mapped("rasa", said("action", name="action_listen"), said("slot", name="x", value=1), said("brand_new"))
    assert out.ignored == {"action": 1, "slot": 1}
    assert out.unmapped == {"brand_new": 1}
