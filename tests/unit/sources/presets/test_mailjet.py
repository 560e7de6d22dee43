"""Mailjet: what its Event API posts, as events of mails."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tests.realdata.vendor_payloads import check_all_but, events, mapped


def post(said: str, **fields: Any) -> bytes:
    usual = {"time": 1772357400, "MessageID": 19421777835146490, "email": "jo@acme.example", "mj_campaign_id": 7}
    return orjson.dumps({"event": said, **usual, **fields})


@pytest.mark.shared
def test_it_says_what_the_tests_of_others_say() -> None:
    check_all_but("mailjet", "mailjet", {})


def test_its_sent_is_the_delivery() -> None:
    (ours,) = events(mapped("mailjet", post("sent")))
    assert ours["data"]["action"] == "delivered"


@pytest.mark.parametrize(
    ("hard", "related", "error", "action", "bounce_type"),
    [
        (True, "recipient", "user unknown", "bounced", "hard"),
        (False, "recipient", "quota exceeded", "bounced", "soft"),
        (True, "spam", "content blocked", "bounced", "block"),
        (False, "domain", "greylisted", "deferred", None),
        (True, "domain", "greylisted", "bounced", "hard"),
    ],
)
def test_a_bounce_is_what_its_error_says(
    hard: bool, related: str, error: str, action: str, bounce_type: str | None
) -> None:
    (ours,) = events(mapped("mailjet", post("bounce", hard_bounce=hard, error_related_to=related, error=error)))
    assert (ours["data"]["action"], ours["data"].get("bounce_type")) == (action, bounce_type)


def test_an_id_of_a_message_that_no_float_can_hold_stays_what_it_is() -> None:
    one, two = events(mapped("mailjet", post("open"), post("open", MessageID=19421777835146491)))
    assert one["data"]["message_id"].startswith("19421777835146490/")
    assert two["data"]["message_id"].startswith("19421777835146491/")
    (old,) = events(mapped("mailjet", post("open", MessageID=None, mj_message_id="19421777835146490")))
    assert old["data"]["message_id"] == one["data"]["message_id"]


def test_the_campaign_is_ones_own_and_then_mailjets() -> None:
    said = [post("open", customcampaign="welcome"), post("open", customcampaign=""), post("open", mj_campaign_id=0)]
    assert [each["data"].get("campaign_id") for each in events(mapped("mailjet", *said))] == ["welcome", "7", None]


def test_a_post_that_comes_again_is_the_same_event_and_another_link_is_not() -> None:
    a, b = post("click", url="https://acme.example/a?q"), post("click", url="https://acme.example/b")
    one, again, two = events(mapped("mailjet", a, a, b))
    assert one["id"] == again["id"] != two["id"]
    assert one["data"]["link_path"] == "/a"


def test_what_is_new_is_unmapped_unless_the_options_name_it() -> None:
    assert mapped("mailjet", post("parse")).unmapped == {"parse": 1}
    (ours,) = events(mapped("mailjet", post("parse"), actions={"parse": "replied"}))
    assert ours["data"]["action"] == "replied"
