"""Resend: what its webhooks post, as events of mails."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tests.realdata.vendor_payloads import check_all_but, events, mapped

AT = "2026-03-01T09:30:00.736Z"


def post(said: str, at: str = AT, **fields: Any) -> bytes:
    data = {"email_id": "m", "to": ["Jo <jo@acme.example>", "al@acme.example"], **fields}
    return orjson.dumps({"type": f"email.{said}", "created_at": at, "data": data})


@pytest.mark.shared
def test_it_says_what_the_tests_of_others_say() -> None:
    check_all_but("resend", "resend", {})


@pytest.mark.parametrize(
    ("type", "narrower", "action", "bounce_type"),
    [
        ("Permanent", "General", "bounced", "hard"),
        (None, None, "bounced", "hard"),
        ("Transient", "MailboxFull", "bounced", "soft"),
        ("Permanent", "Suppressed", "dropped", None),
    ],
)
def test_a_bounce_is_what_its_type_says(
    type: str | None, narrower: str | None, action: str, bounce_type: str | None
) -> None:
    (ours,) = events(mapped("resend", post("bounced", bounce={"type": type, "subType": narrower})))
    assert (ours["data"]["action"], ours["data"].get("bounce_type")) == (action, bounce_type)


@pytest.mark.parametrize(("said", "action"), [("failed", "dropped"), ("suppressed", "dropped")])
def test_what_was_never_tried_is_dropped(said: str, action: str) -> None:
    (ours,) = events(mapped("resend", post(said)))
    assert ours["data"]["action"] == action


def test_the_event_is_the_first_recipients_at_the_time_of_the_event() -> None:
    (several,) = events(mapped("resend", post("opened", created_at="2026-02-01T00:00:00Z")))
    (alone,) = events(mapped("resend", post("opened", to=["jo@acme.example"])))
    assert several["data"]["message_id"] == alone["data"]["message_id"]
    assert several["data"]["email_hash"] == alone["data"]["email_hash"]
    assert several["time"] == AT


def test_a_post_that_comes_again_is_the_same_event_and_a_later_one_is_not() -> None:
    one, again, later = events(
        mapped("resend", post("opened"), post("opened"), post("opened", "2026-03-01T09:30:01.000Z"))
    )
    assert one["id"] == again["id"] != later["id"]


def test_the_campaign_is_the_broadcast_and_else_a_tag() -> None:
    of_object, of_list = {"category": "welcome"}, [{"name": "kind", "value": "news"}]
    (ours,) = events(mapped("resend", post("sent", broadcast_id="b", tags=of_object)))
    assert ours["data"]["campaign_id"] == "b"
    (ours,) = events(mapped("resend", post("sent", tags=of_object)))
    assert ours["data"]["campaign_id"] == "welcome"
    (ours,) = events(mapped("resend", post("sent", tags=of_list), campaign_tag="kind"))
    assert ours["data"]["campaign_id"] == "news"


def test_a_click_has_its_link_and_who_clicked() -> None:
    click = {"link": "https://acme.example/a?b=1", "userAgent": "Mozilla/5.0"}
    (ours,) = events(mapped("resend", post("clicked", click=click)))
    assert (ours["data"]["link_path"], ours["data"]["user_agent"]) == ("/a", "Mozilla/5.0")


def test_what_is_of_no_mail_is_ignored_and_what_is_new_is_unmapped_unless_the_options_name_it() -> None:
    out = mapped("resend", post("received"), b'{"type":"contact.created"}', post("replied"))
    assert out.ignored == {"email.received": 1, "contact.created": 1}
    assert out.unmapped == {"email.replied": 1}
    (ours,) = events(mapped("resend", post("replied"), actions={"email.replied": "replied"}))
    assert ours["data"]["action"] == "replied"
