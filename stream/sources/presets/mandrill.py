"""Mandrill (Mailchimp Transactional): its webhooks, as the form that is posted or the list that is in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from stream.contract.email import EmailAction
from stream.sources.about import About, Ignored, ignored
from stream.sources.definition import Definition
from stream.sources.events import Event, email
from stream.sources.hashed import domain_of, email_hash, fingerprint
from stream.sources.moments import unix
from stream.sources.preset import Mapping, Preset
from stream.sources.urls import url_path
from stream.sources.values import first, part, text
from stream.sources.wire.wire import Shape


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Further names of events: what each of them is."""

    actions: dict[str, EmailAction] = {}


ACTIONS: Final[dict[str, EmailAction]] = {
    "send": "sent",
    "deferral": "deferred",
    "delivered": "delivered",
    "hard_bounce": "bounced",
    "soft_bounce": "bounced",
    "reject": "dropped",
    "open": "opened",
    "click": "clicked",
    "spam": "spam_complaint",
    "unsub": "unsubscribed",
}
_BOUNCES: Final = {"hard_bounce": "hard", "soft_bounce": "soft"}
#: Changes of the lists of addresses, which are of no mail.
_LISTS: Final = frozenset({"blacklist", "whitelist", "denylist", "allowlist"})


def mapping(options: Options, definition: Definition) -> Mapping:
    """Make the mapping of a definition."""
    actions = ACTIONS | options.actions

    def read(record: Any, about: About) -> Iterator[Event | Ignored]:
        said = record.get("event")
        action = actions.get(said)
        if action is None:
            if record.get("type") in _LISTS:
                yield ignored(record["type"])
            elif said == "inbound":
                yield ignored("inbound")
            return
        message = part(record, "msg")
        address, copy = message.get("email"), text(record.get("_id")) or text(message.get("_id"))
        yield email(
            id=fingerprint(said, copy, record.get("ts"), record.get("url")),
            time=unix(record.get("ts")),
            action=action,
            message_id=copy,  # each recipient has one of their own
            email_hash=email_hash(address),
            recipient_domain=domain_of(address),
            campaign_id=text(first(message.get("tags"))),
            bounce_type=_BOUNCES.get(said, "hard") if action == "bounced" else None,
            link_path=url_path(record.get("url")) if action == "clicked" else None,
            user_agent=record.get("user_agent"),
        )

    return read


_POSTED: Final = '[{"event":"soft_bounce","_id":"b","ts":1772357500,"msg":{"_id":"b","email":"al@acme.example"}}]'

PRESET: Final = Preset(
    name="mandrill",
    title="Mandrill (Mailchimp Transactional) webhooks: the form that is posted, or the list of events in it",
    kinds=("email",),
    options=Options,
    mapping=mapping,
    shape=Shape(unwrap=("form:mandrill_events",), each="."),
    named=("event", "type"),
    facts=(
        "mailchimp.com/developer/transactional/docs/webhooks: the form field mandrill_events, names of events",
        "gist.github.com/ramonsmits/7563502: the events that Mandrill posts as examples",
        "mandrillapp.com/api/docs/messages.html: a mail to several has an _id for each recipient",
    ),
    unconfirmed="the payload of delivered; that the lists are named denylist and allowlist in payloads",
    notes=("Its ids name no event: the same link of a mail, clicked twice in one second, is one click.",),
    needs_key=True,
    example=(
        [
            {
                "event": "send", "_id": "abcdef012345789abcdef012345789", "ts": 1772357400,
                "msg": {"_id": "abcdef012345789abcdef012345789", "email": "jo@acme.example", "tags": ["welcome"]},
            },
            {
                "event": "click", "_id": "abcdef012345789abcdef012345789", "ts": 1772357460,
                "url": "https://acme.example/pricing?a=1", "user_agent": "Mozilla/5.0",
                "msg": {"_id": "abcdef012345789abcdef012345789", "email": "jo@acme.example", "tags": ["welcome"]},
            },
        ],
        urlencode({"mandrill_events": _POSTED}).encode(),
    ),
)  # fmt: skip
