"""Amazon SES: its events, by whichever way they come, as events of mails."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tests.realdata.vendor_payloads import check_all_but, events, mapped

AT = "2026-03-01T09:30:04.101Z"
MAIL = {
    "timestamp": "2026-03-01T09:30:00.000Z", "messageId": "m", "destination": ["jo@acme.example", "al@acme.example"],
    "tags": {"ses:configuration-set": ["set"], "mailing": ["spring"]},
}  # fmt: skip


def event(said: str, name: str, **detail: Any) -> bytes:
    return orjson.dumps({"eventType": said, "mail": MAIL, name: detail})


def bounce(type: str, narrower: str) -> bytes:
    to = [{"emailAddress": "al@acme.example"}]
    return event("Bounce", "bounce", bounceType=type, bounceSubType=narrower, bouncedRecipients=to, timestamp=AT)


@pytest.mark.shared
def test_it_says_what_the_tests_of_others_say_but_for_the_time_of_the_relay() -> None:
    explained = {
        # they take the time at which SNS posted, we the event's own: two years apart there
        "test_bounce_event": "68180355574 ms apart",
        "test_send_event": "45665803030 ms apart",
        # abbreviated: SES says the time of the mail in all, and of complaints their own
        "test_complaint_event": "missing_field time",
        "test_rendering_failure_event": "missing_field time",
    }
    check_all_but("ses", "amazon_ses", explained)


def test_by_sns_by_eventbridge_and_bare_it_is_the_same_event() -> None:
    bare = event("Delivery", "delivery", timestamp=AT, recipients=["jo@acme.example"])
    by_sns = orjson.dumps({"Type": "Notification", "Message": bare.decode(), "Timestamp": "2026-03-02T00:00:00Z"})
    by_bridge = orjson.dumps({"detail-type": "Email Delivered", "detail": orjson.loads(bare)})
    one, two, three = events(mapped("ses", bare, by_sns, by_bridge))
    assert one == two == three
    assert (one["time"], one["data"]["campaign_id"]) == (AT, "set")


def test_an_event_of_several_recipients_is_one_of_each() -> None:
    jo, al = events(mapped("ses", event("Send", "send")))
    assert jo["id"] != al["id"]
    assert jo["data"]["message_id"] != al["data"]["message_id"]
    (bounced,) = events(mapped("ses", bounce("Permanent", "General")))
    assert bounced["data"]["message_id"] == al["data"]["message_id"]


@pytest.mark.parametrize(
    ("type", "narrower", "action", "bounce_type"),
    [
        ("Permanent", "NoEmail", "bounced", "hard"),
        ("Transient", "MailboxFull", "bounced", "soft"),
        ("Undetermined", "Undetermined", "bounced", "soft"),
        ("Transient", "ContentRejected", "bounced", "block"),
        ("Permanent", "OnAccountSuppressionList", "dropped", None),
        ("Permanent", "Suppressed", "dropped", None),
    ],
)
def test_a_bounce_has_its_type_and_one_of_a_list_was_never_tried(
    type: str, narrower: str, action: str, bounce_type: str | None
) -> None:
    (ours,) = events(mapped("ses", bounce(type, narrower)))
    assert (ours["data"]["action"], ours["data"].get("bounce_type")) == (action, bounce_type)


def test_a_bounce_that_names_nobody_is_none() -> None:
    nobody = event("Bounce", "bounce", bounceType="Undetermined", bouncedRecipients=[], timestamp=AT)
    assert mapped("ses", nobody).ignored == {"of nobody": 1}


def test_a_complaint_may_say_that_it_is_none_or_that_nobody_was_mailed() -> None:
    def complaint(**fields: Any) -> bytes:
        to = [{"emailAddress": "al@acme.example"}]
        return event("Complaint", "complaint", complainedRecipients=to, timestamp=AT, **fields)

    (ours,) = events(mapped("ses", complaint(complaintFeedbackType="abuse", userAgent="a feedback loop")))
    assert ours["data"]["action"] == "spam_complaint"
    assert "user_agent" not in ours["data"]
    assert mapped("ses", complaint(complaintFeedbackType="not-spam")).ignored == {"not-spam": 1}
    (ours,) = events(mapped("ses", complaint(complaintSubType="OnAccountSuppressionList")))
    assert ours["data"]["action"] == "dropped"


def test_an_open_names_nobody_and_is_the_first_recipients_once() -> None:
    (ours,) = events(mapped("ses", event("Open", "open", timestamp=AT, userAgent="Mozilla/5.0")))
    first, _ = events(mapped("ses", event("Send", "send")))
    assert ours["data"]["message_id"] == first["data"]["message_id"]
    assert ours["data"]["user_agent"] == "Mozilla/5.0"


def test_who_leaves_a_topic_or_all_is_unsubscribed_and_who_only_joins_is_not() -> None:
    def change(everything: bool, new: str, old: str) -> bytes:
        def status(said: str) -> list[dict[str, str]]:
            return [{"topicName": "news", "subscriptionStatus": said}]

        return event(
            "Subscription", "subscription", timestamp=AT,
            newTopicPreferences={"unsubscribeAll": everything, "topicSubscriptionStatus": status(new)},
            oldTopicPreferences={"unsubscribeAll": False, "topicSubscriptionStatus": status(old)},
        )  # fmt: skip

    for left in (change(True, "OptOut", "OptOut"), change(False, "OptOut", "OptIn")):
        assert {ours["data"]["action"] for ours in events(mapped("ses", left))} == {"unsubscribed"}
    for stayed in (change(False, "OptIn", "OptOut"), change(False, "OptOut", "OptOut")):
        assert mapped("ses", stayed).ignored == {"Subscription": 1}


def test_the_campaign_may_be_a_tag_of_ones_own() -> None:
    ours, _ = events(mapped("ses", event("Send", "send"), campaign_tag="mailing"))
    assert ours["data"]["campaign_id"] == "spring"


def test_what_sns_says_of_itself_is_ignored_and_what_is_new_is_unmapped() -> None:
    assert mapped("ses", b'{"Type":"SubscriptionConfirmation"}').ignored == {"SubscriptionConfirmation": 1}
    assert mapped("ses", b'{"eventType":"Forward"}').unmapped == {"Forward": 1}
