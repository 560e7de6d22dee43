"""Rasa: conversations as its event broker writes them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Literal

import msgspec

from stream.sources.about import About, Ignored, ignored
from stream.sources.definition import Definition
from stream.sources.events import Event, chatbot
from stream.sources.hashed import fingerprint
from stream.sources.moments import unix
from stream.sources.preset import Mapping, Preset
from stream.sources.values import part, text

#: What a name alone can mean; orders and appointments have an id, which is a slot.
Meaning = Literal["handoff", "lead_captured", "conversation_started", "conversation_ended"]
Deal = Literal[
    "lead_captured", "order_started", "order_completed", "appointment_set", "appointment_confirmed",
    "appointment_cancelled",
]  # fmt: skip


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What your actions, intents and flows mean, by name, and your slots, whose value is the id of the order."""

    actions: dict[str, Meaning] = {}
    intents: dict[str, Meaning] = {}
    flows: dict[str, Meaning] = {}
    slots: dict[str, Deal] = {}


ACTIONS: Final[dict[str, Meaning]] = {"action_human_handoff": "handoff"}
FLOWS: Final[dict[str, Meaning]] = {"pattern_human_handoff": "handoff"}
#: Events that say what happened by themselves; of a message, who wrote it.
_TALK: Final = {
    "session_started": ("conversation_started", None),
    "bot": ("message", "bot"),
    "agent": ("message", "agent"),
    "pause": ("handoff", None),
    "session_ended": ("conversation_ended", None),
}
#: How a tracker goes on: nothing of it is said or done to anybody.
_INNER: Final = frozenset(
    {
        "action", "action_execution_rejected", "active_loop", "cancel_reminder", "entities", "export", "flow_cancelled",
        "flow_completed", "flow_interrupted", "flow_resumed", "flow_started", "followup", "form", "form_validation",
        "loop_interrupted", "reminder", "reset_slots", "restart", "resume", "rewind", "slot", "stack", "undo",
        "user_featurization",
    }
)  # fmt: skip
_ABOUT: Final = {"order_started": "order_id", "order_completed": "order_id"}


def mapping(options: Options, definition: Definition) -> Mapping:
    """Make the mapping of a definition."""
    actions, flows = ACTIONS | options.actions, FLOWS | options.flows

    def said_of(record: Any, kind: str) -> Iterator[dict[str, Any]]:
        if kind in _TALK:
            action, actor = _TALK[kind]
            yield {"action": action, "actor": actor}
        elif kind == "user" and not _inner(record):
            yield {"action": "message", "actor": "visitor"}
            intent = text(part(part(record, "parse_data"), "intent").get("name"))
            if intent in options.intents:
                yield {"action": options.intents[intent]}
        elif kind == "action" and (name := text(record.get("name"))) in actions:
            yield {"action": actions[name]}
        elif kind == "flow_started" and (name := text(record.get("flow_id"))) in flows:
            yield {"action": flows[name]}
        elif kind == "slot" and (name := text(record.get("name"))) in options.slots:
            value = text(record.get("value"))
            if value is not None:  # a slot that is emptied says nothing
                action = options.slots[name]
                found: dict[str, Any] = {"action": action}
                if action != "lead_captured":
                    found[_ABOUT.get(action, "appointment_id")] = value
                yield found

    def read(record: Any, about: About) -> Iterator[Event | Ignored]:
        kind = text(record.get("event"))
        if kind is None:
            return
        sender, moment = text(record.get("sender_id")), record.get("timestamp")
        named = record.get("name") or record.get("flow_id")
        made = False
        for each in said_of(record, kind):
            made = True
            yield chatbot(
                id=None if sender is None else fingerprint(sender, kind, moment, named, each["action"]),
                time=unix(moment),
                visitor_id=sender,
                conversation_id=sender,
                bot_id=text(record.get("assistant_id")),
                **each,
            )
        if not made and (kind in _INNER or kind == "user"):
            yield ignored(kind)

    return read


def _inner(record: Any) -> bool:
    """Tell whether a message was written by a program: what opens a session, or comes from outside."""
    said = text(record.get("text"))
    return (said is not None and said.startswith("/session_start")) or part(record, "metadata").get(
        "is_external"
    ) is True


PRESET: Final = Preset(
    name="rasa",
    title="Rasa: events of its trackers, as its Kafka event broker writes them",
    kinds=("chatbot",),
    options=Options,
    mapping=mapping,
    named=("event",),
    facts=(
        "rasa.com/docs/reference/integrations/event-brokers: sender_id, timestamp, event",
        "github.com/RasaHQ/rasa, rasa/shared/core/events.py: names of events and their fields",
    ),
    unconfirmed="session_ended; names of what hands over; assistant_id; the mark of outside messages",
    notes=(
        "visitor_id is sender_id: open the chat with the browser's id, and its visits are known.",
        "A pause hands over to a person, and what an agent writes is an agent's.",
        'Slots are orders and appointments: slots = { appointment_id = "appointment_set" }; the value is the id.',
    ),
    example_options={"slots": {"appointment_id": "appointment_set"}, "intents": {"leave_contact": "lead_captured"}},
    example=(
        {"sender_id": "v-1", "event": "session_started", "timestamp": 1772357400.1, "assistant_id": "sales"},
        {
            "sender_id": "v-1", "event": "user", "timestamp": 1772357401.617099, "text": "call me", "message_id": "m-1",
            "input_channel": "rest", "parse_data": {"intent": {"name": "leave_contact", "confidence": 0.9}},
            "metadata": {}, "assistant_id": "sales",
        },
        {"sender_id": "v-1", "event": "bot", "timestamp": 1772357402.2, "text": "When?", "data": {}},
        {
            "sender_id": "v-1", "event": "slot", "timestamp": 1772357403.5, "name": "appointment_id", "value": "a-12",
        },
        {"sender_id": "v-1", "event": "pause", "timestamp": 1772357404.5},
    ),
)  # fmt: skip
