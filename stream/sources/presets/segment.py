"""Segment: page views, forms, chats and mails of a customer data platform, by Segment's spec."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from stream.contract.chatbot import ChatbotAction
from stream.contract.form import FormAction, FormType
from stream.contract.kinds import KindName
from stream.contract.table import data_of
from stream.sources.about import About, Ignored, ignored
from stream.sources.definition import Definition
from stream.sources.events import CONSTRUCTORS, Event, page_view
from stream.sources.hashed import copy_of, domain_of, email_hash
from stream.sources.preset import Mapping, Preset
from stream.sources.urls import bare_url, click_ids, url_path, utm
from stream.sources.values import by_pattern, part, text
from stream.sources.wire.wire import Shape


class FormOf(msgspec.Struct, frozen=True, kw_only=True):
    """What one of your tracks says of a form."""

    action: FormAction = "submit"
    form_id: str = ""
    form_type: FormType | None = None


class ChatOf(msgspec.Struct, frozen=True, kw_only=True):
    """What one of your tracks says of a conversation."""

    action: ChatbotAction
    actor: str | None = None


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Which of your tracks are key events, by their names, and what kinds of pages you have."""

    forms: dict[str, FormOf] = {}
    chats: dict[str, ChatOf] = {}
    mails: dict[str, str] = {}
    page_groups: dict[str, str] = {}


FORMS: Final = {
    "Form Submitted": FormOf(),  # without a type it is no key event: say which it is
    "Form Viewed": FormOf(action="view"),
    "Form Started": FormOf(action="start"),
    "Form Abandoned": FormOf(action="abandon"),
    "Signed Up": FormOf(form_id="signed-up", form_type="trial"),
    "Demo Requested": FormOf(form_id="demo", form_type="demo"),
}
CHATS: Final = {
    "Live Chat Conversation Started": ChatOf(action="conversation_started"),
    "Live Chat Message Sent": ChatOf(action="message", actor="visitor"),
    "Live Chat Message Received": ChatOf(action="message", actor="agent"),
    "Live Chat Conversation Ended": ChatOf(action="conversation_ended"),
}
MAILS: Final = {
    "Email Sent": "sent",
    "Email Delivered": "delivered",
    "Email Bounced": "bounced",
    "Email Opened": "opened",
    "Email Link Clicked": "clicked",
    "Email Marked as Spam": "spam_complaint",
    "Unsubscribed": "unsubscribed",
}
PAGE_GROUPS: Final = {
    "/pricing*": "pricing",
    "/cart*": "cart",
    "/checkout*": "cart",
    "/blog*": "blog",
    "/docs*": "docs",
}
_KINDS: Final[tuple[KindName, ...]] = ("page_view", "form", "chatbot", "email")
_CAMPAIGN: Final = ("source", "medium", "name", "id", "term", "content")
_DIRECT: Final = "$direct"  # RudderStack's word for no referrer
_SPOKEN: Final = frozenset({"identify", "group", "alias", "screen"})
#: What a property or trait is taken for by its name; `action` is said by the name of the track.
_NAMED_ALIKE: Final = {
    kind: {
        field.name: frozenset(field.named) for field in data_of(kind).fields if field.name not in ("site_id", "action")
    }
    for kind in _KINDS
}


def mapping(options: Options, definition: Definition) -> Mapping:
    """Make the mapping of a definition."""
    forms, chats, mails = FORMS | options.forms, CHATS | options.chats, MAILS | options.mails
    group_of = by_pattern(options.page_groups | PAGE_GROUPS)

    def read(record: Any, about: About) -> Iterator[Event | Ignored]:
        said = record.get("type")
        if said in ("page", "track"):
            context, properties = part(record, "context"), part(record, "properties")
            if said == "page":
                yield _page(record, context, properties, group_of)
                return
            name = record.get("event")
            if name in forms:
                yield _made("form", record, context, properties, _form(forms[name], name, record, context, properties))
            elif name in chats:
                yield _made("chatbot", record, context, properties, _chat(chats[name], properties))
            elif name in mails:
                yield _made("email", record, context, properties, _mail(mails[name], record, context, properties))
        elif said in _SPOKEN:
            yield ignored(said)

    return read


def _page(record: Any, context: Any, properties: Any, group_of: Any) -> Event:
    page = part(context, "page")
    url = properties.get("url") or page.get("url")
    path = properties.get("path") or page.get("path") or url_path(url)
    common = _common(record, context, properties, url)
    alike = _alike("page_view", context, properties)
    seen: Any = {"path": path, "url": bare_url(url), "group": group_of(path), **alike.pop("page", {})}
    return page_view(
        id=record.get("messageId"),
        time=_time(record),
        recordedtime=record.get("receivedAt"),
        page=seen,
        **{**common, **alike},
    )


def _made(kind: KindName, record: Any, context: Any, properties: Any, own: dict[str, Any]) -> Event:
    page = part(context, "page")
    common = _common(record, context, properties, page.get("url") or properties.get("url"))
    said = {name: value for name, value in own.items() if value is not None} | _alike(kind, context, properties)
    return CONSTRUCTORS[kind](
        id=record.get("messageId"), time=_time(record), recordedtime=record.get("receivedAt"), **{**common, **said}
    )


def _form(what: FormOf, name: str, record: Any, context: Any, properties: Any) -> dict[str, Any]:
    given = (properties.get("form_id"), properties.get("formId"), properties.get("form_name"), what.form_id)
    traits = part(context, "traits")
    return {
        "action": what.action,
        "form_id": next((found for each in given if (found := text(each))), name),
        "form_type": properties.get("form_type") or what.form_type,
        "submission_id": text(properties.get("submission_id"))
        or (record.get("messageId") if what.action == "submit" else None),
        "page_path": part(context, "page").get("path"),
        "email_hash": email_hash(properties.get("email") or traits.get("email")),
    }


def _chat(what: ChatOf, properties: Any) -> dict[str, Any]:
    return {
        "action": what.action,
        "actor": what.actor,
        "conversation_id": text(properties.get("conversation_id")),
        "bot_id": properties.get("bot_id") or properties.get("agent_username"),
        "duration_s": properties.get("conversation_duration"),
    }


def _mail(action: str, record: Any, context: Any, properties: Any) -> dict[str, Any]:
    traits = part(context, "traits") or part(record, "traits")
    address, user = traits.get("email") or properties.get("email"), text(record.get("userId"))
    return {
        "action": action,
        "message_id": copy_of(text(properties.get("email_id")), address or user),
        "lead_id": user,
        "email_hash": email_hash(address),
        "recipient_domain": domain_of(address),
        "campaign_id": properties.get("campaign_id") or properties.get("campaign_name"),
        "bounce_type": "hard" if action == "bounced" else None,
        "link_path": url_path(properties.get("link_url")),
    }


def _common(record: Any, context: Any, properties: Any, url: Any) -> dict[str, Any]:
    page, campaign = part(context, "page"), part(context, "campaign")
    named = {name: campaign[name] for name in _CAMPAIGN if campaign.get(name)}
    user = record.get("userId")
    country = part(context, "location").get("country_code") or part(context, "location").get("country")
    referrer = page.get("referrer") or properties.get("referrer")
    found = {
        "visitor_id": record.get("anonymousId") or user,
        "user_id": user,
        "session_id": context.get("sessionId"),
        "user_agent": context.get("userAgent"),
        "campaign": {**(utm(url) or {}), **named} or None,
        "click_ids": click_ids(url),
        "referrer": {"url": bare_url(referrer)} if _is_told(referrer) else None,
        "geo": {"country": country} if country else None,
    }
    return {name: value for name, value in found.items() if value is not None}


def _is_told(referrer: Any) -> bool:
    """Tell whether a referrer is told, and by an address: an object of that name is the contract's."""
    return bool(referrer) and referrer.__class__ is str and referrer != _DIRECT


def _alike(kind: KindName, context: Any, properties: Any) -> dict[str, Any]:
    """Take properties, and traits, that are named like a field of the contract: they go over the spec's own names.

    An object is one if its names are the contract's, too: the spec has objects of the same names with others in them.
    """
    known, found = _NAMED_ALIKE[kind], {}
    for said in (part(context, "traits"), properties):
        for name in known.keys() & said.keys():
            value, inner = said[name], known[name]
            if value is not None and (inner.issuperset(value) if value.__class__ is dict else not inner):
                found[name] = value
    return found


def _time(record: Any) -> Any:
    return record.get("timestamp") or record.get("originalTimestamp") or record.get("sentAt")


PRESET: Final = Preset(
    name="segment",
    title="Segment: page and track calls, live chat and e-mail events of its spec, as they lie in a topic",
    kinds=_KINDS,
    options=Options,
    mapping=mapping,
    shape=Shape(each="."),  # a record is one event, or the batch that was posted
    named=("event", "type"),
    facts=(
        "segment.com/docs/connections/spec/common: messageId, timestamp, context.page, context.campaign",
        "segment.com/docs/connections/spec/page, /track, /live-chat, /email: names of events and properties",
    ),
    notes=(
        "visitor_id is anonymousId, and only without one userId: a server's event without anonymousId meets no visit.",
        "A property or trait that is named like a field of the contract is that field.",
    ),
    needs_key=True,
    example_options={"forms": {"Request A Demo": {"form_id": "demo", "form_type": "demo"}}},
    example=(
        {
            "type": "page", "messageId": "m-1", "anonymousId": "a-1", "timestamp": "2026-03-01T09:30:00.120Z",
            "context": {
                "page": {
                    "path": "/pricing", "url": "https://acme.example/pricing?utm_source=google&utm_medium=cpc&gclid=x1",
                    "referrer": "https://www.google.com/",
                },
                "userAgent": "Mozilla/5.0 (X11; Linux x86_64)",
            },
        },
        {
            "type": "track", "event": "Request A Demo", "messageId": "m-2", "anonymousId": "a-1",
            "userId": "jo@acme.example", "timestamp": "2026-03-01T09:31:00Z",
            "context": {"page": {"path": "/demo", "url": "https://acme.example/demo"}},
        },
        {
            "type": "track", "event": "Live Chat Message Sent", "messageId": "m-3", "anonymousId": "a-1",
            "timestamp": "2026-03-01T09:32:00Z", "properties": {"conversation_id": "c-1"},
        },
        {
            "type": "track", "event": "Email Opened", "messageId": "m-4", "userId": "u-1",
            "timestamp": "2026-03-01T10:00:00Z", "properties": {"email_id": "18vzF7u3z", "campaign_name": "spring"},
            "context": {"traits": {"email": "jo@acme.example"}},
        },
    ),
)  # fmt: skip
