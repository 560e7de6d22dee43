"""Chatbot: something happened in a conversation with a bot.

In:  one envelope a record of the topic `chatbot`.
Out: its types, rule and keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final, Literal

from msgspec import Meta

from stream.contract.common import Common, Envelope, example, rows_of_visitors, visitors_of
from stream.contract.conditions import when
from stream.contract.fields import Amount, Currency, Id, PersonId, Seconds, Text, Time
from stream.contract.kind import Kind
from stream.contract.rules import Fault, Rule
from stream.contract.times import is_time

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


class ChatbotData(Common, gc=False, kw_only=True):
    """Something happened in a conversation; never what was said."""

    visitor_id: Annotated[PersonId, Meta(description="Pseudonymous id of the person; never an address")]
    action: ChatbotAction
    conversation_id: Id
    actor: Annotated[Literal["visitor", "bot", "agent"] | None, Meta(description="Who wrote; required on message")] = (
        None
    )
    bot_id: Text | None = None
    flow_id: Text | None = None
    intent: Text | None = None
    resolved: bool | None = None
    duration_s: Seconds | None = None
    order_id: Annotated[Id | None, Meta(description="Required on order_started and order_completed")] = None
    appointment_id: Annotated[Id | None, Meta(description="Required on the appointment actions")] = None
    appointment_at: Time | None = None
    value: Amount | None = None
    currency: Currency | None = None


class Chatbot(Envelope, gc=False, kw_only=True):
    """Something happened in a conversation. Topic chatbot, key visitor_id."""

    type: Literal["chatbot"]
    data: ChatbotData


def _suspects(events: Sequence[Chatbot]) -> list[int]:
    return [
        place
        for place, event in enumerate(events)
        if ((action := (data := event.data).action) in NEEDS and (action != "message" or data.actor is None))
        or data.appointment_at is not None
    ]


def _fault(data: ChatbotData, _newest_ms: int, _period_ms: int) -> Fault | None:
    """Ask for what the action is about."""
    need = NEEDS.get(data.action)
    if need is not None and getattr(data, need) is None:
        return "missing_field", f"data.{need}"
    if data.appointment_at is not None and not is_time(data.appointment_at):
        return "bad_time", "data.appointment_at"
    return None


_RULE: Final = Rule(
    _suspects,
    _fault,
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
            "appointment_at": "2025-06-20T14:00:00+02:00",
            "bot_id": "sales",
        },
    ),
)
