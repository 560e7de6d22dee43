"""Mailgun: its webhooks, relayed as they were posted, or rows of its events API."""

from __future__ import annotations

from collections.abc import Iterator
from email.utils import getaddresses
from typing import Any, Final

import msgspec

from stream.contract.email import BounceType, EmailAction
from stream.sources.about import About, Ignored, ignored
from stream.sources.definition import Definition
from stream.sources.events import Event, email
from stream.sources.hashed import copy_of, domain_of, email_hash, fingerprint
from stream.sources.moments import unix
from stream.sources.paths import getter
from stream.sources.preset import Mapping, Preset
from stream.sources.urls import url_path
from stream.sources.values import first, mail_id, part, text
from stream.sources.wire.wire import Shape


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Further names of events, and further reasons of permanent failures: what each of them is."""

    actions: dict[str, EmailAction] = {}
    bounces: dict[str, BounceType] = {}


ACTIONS: Final[dict[str, EmailAction]] = {
    "accepted": "sent",
    "delivered": "delivered",
    "rejected": "dropped",
    "opened": "opened",
    "clicked": "clicked",
    "unsubscribed": "unsubscribed",
    "complained": "spam_complaint",
}
#: Reasons of a permanent failure; whatever else is a hard bounce.
BOUNCES: Final[dict[str, BounceType]] = {
    "espblock": "block",
    "old": "soft",  # it was tried until its time was over
}
_NOT_WANTED: Final = frozenset({"stored", "list_member_uploaded", "list_member_upload_error", "list_uploaded"})


def mapping(options: Options, definition: Definition) -> Mapping:
    """Make the mapping of a definition."""
    actions, bounces = ACTIONS | options.actions, BOUNCES | options.bounces
    campaign_of = getter("campaigns[0].id")

    def read(record: Any, about: About) -> Iterator[Event | Ignored]:
        if "token" in record:
            return  # a post of the retired form: it names no message, and its words mean other things
        said = record.get("event")
        if said in _NOT_WANTED:
            yield ignored(said)
            return
        if part(record, "flags").get("is-test-mode") is True:
            yield ignored("is-test-mode")  # accepted, and never sent to anybody
            return
        action, bounce_type = _failed(record, bounces) if said == "failed" else (actions.get(said), None)
        if action is None:
            return
        headers, client = part(part(record, "message"), "headers"), part(record, "client-info")
        message = mail_id(headers.get("message-id"))
        for number, address in enumerate(_recipients(record, headers)):
            yield email(
                id=_id(record, message, number),
                time=unix(record.get("timestamp")),
                action=action,
                message_id=copy_of(message, address),
                email_hash=email_hash(address),
                recipient_domain=domain_of(address),
                campaign_id=text(campaign_of(record)) or text(first(record.get("tags"))),
                bounce_type=bounce_type,
                machine=True if client.get("bot") else None,
                link_path=url_path(record.get("url")) if action == "clicked" else None,
                user_agent=client.get("user-agent"),
            )

    return read


def _failed(record: Any, bounces: dict[str, BounceType]) -> tuple[EmailAction, BounceType | None]:
    if record.get("severity") == "temporary":
        return "deferred", None
    reason = text(record.get("reason")) or ""
    if reason.startswith("suppress-"):
        return "dropped", None  # never handed to a mail server: not a bounce of this message
    return "bounced", bounces.get(reason, "hard")


def _recipients(record: Any, headers: Any) -> list[Any]:
    """Name whom an event is of; what was rejected names those of the message."""
    said = record.get("recipient") or headers.get("to")
    if said.__class__ is not str or said == record.get("recipient"):
        return [said]
    return [address for _, address in getaddresses([said]) if address] or [None]


def _id(record: Any, message: str | None, number: int) -> Any:
    own, when = text(record.get("id")), record.get("timestamp")
    if own is None:  # older rows have none
        return fingerprint(record.get("event"), message, record.get("recipient"), when, record.get("url"), number)
    # it is unique within a day only
    return f"{own}/{when}/{number}" if number else f"{own}/{when}"


PRESET: Final = Preset(
    name="mailgun",
    title="Mailgun webhooks as they are posted (signature and event-data), or rows of its events API",
    kinds=("email",),
    options=Options,
    mapping=mapping,
    shape=Shape(unwrap=("in:event-data",)),
    named=("event",),
    facts=(
        "documentation.mailgun.com/docs/mailgun/user-manual/events/event-types: names of events, severity of failures",
        "documentation.mailgun.com/docs/mailgun/user-manual/webhooks/webhook-payloads: fields",
        "documentation.mailgun.com/docs/mailgun/user-manual/tracking-messages/open-click-bot-detect: client-info.bot",
        "documentation.mailgun.com, example of the stats API: reasons bounce, suppress-*, espblock",
        "github.com/anymail/django-anymail, webhooks/mailgun.py: event-data.id is unique within a day only",
    ),
    unconfirmed="reason old as a soft bounce; other reasons of a permanent failure as hard ones",
    notes=(
        "accepted is sent; a failure that is temporary is a deferral, one of suppress-* is dropped.",
        "An open or click that Mailgun takes for a bot's (client-info.bot) is a machine's.",
        "Webhooks of the retired form (before event-data) are unmapped. What was sent in test mode is ignored.",
    ),
    needs_key=True,
    example=(
        {
            "signature": {"timestamp": "1772357400", "token": "t", "signature": "s"},
            "event-data": {
                "event": "delivered", "id": "hTWCTD81RtiDN-1", "timestamp": 1772357400.153125,
                "recipient": "jo@acme.example", "recipient-domain": "acme.example", "tags": ["welcome"],
                "message": {"headers": {"message-id": "20260301093000.1.DF5966@mg.acme.example"}},
            },
        },
        {
            "event": "opened", "id": "W3X4JOhFT-OZidZGKKr9iA", "timestamp": 1772357460.089676,
            "recipient": "jo@acme.example", "tags": ["welcome"],
            "message": {"headers": {"message-id": "20260301093000.1.DF5966@mg.acme.example"}},
            "client-info": {"user-agent": "Mozilla/5.0", "bot": "apple"},
        },
        {
            "event": "failed", "severity": "permanent", "reason": "bounce", "id": "k-3", "timestamp": 1772357500.5,
            "recipient": "al@acme.example",
            "message": {"headers": {"message-id": "20260301093000.1.DF5966@mg.acme.example"}},
        },
    ),
)  # fmt: skip
