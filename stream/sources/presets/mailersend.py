"""MailerSend: its webhooks of activities, in both forms that it posts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from stream.contract.email import EmailAction
from stream.sources.about import About, Ignored, ignored
from stream.sources.definition import Definition
from stream.sources.events import Event, email
from stream.sources.hashed import copy_of, domain_of, email_hash
from stream.sources.moments import clock
from stream.sources.preset import Mapping, Preset
from stream.sources.urls import url_path
from stream.sources.values import first, part, text


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Further names of events: what each of them is; whether only first opens and clicks are posted, and so count."""

    actions: dict[str, EmailAction] = {}
    unique: bool = False


ACTIONS: Final[dict[str, EmailAction]] = {
    "activity.sent": "sent",
    "activity.delivered": "delivered",
    "activity.deferred": "deferred",
    "activity.soft_bounced": "bounced",
    "activity.hard_bounced": "bounced",
    "activity.suppressed": "dropped",
    "activity.opened": "opened",
    "activity.clicked": "clicked",
    "activity.unsubscribed": "unsubscribed",
    "activity.spam_complaint": "spam_complaint",
}
_UNIQUE: Final[dict[str, EmailAction]] = {"activity.opened_unique": "opened", "activity.clicked_unique": "clicked"}
_BOUNCES: Final = {"activity.soft_bounced": "soft"}
_NOT_WANTED: Final = (
    *_UNIQUE, "activity.survey_", "webhook.test", "sender_identity.", "maintenance.", "inbound", "email_single.",
    "email_list.", "bulk_email.", "recipient.", "sms.",
)  # fmt: skip


def mapping(options: Options, definition: Definition) -> Mapping:
    """Make the mapping of a definition."""
    actions = ACTIONS | (_UNIQUE if options.unique else {}) | options.actions

    def read(record: Any, about: About) -> Iterator[Event | Ignored]:
        said = record.get("type")
        action = actions.get(said)
        if action is None:
            if said.__class__ is str and said.startswith(_NOT_WANTED):
                yield ignored(said)
            return
        data = part(record, "data")
        address, message, tags, more = _first_form(data) if "email" in data else _second_form(data)
        yield email(
            id=data.get("id"),
            time=clock(data.get("created_at") or record.get("created_at")),
            action=action,
            message_id=copy_of(message, address),
            email_hash=email_hash(address),
            recipient_domain=domain_of(address),
            campaign_id=text(first(tags)),
            bounce_type=_BOUNCES.get(said, "hard") if action == "bounced" else None,
            link_path=url_path(more.get("url")) if action == "clicked" else None,
            user_agent=more.get("user_agent"),
        )

    return read


def _first_form(data: Any) -> tuple[Any, str | None, Any, dict[str, Any]]:
    """Give recipient, message, tags and what is told of the activity, as version 1 of a webhook nests them."""
    mail = part(data, "email")
    message = text(part(mail, "message").get("id"))
    return part(mail, "recipient").get("email"), message, mail.get("tags"), part(data, "morph")


def _second_form(data: Any) -> tuple[Any, str | None, Any, dict[str, Any]]:
    return data.get("recipient"), text(data.get("message_id")), data.get("tags"), part(data, "meta")


PRESET: Final = Preset(
    name="mailersend",
    title="MailerSend webhooks of activities, of version 1 (nested) or 2 (flat)",
    kinds=("email",),
    options=Options,
    mapping=mapping,
    named=("type",),
    facts=(
        "developers.mailersend.com/api/v1/webhooks.html: names of events, the payload of version 1",
        "github.com/anymail/django-anymail, tests/test_mailersend_webhooks.py: payloads as received, of both versions",
    ),
    unconfirmed="how long a post that fails is tried again",
    notes=(
        "opened_unique and clicked_unique tell again what opened and clicked have told, and are ignored.",
        "unique = true is for a webhook that posts only those.",
        "The first tag is the campaign.",
    ),
    needs_key=True,
    example=(
        {
            "type": "activity.sent", "created_at": "2026-03-01T09:30:00.520507Z",
            "data": {
                "object": "activity", "id": "63fd1c1d31b9c750540fe85c", "type": "sent",
                "created_at": "2026-03-01T09:30:00.506000Z",
                "email": {
                    "tags": ["welcome"], "message": {"id": "63fd1c1d5f010335ed07066b"},
                    "recipient": {"email": "jo@acme.example"},
                },
                "morph": None,
            },
        },
        {
            "type": "activity.clicked", "created_at": "2026-03-01T09:35:05.000000Z",
            "data": {
                "id": "6aa59db1c8ba039cd6d68435", "message_id": "63fd1c1d5f010335ed07066b", "type": "clicked",
                "recipient": "jo@acme.example", "tags": ["welcome"],
                "meta": {"url": "https://acme.example/pricing?a=1", "user_agent": "Mozilla/5.0"},
            },
        },
        {
            "type": "activity.soft_bounced", "created_at": "2026-03-01T09:36:02.000000Z",
            "data": {
                "id": "6892766a5b66e2daf3dc9157", "message_id": "6892766ae78995a317577aa1", "type": "soft_bounced",
                "recipient": "al@acme.example", "meta": {"bounce_reason": "Mailbox full", "bounce_code": 452},
            },
        },
    ),
)  # fmt: skip
