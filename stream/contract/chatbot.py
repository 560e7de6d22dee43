"""Chatbot: something happened in a conversation with a bot.

In:  one envelope a record of the topic `chatbot`.
Out: its types, rule and keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Final, Literal

from msgspec import Meta

from stream.contract.common import Common, Envelope, example, rows_of_visitors, visitors_of
from stream.contract.conditions import when
from stream.contract.fields import Amount, Currency, Flag, Id, Name, Seconds, says
from stream.contract.kind import Kind
from stream.contract.rules import Fault, Moment, Rule

ChatbotAction = Literal[
    "conversation_started",
    "message",
    "handoff",
    "lead_captured",
    "order_started",
    "order_completed",
    "appointment_set",
    "appointment_confirmed",
    "appointment_cancelled",
    "conversation_ended",
]

#: Action → the field that it cannot do without.
NEEDS: Final = {
    "message": "actor",
    "order_started": "order_id",
    "order_completed": "order_id",
    "appointment_set": "appointment_id",
    "appointment_confirmed": "appointment_id",
    "appointment_cancelled": "appointment_id",
}


if TYPE_CHECKING:
    Actor = str
else:
    # somebody else is nobody's: neither the visitor nor the bot
    Actor = Annotated[Literal["visitor", "bot", "agent"], Meta(extra={"stray": "unknown", "reads": "enum"})]


class ChatbotData(Common, gc=False, kw_only=True):
    """Something happened in a conversation; never what was said."""

    visitor_id: Annotated[Id, says("Pseudonymous id of the person; never an address", "v-81f3")]
    action: Annotated[ChatbotAction, says("What happened", "message", strict=True)]
    conversation_id: Annotated[Id, says("One conversation, or one thread of them a person", "c-77")]
    actor: Annotated[
        Actor | None,
        says("Who wrote: required on message; on conversation_started bot or agent where the widget greets", "visitor"),
    ] = None
    bot_id: Annotated[Name | None, says("Figures by bot", "sales")] = None
    resolved: Annotated[Flag | None, says("Whether the conversation solved it; the last word counts", True)] = None
    duration_s: Annotated[Seconds | None, says("Length of the conversation; goes before the times of events", 84)] = (
        None
    )
    order_id: Annotated[Id | None, says("Which order; required on order_started and order_completed", "o-5")] = None
    appointment_id: Annotated[Id | None, says("Which appointment; required on the appointment actions", "a-12")] = None
    value: Annotated[Amount | None, says("chat_order_value, in units of the currency", 49.5)] = None
    currency: Annotated[Currency | None, says("Of value, ISO 4217 in any case; without it value is nothing", "EUR")] = (
        None
    )


class Chatbot(Envelope, gc=False, kw_only=True):
    """Something happened in a conversation. Topic chatbot, key visitor_id."""

    type: Literal["chatbot"]
    data: ChatbotData


def _suspects(events: Sequence[Chatbot]) -> list[int]:
    return [
        place
        for place, event in enumerate(events)
        if (action := (data := event.data).action) in NEEDS and (action != "message" or data.actor is None)
    ]


def _faults(event: Chatbot, _moment: Moment) -> list[Fault]:
    """Ask for what the action is about."""
    need = NEEDS.get(event.data.action)
    return [("missing_field", f"data.{need}")] if need is not None and getattr(event.data, need) is None else []


_RULE: Final = Rule(
    _suspects,
    _faults,
    tuple(
        when("action", [action for action, field in NEEDS.items() if field == needed], needed)
        for needed in dict.fromkeys(NEEDS.values())
    ),
)

KIND: Final = Kind(
    name="chatbot",
    struct=Chatbot,
    canonical_keys=visitors_of,
    row_keys=rows_of_visitors,
    key_says="visitor_id",
    rule=_RULE,
    example=example(
        "chatbot",
        3,
        "2025-06-15T09:32:00.000Z",
        {
            "visitor_id": "v-81f3",
            "action": "appointment_set",
            "conversation_id": "c-77",
            "appointment_id": "a-12",
            "bot_id": "sales",
        },
    ),
)
