"""MailerSend: what its webhooks post, in both forms, as events of mails."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tests.realdata.vendor_payloads import check_all_but, events, mapped

AT = "2026-03-01T09:30:00.506000Z"


def nested(said: str, morph: Any = None) -> bytes:
    mail = {"tags": ["welcome"], "message": {"id": "m"}, "recipient": {"email": "jo@acme.example"}}
    data = {"id": f"e-{said}", "created_at": AT, "email": mail, "morph": morph}
    return orjson.dumps({"type": f"activity.{said}", "created_at": "2026-03-01T09:30:09Z", "data": data})


def flat(said: str, **fields: Any) -> bytes:
    usual = {"id": f"e-{said}", "message_id": "m", "recipient": "jo@acme.example", "tags": ["welcome"], "meta": []}
    return orjson.dumps({"type": f"activity.{said}", "created_at": AT, "data": {**usual, **fields}})


@pytest.mark.shared
def test_it_says_what_the_tests_of_others_say() -> None:
    check_all_but("mailersend", "mailersend", {})


def test_both_forms_are_the_same_event() -> None:
    one, two = events(mapped("mailersend", nested("delivered"), flat("delivered")))
    assert one == two
    assert one["time"] == AT
    assert one["data"]["campaign_id"] == "welcome"


def test_a_click_has_its_link_in_both_forms_and_who_clicked_in_the_second() -> None:
    link = "https://acme.example/a?b=1"
    one = nested("clicked", {"object": "click", "url": link})
    two = flat("clicked", meta={"url": link, "user_agent": "Mozilla/5.0"})
    first, second = (each["data"] for each in events(mapped("mailersend", one, two)))
    assert first["link_path"] == second["link_path"] == "/a"
    assert ("user_agent" in first, second["user_agent"]) == (False, "Mozilla/5.0")


@pytest.mark.parametrize(("said", "type"), [("soft_bounced", "soft"), ("hard_bounced", "hard")])
def test_a_bounce_has_its_type(said: str, type: str) -> None:
    (ours,) = events(mapped("mailersend", flat(said)))
    assert (ours["data"]["action"], ours["data"]["bounce_type"]) == ("bounced", type)


def test_who_was_suppressed_was_dropped() -> None:
    (ours,) = events(mapped("mailersend", flat("suppressed", meta={"suppression_reason": "on_hold"})))
    assert ours["data"]["action"] == "dropped"


def test_first_opens_tell_again_what_opens_tell_unless_the_option_says_that_only_they_are_posted() -> None:
    assert mapped("mailersend", flat("opened_unique")).ignored == {"activity.opened_unique": 1}
    (ours,) = events(mapped("mailersend", flat("opened_unique"), unique=True))
    assert ours["data"]["action"] == "opened"


def test_recipients_of_one_message_have_copies_of_their_own() -> None:
    jo, al = events(mapped("mailersend", flat("sent"), flat("sent", recipient="al@acme.example")))
    assert jo["data"]["message_id"] != al["data"]["message_id"]


def test_what_is_of_no_mail_is_ignored_and_what_is_new_is_unmapped() -> None:
    out = mapped("mailersend", b'{"type":"webhook.test","message":"x"}', flat("survey_opened"), flat("forwarded"))
    assert out.ignored == {"webhook.test": 1, "activity.survey_opened": 1}
    assert out.unmapped == {"activity.forwarded": 1}
