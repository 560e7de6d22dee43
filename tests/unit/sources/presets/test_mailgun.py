"""Mailgun: what its webhooks post, as events of mails."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tests.realdata.vendor_payloads import check_all_but, events, mapped

MESSAGE = {"headers": {"message-id": "20260301.1@mg.acme.example", "to": "Jo <jo@acme.example>, al@acme.example"}}


def row(**fields: Any) -> bytes:
    usual = {"id": "e", "timestamp": 1772357400.5, "recipient": "jo@acme.example", "message": MESSAGE}
    return orjson.dumps({name.replace("_", "-"): value for name, value in {**usual, **fields}.items()})


def data(value: bytes) -> dict[str, Any]:
    (event,) = events(mapped("mailgun", value))
    found: dict[str, Any] = event["data"]
    return found


@pytest.mark.shared
def test_it_says_what_the_tests_of_others_say_but_for_the_retired_form() -> None:
    # posts from before event-data: as a form, with other words, without the message
    retired = {
        "MailgunLegacyTestCase.test_delivered_event": "unmapped delivered",
        "test_dropped_bounce": "unmapped dropped",
        "test_dropped_spam": "unmapped dropped",
        "test_dropped_timed_out": "unmapped dropped",
        "test_invalid_mailbox": "unmapped bounced",
        "test_alt_smtp_code": "unmapped bounced",
        "test_metadata_key_conflicts": "unmapped (no name)",
    }
    check_all_but("mailgun", "mailgun", retired)


def test_a_post_and_a_row_are_the_same_event() -> None:
    posted = orjson.dumps({"signature": {"token": "t"}, "event-data": orjson.loads(row(event="delivered"))})
    (one,), (two,) = events(mapped("mailgun", posted)), events(mapped("mailgun", row(event="delivered")))
    assert one == two
    assert one["time"] == "2026-03-01T09:30:00.500Z"


@pytest.mark.parametrize(
    ("severity", "reason", "action", "bounce_type"),
    [
        ("temporary", "generic", "deferred", None),
        ("permanent", "suppress-bounce", "dropped", None),
        ("permanent", "suppress-complaint", "dropped", None),
        ("permanent", "bounce", "bounced", "hard"),
        ("permanent", "espblock", "bounced", "block"),
        ("permanent", "old", "bounced", "soft"),
        ("permanent", "generic", "bounced", "hard"),
    ],
)
def test_what_failed_was_deferred_dropped_or_bounced(
    severity: str, reason: str, action: str, bounce_type: str | None
) -> None:
    said = data(row(event="failed", severity=severity, reason=reason))
    assert (said["action"], said.get("bounce_type")) == (action, bounce_type)


def test_reasons_of_ones_own_go_over_ours() -> None:
    failed = row(event="failed", severity="permanent", reason="generic")
    (event,) = events(mapped("mailgun", failed, bounces={"generic": "soft"}))
    assert event["data"]["bounce_type"] == "soft"


def test_what_mailgun_takes_for_a_bot_is_a_machine_and_nothing_else_is_said_of_others() -> None:
    assert data(row(event="opened", client_info={"bot": "generic"}))["machine"] is True
    assert "machine" not in data(row(event="opened", client_info={"bot": ""}))


def test_what_was_rejected_names_no_recipient_and_is_of_each_of_the_message() -> None:
    one, two = events(mapped("mailgun", row(event="rejected", recipient=None)))
    assert one["data"]["action"] == two["data"]["action"] == "dropped"
    assert one["id"] != two["id"]
    assert one["data"]["email_hash"] != two["data"]["email_hash"]
    assert one["data"]["email_hash"] == data(row(event="opened"))["email_hash"]


def test_an_id_is_unique_within_a_day_only_and_its_time_makes_it_whole() -> None:
    one, two = events(mapped("mailgun", row(event="opened"), row(event="opened", timestamp=1772543800.5)))
    assert one["id"] != two["id"]


def test_events_of_one_copy_share_its_id_whether_it_has_brackets_or_not() -> None:
    bare, bracketed = MESSAGE["headers"]["message-id"], {"headers": {"message-id": "<20260301.1@mg.acme.example>"}}
    one, two = data(row(event="accepted")), data(row(event="opened", message=bracketed))
    assert one["message_id"] == two["message_id"]
    assert one["message_id"].startswith(bare.replace("@", "/"))
    assert data(row(event="accepted", recipient="al@acme.example"))["message_id"] != one["message_id"]


def test_what_is_known_and_not_wanted_is_ignored_by_its_name() -> None:
    out = mapped("mailgun", row(event="stored"), row(event="delivered", flags={"is-test-mode": True}))
    assert out.ignored == {"stored": 1, "is-test-mode": 1}
    assert mapped("mailgun", row(event="inbound")).unmapped == {"inbound": 1}
    (event,) = events(mapped("mailgun", row(event="inbound"), actions={"inbound": "replied"}))
    assert event["data"]["action"] == "replied"
