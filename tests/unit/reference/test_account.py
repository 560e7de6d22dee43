"""The reference: small cases worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest

from stream.demo.traffic import Truth
from stream.demo.world import Touch
from stream.reference.account import Expected, Reference, Window, window
from stream.reference.events import series

T = 1_767_225_600_000  # a moment; times below are minutes before it
MINUTE = 60_000
HOUR = Window("1h", T - 60 * MINUTE, T)
DAY = window("24h", T)

ADS = Touch("paid_search", "spring")


def told(*events: tuple[Any, ...]) -> Reference:
    """Keep an account of (minutes before T, kind, data, touch)."""
    reference = Reference()
    for n, (minutes, kind, data, *touch) in enumerate(events):
        at_ms = T - int(minutes * MINUTE)
        common = {"site_id": "s1"} | ({"visitor_id": "v1"} if kind not in ("email", "ad") else {})
        truth = Truth("counted", "", "s1", at_ms, f"{n:04d}", common | data, touch[0] if touch else None)
        reference.tell(kind, truth, at_ms)
    return reference


def view(minutes: float, touch: Touch | None = None, **data: Any) -> tuple[Any, ...]:
    return minutes, "page_view", {"page": {"path": "/", "group": "blog", "content_id": "a"}} | data, touch


def form(minutes: float, action: str, **data: Any) -> tuple[Any, ...]:
    return minutes, "form", {"action": action, "form_id": "f1", "form_type": "demo"} | data


def chat(minutes: float, action: str, **data: Any) -> tuple[Any, ...]:
    return minutes, "chatbot", {"action": action, "conversation_id": "c1", "actor": "visitor"} | data


def mail(minutes: float, action: str, **data: Any) -> tuple[Any, ...]:
    return minutes, "email", {"action": action, "message_id": "m1", "lead_id": "l1"} | data


def ad(minutes: float, action: str, **data: Any) -> tuple[Any, ...]:
    return minutes, "ad", {"action": action, "platform": "google", "campaign_id": "g1"} | data


def reading(reference: Reference, metric: str, span: Window = HOUR, **labels: str) -> Expected | None:
    key = (metric, series(metric, site="s1", **labels)[1], span.name)
    return reference.readings(T, [span], [metric]).get(key)


def value(reference: Reference, metric: str, span: Window = HOUR, **labels: str) -> Any:
    found = reading(reference, metric, span, **labels)
    return None if found is None else found.value


# -- people


@pytest.mark.parametrize(
    ("minutes", "visitors", "new"),
    [
        #  T-60          T
        # ---[-----------)---
        ([60.0], 1, 1),  # the left edge is inside
        ([60.001], 0, 0),
        ([61, 1], 1, 0),  # first seen before the window
        ([30, 1], 1, 1),
        ([0], 0, 0),  # the right edge is outside
    ],
)
def test_a_person_is_in_a_window_by_the_latest_event_and_new_by_the_first(
    minutes: list[float], visitors: int, new: int
) -> None:
    reference = told(*(view(m) for m in minutes))
    assert (value(reference, "visitors"), value(reference, "new_visitors")) == (visitors, new)


@pytest.mark.parametrize(("gap_minutes", "sessions"), [(30, 1), (30.001, 2)])
def test_a_gap_of_more_than_half_an_hour_starts_a_session(gap_minutes: float, sessions: int) -> None:
    assert value(told(view(1 + gap_minutes), view(1)), "sessions") == sessions


def test_a_session_has_the_channel_of_its_earliest_event_that_is_not_direct() -> None:
    reference = told(view(9), view(8, ADS), view(7, Touch("email", "news")))
    assert value(reference, "channel_sessions", channel="paid_search") == 1
    assert value(reference, "channel_page_views", channel="paid_search") == 3
    assert value(reference, "campaign_visitors", campaign="spring") == 1
    assert reading(reference, "channel_sessions", channel="email") is None


def test_a_person_of_two_channels_counts_once_in_each_and_once_in_all() -> None:
    reference = told(view(50, ADS), view(2))
    assert value(reference, "visitors") == 1
    assert value(reference, "channel_visitors", channel="paid_search") == 1
    assert value(reference, "channel_visitors", channel="direct") == 1


def test_a_bounce_is_a_session_of_one_page_view_that_is_over() -> None:
    one = told(view(31))
    assert reading(one, "bounce_ratio", channel="direct") == Expected(1.0, 1, 1)
    assert reading(told(view(29)), "bounce_ratio", channel="direct") == Expected(None, 0, 0)
    assert reading(told(view(31), view(30)), "bounce_ratio", channel="direct") == Expected(0.0, 0, 1)


def test_a_lead_is_counted_once_when_first_known_and_converts_each_time() -> None:
    reference = told(view(70), form(65, "submit"), chat(5, "lead_captured"))
    assert value(reference, "converted_visitors") == 1
    assert value(reference, "leads", capture_method="form") == 0
    assert reading(reference, "leads", capture_method="chatbot") is None
    assert value(reference, "leads", DAY, capture_method="form") == 1
    assert value(reference, "channel_leads", DAY, channel="direct") == 1
    assert reading(reference, "visit_to_lead_ratio") == Expected(1.0, 1, 1)


def test_a_form_of_no_desired_type_makes_no_lead() -> None:
    reference = told(view(9), form(8, "submit", form_type="survey"))
    assert value(reference, "visit_to_lead_ratio") == 0.0
    assert value(reference, "form_submits", form="f1") == 1


def test_a_form_on_an_ad_platform_is_a_lead_without_a_visit() -> None:
    reference = told(form(8, "submit", platform="meta", lead_id="l1"), form(7, "submit", platform="meta", lead_id="l1"))
    assert value(reference, "leads", capture_method="ad_platform") == 1
    assert value(reference, "channel_leads", channel="paid_social") == 1
    assert reading(reference, "visitors") is None


@pytest.mark.parametrize(
    ("steps", "starts", "submits", "ratio"),
    [
        ([form(9, "start"), form(8, "submit")], 1, 1, 1.0),
        ([form(9, "submit")], 1, 1, 1.0),  # a submit implies a start
        ([form(9, "view"), form(8, "start")], 1, None, 0.0),
        ([form(9, "start"), form(8, "start"), form(7, "submit"), form(6, "submit")], 1, 1, 1.0),
    ],
)
def test_a_form_counts_once_a_person_and_session(
    steps: list[Any], starts: int, submits: int | None, ratio: float
) -> None:
    reference = told(*steps)
    assert value(reference, "form_starts", form="f1") == starts
    assert value(reference, "form_submits", form="f1") == submits
    assert value(reference, "form_completion_ratio", form="f1") == ratio


def test_an_abandoned_form_is_counted_when_its_session_is_over() -> None:
    assert value(told(form(31, "start")), "form_abandons", form="f1") == 1
    assert value(told(form(29, "start")), "form_abandons", form="f1") == 0


def test_every_submit_after_the_first_is_a_repeat() -> None:
    reference = told(form(9, "submit"), form(8, "submit"), form(7, "submit"))
    assert reading(reference, "duplicate_lead_ratio") == Expected(2 / 3, 2, 3)


def test_form_with_and_without_chat_divide_different_people() -> None:
    reference = told(
        view(9), chat(8, "message"), form(7, "submit"),
        (6, "page_view", {"visitor_id": "v2", "page": {"path": "/"}}),
        (5, "form", {"visitor_id": "v3", "action": "submit", "form_id": "f1"}),
    )  # fmt: skip
    assert reading(reference, "form_with_chat_ratio") == Expected(1.0, 1, 1)
    assert reading(reference, "form_without_chat_ratio") == Expected(0.5, 1, 2)


# -- chats


def test_a_conversation_counts_in_the_pane_of_its_start_with_all_that_came_of_it() -> None:
    reference = told(chat(61, "conversation_started"), chat(59, "lead_captured"))
    assert value(reference, "conversations", bot="") == 0
    assert reading(reference, "chat_conversion_ratio", DAY, bot="") == Expected(1.0, 1, 1)


def test_an_order_that_was_only_seen_completed_was_started_too() -> None:
    reference = told(chat(9, "order_completed", order_id="o1", bot_id="b"), chat(8, "order_started", order_id="o2"))
    # what names no bot has that of its conversation
    assert reading(reference, "chat_order_completion_ratio", bot="b") == Expected(0.5, 1, 2)


def test_a_conversation_lasts_as_long_as_it_says_or_as_it_was_seen() -> None:
    seen = told(chat(3, "conversation_started"), chat(2, "message"))
    assert value(seen, "chat_conversation_seconds", bot="", quantile="0.5") == 60
    said = told(chat(3, "conversation_started"), chat(2, "conversation_ended", duration_s=45))
    assert value(said, "chat_conversation_seconds", bot="", quantile="0.5") == 45


# -- mails


def test_a_message_without_an_event_for_35_days_is_over_and_so_is_who_was_one_in_it() -> None:
    days = 24 * 60
    joined = mail(40 * days, "dropped", lead_id="k", email_hash="a")
    now = mail(9, "delivered", email_hash="a"), mail(8, "dropped", lead_id="k")
    labels = {"campaign": "unknown", "purpose": "unknown", "variant": "unknown"}
    assert value(told(joined, *now), "emails_sent", **labels) == 2
    lately = mail(35 * days + 8, "dropped", lead_id="k", email_hash="a")
    assert value(told(lately, *now), "emails_delivered", **labels) == 0, "all are one, and it was sent before"


@pytest.mark.parametrize(
    ("steps", "delivered", "opened", "deliverability"),
    [
        (["sent"], None, None, 1.0),
        (["sent", "delivered"], 1, None, 1.0),
        (["sent", "clicked"], 1, 1, 1.0),  # who clicks has opened, and has got it
        (["sent", "bounced"], None, None, 0.0),
        (["sent", "bounced", "delivered"], 1, None, 1.0),  # the second attempt went through
        (["sent", "delivered", "bounced"], None, None, 0.0),
        (["sent", "bounced", "opened"], 1, 1, 1.0),
        (["sent", "dropped"], None, None, 0.0),
        (["sent", "delivered", "spam_complaint"], 1, None, 0.0),
    ],
)
def test_a_message_is_what_became_of_it(
    steps: list[str], delivered: int | None, opened: int | None, deliverability: float
) -> None:
    reference = told(*(mail(9 - n, step, bounce_type="hard") for n, step in enumerate(steps)))
    labels = {"campaign": "", "purpose": "", "variant": ""}
    assert value(reference, "emails_delivered", **labels) == delivered
    assert value(reference, "emails_opened", **labels) == opened
    assert value(reference, "deliverability_ratio", **labels) == deliverability


def test_a_machine_opens_apart_from_people() -> None:
    reference = told(mail(9, "sent"), mail(8, "opened", machine=True))
    labels = {"campaign": "", "purpose": "", "variant": ""}
    assert value(reference, "emails_machine_opened", **labels) == 1
    assert reading(reference, "email_open_ratio", **labels) == Expected(0.0, 0, 1)


# -- ads


AD = {"platform": "google", "campaign": "g1", "channel_type": "", "audience_type": "", "variant": ""}
PERIOD = {"period_start": "2025-12-31T22:00:00Z", "period_end": "2025-12-31T23:00:00Z"}  # T - 2 h to T - 1 h


def test_single_events_add_up() -> None:
    reference = told(ad(9, "impression", count=200), ad(8, "click"), ad(7, "click"))
    assert reading(reference, "click_through_ratio", **AD) == Expected(0.01, 2, 200)


def test_a_restated_total_replaces_the_earlier_one_and_stays_out_of_short_windows() -> None:
    reference = told(
        ad(50, "click", count=10, revision=1, **PERIOD),
        ad(40, "click", count=14, revision=2, **PERIOD),
        ad(30, "click", count=12, revision=1, **PERIOD),
    )
    assert value(reference, "ad_clicks", DAY, **AD) == 14
    assert reading(reference, "ad_clicks", HOUR, **AD) is None


def test_a_total_is_spread_over_its_period() -> None:
    reference = told(ad(50, "click", count=10, revision=1, **PERIOD))
    half = Window("24h", T - 90 * MINUTE, T - 90 * MINUTE + 24 * 60 * MINUTE)
    assert value(reference, "ad_clicks", half, **AD) == 5


def test_cost_per_lead_ends_at_the_newest_spend() -> None:
    reference = told(
        ad(30, "spend", cost_micros=6_000_000, currency="EUR"),
        form(40, "submit"),
        (20, "form", {"visitor_id": "v2", "action": "submit", "form_id": "f1", "form_type": "demo"}),
    )
    # the spend at T - 30 min is the newest: known until its own moment, which lies inside, and the later lead outside
    assert reading(reference, "cost_per_lead", DAY, currency="EUR", cost="media") == Expected(6.0, 6.0, 1)
    later = told(
        ad(30, "spend", cost_micros=6_000_000, currency="EUR"),
        ad(10, "spend", cost_micros=1, currency="EUR"),
        form(40, "submit"),
    )
    assert reading(later, "cost_per_lead", DAY, currency="EUR", cost="media") == Expected(6.000001, 6.000001, 1)


# -- funnel and trust


def test_a_step_belongs_to_the_cohort_of_its_beginning_and_its_time_to_its_end() -> None:
    reference = told(view(61, ADS), form(59, "submit"))
    step = {"from": "ad_landing", "to": "key_event"}
    assert reading(reference, "funnel_step_ratio", **step) == Expected(None, 0, 0)
    assert value(reference, "funnel_step_ratio", DAY, **step) == 1.0
    assert value(reference, "funnel_step_mean_seconds", **step) == 120


def test_the_account_adds_up_and_tells_reasons() -> None:
    reference = told(view(9))
    for outcome, reason in (("duplicate", ""), ("filtered", "bot"), ("dead_lettered", "not_json")):
        reference.tell("page_view", Truth(outcome, reason, "s1", T, "x", {}, None), T - 1)
    assert reference.account() == {
        "accepted": 4,
        "counted": 1,
        "duplicates": 1,
        "filtered": {"bot": 1},
        "dead_lettered": {"not_json": 1},
    }
    assert reading(reference, "valid_event_ratio", kind="page_view") == Expected(0.25, 1, 4)


def test_a_clock_that_runs_ahead_counts_at_its_arrival() -> None:
    reference = Reference()
    data = {"site_id": "s1", "visitor_id": "v1", "page": {"path": "/"}}
    reference.tell("page_view", Truth("counted", "", "s1", T + 90_000, "a", data, None), T - MINUTE)
    assert value(reference, "visitors") == 1


def test_the_reference_changes_its_mind_when_an_event_comes_late() -> None:
    reference = told(view(9))
    assert value(reference, "channel_visitors", channel="direct") == 1
    data = {"site_id": "s1", "visitor_id": "v1", "page": {"path": "/"}}
    reference.tell("page_view", Truth("counted", "", "s1", T - 10 * MINUTE, "z", data, ADS), T - MINUTE)
    assert value(reference, "channel_visitors", channel="direct") == 0
    assert value(reference, "channel_visitors", channel="paid_search") == 1
