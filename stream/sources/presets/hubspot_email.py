"""HubSpot: events of its marketing e-mails, as its API gives them or loaders write them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from stream.sources.about import About, Ignored, ignored
from stream.sources.definition import Definition
from stream.sources.events import Event, email
from stream.sources.hashed import domain_of, email_hash
from stream.sources.moments import clock, unix_ms
from stream.sources.preset import Mapping, Preset
from stream.sources.urls import url_path
from stream.sources.values import flag, part, text
from stream.sources.wire.wire import Shape


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Whether recipients were hashed by a loader: then they are ids of leads, as nothing else is told of them."""

    hashed_recipients: bool = False


ACTIONS: Final = {
    "SENT": "sent",
    "DELIVERED": "delivered",
    "OPEN": "opened",
    "CLICK": "clicked",
    "BOUNCE": "bounced",
    "DROPPED": "dropped",
    "DEFERRED": "deferred",
    "SPAMREPORT": "spam_complaint",
    "UNSUBSCRIBED": "unsubscribed",
}
_STATUSES: Final = {"SUBSCRIBED": "resubscribed", "UNSUBSCRIBED": "unsubscribed"}
#: Categories of a bounce; one that is not here passes after a while.
BOUNCES: Final = {
    "UNKNOWN_USER": "hard",
    "DOMAIN_REJECTED": "hard",
    "MAILBOX_MISCONFIGURATION": "hard",
    "ACCOUNT_MISCONFIGURATION": "hard",
    "SPAM": "block",
    "POLICY": "block",
    "CONTENT": "block",
}
#: Steps inside HubSpot, and what says nothing of a recipient.
_STEPS: Final = frozenset({"PROCESSED", "PRINT", "FORWARD"})


def mapping(options: Options, definition: Definition) -> Mapping:
    """Make the mapping of a definition."""
    zone = definition.zone

    def read(record: Any, about: About) -> Iterator[Event | Ignored]:
        said = record.get("type")
        action = ACTIONS.get(said)
        if said == "STATUSCHANGE":
            status = record.get("portalSubscriptionStatus") or record.get("portal_subscription_status")
            action = _STATUSES.get(str(status))
            if action is None:
                yield ignored("STATUSCHANGE")
                return
        if action is None:
            if said in _STEPS:
                yield ignored(said)
            return
        address, id = record.get("recipient"), record.get("id")
        machine = record.get("filteredEvent", record.get("filtered_event"))
        yield email(
            id=id,
            time=_time(record.get("created"), zone),
            action=action,
            # the id of the event that sent it names a message of one recipient
            message_id=text(part(record, "sentBy").get("id")) or text(record.get("sent_by_id")) or text(id),
            lead_id=text(address) if options.hashed_recipients else None,
            email_hash=None if options.hashed_recipients else email_hash(address),
            recipient_domain=None if options.hashed_recipients else domain_of(address),
            campaign_id=text(record.get("emailCampaignId")) or text(record.get("email_campaign_id")),
            bounce_type=BOUNCES.get(str(record.get("category")), "soft") if action == "bounced" else None,
            machine=flag(machine) if action in ("opened", "clicked") else None,
            link_path=url_path(record.get("url")) if action == "clicked" else None,
            user_agent=record.get("userAgent") or record.get("user_agent"),
        )

    return read


def _time(created: Any, zone: str) -> str | None:
    """The API counts milliseconds, loaders write a time."""
    return unix_ms(created) if created.__class__ is int else clock(created, zone)


PRESET: Final = Preset(
    name="hubspot_email",
    title="HubSpot marketing e-mail events: objects of the events API, or rows that Fivetran or Airbyte loaded",
    kinds=("email",),
    options=Options,
    mapping=mapping,
    shape=Shape(unwrap=("connect", "in:_airbyte_data"), each="."),
    named=("type",),
    facts=(
        "developers.hubspot.com/docs/api-reference/legacy/marketing/emails/email-events: types, sentBy, recipient",
        "github.com/fivetran/dbt_hubspot, integration_tests/seeds: columns of email_event",
    ),
    unconfirmed="which categories of bounces are hard and which are blocks",
    notes=("filteredEvent is a machine; PROCESSED, PRINT and FORWARD are steps inside HubSpot.",),
    lateness="72h",
    needs_key=True,
    example=(
        {
            "id": "ev-2", "type": "OPEN", "created": 1772357460000, "recipient": "Jo@Acme.example", "portalId": 62515,
            "emailCampaignId": 2, "sentBy": {"id": "ev-1", "created": 1772357400000}, "filteredEvent": False,
            "userAgent": "Mozilla/5.0 (X11; Linux x86_64)",
        },
        {
            "id": "ev-3", "type": "BOUNCE", "created": 1772357470000, "recipient": "al@acme.example",
            "category": "POLICY", "sentBy": {"id": "ev-0", "created": 1772357400000}, "emailCampaignId": 2,
        },
        {
            "id": "ev-4", "type": "CLICK", "created": "2026-03-01 09:40:00.357", "recipient": "jo@acme.example",
            "sent_by_id": "ev-1", "email_campaign_id": 2, "filtered_event": "false",
            "url": "https://acme.example/pricing?a=1",
        },
    ),
)  # fmt: skip
