"""PostHog: page views, surveys and events of one's own, from its topic or its webhooks."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tests.realdata.vendor_payloads import events, mapped, records

URL = "https://acme.example/pricing?utm_source=google&gclid=x1#top"


def event(name: str, as_text: bool = True, **properties: Any) -> bytes:
    told: Any = {name.replace("_0", "$"): value for name, value in properties.items()}
    return orjson.dumps(
        {
            "uuid": "u", "event": name, "timestamp": "2026-03-01 09:30:00.120000", "distinct_id": "who",
            "properties": orjson.dumps(told).decode() if as_text else told,
        }
    )  # fmt: skip


def data(value: bytes, **options: Any) -> dict[str, Any]:
    (ours,) = events(mapped("posthog", value, **options))
    found: dict[str, Any] = ours["data"]
    return found


@pytest.mark.shared
def test_records_of_its_topic() -> None:
    out = mapped("posthog", *records("posthog.ndjson"))
    view, survey = events(out)
    assert (view["type"], view["time"], view["recordedtime"]) == (
        "page_view", "2024-01-01T10:00:00.000000Z", "2024-01-01T10:00:01.120000Z",
    )  # fmt: skip
    assert view["data"] == {
        "visitor_id": "018f2d6e-d1", "session_id": "018f2d6e-s1", "site_id": "acme", "geo": {"country": "US"},
        "page": {"path": "/landing", "url": "https://example.com/landing"},
        "campaign": {"source": "google", "medium": "cpc", "name": "summer_sale"},
    }  # fmt: skip
    assert (survey["type"], survey["data"]["form_type"], survey["data"]["submission_id"]) == ("form", "survey", "sub-1")
    assert (out.ignored, out.unmapped) == ({"$autocapture": 1}, {"my_custom_event": 1})


def test_properties_as_a_text_and_as_an_object_are_the_same_event() -> None:
    one, two = (event("$pageview", as_text, _0pathname="/a") for as_text in (True, False))
    assert events(mapped("posthog", one)) == events(mapped("posthog", two))


def test_the_campaign_is_the_addresss_and_what_properties_keep_of_an_earlier_page_is_none() -> None:
    kept = {"utm_source": "old", "utm_medium": "cpc", "gclid": "old"}
    said = data(event("$pageview", _0current_url=URL, **kept))
    assert said["campaign"] == {"source": "google", "medium": "cpc"}
    assert said["click_ids"] == {"gclid": "x1"}
    later = data(event("$pageview", _0current_url="https://acme.example/b", **kept))
    assert "campaign" not in later
    assert "click_ids" not in later
    server = data(event("$pageview", _0pathname="/a", **kept))
    assert server["campaign"] == {"source": "old", "medium": "cpc"}
    assert server["click_ids"] == {"gclid": "old"}


def test_direct_is_no_referrer() -> None:
    assert "referrer" not in data(event("$pageview", _0referrer="$direct"))
    assert data(event("$pageview", _0referrer="https://b.example/?q=1"))["referrer"] == {"url": "https://b.example/"}


def test_the_browser_is_the_visitor_and_who_is_identified_the_user() -> None:
    said = data(event("$pageview", _0device_id="d", _0is_identified=True))
    assert (said["visitor_id"], said["user_id"]) == ("d", "who")
    unknown = data(event("$pageview", _0is_identified=False))
    assert unknown["visitor_id"] == "who"
    assert "user_id" not in unknown


def test_an_address_in_distinct_id_stays_nowhere() -> None:
    value = orjson.loads(event("$pageview", _0is_identified=True)) | {"distinct_id": "Jo@Acme.example"}
    out = mapped("posthog", orjson.dumps(value))
    (ours,) = events(out)
    assert len(ours["data"]["user_id"]) == len(ours["data"]["visitor_id"]) == 64


@pytest.mark.parametrize(
    ("name", "completed", "action"),
    [
        ("survey shown", None, "view"),
        ("survey dismissed", None, "abandon"),
        ("survey sent", None, "submit"),
        ("survey sent", True, "submit"),
        ("survey sent", False, "start"),
    ],
)
def test_a_survey_is_a_form_and_sent_in_part_it_is_begun(name: str, completed: bool | None, action: str) -> None:
    said = data(event(name, _0survey_id="s", _0survey_completed=completed))
    assert (said["action"], said["form_id"], said["form_type"]) == (action, "s", "survey")


def test_events_of_ones_own_are_key_events_by_their_names() -> None:
    said = {"forms": {"demo requested": {"form_type": "demo"}}, "chats": {"bot lead": {"action": "lead_captured"}}}
    demo = data(event("demo requested", _0current_url=URL), **said)
    assert (demo["action"], demo["form_id"], demo["submission_id"], demo["page_path"]) == (
        "submit", "demo requested", "u", "/pricing",
    )  # fmt: skip
    lead = data(event("bot lead", conversation_id=7), **said)
    assert (lead["action"], lead["conversation_id"]) == ("lead_captured", "7")
    assert mapped("posthog", event("demo requested")).unmapped == {"demo requested": 1}


def test_pages_have_groups() -> None:
    assert data(event("$pageview", _0pathname="/pricing/x"))["page"]["group"] == "pricing"
    assert data(event("$pageview", _0pathname="/x"), page_groups={"/x": "cart"})["page"]["group"] == "cart"


def test_the_topic_of_several_projects_tells_their_sites() -> None:
    value = orjson.dumps(orjson.loads(event("$pageview")) | {"team_id": 2})
    (ours,) = events(mapped("posthog", value, site="", site_field="team_id"))
    assert ours["data"]["site_id"] == 2
