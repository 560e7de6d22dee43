"""Postmark: its webhooks, relayed as they were posted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Literal

import msgspec

from stream.sources.about import About, Ignored, ignored
from stream.sources.definition import Definition
from stream.sources.events import Event, email
from stream.sources.hashed import copy_of, domain_of, email_hash, fingerprint
from stream.sources.moments import clock
from stream.sources.preset import Mapping, Preset
from stream.sources.urls import url_path
from stream.sources.values import text

#: What a record of the type Bounce may be: a bounce of one of our types, or something else that happened.
Became = Literal[
    "hard", "soft", "block", "deferred", "dropped", "replied", "unsubscribed", "resubscribed", "spam_complaint"
]


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Further types of bounces, or types that shall be something else than here."""

    bounces: dict[str, Became] = {}


ACTIONS: Final = {"Delivery": "delivered", "SpamComplaint": "spam_complaint", "Open": "opened", "Click": "clicked"}
#: Types of the record Bounce; whatever else is a soft one.
BOUNCES: Final[dict[str, Became]] = {
    "HardBounce": "hard",
    "BadEmailAddress": "hard",
    "SoftBounce": "soft",
    "Unknown": "soft",
    "Blocked": "block",
    "SpamNotification": "block",
    "VirusNotification": "block",
    "DMARCPolicy": "block",
    "Transient": "deferred",
    "DnsError": "deferred",
    "AutoResponder": "replied",
    "AddressChange": "replied",
    "ChallengeVerification": "replied",
    "Unsubscribe": "unsubscribed",
    "Subscribe": "resubscribed",
    "SpamComplaint": "spam_complaint",
    "ManuallyDeactivated": "dropped",
    "Unconfirmed": "dropped",
    "SMTPApiError": "dropped",
    "TemplateRenderingFailed": "dropped",
}
_NO_MAIL_OF_OURS: Final = frozenset({"InboundError", "OpenRelayTest"})
_TYPES: Final = frozenset({"hard", "soft", "block"})
_TIMES: Final = ("DeliveredAt", "BouncedAt", "ReceivedAt", "ChangedAt")


def mapping(options: Options, definition: Definition) -> Mapping:
    """Make the mapping of a definition."""
    bounces = BOUNCES | options.bounces

    def read(record: Any, about: About) -> Iterator[Event | Ignored]:
        said = record.get("RecordType")
        action: str | None
        bounce_type: str | None = None
        if said == "Bounce":
            type = record.get("Type")
            if type in _NO_MAIL_OF_OURS and type not in options.bounces:
                yield ignored(type)
                return
            action = bounces.get(type, "soft")
            if action in _TYPES:
                action, bounce_type = "bounced", action
        elif said == "SubscriptionChange":
            action = _change(record)
            if action is None:
                yield ignored("SubscriptionChange")
                return
        else:
            action = ACTIONS.get(said)
            if action is None:
                return
        address = record.get("Recipient") or record.get("Email")
        when = next((found for name in _TIMES if (found := record.get(name))), None)
        message = text(record.get("MessageID"))
        yield email(
            id=fingerprint(said, message, address, when, record.get("ID"), record.get("OriginalLink")),
            time=clock(when),
            action=action,
            message_id=copy_of(message, address),
            email_hash=email_hash(address),
            recipient_domain=domain_of(address),
            campaign_id=text(record.get("Tag")),
            bounce_type=bounce_type,
            link_path=url_path(record.get("OriginalLink")) if action == "clicked" else None,
            user_agent=record.get("UserAgent"),
        )

    return read


def _change(record: Any) -> str | None:
    """Give what a change of the suppression list is; bounces and complaints are told by records of their own."""
    if record.get("SuppressSending") is False:
        return "resubscribed"
    return "unsubscribed" if record.get("SuppressionReason") == "ManualSuppression" else None


PRESET: Final = Preset(
    name="postmark",
    title="Postmark webhooks: Delivery, Bounce, SpamComplaint, Open, Click, SubscriptionChange",
    kinds=("email",),
    options=Options,
    mapping=mapping,
    named=("RecordType",),
    facts=(
        "postmarkapp.com/developer/webhooks/webhooks-overview: records and their fields",
        "postmarkapp.com/developer/api/bounce-api: types of bounces and what each means",
        "npm postmark 4.0.2, Bounce.d.ts: names of all types",
    ),
    unconfirmed="that a final bounce follows Transient and DnsError where a mail is given up",
    notes=(
        "Postmark posts nothing when it sends: a mail is taken as sent when the first thing is heard of it.",
        "A change of the suppression list is an unsubscription only where it was made by hand.",
    ),
    needs_key=True,
    example=(
        {
            "RecordType": "Delivery", "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483", "Tag": "welcome",
            "Recipient": "jo@acme.example", "DeliveredAt": "2026-03-01T04:30:00.2735393-05:00",
        },
        {
            "RecordType": "Click", "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483", "Tag": "welcome",
            "Recipient": "jo@acme.example", "ReceivedAt": "2026-03-01T09:31:00.9065619Z",
            "OriginalLink": "https://acme.example/pricing?a=1", "UserAgent": "Mozilla/5.0",
        },
        {
            "RecordType": "Bounce", "ID": 901542550, "Type": "HardBounce", "Email": "al@acme.example",
            "MessageID": "2706ee8a-737c-4285-b032-ccd317af53ed", "BouncedAt": "2026-03-01T09:32:00Z",
        },
    ),
)  # fmt: skip
