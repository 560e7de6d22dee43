"""Brevo (once Sendinblue): its webhooks of transactional and of marketing mail, relayed as they were posted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from stream.contract.email import EmailAction
from stream.sources.about import About, Ignored, ignored
from stream.sources.definition import Definition
from stream.sources.events import Event, email
from stream.sources.hashed import copy_of, domain_of, email_hash, fingerprint
from stream.sources.moments import clock, unix, unix_ms
from stream.sources.preset import Mapping, Preset
from stream.sources.urls import url_path
from stream.sources.values import first, mail_id, text
from stream.sources.wire.wire import Shape


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Further names of events: what each of them is."""

    actions: dict[str, EmailAction] = {}


ACTIONS: Final[dict[str, EmailAction]] = {
    "request": "sent",
    "delivered": "delivered",
    "deferred": "deferred",
    "hard_bounce": "bounced",
    "soft_bounce": "bounced",
    "invalid_email": "bounced",
    "blocked": "dropped",
    "error": "dropped",
    "opened": "opened",
    "unique_opened": "opened",
    "proxy_open": "opened",
    "unique_proxy_open": "opened",
    "click": "clicked",
    "spam": "spam_complaint",
    "complaint": "spam_complaint",
    "unsubscribe": "unsubscribed",
}
_BOUNCES: Final = {"soft_bounce": "soft"}
_PROXIES: Final = frozenset({"proxy_open", "unique_proxy_open"})
_NOT_WANTED: Final = frozenset({"list_addition", "contact_updated", "contact_deleted"})
#: A number below is one of seconds: examples of the documentation give them where it says milliseconds.
_SECONDS: Final = 100_000_000_000


def mapping(options: Options, definition: Definition) -> Mapping:
    """Make the mapping of a definition."""
    actions, zone = ACTIONS | options.actions, definition.zone

    def read(record: Any, about: About) -> Iterator[Event | Ignored]:
        said = record.get("event")
        action = actions.get(said)
        if action is None:
            if said in _NOT_WANTED:
                yield ignored(said)
            return
        address, campaign, link = record.get("email"), text(record.get("camp_id")), record.get("link")
        # a marketing mail has no id: it is the copy that a recipient got of a campaign
        message, when = mail_id(record.get("message-id")) or campaign, _time(record, zone)
        yield email(
            # `id` is the webhook's; what is posted as a first opening may be posted as an opening, too
            id=fingerprint(action, message, address, when, record.get("ts_event"), link, said in _PROXIES),
            time=when,
            action=action,
            message_id=copy_of(message, address),
            email_hash=email_hash(address),
            recipient_domain=domain_of(address),
            campaign_id=campaign or text(first(record.get("tags"))) or text(record.get("template_id")),
            bounce_type=_BOUNCES.get(said, "hard") if action == "bounced" else None,
            machine=True if said in _PROXIES else None,
            link_path=url_path(link) if action == "clicked" else None,
        )

    return read


def _time(record: Any, zone: str) -> str | None:
    """Give the time: `ts_epoch` is the one that is UTC in all; `date` is in the zone of the account."""
    epoch = record.get("ts_epoch")
    if epoch:
        seconds = epoch.__class__ in (int, float) and epoch < _SECONDS
        return unix(epoch) if seconds else unix_ms(epoch)
    return unix(record.get("ts_event")) or clock(record.get("date"), zone)


PRESET: Final = Preset(
    name="brevo",
    title="Brevo (Sendinblue) webhooks of transactional and marketing mail, one by one or batched",
    kinds=("email",),
    options=Options,
    mapping=mapping,
    shape=Shape(each="."),
    named=("event",),
    facts=(
        "developers.brevo.com/docs/transactional-webhooks: names of events, fields, which times are UTC",
        "developers.brevo.com/docs/marketing-webhooks: camp_id, ts_event",
        "github.com/anymail/django-anymail, webhooks/brevo.py: only ts_epoch is UTC whatever the account's zone",
    ),
    unconfirmed="that ts_epoch of an opening is the opening's (the documentation says the message's); names of the"
    " events of marketing mail other than opened and spam",
    notes=(
        "A marketing mail is told by its campaign and recipient; Brevo posts nothing when it is sent.",
        "Openings by a privacy proxy are a machine's. An event that has but `date` is read in `zone`: the account's.",
    ),
    needs_key=True,
    example=(
        {
            "event": "request", "email": "jo@acme.example", "id": 9999999, "ts_epoch": 1772357400000,
            "message-id": "<202603010930.27287306012@smtp-relay.mailin.fr>", "tags": ["welcome"], "template_id": 12,
        },
        {
            "event": "proxy_open", "email": "jo@acme.example", "id": 9999999, "ts_epoch": 1772357460000,
            "message-id": "<202603010930.27287306012@smtp-relay.mailin.fr>", "tags": ["welcome"],
        },
        [
            {
                "event": "opened", "camp_id": 7, "email": "al@acme.example", "campaign name": "Spring", "id": 1,
                "ts_sent": 1772357400, "ts_event": 1772361000, "tag": "",
            },
        ],
    ),
)  # fmt: skip
