"""Dialogflow CX: turns of conversations, as its export writes them into BigQuery, streamed on into a topic."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from stream.contract.chatbot import NEEDS, ChatbotAction
from stream.sources.about import About, Ignored, ignored
from stream.sources.definition import Definition
from stream.sources.events import Event, chatbot
from stream.sources.hashed import fingerprint
from stream.sources.moments import clock
from stream.sources.preset import Mapping, Preset
from stream.sources.values import part, text
from stream.sources.wire.wire import Shape


class IntentOf(msgspec.Struct, frozen=True, kw_only=True):
    """What one of your intents says, and which parameter of the session has the id of the order or appointment."""

    action: ChatbotAction
    parameter: str = ""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Which of your intents are key events, by their display names."""

    intents: dict[str, IntentOf] = {}


#: How somebody can say something; an event or the result of a tool is nobody's word.
_SAYS: Final = ("text", "audio", "dtmf", "intent")
#: What a response holds that is no message to the visitor.
_SIGNALS: Final = frozenset(
    {"liveAgentHandoff", "endInteraction", "conversationSuccess", "responseType", "channel", "source"}
)
#: A conversation's first turn, whether turns are counted from 0 or from 1.
_FIRST: Final = 1


def mapping(options: Options, definition: Definition) -> Mapping:
    """Make the mapping of a definition."""

    def said_in(turn: Any) -> Iterator[dict[str, Any]]:
        result = part(turn.get("response"), "queryResult")
        if any(part(turn.get("request"), "queryInput").get(name) for name in _SAYS):
            yield {"action": "message", "actor": "visitor"}
        messages = [each for each in result.get("responseMessages") or () if each.__class__ is dict]
        signals = {name for each in messages for name in each if each[name] is not None} & _SIGNALS
        solved = True if "conversationSuccess" in signals else None
        if any(not _SIGNALS.issuperset(each) for each in messages):
            yield {"action": "message", "actor": "bot", "resolved": solved}
        what = options.intents.get(_intent(result) or "")
        if what is not None:
            found: dict[str, Any] = {"action": what.action}
            if (needs := NEEDS.get(what.action)) == "actor":
                found["actor"] = "visitor"
            elif needs is not None:
                found[needs] = text(part(result, "parameters").get(what.parameter or needs))
            yield found
        if "liveAgentHandoff" in signals:
            yield {"action": "handoff"}
        if "endInteraction" in signals:
            yield {"action": "conversation_ended", "resolved": solved}

    def read(record: Any, about: About) -> Iterator[Event | Ignored]:
        name = text(record.get("conversation_name"))
        if name is None:
            return
        position = record.get("turn_position")
        said = list(said_in(record))
        if (turn := text(position)) is not None and turn.isdecimal() and int(turn[:9]) <= _FIRST:
            # counted from 0 there are two of these, and both have one id
            said.insert(0, {"action": "conversation_started"})
        for number, each in enumerate(said):
            opens = each["action"] == "conversation_started" and number == 0
            yield chatbot(
                id=fingerprint(name, None if opens else text(position), each["action"], each.get("actor")),
                time=clock(record.get("request_time")),
                visitor_id=name.rpartition("/")[2] or None,
                conversation_id=name.rpartition("/")[2] or None,
                bot_id=text(record.get("agent_id")),
                **each,
            )
        if not said:
            yield ignored("a turn without a word")

    return read


def _intent(result: Any) -> str | None:
    """Give the display name of the intent that was met."""
    return text(part(part(result, "match"), "intent").get("displayName")) or text(
        part(result, "intent").get("displayName")
    )


PRESET: Final = Preset(
    name="dialogflow",
    title="Dialogflow CX: rows of its conversation history in BigQuery, a turn each, streamed on as JSON",
    kinds=("chatbot",),
    options=Options,
    mapping=mapping,
    shape=Shape(unwrap=("connect", "json:request", "json:response"), each="."),
    facts=(
        "cloud.google.com/dialogflow/cx/docs/concept/export-bq: columns of a turn",
        "cloud.google.com/nodejs/docs/reference/dialogflow-cx, IResponseMessage: liveAgentHandoff, endInteraction, ...",
    ),
    unconfirmed="that request, response are the bodies of detectIntent, in camel case; whether turns start at 0 or 1",
    notes=(
        "visitor_id is the id of the session: open sessions with the browser's id, and its visits are known.",
        "Intents are leads, orders and appointments: the parameter of an intent has their id.",
        "Dialogflow ES has no such export; its logs need a function of your own.",
    ),
    example_options={"intents": {"book": {"action": "appointment_set", "parameter": "booking"}}},
    example=(
        {
            "project_id": "acme", "agent_id": "sales", "turn_position": 1, "language_code": "en",
            "conversation_name": "projects/acme/locations/eu/agents/a-1/sessions/v-81f3",
            "request_time": "2026-03-01 09:30:00.123456 UTC",
            "request": '{"queryInput":{"text":{"text":"I want to book"},"languageCode":"en"}}',
            "response": {
                "queryResult": {
                    "match": {"intent": {"displayName": "book"}, "matchType": "INTENT"},
                    "parameters": {"booking": "a-12"},
                    "responseMessages": [{"text": {"text": ["Booked."]}}, {"conversationSuccess": {}}],
                },
            },
        },
        {
            "project_id": "acme", "agent_id": "sales", "turn_position": 2, "language_code": "en",
            "conversation_name": "projects/acme/locations/eu/agents/a-1/sessions/v-81f3",
            "request_time": "2026-03-01T09:31:00Z",
            "request": {"queryInput": {"text": {"text": "a person, please"}}},
            "response": {"queryResult": {"responseMessages": [{"liveAgentHandoff": {}}, {"endInteraction": {}}]}},
        },
    ),
)  # fmt: skip
