"""Postmark: what its webhooks post, as events of mails."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from stream.contract.times import parse_ms
from tests.realdata.vendor_payloads import check_all_but, events, mapped

AT = "2026-03-01T09:30:00Z"


def post(said: str, **fields: Any) -> bytes:
    return orjson.dumps({"RecordType": said, "MessageID": "m", "Recipient": "jo@acme.example", **fields})


def bounce(type: str) -> bytes:
    return orjson.dumps(
        {"RecordType": "Bounce", "MessageID": "m", "Email": "jo@acme.example", "BouncedAt": AT, "ID": 7, "Type": type}
    )


def data(value: bytes, **options: Any) -> dict[str, Any]:
    (event,) = events(mapped("postmark", value, **options))
    found: dict[str, Any] = event["data"]
    return found


@pytest.mark.shared
def test_it_says_what_the_tests_of_others_say_but_for_two() -> None:
    explained = {
        # told a second time by the list; the Bounce itself has been posted
        "test_subscription_change_bounce": "ignored SubscriptionChange",
        # abbreviated: Postmark's own has BouncedAt
        "test_bounce_unsubscribe_variant": "missing_field time",
    }
    check_all_but("postmark", "postmark", explained)


@pytest.mark.parametrize(
    ("type", "action", "bounce_type"),
    [
        ("HardBounce", "bounced", "hard"),
        ("SoftBounce", "bounced", "soft"),
        ("SpamNotification", "bounced", "block"),
        ("a new one", "bounced", "soft"),
        ("Transient", "deferred", None),
        ("AutoResponder", "replied", None),
        ("Unsubscribe", "unsubscribed", None),
        ("SpamComplaint", "spam_complaint", None),
        ("ManuallyDeactivated", "dropped", None),
    ],
)
def test_a_bounce_is_what_its_type_says(type: str, action: str, bounce_type: str | None) -> None:
    said = data(bounce(type))
    assert (said["action"], said.get("bounce_type")) == (action, bounce_type)


def test_types_of_ones_own_go_over_ours() -> None:
    assert data(bounce("DnsError"), bounces={"DnsError": "soft"})["bounce_type"] == "soft"
    assert mapped("postmark", bounce("InboundError")).ignored == {"InboundError": 1}
    assert data(bounce("InboundError"), bounces={"InboundError": "dropped"})["action"] == "dropped"


def test_who_was_taken_off_by_hand_is_unsubscribed_and_who_bounced_or_complained_is_told_elsewhere() -> None:
    def change(sending: bool, reason: str | None) -> bytes:
        return post("SubscriptionChange", ChangedAt=AT, SuppressSending=sending, SuppressionReason=reason)

    assert data(change(True, "ManualSuppression"))["action"] == "unsubscribed"
    assert data(change(False, None))["action"] == "resubscribed"
    out = mapped("postmark", change(True, "SpamComplaint"), change(True, "HardBounce"))
    assert out.ignored == {"SubscriptionChange": 2}


def test_times_are_read_with_their_offset_and_seven_digits() -> None:
    (event,) = events(mapped("postmark", post("Delivery", DeliveredAt="2026-03-01T04:30:00.2735393-05:00")))
    assert parse_ms(event["time"]) == parse_ms("2026-03-01T09:30:00.273Z")


def test_a_post_that_comes_again_is_the_same_event_and_another_click_is_not() -> None:
    click = post("Click", ReceivedAt=AT, OriginalLink="https://acme.example/a?b=1")
    other = post("Click", ReceivedAt=AT, OriginalLink="https://acme.example/c")
    one, again, two = events(mapped("postmark", click, click, other))
    assert one["id"] == again["id"] != two["id"]
    assert one["data"]["link_path"] == "/a"


def test_recipients_of_one_message_have_copies_of_their_own() -> None:
    jo = data(post("Open", ReceivedAt=AT))
    al = data(post("Open", ReceivedAt=AT, Recipient="al@acme.example"))
    assert jo["message_id"] != al["message_id"]
    assert jo["message_id"] == data(bounce("HardBounce"))["message_id"]


def test_inbound_mail_is_unmapped() -> None:
    assert mapped("postmark", post("Inbound")).unmapped == {"Inbound": 1}
