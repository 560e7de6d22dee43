"""Dialogflow CX: turns of its export as what happened in conversations."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tests.realdata.vendor_payloads import events, mapped

SESSION = "projects/acme/locations/eu/agents/a/sessions/v"
WORDS = {"queryInput": {"text": {"text": "my secret"}, "languageCode": "en"}}


def turn(position: Any = 2, *messages: Any, request: Any = WORDS, **result: Any) -> bytes:
    return orjson.dumps(
        {
            "conversation_name": SESSION, "turn_position": position, "request_time": "2026-03-01 09:30:00.5 UTC",
            "agent_id": "sales", "request": request,
            "response": {"queryResult": {"responseMessages": list(messages), **result}},
        }
    )  # fmt: skip


def said(value: bytes, **options: Any) -> list[tuple[str, Any]]:
    out = mapped("dialogflow", value, **options)
    assert out.refused == []
    return [(event["data"]["action"], event["data"].get("actor")) for event in events(out)]


TEXT = {"text": {"text": ["Sure."]}}


def test_a_turn_is_a_word_of_the_visitor_and_one_of_the_bot_and_nothing_of_either_goes_on() -> None:
    out = mapped("dialogflow", turn(2, TEXT, {"payload": {"a": 1}}))
    one, two = events(out)
    assert one["time"] == "2026-03-01T09:30:00.5Z"
    assert one["data"] == {
        "site_id": "acme", "visitor_id": "v", "conversation_id": "v", "bot_id": "sales", "action": "message",
        "actor": "visitor",
    }  # fmt: skip
    assert two["data"]["actor"] == "bot"
    assert all(b"secret" not in event.value and b"Sure" not in event.value for event in out.events)


def test_columns_of_json_may_be_texts() -> None:
    record = orjson.loads(turn(2, TEXT))
    as_text = {
        **record,
        "request": orjson.dumps(record["request"]).decode(),
        "response": orjson.dumps(record["response"]).decode(),
    }
    assert said(orjson.dumps(as_text)) == said(orjson.dumps(record)) == [("message", "visitor"), ("message", "bot")]


@pytest.mark.parametrize("first", [[0, 1], [1, 2], ["1", "2"]])
def test_a_conversation_starts_once_wherever_its_turns_are_counted_from(first: list[Any]) -> None:
    found = events(mapped("dialogflow", *(turn(position, TEXT) for position in first)))
    starts = {event["id"] for event in found if event["data"]["action"] == "conversation_started"}
    assert len(starts) == 1
    assert len({event["id"] for event in found}) == 5


def test_what_opens_a_conversation_is_no_word_of_the_visitor() -> None:
    assert said(turn(1, TEXT, request={"queryInput": {"event": {"event": "WELCOME"}}})) == [
        ("conversation_started", None), ("message", "bot"),
    ]  # fmt: skip


def test_a_response_hands_over_ends_and_says_that_it_is_solved() -> None:
    out = mapped(
        "dialogflow", turn(3, TEXT, {"conversationSuccess": {}}, {"liveAgentHandoff": {}}, {"endInteraction": {}})
    )
    assert [(event["data"]["action"], event["data"].get("resolved")) for event in events(out)] == [
        ("message", None), ("message", True), ("handoff", None), ("conversation_ended", True),
    ]  # fmt: skip
    assert said(turn(3, {"liveAgentHandoff": {}}, request={})) == [("handoff", None)]


def test_an_intent_is_a_lead_an_order_or_an_appointment() -> None:
    options = {"intents": {"book": {"action": "appointment_set", "parameter": "booking"}, "buy": {"action": "order_completed"},
                           "contact": {"action": "lead_captured"}}}  # fmt: skip
    book, buy, contact = (
        events(
            mapped(
                "dialogflow", turn(2, match={"intent": {"displayName": name}}, parameters=given, request={}), **options
            )
        )
        for name, given in (("book", {"booking": "a"}), ("buy", {"order_id": 7}), ("contact", {}))
    )
    assert (book[0]["data"]["action"], book[0]["data"]["appointment_id"]) == ("appointment_set", "a")
    assert (buy[0]["data"]["action"], buy[0]["data"]["order_id"]) == ("order_completed", "7")
    assert contact[0]["data"]["action"] == "lead_captured"


def test_a_session_that_is_an_address_is_nobody_by_name() -> None:
    value = turn(2, TEXT).replace(b"sessions/v", b"sessions/jo@acme.example")
    assert all(len(event["data"]["visitor_id"]) == 64 for event in events(mapped("dialogflow", value)))


def test_a_turn_without_a_word_is_ignored_and_what_is_no_turn_is_unmapped() -> None:
    out = mapped("dialogflow", turn(2, request={}), b'{"language_code": "en"}')
    assert out.ignored == {"a turn without a word": 1}
    assert out.unmapped == {"(no name)": 1}
