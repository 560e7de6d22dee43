"""Matomo: visits of its Live API as page views and forms."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tests.realdata.vendor_payloads import events, mapped

PAGE = {"type": "action", "url": "https://acme.example/docs/a?x=1", "pageId": 501, "timestamp": 1_772_357_400}
GOAL = {"type": "goal", "goalName": "Contact", "goalId": 3, "goalPageId": 502, "timestamp": 1_772_357_460,
        "url": "https://acme.example/contact", "revenue": 12.5}  # fmt: skip
EVENT = {"type": "event", "eventCategory": "Forms", "eventAction": "sent", "url": "https://acme.example/demo",
         "pageId": 503, "timestamp": 1_772_357_470}  # fmt: skip


def visit(*actions: Any, **fields: Any) -> bytes:
    usual = {"idSite": 1, "idVisit": 17, "visitorId": "4f2e", "siteCurrency": "EUR", "actionDetails": list(actions)}
    return orjson.dumps({**usual, **fields})


def said(value: bytes, **options: Any) -> list[dict[str, Any]]:
    out = mapped("matomo", value, **options)
    assert out.refused == []
    return events(out)


def test_each_page_of_a_visit_is_a_page_view_at_its_own_time() -> None:
    one, two = said(visit(PAGE, {**PAGE, "pageId": 502, "timestamp": 1_772_357_430, "url": "https://acme.example/"}))
    assert one["data"]["page"] == {"path": "/docs/a", "url": "https://acme.example/docs/a", "group": "docs"}
    assert (one["time"], two["time"]) == ("2026-03-01T09:30:00.000Z", "2026-03-01T09:30:30.000Z")
    assert {one["data"]["visitor_id"], two["data"]["visitor_id"]} == {"4f2e"}
    assert {one["data"]["session_id"], two["data"]["session_id"]} == {"17"}


def test_a_visit_that_is_read_again_with_more_actions_has_the_same_ids() -> None:
    before = said(visit(PAGE))
    after = said(visit(PAGE, {**PAGE, "pageId": 502}))
    assert after[0]["id"] == before[0]["id"] != after[1]["id"]
    other = said(visit(PAGE, idSite=2))
    assert other[0]["id"] != before[0]["id"]


def test_how_somebody_came_is_said_of_the_first_page() -> None:
    came = {"referrerType": "search", "referrerName": "Google", "referrerUrl": "https://www.google.com/?q=1"}
    one, two = said(visit(PAGE, {**PAGE, "pageId": 502}, **came))
    assert one["data"]["referrer"] == {"url": "https://www.google.com/"}
    assert "campaign" not in one["data"]
    assert "referrer" not in two["data"]


@pytest.mark.parametrize(
    ("fields", "campaign"),
    [
        ({"referrerType": "campaign", "referrerName": "spring", "referrerKeyword": "crm"}, {"name": "spring", "term": "crm"}),
        (
            {"referrerType": "campaign", "referrerName": "x", "campaignName": "spring", "campaignSource": "google",
             "campaignMedium": "cpc", "campaignKeyword": ""},
            {"name": "spring", "source": "google", "medium": "cpc"},
        ),
    ],
)  # fmt: skip
def test_a_campaign_is_named_by_the_visit(fields: dict[str, Any], campaign: dict[str, str]) -> None:
    one, two = said(visit(PAGE, {**PAGE, "pageId": 502}, **fields))
    assert one["data"]["campaign"] == campaign
    assert "campaign" not in two["data"]


def test_goals_and_events_are_forms_where_the_options_name_them() -> None:
    value = visit(PAGE, GOAL, EVENT)
    assert [event["type"] for event in said(value)] == ["page_view"]
    options = {
        "goals": {"3": {"form_type": "contact"}},
        "events": {"Forms/sent": {"form_id": "demo", "form_type": "demo"}},
    }
    _, goal, event = said(value, **options)
    assert [goal["data"][name] for name in ("action", "form_id", "form_type", "page_path", "value", "currency")] == [
        "submit", "Contact", "contact", "/contact", 12.5, "EUR",
    ]  # fmt: skip
    assert (event["data"]["form_id"], event["data"]["form_type"]) == ("demo", "demo")
    (_, named) = said(visit(PAGE, GOAL), goals={"Contact": {"form_type": "quote"}})
    assert named["data"]["form_type"] == "quote"


@pytest.mark.parametrize(
    ("fields", "geo"),
    [
        ({"countryCode": "de", "regionCode": "BY", "region": "Bavaria"}, {"country": "DE", "region": "BY"}),
        ({"countryCode": "xx"}, None),
        ({"countryCode": "fr", "regionCode": ""}, {"country": "FR"}),
    ],
)
def test_a_country_is_its_code(fields: dict[str, Any], geo: Any) -> None:
    (one,) = said(visit(PAGE, **fields))
    assert one["data"].get("geo") == geo


def test_a_list_of_visits_is_as_many_items_and_one_without_pages_is_ignored() -> None:
    listed = orjson.dumps([orjson.loads(visit(PAGE)), orjson.loads(visit({"type": "outlink", "timestamp": 1}))])
    out = mapped("matomo", listed)
    assert (out.items, out.mapped) == (2, 1)
    assert out.ignored == {"a visit without a page or a form": 1}
    assert mapped("matomo", b'{"idSite": 1}').unmapped == {"(no name)": 1}


def test_sites_may_be_those_of_matomo() -> None:
    (one,) = said(visit(PAGE), site="", site_field="idSite")
    assert one["data"]["site_id"] == 1
