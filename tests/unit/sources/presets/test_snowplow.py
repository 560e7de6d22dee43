"""Snowplow: enriched rows as page views and forms, and the 47 page views of an independent count."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stream.replay.replay import ReplayOptions, replay
from stream.sources.presets.snowplow import COLUMNS
from tests.realdata import snowplow
from tests.realdata.vendor_payloads import events, mapped

CONTEXTS = "iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-0"
PAGE = "iglu:com.snowplowanalytics.snowplow/web_page/jsonschema/1-0-0"
ROBOTS = "iglu:com.iab.snowplow/spiders_and_robots/jsonschema/1-0-0"


def contexts(schema: str, data: Any) -> str:
    return json.dumps({"schema": CONTEXTS, "data": [{"schema": schema, "data": each} for each in data]}) if data else ""


def row(**values: str) -> bytes:
    usual = {"app_id": "shop", "event_id": "e", "domain_userid": "d", "derived_tstamp": "2026-03-01 09:30:00.120"}
    return "\t".join({**usual, **values}.get(name, "") for name in COLUMNS).encode()


def enriched(found: dict[str, str]) -> bytes:
    """Write a row of the loaded table as it was in the stream."""
    values = {name: found.get(name, "").replace("\t", " ").replace("\n", " ") for name in COLUMNS}
    values["contexts"] = contexts(
        PAGE, json.loads(found["contexts_com_snowplowanalytics_snowplow_web_page_1_0_0"] or "[]")
    )
    robots = found.get("contexts_com_iab_snowplow_spiders_and_robots_1_0_0") or "[]"
    values["derived_contexts"] = contexts(ROBOTS, json.loads(robots))
    return "\t".join(values[name] for name in COLUMNS).encode()


def test_there_are_131_columns() -> None:
    assert len(COLUMNS) == len(set(COLUMNS)) == 131


@pytest.mark.shared
def test_a_view_under_two_ids_of_events_is_one_as_an_independent_count_has_it() -> None:
    out = mapped("snowplow", *map(enriched, snowplow.events()), site="snowplow")
    assert out.refused == []
    assert out.items == snowplow.EXPECTED["rows"]
    views = [event for event in events(out) if event["type"] == "page_view"]
    assert len(views) == snowplow.EXPECTED["page_view_rows"]
    # one row has no id of a view: it is known by its event
    assert len({event["id"] for event in views} - snowplow.WITHOUT_ID) == snowplow.EXPECTED["page_views"]
    options = ReplayOptions(now_ms=1_772_357_400_000, windows=("5000d",), lateness_ms=120 * 3_600_000)
    read = replay((event.value for event in out.events), options)
    assert read.account.counted == snowplow.EXPECTED["page_views"] + len(snowplow.WITHOUT_ID)
    assert read.account.accepted - read.account.counted == 2, "the two that were sent again"
    late = replay((event.value for event in out.events), ReplayOptions(now_ms=1_772_357_400_000, windows=("5000d",)))
    assert late.account.counted == snowplow.EXPECTED["page_views"], "one came more than a day late"


def test_a_page_view_is_read_off_its_columns() -> None:
    value = row(
        event="page_view", page_url="https://shop.example/pricing?gclid=x#y", page_urlpath="/pricing", mkt_source="google",
        geo_country="DE", page_referrer="https://www.google.com/search?q=1", refr_urlhost="www.google.com",
        contexts=contexts(PAGE, [{"id": "v"}]),
    )  # fmt: skip
    (event,) = events(mapped("snowplow", value, site=""))
    assert (event["id"], event["time"], event["data"]["site_id"]) == ("v", "2026-03-01T09:30:00.120Z", "shop")
    assert event["data"]["page"] == {"path": "/pricing", "url": "https://shop.example/pricing", "group": "pricing"}
    assert event["data"]["click_ids"] == {"gclid": "x"}
    assert event["data"]["referrer"] == {"url": "https://www.google.com/search", "domain": "www.google.com"}


def test_a_robot_is_one_by_the_list_of_the_iab() -> None:
    (event,) = events(
        mapped("snowplow", row(event="page_view", derived_contexts=contexts(ROBOTS, [{"spiderOrRobot": True}])))
    )
    assert event["data"]["traffic"] == {"class": "bot"}


def test_structured_events_are_forms_where_the_options_name_them() -> None:
    value = row(event="struct", event_name="event", se_category="lead", se_action="demo")
    (event,) = events(mapped("snowplow", value, forms={"lead/demo": {"form_id": "demo", "form_type": "demo"}}))
    assert (event["data"]["form_id"], event["data"]["form_type"], event["data"]["action"]) == ("demo", "demo", "submit")
    assert mapped("snowplow", value).unmapped == {"event": 1}


def test_a_submitted_form_has_its_type_by_its_id() -> None:
    said = json.dumps({"schema": "u", "data": {"schema": "s", "data": {"formId": "contact"}}})
    value = row(event="unstruct", event_name="submit_form", unstruct_event=said)
    (event,) = events(mapped("snowplow", value, form_types={"contact": "contact"}))
    assert (event["data"]["form_id"], event["data"]["form_type"]) == ("contact", "contact")


def test_what_is_known_and_not_wanted_is_ignored_and_a_short_row_is_refused() -> None:
    assert mapped("snowplow", row(event="page_ping", event_name="page_ping")).ignored == {"page_ping": 1}
    assert [each.reason for each in mapped("snowplow", b"a\tb").refused] == ["wrong_type"]
