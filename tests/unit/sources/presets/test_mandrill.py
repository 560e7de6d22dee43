"""Mandrill: what its webhooks post, as events of mails."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import orjson
import pytest

from tests.realdata.vendor_payloads import check_all_but, events, mapped


def one(said: str, **fields: Any) -> dict[str, Any]:
    message = {"_id": "m", "email": "jo@acme.example", "tags": ["welcome", "b"]}
    return {"event": said, "_id": "m", "ts": 1772357400, "msg": message, **fields}


@pytest.mark.shared
def test_it_says_what_the_tests_of_others_say_but_for_a_change_of_a_list() -> None:
    check_all_but("mandrill", "mandrill", {"test_sync_event": "ignored blacklist"})


def test_the_form_that_is_posted_and_the_list_in_it_are_the_same_events() -> None:
    posted = orjson.dumps([one("send"), one("open")])
    form = urlencode({"mandrill_events": posted.decode(), "other": "x"}).encode()
    assert events(mapped("mandrill", posted)) == events(mapped("mandrill", form))
    assert len(events(mapped("mandrill", form))) == 2


@pytest.mark.parametrize(("said", "type"), [("hard_bounce", "hard"), ("soft_bounce", "soft")])
def test_a_bounce_has_its_type(said: str, type: str) -> None:
    (ours,) = events(mapped("mandrill", orjson.dumps(one(said))))
    assert (ours["data"]["action"], ours["data"]["bounce_type"]) == ("bounced", type)


def test_a_message_of_mandrill_is_one_recipients_copy_and_its_first_tag_the_campaign() -> None:
    (ours,) = events(mapped("mandrill", orjson.dumps(one("open", user_agent="Mozilla/5.0"))))
    assert ours["data"]["message_id"] == "m"
    assert ours["data"]["campaign_id"] == "welcome"
    assert ours["data"]["recipient_domain"] == "acme.example"
    assert ours["time"] == "2026-03-01T09:30:00.000Z"


def test_another_link_is_another_click_and_a_post_that_comes_again_is_not() -> None:
    links = [one("click", url=f"https://acme.example/{path}?q") for path in ("a", "b", "a")]
    a, b, again = events(mapped("mandrill", orjson.dumps(links)))
    assert a["id"] == again["id"] != b["id"]
    assert (a["data"]["link_path"], b["data"]["link_path"]) == ("/a", "/b")


def test_inbound_mail_is_ignored_and_what_is_new_is_unmapped_unless_the_options_name_it() -> None:
    out = mapped("mandrill", orjson.dumps([one("inbound"), one("forwarded")]))
    assert (out.ignored, out.unmapped) == ({"inbound": 1}, {"forwarded": 1})
    (ours,) = events(mapped("mandrill", orjson.dumps(one("late_bounce")), actions={"late_bounce": "bounced"}))
    assert ours["data"]["bounce_type"] == "hard"
