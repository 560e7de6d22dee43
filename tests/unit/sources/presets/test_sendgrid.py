"""SendGrid: what its webhook posts, as events of mails."""

from __future__ import annotations

import orjson
import pytest

from tests.realdata.vendor_payloads import check_all_but, events, mapped

MESSAGE = "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0"


def post(**fields: object) -> bytes:
    usual = {"email": "jo@acme.example", "timestamp": 1772357400, "sg_event_id": "e", "sg_message_id": MESSAGE}
    return orjson.dumps({**usual, **fields})


@pytest.mark.shared
def test_it_says_what_the_tests_of_others_say() -> None:
    check_all_but("sendgrid", "sendgrid", {})


def test_recipients_of_one_post_are_copies_of_their_own_and_events_of_one_copy_share_its_id() -> None:
    ours = events(
        mapped(
            "sendgrid",
            post(event="processed", sg_event_id="1"),
            post(event="processed", sg_event_id="2", email="al@acme.example"),
            post(event="delivered", sg_event_id="3", sg_message_id="14c5d75ce93.dfd.64b469.recv7"),
        )
    )
    jo, al, again = (event["data"]["message_id"] for event in ours)
    assert jo == again != al
    assert all(found.startswith("14c5d75ce93.dfd.64b469/") for found in (jo, al))


@pytest.mark.parametrize(("said", "type"), [("bounce", "hard"), ("blocked", "block"), ("whatever", "hard")])
def test_a_bounce_has_its_type(said: str, type: str) -> None:
    (ours,) = events(mapped("sendgrid", post(event="bounce", type=said)))
    assert ours["data"]["bounce_type"] == type


def test_a_machine_that_opens_is_marked() -> None:
    (ours,) = events(mapped("sendgrid", post(event="open", sg_machine_open=True)))
    assert ours["data"]["machine"] is True


def test_what_it_does_not_know_is_unmapped_by_name_unless_the_options_name_it() -> None:
    assert mapped("sendgrid", post(event="inbound_parse")).unmapped == {"inbound_parse": 1}
    (ours,) = events(mapped("sendgrid", post(event="inbound_parse"), actions={"inbound_parse": "replied"}))
    assert ours["data"]["action"] == "replied"
