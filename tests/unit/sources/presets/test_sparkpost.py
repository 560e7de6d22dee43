"""SparkPost: what its webhooks post, as events of mails."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tests.realdata.vendor_payloads import check_all_but, events, mapped


def post(type: str, around: str = "message_event", **fields: Any) -> bytes:
    usual = {"event_id": "e", "timestamp": "1772357400", "transmission_id": "t", "rcpt_to": "jo@acme.example"}
    return orjson.dumps([{"msys": {around: {"type": type, **usual, **fields}}}])


@pytest.mark.shared
def test_it_says_what_the_tests_of_others_say_but_for_what_is_abbreviated() -> None:
    explained = {
        # abbreviated: SparkPost gives each event an id
        "test_bounce_challenge_response": "missing_field id",
        "test_open_event": "missing_field id",
        "test_click_event": "missing_field id",
        # what they count by a setting is counted by an option here
        "test_initial_open_event_as_opened": "ignored initial_open",
        "test_initial_open_event_as_unknown": "ignored initial_open",
    }
    check_all_but("sparkpost", "sparkpost", explained)


@pytest.mark.parametrize(
    ("code", "action", "bounce_type"),
    [
        ("10", "bounced", "hard"),
        ("22", "bounced", "soft"),
        ("51", "bounced", "block"),
        ("1", "bounced", "soft"),
        (None, "bounced", "soft"),
        ("25", "dropped", None),
        ("60", "replied", None),
        ("90", "unsubscribed", None),
    ],
)
@pytest.mark.parametrize("type", ["bounce", "out_of_band"])
def test_a_bounce_is_what_its_class_says(type: str, code: str | None, action: str, bounce_type: str | None) -> None:
    (ours,) = events(mapped("sparkpost", post(type, bounce_class=code)))
    assert (ours["data"]["action"], ours["data"].get("bounce_type")) == (action, bounce_type)


def test_a_delay_has_a_class_and_is_a_deferral() -> None:
    (ours,) = events(mapped("sparkpost", post("delay", bounce_class="60")))
    assert ours["data"]["action"] == "deferred"


def test_classes_of_ones_own_go_over_ours() -> None:
    (ours,) = events(mapped("sparkpost", post("bounce", bounce_class="25"), bounces={"25": "hard"}))
    assert ours["data"]["bounce_type"] == "hard"


def test_an_initial_open_counts_where_the_option_says_so() -> None:
    initial = post("initial_open", "track_event", user_agent="Mozilla/5.0")
    assert mapped("sparkpost", initial).ignored == {"initial_open": 1}
    (ours,) = events(mapped("sparkpost", initial, initial_opens=True))
    assert (ours["data"]["action"], ours["data"]["user_agent"]) == ("opened", "Mozilla/5.0")


def test_events_of_one_copy_share_its_id_though_not_all_name_the_message() -> None:
    one, two = events(mapped("sparkpost", post("injection", message_id="m"), post("generation_failure", "gen_event")))
    (other,) = events(mapped("sparkpost", post("injection", rcpt_to="al@acme.example")))
    assert one["data"]["message_id"] == two["data"]["message_id"] != other["data"]["message_id"]


def test_times_are_seconds_and_of_generation_a_clock() -> None:
    one, two = events(
        mapped("sparkpost", post("delivery"), post("generation_failure", timestamp="2026-03-01T09:30:00.000+00:00"))
    )
    assert one["time"] == "2026-03-01T09:30:00.000Z"
    assert two["time"] == "2026-03-01T09:30:00.000+00:00"


def test_a_ping_is_ignored_and_what_is_new_is_unmapped_by_its_type() -> None:
    assert mapped("sparkpost", b'[{"msys":{}}]').ignored == {"ping": 1}
    assert mapped("sparkpost", post("relay_delivery", "relay_event")).unmapped == {"relay_delivery": 1}
