"""Segment: page views, forms, chats and mails by its spec, and by the names of one's own."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tests.realdata.vendor_payloads import events, mapped, records

TIME = "2026-03-01T09:30:00Z"


def call(**fields: Any) -> bytes:
    return orjson.dumps({"messageId": "m", "anonymousId": "a", "timestamp": TIME, **fields})


def track(event: str, **properties: Any) -> bytes:
    return call(type="track", event=event, properties=properties)


@pytest.mark.shared
def test_the_examples_of_its_spec() -> None:
    out = mapped("segment", *records("segment_docs.ndjson"))
    kinds = [f"{each['type']} {each['data'].get('action', '')}".strip() for each in events(out)]
    assert kinds == [
        "page_view", "page_view", "chatbot conversation_started", "chatbot message", "chatbot message",
        "email bounced", "email delivered", "email clicked", "email spam_complaint", "email opened",
        "email unsubscribed",
    ]  # fmt: skip
    assert out.ignored == {"identify": 2}
    assert out.unmapped == {"Report Submitted": 1, "User Registered": 1, "Course Clicked": 1}
    assert out.refused == []


def test_a_page_is_what_its_properties_say_and_then_its_context() -> None:
    page = {
        "path": "/context",
        "url": "https://acme.example/context?utm_source=a&gclid=g",
        "referrer": "https://b.example/?q=1",
    }
    (one,) = events(mapped("segment", call(type="page", context={"page": page})))
    assert one["data"]["page"] == {"path": "/context", "url": "https://acme.example/context"}
    assert one["data"]["campaign"] == {"source": "a"}
    assert one["data"]["click_ids"] == {"gclid": "g"}
    assert one["data"]["referrer"] == {"url": "https://b.example/"}
    (two,) = events(mapped("segment", call(type="page", context={"page": page}, properties={"path": "/pricing/x"})))
    assert two["data"]["page"]["path"] == "/pricing/x"
    assert two["data"]["page"]["group"] == "pricing"


def test_a_campaign_that_is_told_goes_over_that_of_the_address() -> None:
    context = {"page": {"url": "https://acme.example/?utm_source=a&utm_medium=m"}, "campaign": {"source": "told"}}
    (one,) = events(mapped("segment", call(type="page", context=context)))
    assert one["data"]["campaign"] == {"source": "told", "medium": "m"}


def test_tracks_of_ones_own_are_key_events_by_their_names() -> None:
    forms = {"Request A Demo": {"form_id": "demo", "form_type": "demo"}}
    chats = {"Bot Lead": {"action": "lead_captured"}}
    said = {"forms": forms, "chats": chats}
    (form,) = events(mapped("segment", track("Request A Demo"), **said))
    assert {name: form["data"][name] for name in ("action", "form_id", "form_type", "submission_id")} == {
        "action": "submit", "form_id": "demo", "form_type": "demo", "submission_id": "m",
    }  # fmt: skip
    (chat,) = events(mapped("segment", track("Bot Lead", conversation_id=7), **said))
    assert chat["data"]["action"] == "lead_captured"
    assert chat["data"]["conversation_id"] == "7"
    assert mapped("segment", track("Request A Demo")).unmapped == {"Request A Demo": 1}


def test_a_property_that_is_named_like_a_field_is_that_field() -> None:
    (form,) = events(mapped("segment", track("Form Submitted", form_id="f", value=12.5, currency="EUR", offer_id="o")))
    assert {name: form["data"][name] for name in ("value", "currency", "offer_id")} == {
        "value": 12.5, "currency": "EUR", "offer_id": "o",
    }  # fmt: skip


def test_who_is_signed_in_with_an_address_stays_nameless() -> None:
    out = mapped("segment", call(type="page", userId="Jo@Acme.example", context={"page": {"path": "/"}}))
    (one,) = events(out)
    assert len(one["data"]["user_id"]) == 64
    assert one["data"]["visitor_id"] == "a"
    assert out.redacted == 1


def test_a_mail_is_one_recipients_copy() -> None:
    context = {"traits": {"email": "jo@acme.example"}}
    (one,) = events(
        mapped("segment", call(type="track", event="Email Bounced", properties={"email_id": "e"}, context=context))
    )
    assert one["data"]["message_id"].startswith("e/")
    assert one["data"]["bounce_type"] == "hard"
    assert one["data"]["recipient_domain"] == "acme.example"


def test_a_batch_that_was_posted_is_as_many_events() -> None:
    page = {"type": "page", "anonymousId": "a", "timestamp": TIME, "context": {"page": {"path": "/"}}}
    posted = orjson.dumps([{**page, "messageId": "1"}, {**page, "messageId": "2"}])
    assert [event["id"] for event in events(mapped("segment", posted))] == ["1", "2"]
