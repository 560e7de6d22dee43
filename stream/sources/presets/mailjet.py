"""Mailjet: its Event API, relayed as it was posted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from stream.contract.email import BounceType, EmailAction
from stream.sources.about import About, Ignored
from stream.sources.definition import Definition
from stream.sources.events import Event, email
from stream.sources.hashed import copy_of, domain_of, email_hash, fingerprint
from stream.sources.moments import unix
from stream.sources.preset import Mapping, Preset
from stream.sources.urls import url_path
from stream.sources.values import flag, text
from stream.sources.wire.wire import Shape


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Further names of events: what each of them is."""

    actions: dict[str, EmailAction] = {}


ACTIONS: Final[dict[str, EmailAction]] = {
    "sent": "delivered",  # posted when the server of the recipient has taken it
    "open": "opened",
    "click": "clicked",
    "bounce": "bounced",
    "blocked": "dropped",
    "spam": "spam_complaint",
    "unsub": "unsubscribed",
}


def mapping(options: Options, definition: Definition) -> Mapping:
    """Make the mapping of a definition."""
    actions = ACTIONS | options.actions

    def read(record: Any, about: About) -> Iterator[Event | Ignored]:
        action, bounce_type = actions.get(record.get("event")), None
        if action is None:
            return
        if action == "bounced":
            action, bounce_type = _bounced(record)
        address, when, url = record.get("email"), record.get("time"), record.get("url")
        message = text(record.get("MessageID")) or text(record.get("mj_message_id"))
        yield email(
            id=fingerprint(action, message, address, when, url),
            time=unix(when),
            action=action,
            message_id=copy_of(message, address),
            email_hash=email_hash(address),
            recipient_domain=domain_of(address),
            campaign_id=text(record.get("customcampaign")) or text(record.get("mj_campaign_id") or None),
            bounce_type=bounce_type,
            link_path=url_path(url) if action == "clicked" else None,
            user_agent=record.get("agent") if action in ("opened", "clicked") else None,
        )

    return read


def _bounced(record: Any) -> tuple[EmailAction, BounceType | None]:
    permanent = flag(record.get("hard_bounce"))
    if record.get("error") == "greylisted" and not permanent:
        return "deferred", None  # it is tried again
    if record.get("error_related_to") == "spam":
        return "bounced", "block"
    return "bounced", "hard" if permanent else "soft"


PRESET: Final = Preset(
    name="mailjet",
    title="Mailjet Event API: an event a post, or the list of them where events are grouped",
    kinds=("email",),
    options=Options,
    mapping=mapping,
    shape=Shape(each="."),
    named=("event",),
    facts=(
        "github.com/mailjet/api-documentation, guides/_event-api.md: events, fields, errors, grouping",
        "documentation.mailjet.com, Event Tracking API: a post that fails is tried again for 24 h",
    ),
    notes=(
        "sent is posted when the recipient's server has taken the mail: it is delivered here.",
        "Nothing is posted before that; a mail is taken as sent when the first thing is heard of it.",
        "A bounce that is greylisted and not permanent is a deferral; one related to spam is a block.",
    ),
    lateness="48h",
    needs_key=True,
    example=(
        [
            {
                "event": "sent", "time": 1772357400, "MessageID": 19421777835146490, "email": "jo@acme.example",
                "mj_campaign_id": 7257, "customcampaign": "welcome", "smtp_reply": "sent (250 2.0.0 OK)",
            },
            {
                "event": "click", "time": 1772357460, "MessageID": 19421777835146490, "email": "jo@acme.example",
                "mj_campaign_id": 7257, "customcampaign": "welcome", "url": "https://acme.example/pricing?a=1",
                "agent": "Mozilla/5.0",
            },
        ],
        {
            "event": "bounce", "time": 1772357500, "MessageID": 13792286917004336, "email": "al@acme.example",
            "mj_campaign_id": 0, "customcampaign": "", "blocked": True, "hard_bounce": True,
            "error_related_to": "recipient", "error": "user unknown",
        },
    ),
)  # fmt: skip
