"""SendGrid: its Event Webhook, relayed as it was posted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from stream.sources.about import About, Ignored, ignored
from stream.sources.definition import Definition
from stream.sources.events import Event, email
from stream.sources.hashed import copy_of, domain_of, email_hash
from stream.sources.moments import unix
from stream.sources.preset import Mapping, Preset
from stream.sources.urls import url_path
from stream.sources.values import first, text
from stream.sources.wire.wire import Shape


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Further names of events: what each of them is."""

    actions: dict[str, str] = {}


ACTIONS: Final = {
    "processed": "sent",
    "deferred": "deferred",
    "delivered": "delivered",
    "bounce": "bounced",
    "dropped": "dropped",
    "open": "opened",
    "click": "clicked",
    "spamreport": "spam_complaint",
    "unsubscribe": "unsubscribed",
    "group_unsubscribe": "unsubscribed",
    "group_resubscribe": "resubscribed",
}
_BOUNCES: Final = {"bounce": "hard", "blocked": "block"}


def mapping(options: Options, definition: Definition) -> Mapping:
    """Make the mapping of a definition."""
    actions = ACTIONS | options.actions

    def read(record: Any, about: About) -> Iterator[Event | Ignored]:
        action = actions.get(record.get("event"))
        if action is None:
            if record.get("event") == "account_status_change":
                yield ignored("account_status_change")
            return
        address = record.get("email")
        yield email(
            id=record.get("sg_event_id"),  # stays the same when SendGrid posts an event again
            time=unix(record.get("timestamp")),
            action=action,
            message_id=copy_of(_message(record.get("sg_message_id")), address),
            email_hash=email_hash(address),
            recipient_domain=domain_of(address),
            campaign_id=text(record.get("marketing_campaign_id"))
            or text(record.get("singlesend_id"))
            or text(first(record.get("category"))),
            bounce_type=_BOUNCES.get(record.get("type"), "hard") if action == "bounced" else None,
            machine=record.get("sg_machine_open") if action == "opened" else None,
            link_path=url_path(record.get("url")) if action == "clicked" else None,
            user_agent=record.get("useragent"),
        )

    return read


def _message(said: Any) -> str | None:
    """Give what the events of one message share: several recipients have it in common, and more is put behind it."""
    found = text(said)
    return None if found is None else found.partition(".filter")[0].partition(".recv")[0] or None


PRESET: Final = Preset(
    name="sendgrid",
    title="SendGrid Event Webhook, relayed as it was posted: a list of events a record, or one event",
    kinds=("email",),
    options=Options,
    mapping=mapping,
    shape=Shape(unwrap=("gzip",), each="."),
    named=("event",),
    facts=(
        "www.twilio.com/docs/sendgrid/for-developers/tracking-events/event: fields, names of events, types of bounces",
        "github.com/sendgrid/docs/issues/2667: sg_event_id is an opaque text, the same in each retry",
    ),
    notes=("processed is sent; a bounce of type blocked is a block; sg_machine_open is a machine.",),
    lateness="72h",
    needs_key=True,
    example=(
        [
            {
                "email": "Jo@Acme.example", "timestamp": 1772357400, "event": "processed", "sg_event_id": "e-1",
                "sg_message_id": "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0", "category": ["welcome"],
            },
            {
                "email": "jo@acme.example", "timestamp": 1772357460, "event": "open", "sg_event_id": "e-2",
                "sg_message_id": "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0", "sg_machine_open": True,
            },
        ],
        {
            "email": "al@acme.example", "timestamp": 1772357500, "event": "bounce", "type": "blocked",
            "sg_event_id": "e-3", "sg_message_id": "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0",
        },
    ),
)  # fmt: skip
