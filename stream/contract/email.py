"""Email: something became of one message to one recipient.

In:  one envelope a record of the topic `email`.
Out: its types, rule and keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final, Literal

from msgspec import Meta

from stream.contract.common import EXAMPLE_HASH, Common, Envelope, example
from stream.contract.conditions import when
from stream.contract.fields import Id, Text
from stream.contract.kind import Kind
from stream.contract.records import UNIT
from stream.contract.rules import LEAD, Fault, Rule

EmailAction = Literal[
    "sent",
    "deferred",
    "delivered",
    "bounced",
    "dropped",
    "opened",
    "clicked",
    "replied",
    "unsubscribed",
    "resubscribed",
    "spam_complaint",
]


class EmailData(Common, gc=False, kw_only=True):
    """Something became of one message to one recipient; lead_id or email_hash is required."""

    action: EmailAction
    message_id: Annotated[Id, Meta(description="One recipient's copy")]
    campaign_id: Text | None = None
    email_purpose: Literal["welcome", "webinar", "upgrade", "engagement", "faq", "nudge", "other"] | None = None
    variant: Text | None = None
    bounce_type: Annotated[Literal["hard", "soft", "block"] | None, Meta(description="Required if bounced")] = None
    machine: Annotated[bool | None, Meta(description="A privacy proxy or a scanner did it, no person")] = None
    machine_reason: Text | None = None
    link_path: Text | None = None
    provider: Text | None = None
    recipient_domain: Text | None = None


class Email(Envelope, gc=False, kw_only=True):
    """Something became of a message. Topic email, key message_id."""

    type: Literal["email"]
    data: EmailData


def _suspects(events: Sequence[Email]) -> list[int]:
    return [
        place
        for place, event in enumerate(events)
        if ((data := event.data).lead_id is None and data.email_hash is None) or data.action == "bounced"
    ]


def _fault(data: EmailData, _newest_ms: int, _period_ms: int) -> Fault | None:
    """Ask for the recipient, and for the type of a bounce."""
    if data.lead_id is None and data.email_hash is None:
        return "missing_field", "data.lead_id"
    if data.action == "bounced" and data.bounce_type is None:
        return "missing_field", "data.bounce_type"
    return None


def _canonical_keys(events: Sequence[Email]) -> list[str]:
    return [event.data.message_id for event in events]


def _row_keys(datas: Sequence[EmailData]) -> list[str]:
    return [data.site_id + UNIT + data.message_id for data in datas]


KIND: Final = Kind(
    name="email",
    struct=Email,
    canonical_keys=_canonical_keys,
    row_keys=_row_keys,
    key_says="message_id",
    rule=Rule(_suspects, _fault, (LEAD, when("action", ["bounced"], "bounce_type"))),
    # image proxies and link scanners open and click on behalf of people
    filters_bots=False,
    example=example(
        "email",
        4,
        "2025-06-15T10:00:02.100Z",
        {
            "email_hash": EXAMPLE_HASH,
            "action": "bounced",
            "message_id": "m-2025-06-15-000042",
            "campaign_id": "welcome-1",
            "email_purpose": "welcome",
            "bounce_type": "soft",
            "recipient_domain": "mail.example",
        },
    ),
)
