"""Google Analytics 4: rows of its export as page views and forms."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tests.realdata.vendor_payloads import events, mapped

URL = "https://acme.example/pricing/x?utm_source=news&utm_campaign=spring&fbclid=f#top"


def row(name: str = "page_view", params: dict[str, Any] | None = None, **fields: Any) -> bytes:
    told = {"page_location": URL, **(params or {})}
    listed = [
        {"key": key, "value": {"int_value" if isinstance(value, int) else "string_value": value}}
        for key, value in told.items()
    ]
    usual = {"event_timestamp": 1_772_357_400_120_345, "user_pseudo_id": "1.2", "event_params": listed}
    return orjson.dumps({**usual, "event_name": name, **fields})


def one(*values: bytes, **options: Any) -> dict[str, Any]:
    out = mapped("ga4_bigquery", *values, **options)
    assert out.refused == []
    (event,) = events(out)
    return event


def test_a_page_is_its_address_without_what_stands_behind_it() -> None:
    event = one(row(params={"page_referrer": "https://b.example/?q=1", "ga_session_id": 7}))
    assert event["time"] == "2026-03-01T09:30:00.120Z"
    assert event["data"] == {
        "site_id": "acme", "visitor_id": "1.2", "session_id": "7",
        "page": {"path": "/pricing/x", "url": "https://acme.example/pricing/x", "group": "pricing"},
        "campaign": {"source": "news", "name": "spring"}, "click_ids": {"fbclid": "f"},
        "referrer": {"url": "https://b.example/"},
    }  # fmt: skip


def test_a_campaign_is_that_of_the_event_and_never_that_of_the_first_visit() -> None:
    first = {"traffic_source": {"source": "old", "medium": "email", "name": "old"}}
    collected = {
        "manual_source": "google",
        "manual_medium": "(none)",
        "manual_campaign_name": "(not set)",
        "gclid": "g",
    }
    event = one(row(collected_traffic_source=collected, **first))
    assert event["data"]["campaign"] == {"source": "google", "name": "spring"}
    assert event["data"]["click_ids"] == {"fbclid": "f", "gclid": "g"}
    bare = one(row(params={"page_location": "https://acme.example/"}, **first))
    assert "campaign" not in bare["data"]


def test_events_of_one_request_have_one_time_and_ids_of_their_own() -> None:
    two = events(mapped("ga4_bigquery", row(batch_event_index=1), row(batch_event_index=2)))
    assert two[0]["time"] == two[1]["time"]
    assert two[0]["id"] != two[1]["id"]
    again = one(row(batch_event_index=1))
    assert again["id"] == two[0]["id"]


@pytest.mark.parametrize(
    ("said", "allowed"), [("Yes", {"analytics": True}), ("No", {"analytics": False}), ("Unset", None)]
)
def test_what_somebody_agreed_to(said: str, allowed: Any) -> None:
    assert one(row(privacy_info={"analytics_storage": said}))["data"].get("consent") == allowed


def test_traffic_of_ones_own_is_marked_by_its_type() -> None:
    assert one(row(params={"traffic_type": "internal"}))["data"]["traffic"] == {"class": "internal"}
    agency = one(row(params={"traffic_type": "agency"}), traffic={"agency": "internal"})
    assert agency["data"]["traffic"] == {"class": "internal"}
    assert "traffic" not in one(row(params={"traffic_type": "agency"}))["data"]


def test_forms_are_those_of_the_names_that_ga_recommends_and_of_ones_own() -> None:
    lead = one(row("generate_lead", {"form_id": "f", "value": 12, "currency": "EUR"}))["data"]
    assert [lead[name] for name in ("action", "form_id", "form_type", "value", "currency", "page_path")] == [
        "submit", "f", "contact", 12, "EUR", "/pricing/x",
    ]  # fmt: skip
    demo = one(row("request_demo"), forms={"request_demo": {"form_type": "demo"}})["data"]
    assert (demo["form_id"], demo["form_type"]) == ("request_demo", "demo")
    assert one(row("form_start"))["data"]["action"] == "start"


def test_who_has_no_id_of_a_browser_is_ignored_by_name() -> None:
    out = mapped("ga4_bigquery", row(user_pseudo_id=None), row("scroll"), row("purchase"))
    assert out.ignored == {"page_view without user_pseudo_id": 1, "scroll": 1}
    assert out.unmapped == {"purchase": 1}
