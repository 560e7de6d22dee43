"""HubSpot mails: events of its API and rows of a loader."""

from __future__ import annotations

from collections import Counter
from typing import Any

import orjson
import pytest

from tests.realdata.shared import shared_rows
from tests.realdata.vendor_email import EXPECTED
from tests.realdata.vendor_payloads import events, mapped


def said(**fields: Any) -> bytes:
    usual = {"id": "e", "created": 1_772_357_400_000, "recipient": "jo@acme.example", "sentBy": {"id": "s"}}
    return orjson.dumps({**usual, **fields})


def data(**fields: Any) -> dict[str, Any]:
    (event,) = events(mapped("hubspot_email", said(**fields)))
    return event["data"]  # type: ignore[no-any-return]


@pytest.mark.shared
def test_each_row_of_a_loader_is_an_event_or_a_step_inside_hubspot() -> None:
    rows = shared_rows("vendor_email/hubspot_email_event_data.csv")
    out = mapped("hubspot_email", *map(orjson.dumps, rows), hashed_recipients=True)
    assert out.refused == []
    assert out.ignored == {"PROCESSED": 3}
    actions = Counter(event["data"]["action"] for event in events(out))
    assert actions | {"": 3} == Counter(EXPECTED["hubspot_email_event_data"])
    assert actions.total() == 97


def test_events_of_a_message_share_the_id_of_what_sent_it() -> None:
    assert data(type="OPEN")["message_id"] == "s"
    assert data(type="SENT", sentBy=None)["message_id"] == "e"
    assert data(type="OPEN", sentBy=None, sent_by_id="t")["message_id"] == "t"


@pytest.mark.parametrize(
    ("category", "type"), [("UNKNOWN_USER", "hard"), ("POLICY", "block"), ("MAILBOX_FULL", "soft"), (None, "soft")]
)
def test_a_bounce_is_what_its_category_says(category: str | None, type: str) -> None:
    assert data(type="BOUNCE", category=category)["bounce_type"] == type


def test_what_was_filtered_is_a_machine() -> None:
    assert data(type="OPEN", filteredEvent=True)["machine"] is True
    assert data(type="CLICK", filtered_event="false", url="https://acme.example/a?b")["machine"] is False
    assert "machine" not in data(type="DELIVERED", filteredEvent=True)


def test_a_change_of_status_counts_where_it_is_one() -> None:
    assert data(type="STATUSCHANGE", portalSubscriptionStatus="UNSUBSCRIBED")["action"] == "unsubscribed"
    assert data(type="STATUSCHANGE", portal_subscription_status="SUBSCRIBED")["action"] == "resubscribed"
    assert mapped("hubspot_email", said(type="STATUSCHANGE")).ignored == {"STATUSCHANGE": 1}
    assert mapped("hubspot_email", said(type="OTHER")).unmapped == {"OTHER": 1}


def test_a_time_is_a_number_of_the_api_or_a_text_of_a_loader() -> None:
    for created in (1_772_357_400_000, "2026-03-01 09:30:00.000"):
        (event,) = events(mapped("hubspot_email", said(type="SENT", created=created)))
        assert event["time"] == "2026-03-01T09:30:00.000Z"
