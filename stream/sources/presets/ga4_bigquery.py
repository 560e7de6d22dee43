"""Google Analytics 4: events as its export writes them into BigQuery, streamed on into a topic."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from stream.sources.about import About, Ignored, ignored
from stream.sources.definition import Definition
from stream.sources.events import Event, form, page_view
from stream.sources.hashed import fingerprint
from stream.sources.moments import unix_us
from stream.sources.preset import Mapping, Preset
from stream.sources.presets.segment import PAGE_GROUPS, FormOf
from stream.sources.totals import number
from stream.sources.urls import bare_url, click_ids, url_path, utm
from stream.sources.values import by_pattern, part, text
from stream.sources.wire.wire import Shape


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Which of your events are forms, what kinds of pages you have, and whose traffic is not that of visitors."""

    forms: dict[str, FormOf] = {}
    page_groups: dict[str, str] = {}
    traffic: dict[str, str] = {}


FORMS: Final = {
    "form_start": FormOf(action="start", form_type="other"),
    "form_submit": FormOf(form_type="other"),
    "generate_lead": FormOf(form_type="contact"),
    "sign_up": FormOf(form_type="trial"),
}
#: Values of the parameter traffic_type, which the filters of a property are made of.
TRAFFIC: Final = {"internal": "internal", "developer": "test"}
#: What is collected by itself and is neither a page nor a form.
_OTHERS: Final = frozenset(
    {
        "click", "file_download", "first_open", "first_visit", "screen_view", "scroll", "session_start",
        "user_engagement", "video_complete", "video_progress", "video_start", "view_search_results",
    }
)  # fmt: skip
_MANUAL: Final = {
    "source": "manual_source",
    "medium": "manual_medium",
    "name": "manual_campaign_name",
    "id": "manual_campaign_id",
    "term": "manual_term",
    "content": "manual_content",
}
_CONSENT: Final = {"Yes": True, "No": False}
_VALUES: Final = ("string_value", "int_value", "double_value", "float_value")
#: What makes an event itself: events of one request share its time.
_ITSELF: Final = (
    "stream_id", "user_pseudo_id", "event_timestamp", "event_name", "event_bundle_sequence_id", "batch_page_id",
    "batch_ordering_id", "batch_event_index",
)  # fmt: skip


def mapping(options: Options, definition: Definition) -> Mapping:
    """Make the mapping of a definition."""
    forms, traffic = FORMS | options.forms, TRAFFIC | options.traffic
    group_of = by_pattern(options.page_groups | PAGE_GROUPS)

    def read(record: Any, about: About) -> Iterator[Event | Ignored]:
        name = record.get("event_name")
        if name != "page_view" and name not in forms:
            if name in _OTHERS:
                yield ignored(name)
            return
        if not record.get("user_pseudo_id"):
            yield ignored(f"{name} without user_pseudo_id")  # who did not agree to cookies has none
            return
        told = _parameters(record.get("event_params"))
        url = text(told.get("page_location"))
        path = url_path(url)
        common = _common(record, told, url, traffic)
        if name == "page_view":
            yield page_view(
                page={"path": path, "url": bare_url(url), "group": group_of(path)},
                engagement_ms=number(told.get("engagement_time_msec")),
                **common,
            )
            return
        what = forms[name]
        given = (told.get("form_id"), told.get("form_name"), what.form_id)
        yield form(
            action=what.action,
            form_id=next((found for each in given if (found := text(each))), name),
            form_type=what.form_type,
            page_path=path,
            value=number(told.get("value")),
            currency=text(told.get("currency")),
            **common,
        )

    return read


def _common(record: Any, told: dict[str, Any], url: Any, traffic: dict[str, str]) -> dict[str, Any]:
    collected, geo = part(record, "collected_traffic_source"), part(record, "geo")
    # traffic_source is how somebody came for the first time ever, and not how they came this time
    named = {ours: found for ours, theirs in _MANUAL.items() if (found := _named(collected.get(theirs)))}
    clicks = {**(click_ids(url) or {}), **({"gclid": gclid} if (gclid := text(collected.get("gclid"))) else {})}
    referrer = bare_url(text(told.get("page_referrer")))
    group = traffic.get(text(told.get("traffic_type")) or "")
    agreed = _CONSENT.get(text(part(record, "privacy_info").get("analytics_storage")) or "")
    return {
        "id": fingerprint(*(record.get(name) for name in _ITSELF)),
        "time": unix_us(record.get("event_timestamp")),
        "visitor_id": record.get("user_pseudo_id"),
        "user_id": record.get("user_id") or None,
        "session_id": text(told.get("ga_session_id")),
        "campaign": {**(utm(url) or {}), **named} or None,
        "click_ids": clicks or None,
        "referrer": {"url": referrer} if referrer else None,
        # countries have names here, and no codes
        "geo": {"region": region} if (region := text(geo.get("region"))) else None,
        "traffic": {"class": group} if group else None,
        "consent": None if agreed is None else {"analytics": agreed},
    }


def _parameters(said: Any) -> dict[str, Any]:
    """Read a list of parameters, each with a value of one of four types."""
    found: dict[str, Any] = {}
    for each in said if said.__class__ is list else ():
        if each.__class__ is not dict:
            continue
        name: Any = each.get("key")
        value: Any = each.get("value")
        if name.__class__ is str and name and name not in found:
            found[name] = None
            for kind in _VALUES if value.__class__ is dict else ():
                if value.get(kind) is not None:
                    found[name] = value[kind]
                    break
    return found


def _named(value: Any) -> str | None:
    """Give a name of a campaign; (direct), (none) and (not set) are none."""
    found = text(value)
    return None if found is None or (found[0] == "(" and found[-1] == ")") else found


PRESET: Final = Preset(
    name="ga4_bigquery",
    title="Google Analytics 4: rows of events_* of its BigQuery export, streamed on as JSON",
    kinds=("page_view", "form"),
    options=Options,
    mapping=mapping,
    shape=Shape(unwrap=("connect",), each="."),
    named=("event_name",),
    facts=(
        "support.google.com/analytics/answer/7029846: columns, times in microseconds, days that are written for 3 more",
        "developers.google.com/analytics/bigquery/event-schema: batch_event_index, batch_page_id, batch_ordering_id",
    ),
    unconfirmed=(
        "names of parameters of events (page_location, page_referrer, form_id, traffic_type); "
        "values of privacy_info.analytics_storage"
    ),
    notes=(
        "visitor_id is user_pseudo_id; events of people who have none are ignored by name.",
        "Stream either events_* or events_intraday_* on, not both.",
        "A campaign is that of the event (collected_traffic_source, else its address), not that of the first visit.",
    ),
    lateness="96h",
    example=(
        {
            "event_date": "20260301", "event_timestamp": "1772357400120345", "event_name": "page_view",
            "event_params": [
                {"key": "page_location", "value": {"string_value": "https://acme.example/pricing?gclid=x1"}},
                {"key": "page_referrer", "value": {"string_value": "https://www.google.com/"}},
                {"key": "ga_session_id", "value": {"int_value": "1772357399"}},
                {"key": "engagement_time_msec", "value": {"int_value": "1200"}},
            ],
            "user_pseudo_id": "1234567890.1772357399", "user_id": None, "stream_id": "1", "batch_event_index": 1,
            "collected_traffic_source": {"manual_source": "google", "manual_medium": "cpc", "gclid": "x1"},
            "traffic_source": {"source": "newsletter", "medium": "email", "name": "(not set)"},
            "geo": {"country": "Germany", "region": "Bavaria"}, "privacy_info": {"analytics_storage": "Yes"},
        },
        {
            "event_timestamp": "1772357460120345", "event_name": "generate_lead",
            "event_params": [
                {"key": "page_location", "value": {"string_value": "https://acme.example/contact"}},
                {"key": "form_id", "value": {"string_value": "contact"}},
                {"key": "value", "value": {"double_value": 12.5}},
                {"key": "currency", "value": {"string_value": "EUR"}},
            ],
            "user_pseudo_id": "1234567890.1772357399", "stream_id": "1", "batch_event_index": 2,
        },
    ),
)  # fmt: skip
