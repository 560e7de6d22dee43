"""Email: something became of one message to one recipient.

In:  one envelope a record of the topic `email`.
Out: its types, rule and keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Final, Literal

from msgspec import Meta

from stream.contract.common import EXAMPLE_HASH, Common, Envelope, example
from stream.contract.conditions import when
from stream.contract.fields import Domain, Flag, MessageId, Name, Text, says
from stream.contract.kind import Kind
from stream.contract.records import UNIT
from stream.contract.rules import LEAD, Fault, Moment, Rule

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


EmailPurpose = Literal["welcome", "webinar", "upgrade", "engagement", "faq", "nudge", "other"]

if TYPE_CHECKING:
    BounceType = str
else:
    # another word for a bounce is a bounce
    BounceType = Annotated[Literal["hard", "soft", "block"], Meta(extra={"stray": "unknown", "reads": "enum"})]


class EmailData(Common, gc=False, kw_only=True):
    """Something became of one message to one recipient; lead_id or email_hash is required."""

    action: Annotated[EmailAction, says("What became of it", "delivered", strict=True)]
    message_id: Annotated[
        MessageId, says("The message: with the recipient one copy; one pair of <> around it is off", "m-000042")
    ]
    campaign_id: Annotated[Name | None, says("Figures by campaign", "welcome-1")] = None
    email_purpose: Annotated[EmailPurpose | None, says("Figures by purpose", "welcome")] = None
    variant: Annotated[Name | None, says("Figures by variant", "b")] = None
    bounce_type: Annotated[
        BounceType | None, says("Required if bounced; another word counts as unknown, and gives way as soft", "soft")
    ] = None
    machine: Annotated[
        Flag | None,
        says("Whether a scanner or prefetcher opened or clicked; absent: traffic.class, then the user agent", False),
    ] = None
    link_path: Annotated[Text | None, says("Which link was clicked: twice in one second is once", "/pricing")] = None
    recipient_domain: Annotated[Domain | None, says("Figures by recipient domain, lower case", "mail.example")] = None


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


def _faults(event: Email, _moment: Moment) -> list[Fault]:
    """Ask for the recipient, and for the type of a bounce."""
    data, found = event.data, list[Fault]()
    if data.lead_id is None and data.email_hash is None:
        found.append(("missing_field", "data.lead_id"))
    if data.action == "bounced" and data.bounce_type is None:
        found.append(("missing_field", "data.bounce_type"))
    return found


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
    rule=Rule(_suspects, _faults, (LEAD, when("action", ["bounced"], "bounce_type"))),
    # image proxies and link scanners open and click on behalf of people
    user_agent="machine",
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
