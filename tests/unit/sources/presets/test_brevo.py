"""Brevo: what its webhooks post, as events of mails."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tests.realdata.vendor_payloads import check_all_but, events, mapped


def post(said: str, **fields: Any) -> bytes:
    usual = {"message_id": "<1.2@smtp-relay.mailin.fr>", "email": "jo@acme.example", "id": 1, "ts_epoch": 1772357400000}
    given = {**usual, **fields}
    given["message-id"] = given.pop("message_id")
    return orjson.dumps({"event": said, **{name: value for name, value in given.items() if value is not None}})


@pytest.mark.shared
def test_it_says_what_the_tests_of_others_say() -> None:
    check_all_but("brevo", "brevo", {})


@pytest.mark.parametrize(
    ("said", "type"), [("hard_bounce", "hard"), ("soft_bounce", "soft"), ("invalid_email", "hard")]
)
def test_a_bounce_has_its_type(said: str, type: str) -> None:
    (ours,) = events(mapped("brevo", post(said)))
    assert (ours["data"]["action"], ours["data"]["bounce_type"]) == ("bounced", type)


def test_an_opening_by_a_proxy_is_a_machines() -> None:
    proxy, person = events(mapped("brevo", post("proxy_open"), post("opened")))
    assert proxy["data"]["machine"] is True
    assert "machine" not in person["data"]
    assert proxy["id"] != person["id"]


def test_a_first_opening_that_is_posted_as_an_opening_too_is_one() -> None:
    first, same, later = events(
        mapped("brevo", post("unique_opened"), post("opened"), post("opened", ts_epoch=1772357401000))
    )
    assert first["id"] == same["id"] != later["id"]


def test_the_time_is_epochs_and_without_it_the_events_and_then_the_date_of_the_account() -> None:
    (ours,) = events(mapped("brevo", post("opened", ts_event=1, date="2020-10-09 00:00:00")))
    assert ours["time"] == "2026-03-01T09:30:00.000Z"
    (ours,) = events(mapped("brevo", post("opened", ts_epoch=1772357400)))
    assert ours["time"] == "2026-03-01T09:30:00.000Z"
    (ours,) = events(mapped("brevo", post("opened", ts_epoch=None, ts_event=1772357400)))
    assert ours["time"] == "2026-03-01T09:30:00.000Z"
    dated = post("opened", ts_epoch=None, date="2026-07-01 12:00:00")
    (ours,) = events(mapped("brevo", dated, zone="Europe/Paris"))
    assert ours["time"] == "2026-07-01T10:00:00.000Z"


def test_a_marketing_mail_is_the_copy_that_a_recipient_got_of_a_campaign() -> None:
    fields = {"camp_id": 7, "message_id": None, "ts_epoch": None, "ts_event": 1772357400, "tag": ""}
    one, two = events(mapped("brevo", post("opened", **fields), post("click", **fields, link="https://acme.example/a")))
    assert one["data"]["message_id"] == two["data"]["message_id"]
    assert one["data"]["message_id"].startswith("7/")
    assert one["data"]["campaign_id"] == "7"
    assert two["data"]["link_path"] == "/a"


def test_the_first_tag_is_the_campaign_and_else_the_template() -> None:
    tagged, plain = events(
        mapped("brevo", post("opened", tags=["a", "b"], template_id=12), post("opened", template_id=12))
    )
    assert (tagged["data"]["campaign_id"], plain["data"]["campaign_id"]) == ("a", "12")


def test_changes_of_contacts_are_ignored_and_what_is_new_is_unmapped_unless_the_options_name_it() -> None:
    assert mapped("brevo", post("list_addition")).ignored == {"list_addition": 1}
    assert mapped("brevo", post("replied")).unmapped == {"replied": 1}
    (ours,) = events(mapped("brevo", post("replied"), actions={"replied": "replied"}))
    assert ours["data"]["action"] == "replied"
