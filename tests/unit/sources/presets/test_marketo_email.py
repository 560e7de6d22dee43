"""Marketo mails: activities of its API and rows of a loader."""

from __future__ import annotations

from collections import Counter
from typing import Any

import orjson
import pytest

from stream.ingest.decode import Limits, decode
from tests.realdata.shared import shared_rows
from tests.realdata.vendor_email import EXPECTED
from tests.realdata.vendor_payloads import events, mapped

FILES = [name for name in EXPECTED if name.startswith("marketo")]


def said(number: int, **fields: Any) -> bytes:
    usual = {"marketoGUID": "g", "leadId": 1, "activityDate": "2026-03-01T09:30:00Z", "primaryAttributeValueId": 8}
    return orjson.dumps({**usual, "activityTypeId": number, **fields})


@pytest.mark.shared
@pytest.mark.parametrize("file", FILES)
def test_each_row_of_a_loader_is_an_event_or_was_not_sent(file: str) -> None:
    out = mapped("marketo_email", *map(orjson.dumps, shared_rows(f"vendor_email/{file}.csv")))
    assert out.refused == []
    assert out.unmapped == {}
    actions = Counter(event["data"]["action"] for event in events(out))
    assert actions + Counter({"": out.ignored["skipped"]}) == Counter(EXPECTED[file])
    values = [(at, 1_772_357_400_000, None, event.value, ()) for at, event in enumerate(out.events)]
    assert decode("email", values, Limits(lateness_ms=10**13, now_ms=1_772_357_400_000)).rejects == []


def test_a_message_is_a_lead_a_mailing_and_the_run_of_its_campaign() -> None:
    attributes = [{"name": "Campaign Run ID", "value": "14"}]
    ids = [event["data"]["message_id"] for event in events(mapped(
        "marketo_email", said(6, attributes=attributes), said(7, campaign_run_id=14), said(10)
    ))]  # fmt: skip
    assert ids == ["1-8-14", "1-8-14", "1-8-0"]


@pytest.mark.parametrize(
    ("number", "category", "type"),
    [(8, 1, "block"), (8, "2", "hard"), (8, 3, "soft"), (8, None, "hard"), (27, 2, "soft")],
)
def test_a_bounce_is_what_its_category_says(number: int, category: Any, type: str) -> None:
    (event,) = events(mapped("marketo_email", said(number, category=category)))
    assert event["data"]["bounce_type"] == type


def test_the_user_of_a_definition_says_what_a_category_is() -> None:
    (event,) = events(mapped("marketo_email", said(8, category=3), bounces={"3": "block"}))
    assert event["data"]["bounce_type"] == "block"


def test_other_activities_are_unmapped_by_their_number() -> None:
    assert mapped("marketo_email", said(1)).unmapped == {"1": 1}
