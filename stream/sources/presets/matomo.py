"""Matomo: visits with their actions, as its Live API gives them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from stream.sources.about import About, Ignored, ignored
from stream.sources.definition import Definition
from stream.sources.events import Event, form, page_view
from stream.sources.hashed import fingerprint
from stream.sources.moments import unix
from stream.sources.preset import Mapping, Preset
from stream.sources.presets.segment import PAGE_GROUPS, FormOf
from stream.sources.totals import number
from stream.sources.urls import bare_url, click_ids, url_path, utm
from stream.sources.values import by_pattern, text
from stream.sources.wire.wire import Shape


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Which of your goals, by name or number, and events, by "category/action", are forms; kinds of pages."""

    goals: dict[str, FormOf] = {}
    events: dict[str, FormOf] = {}
    page_groups: dict[str, str] = {}


#: What the plugin Marketing Campaigns Reporting says of a visit.
_CAMPAIGN: Final = {
    "source": "campaignSource",
    "medium": "campaignMedium",
    "name": "campaignName",
    "id": "campaignId",
    "term": "campaignKeyword",
    "content": "campaignContent",
}
_COUNTRY: Final = 2
_NOWHERE: Final = "XX"


def mapping(options: Options, definition: Definition) -> Mapping:
    """Make the mapping of a definition."""
    group_of = by_pattern(options.page_groups | PAGE_GROUPS)

    def form_of(action: dict[str, Any], said: Any) -> tuple[FormOf | None, str]:
        if said == "goal":
            name = text(action.get("goalName")) or ""
            number_of = text(action.get("goalId")) or ""
            return options.goals.get(name) or options.goals.get(number_of), name or number_of
        if said == "event":
            name = f"{action.get('eventCategory')}/{action.get('eventAction')}"
            return options.events.get(name), name
        return None, ""

    def read(record: Any, about: About) -> Iterator[Event | Ignored]:
        actions = record.get("actionDetails")
        if actions.__class__ is not list:
            return
        first = True
        for action in actions:
            if action.__class__ is not dict:
                continue
            said = action.get("type")
            url = text(action.get("url"))
            what, name = form_of(action, said)
            if said == "action":
                path = url_path(url)
                yield page_view(
                    page={"path": path, "url": bare_url(url), "group": group_of(path)},
                    **_common(record, action, url, first=first),
                )
                first = False  # how somebody came is said of the visit, and once is enough
            elif what is not None:
                yield form(
                    action=what.action,
                    form_id=what.form_id or name,
                    form_type=what.form_type,
                    page_path=url_path(url),
                    value=number(action.get("revenue")) or None,
                    currency=text(record.get("siteCurrency")),
                    **_common(record, action, url, first=False),
                )
        yield ignored("a visit without a page or a form")

    return read


def _common(visit: Any, action: Any, url: Any, *, first: bool) -> dict[str, Any]:
    country, region = text(visit.get("countryCode")), text(visit.get("regionCode")) or text(visit.get("region"))
    country = country.upper() if country is not None and len(country) == _COUNTRY else None
    geo = {"country": None if country == _NOWHERE else country, "region": region}
    return {
        "id": fingerprint(
            visit.get("idSite"), visit.get("idVisit"), action.get("type"), action.get("pageId"),
            action.get("goalId"), action.get("goalPageId"), action.get("timestamp"),
        ),
        "time": unix(action.get("timestamp")),
        "visitor_id": visit.get("visitorId"),
        "user_id": visit.get("userId") or None,
        "session_id": text(visit.get("idVisit")),
        "campaign": ({**_came(visit), **(utm(url) or {})} if first else utm(url)) or None,
        "click_ids": click_ids(url),
        "referrer": _referrer(visit) if first else None,
        "geo": geo if any(geo.values()) else None,
    }  # fmt: skip


def _came(visit: Any) -> dict[str, str]:
    found = {ours: said for ours, theirs in _CAMPAIGN.items() if (said := text(visit.get(theirs)))}
    if visit.get("referrerType") == "campaign":
        # without the plugin a campaign has a name and a keyword alone, which addresses are cleaned of
        if (name := text(visit.get("referrerName"))) is not None:
            found.setdefault("name", name)
        if (term := text(visit.get("referrerKeyword"))) is not None:
            found.setdefault("term", term)
    return found


def _referrer(visit: Any) -> dict[str, str] | None:
    url = bare_url(text(visit.get("referrerUrl")))
    return None if url is None else {"url": url}


PRESET: Final = Preset(
    name="matomo",
    title="Matomo: visits of its Live API (Live.getLastVisitsDetails), as JSON, one or a list a record",
    kinds=("page_view", "form"),
    options=Options,
    mapping=mapping,
    shape=Shape(unwrap=("connect",), each="."),
    facts=(
        "github.com/matomo-org/matomo, plugins/Actions/VisitorDetails.php: types of actions, pageId, timestamp",
        "github.com/matomo-org/matomo, plugins/Goals/VisitorDetails.php: goalName, goalId, goalPageId, revenue",
        "github.com/matomo-org/matomo, plugins/Contents/tests/expected: a visit with its referrer and country",
    ),
    unconfirmed="visitorId; eventCategory and eventAction; fields of the plugin Marketing Campaigns Reporting",
    notes=(
        "Send a visit again whenever you read it: each of its actions has one id, and counts once.",
        "Goals and events are forms where the options name them.",
        "How somebody came is said of the first page of a visit.",
        'With site_field = "idSite" each of your sites is one.',
    ),
    example_options={"goals": {"Contact": {"form_type": "contact"}}},
    example=(
        {
            "idSite": 1, "idVisit": 17, "visitorId": "4f2e1a9c0b7d8e3f", "userId": None, "siteCurrency": "EUR",
            "actionDetails": [
                {
                    "type": "action", "url": "https://acme.example/pricing?gclid=x1", "pageTitle": "Pricing",
                    "pageIdAction": 2, "idpageview": "aX3k1P", "pageId": 501, "timestamp": 1772357400,
                },
                {
                    "type": "goal", "goalName": "Contact", "goalId": 3, "revenue": 12.5, "goalPageId": 502,
                    "url": "https://acme.example/contact", "timestamp": 1772357460,
                },
            ],
            "referrerType": "search", "referrerName": "Google", "referrerUrl": "https://www.google.com/",
            "countryCode": "de", "region": "Bavaria", "regionCode": "BY",
        },
    ),
)  # fmt: skip
