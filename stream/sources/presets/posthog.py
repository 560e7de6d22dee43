"""PostHog: events of a self-hosted one's topic, of its batch exports or of its webhooks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from stream.sources.about import About, Ignored, ignored
from stream.sources.definition import Definition
from stream.sources.events import Event, chatbot, form, page_view
from stream.sources.moments import clock
from stream.sources.preset import Mapping, Preset
from stream.sources.presets.segment import PAGE_GROUPS, ChatOf, FormOf
from stream.sources.urls import bare_url, click_ids, url_path, utm
from stream.sources.values import by_pattern, part, text
from stream.sources.wire.wire import Shape


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Which of your events are key events, by their names, and what kinds of pages you have."""

    forms: dict[str, FormOf] = {}
    chats: dict[str, ChatOf] = {}
    page_groups: dict[str, str] = {}


FORMS: Final = {
    "survey shown": FormOf(action="view", form_type="survey"),
    "survey dismissed": FormOf(action="abandon", form_type="survey"),
    "survey sent": FormOf(form_type="survey"),
}
_DIRECT: Final = "$direct"
_UTM: Final = {"source": "utm_source", "medium": "utm_medium", "name": "utm_campaign", "id": "utm_id",
               "term": "utm_term", "content": "utm_content"}  # fmt: skip
_CLICKS: Final = ("gclid", "gbraid", "wbraid", "fbclid", "msclkid", "ttclid", "li_fat_id", "twclid")


def mapping(options: Options, definition: Definition) -> Mapping:
    """Make the mapping of a definition."""
    forms, chats = FORMS | options.forms, options.chats
    group_of = by_pattern(options.page_groups | PAGE_GROUPS)

    def read(record: Any, about: About) -> Iterator[Event | Ignored]:
        name, properties = record.get("event"), part(record, "properties")
        if name == "$pageview":
            url = properties.get("$current_url")
            path = properties.get("$pathname") or url_path(url)
            page: Any = {"path": path, "url": bare_url(url), "group": group_of(path)}
            yield page_view(page=page, **_common(record, properties))
        elif name in forms:
            yield form(**_form(forms[name], name, record, properties), **_common(record, properties))
        elif name in chats:
            yield chatbot(
                action=chats[name].action,
                actor=chats[name].actor,
                conversation_id=text(properties.get("conversation_id")),
                bot_id=text(properties.get("bot_id")),
                **_common(record, properties),
            )
        elif name.__class__ is str and name.startswith("$"):
            yield ignored(name)  # PostHog's own: clicks, identities, flags, recordings

    return read


def _form(what: FormOf, name: str, record: Any, properties: Any) -> dict[str, Any]:
    given = (properties.get("form_id"), properties.get("$survey_id"), what.form_id)
    # answers of a survey may be sent one by one, before it is complete
    partial = what.action == "submit" and properties.get("$survey_completed") is False
    return {
        "action": "start" if partial else what.action,
        "form_id": next((found for each in given if (found := text(each))), name),
        "form_type": what.form_type,
        "submission_id": text(properties.get("$survey_submission_id")) or text(record.get("uuid")),
        "page_path": properties.get("$pathname") or url_path(properties.get("$current_url")),
    }


def _common(record: Any, properties: Any) -> dict[str, Any]:
    url, referrer, who = properties.get("$current_url"), properties.get("$referrer"), record.get("distinct_id")
    country = properties.get("$geoip_country_code")
    return {
        "id": record.get("uuid"),
        "time": clock(record.get("timestamp")),
        "recordedtime": clock(record.get("created_at")),
        "visitor_id": properties.get("$device_id") or who,  # distinct_id changes when somebody signs in
        "user_id": properties.get("$user_id") or (who if properties.get("$is_identified") is True else None),
        "session_id": properties.get("$session_id"),
        "user_agent": properties.get("$raw_user_agent") or properties.get("$user_agent"),
        "campaign": _campaign(url, properties),
        "click_ids": click_ids(url) if url else _named(properties, {name: name for name in _CLICKS}),
        "referrer": {"url": bare_url(referrer)} if referrer and referrer != _DIRECT else None,
        "geo": {"country": country} if country else None,
    }


def _campaign(url: Any, properties: Any) -> dict[str, Any] | None:
    """Read the campaign that an event came by.

    Properties keep it for as long as the browser is open, so they count only where the address has one, or is not told.
    """
    of_url = utm(url)
    if url and of_url is None:
        return None
    return {**(_named(properties, _UTM) or {}), **(of_url or {})} or None


def _named(properties: Any, names: dict[str, str]) -> dict[str, Any] | None:
    return {ours: found for ours, theirs in names.items() if (found := text(properties.get(theirs)))} or None


PRESET: Final = Preset(
    name="posthog",
    title="PostHog events: the topic clickhouse_events_json of a self-hosted one, batch exports, webhooks",
    kinds=("page_view", "form", "chatbot"),
    options=Options,
    mapping=mapping,
    shape=Shape(unwrap=("json:properties",)),  # a text that holds JSON, in that topic
    named=("event",),
    facts=(
        "github.com/PostHog/posthog, posthog/models/event/sql.py: columns of the topic clickhouse_events_json",
        "posthog.com/docs/data/events: $pageview, $current_url, $pathname, $device_id, $session_id",
        "posthog.com/docs/surveys/implementing-custom-surveys: survey shown, survey sent, $survey_id",
        "github.com/PostHog/posthog-js/issues/477, pull/496: properties keep utm and referrer of a browser's session",
    ),
    unconfirmed="$user_id, $is_identified and $survey_completed by payloads of a running PostHog",
    notes=(
        "visitor_id is $device_id, and only without one distinct_id: a server's event without it meets no visit.",
        "The topic holds the events of all projects: site_field = \"team_id\" tells them apart.",
        "Events of PostHog's own ($...) other than $pageview are ignored.",
    ),
    needs_key=True,
    example_options={
        "forms": {"demo requested": {"form_id": "demo", "form_type": "demo"}},
        "chats": {"bot lead": {"action": "lead_captured"}},
    },
    example=(
        {
            "uuid": "018f2d6e-0000-7000-8000-000000000001", "event": "$pageview", "team_id": 2,
            "timestamp": "2026-03-01 09:30:00.120000", "created_at": "2026-03-01 09:30:01.120000",
            "distinct_id": "jo@acme.example",
            "properties": '{"$session_id":"s1","$device_id":"d1","$pathname":"/pricing","utm_medium":"cpc",'
            '"$current_url":"https://acme.example/pricing?utm_source=google&gclid=x1","utm_source":"google",'
            '"$referrer":"$direct","$geoip_country_code":"DE","$is_identified":true}',
        },
        {
            "uuid": "018f2d6e-0000-7000-8000-000000000002", "event": "demo requested", "distinct_id": "d1",
            "timestamp": "2026-03-01T09:31:00.000Z",
            "properties": {"$device_id": "d1", "$pathname": "/demo", "$current_url": "https://acme.example/demo"},
        },
        {
            "uuid": "018f2d6e-0000-7000-8000-000000000003", "event": "bot lead", "distinct_id": "d1",
            "timestamp": "2026-03-01T09:32:00.000Z", "properties": {"$device_id": "d1", "conversation_id": "c-1"},
        },
    ),
)  # fmt: skip
