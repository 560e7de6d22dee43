"""Resend: its webhooks of mails, relayed as they were posted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from stream.contract.email import BounceType, EmailAction
from stream.sources.about import About, Ignored, ignored
from stream.sources.definition import Definition
from stream.sources.events import Event, email
from stream.sources.hashed import copy_of, domain_of, email_hash, fingerprint
from stream.sources.moments import clock
from stream.sources.preset import Mapping, Preset
from stream.sources.urls import url_path
from stream.sources.values import first, part, pick, text


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Further names of events: what each of them is; which tag is the campaign of a mail that is of no broadcast."""

    actions: dict[str, EmailAction] = {}
    campaign_tag: str = "category"


ACTIONS: Final[dict[str, EmailAction]] = {
    "email.sent": "sent",
    "email.delivered": "delivered",
    "email.delivery_delayed": "deferred",
    "email.bounced": "bounced",
    "email.failed": "dropped",
    "email.suppressed": "dropped",
    "email.opened": "opened",
    "email.clicked": "clicked",
    "email.complained": "spam_complaint",
}
_BOUNCES: Final[dict[str, BounceType]] = {"Transient": "soft", "Undetermined": "soft"}
_NOT_WANTED: Final = ("email.scheduled", "email.received", "contact.", "domain.", "suppression.", "inbox.")


def mapping(options: Options, definition: Definition) -> Mapping:
    """Make the mapping of a definition."""
    actions, tag = ACTIONS | options.actions, options.campaign_tag

    def read(record: Any, about: About) -> Iterator[Event | Ignored]:
        said = record.get("type")
        action, bounce_type = actions.get(said), None
        if action is None:
            if said.__class__ is str and said.startswith(_NOT_WANTED):
                yield ignored(said)
            return
        data = part(record, "data")
        if action == "bounced":
            action, bounce_type = _bounced(part(data, "bounce"))
        click = part(data, "click")
        # of several recipients it is not said whose event it is
        address, when, message = first(data.get("to")), record.get("created_at"), text(data.get("email_id"))
        yield email(
            id=fingerprint(said, message, when, address, click.get("link")),
            time=clock(when),
            action=action,
            message_id=copy_of(message, address),
            email_hash=email_hash(address),
            recipient_domain=domain_of(address),
            campaign_id=text(data.get("broadcast_id")) or _tag(data.get("tags"), tag),
            bounce_type=bounce_type,
            link_path=url_path(click.get("link")) if action == "clicked" else None,
            user_agent=click.get("userAgent"),
        )

    return read


def _bounced(bounce: Any) -> tuple[EmailAction, BounceType | None]:
    if bounce.get("subType") == "Suppressed":
        return "dropped", None  # it was on the suppression list, and not tried
    return "bounced", _BOUNCES.get(bounce.get("type"), "hard")


def _tag(tags: Any, name: str) -> str | None:
    """Give a tag: of an object, or of the list of names and values that is given when sending."""
    return text(tags.get(name) if tags.__class__ is dict else pick(tags, "name", name, "value"))


PRESET: Final = Preset(
    name="resend",
    title="Resend webhooks of mails",
    kinds=("email",),
    options=Options,
    mapping=mapping,
    named=("type",),
    facts=(
        "resend.com/docs/webhooks/event-types: names of events; a bounce is permanent",
        "resend.com/docs/webhooks/emails/bounced: fields; broadcast_id, tags, type and subType of a bounce",
        "github.com/resend/resend-node, webhook-event.interface.ts: names of all events, fields of each",
        "github.com/anymail/django-anymail, webhooks/resend.py: created_at is the event's, to does not say whose it is",
    ),
    unconfirmed="types of bounces other than Permanent",
    notes=(
        "The body holds no id of the event: it is made of type, mail, time and link, and stays when one comes again.",
        "Of a mail to several, each event is the first recipient's: Resend does not say whose it is.",
    ),
    needs_key=True,
    example=(
        {
            "type": "email.sent", "created_at": "2026-03-01T09:30:00.736Z",
            "data": {
                "email_id": "56761188-7520-42d8-8898-ff6fc54ce618", "from": "Acme <post@acme.example>",
                "to": ["Jo <jo@acme.example>"], "created_at": "2026-03-01T09:30:00.982Z",
                "tags": {"category": "welcome"},
            },
        },
        {
            "type": "email.clicked", "created_at": "2026-03-01T09:35:00.257Z",
            "data": {
                "email_id": "56761188-7520-42d8-8898-ff6fc54ce618", "to": ["jo@acme.example"],
                "tags": {"category": "welcome"},
                "click": {
                    "link": "https://acme.example/pricing?a=1", "timestamp": "2026-03-01T09:35:00.257Z",
                    "userAgent": "Mozilla/5.0",
                },
            },
        },
        {
            "type": "email.bounced", "created_at": "2026-03-01T09:36:00.126Z",
            "data": {
                "email_id": "c1", "to": ["al@acme.example"], "broadcast_id": "8b146471-e88e-4322-86af-016cd36fd216",
                "bounce": {"type": "Permanent", "subType": "General", "message": "no such mailbox"},
            },
        },
    ),
)  # fmt: skip
