"""Cases from life: small feeds as tools of this field send them, and the figures that are right.

The feeds lie beside the checkout with other public data; where they are absent these tests skip and say so.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from stream.replay.replay import Replayed, ReplayOptions, replay
from tests.realdata.shared import SHARED

NONE: Final = "no reading"
NEWEST: Final = None
Value = float | tuple[float, float] | str

NOW_MS: Final = int(datetime(2026, 6, 1, tzinfo=UTC).timestamp() * 1000)
_LABEL: Final = re.compile(r"(\w+)=(.*?)(?= \w+=|$)")

#: (feed, moment, window, metric and labels, right)
FIGURES: Final[tuple[tuple[str, str | None, str, str, Value], ...]] = (
    ("01", NEWEST, "7d", "emails_opened", 7),
    ("01", NEWEST, "7d", "emails_machine_opened", 1),
    ("01", NEWEST, "7d", "email_open_ratio", (7, 10)),
    ("02", NEWEST, "7d", "page_views", 17),
    ("02", NEWEST, "7d", "visitors", 17),
    ("02", NEWEST, "7d", "country_visitors country=DE", 2),
    ("02", NEWEST, "7d", "country_visitors country=XK", 1),
    ("03", NEWEST, "30d", "ad_conversions", 2.83),
    ("03", NEWEST, "30d", "cost_per_conversion campaign=generic", (50, 0.33)),
    ("04", NEWEST, "30d", "ad_impressions campaign=spring", 10_000),
    ("04", NEWEST, "30d", "ad_impressions campaign=abtest", 1_000),
    ("04", NEWEST, "30d", "ad_impressions campaign=pmax", 9_800),
    ("04", NEWEST, "30d", "ad_clicks campaign=spring", 120),
    ("04", NEWEST, "30d", "ad_clicks campaign=abtest", 16),
    ("04", NEWEST, "30d", "ad_clicks campaign=pmax", 89),
    ("04", NEWEST, "30d", "ad_spend campaign=spring", 200),
    ("04", NEWEST, "30d", "click_through_ratio campaign=spring", (120, 10_000)),
    ("05", NEWEST, "30d", "ad_spend campaign=hourly", 24),
    ("05", NEWEST, "30d", "ad_spend campaign=edges", 12),
    ("05", NEWEST, "30d", "ad_spend campaign=search1", 200),
    ("06", NEWEST, "7d", "emails_sent", 8),
    ("06", NEWEST, "7d", "emails_opened", 1),
    ("06", NEWEST, "7d", "emails_bounced", 1),
    ("06", NEWEST, "7d", "deliverability_ratio", (7, 8)),
    ("07", NEWEST, "7d", "emails_sent", 7),
    ("07", NEWEST, "7d", "emails_delivered", 4),
    ("07", NEWEST, "7d", "emails_bounced bounce_type=hard", 3),
    ("07", NEWEST, "7d", "emails_bounced bounce_type=soft", 0),
    ("09", "2026-03-10T12:00", "24h", "conversations", 10),
    ("09", "2026-03-10T12:00", "24h", "chat_leads", 2),
    ("09", "2026-03-10T12:00", "30d", "conversations", 13),
    ("09", "2026-03-10T12:00", "30d", "chat_leads", 2),
    ("10", "2026-03-10T23:00", "24h", "bounce_ratio", (14, 20)),
    ("11", NEWEST, "24h", "leads", 10),
    ("11", NEWEST, "24h", "form_submits", 11),
    ("11", NEWEST, "24h", "duplicate_lead_ratio", (1, 11)),
    ("11", NEWEST, "24h", "form_completeness_ratio", (15, 22)),
    ("12", NEWEST, "7d", "referral_sessions domain=paypal.com", NONE),
    ("13", NEWEST, "7d", "channel_visitors channel=paid_search", 12),
    ("13", NEWEST, "7d", "channel_visitors channel=paid_social", 2),
    ("13", NEWEST, "7d", "channel_visitors channel=email", 4),
    ("13", NEWEST, "7d", "channel_visitors channel=organic_social", 3),
    ("17", NEWEST, "7d", "emails_clicked", 1),
    ("17", NEWEST, "7d", "emails_delivered", 1),
    ("17", NEWEST, "7d", "email_clicks", 2),
    ("17", NEWEST, "7d", "ad_clicks", 2),
    ("18", "2026-03-10T12:00", "24h", "visitors", 4),
    ("18", "2026-03-10T12:00", "24h", "sessions", 5),
    ("18", "2026-03-10T12:00", "24h", "page_views", 9),
    ("18", "2026-03-10T12:00", "24h", "bounce_ratio", (2, 5)),
    ("18", "2026-03-10T00:20", "1h", "visitors", 1),
    ("18", "2026-03-10T00:20", "1h", "page_views", 2),
    ("18", "2026-03-29T02:00", "6h", "visitors", 2),
    ("18", "2026-03-29T02:00", "6h", "sessions", 2),
    ("18", "2026-03-29T02:00", "6h", "bounce_ratio", (0, 2)),
    ("30", "2026-03-10T12:00", "7d", "funnel_step_seconds_count from=first_view to=lead", 4),
    ("30", "2026-03-10T12:00", "7d", "funnel_step_seconds_sum from=first_view to=lead", 2_592_070),
    ("30", "2026-03-10T12:00", "7d", "funnel_step_seconds_count from=form_start to=form_submit", 2),
    ("30", "2026-03-10T12:00", "7d", "funnel_step_seconds_sum from=form_start to=form_submit", 40),
    ("numbers/01", "2026-03-11T06:01", "24h", "cost_per_click", (4, 1)),
    ("numbers/01", "2026-03-11T12:00", "24h", "cost_per_click", (4, 1)),
    ("numbers/01", "2026-03-11T18:00", "24h", "cost_per_click", (4, 1)),
    ("numbers/03", "2026-03-10T06:01", "24h", "ad_spend", 60),
    ("numbers/03", "2026-03-10T06:01", "24h", "cost_per_lead", (60, 6)),
    ("numbers/04", NEWEST, "24h", "cost_per_lead", (10, 1)),
    ("numbers/05", NEWEST, "90d", "cost_per_lead", (100, 1)),
    ("numbers/05", "2026-02-21T00:00", "30d", "new_visitors", 1),
    ("numbers/06", "2026-03-10T10:45", "1h", "form_abandons", 0),
    ("numbers/07", "2026-03-10T10:00", "24h", "funnel_step_ratio from=first_view to=form_start", (1, 1)),
    ("numbers/07", "2026-03-10T10:00", "24h", "funnel_step_seconds_sum from=first_view to=form_start", 1_799),
    ("numbers/08", NEWEST, "24h", "offer_visitors", NONE),
    ("numbers/11", "2026-03-11T09:30", "1h", "visitors", 0),
    ("numbers/11", "2026-03-11T09:30", "1h", "sessions", 0),
    ("numbers/13", NEWEST, "24h", "emails_sent", 0),
    ("numbers/13", NEWEST, "24h", "emails_delivered", 0),
    ("numbers/14", "2026-03-10T10:00", "24h", "funnel_step_ratio from=email_landing to=key_event", (1, 1)),
    ("numbers/15", "2026-03-10T11:00", "24h", "duplicate_lead_ratio", (0, 2)),
    ("numbers/17", "2026-03-10T10:00", "24h", "chat_orders_started bot=helper", 1),
    ("numbers/17", "2026-03-10T10:00", "24h", "chat_orders_started", 1),
    ("numbers/18", "2026-03-11T01:00", "7d", "ad_clicks", 24),
    ("numbers/20", "2026-03-10T10:00", "24h", "bounce_ratio", (1, 1)),
    ("numbers/21", "2026-03-11T12:00", "24h", "click_through_ratio", (1, 400)),
    ("numbers/22", "2026-03-10T10:00", "24h", "visitors", 1),
    ("numbers/22", "2026-03-10T10:00", "24h", "bounce_ratio", (1, 1)),
    ("numbers/22", "2026-03-10T10:00", "24h", "conversations", 1),
)


def lines(feed: str) -> list[bytes]:
    found = sorted((SHARED / "cases").glob(f"{feed}-*.ndjson" if "/" in feed else f"{feed}-*/input.ndjson"))
    if not found:
        pytest.skip("the feeds are not beside this checkout")
    return found[0].read_bytes().splitlines()


def moment(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def read(feed: str, at: str | None, *windows: str, **more: Any) -> Replayed:
    at_ms = None if at is None else moment(at)
    return replay(lines(feed), ReplayOptions(now_ms=NOW_MS, at_ms=at_ms, windows=windows, **more))


def figure(answer: Replayed, window: str, what: str) -> Value:
    """Add up the readings of a metric that have these labels."""
    metric, _, rest = what.partition(" ")
    wanted = dict(_LABEL.findall(rest))
    part = next((part for part in ("_sum", "_count") if metric.endswith(f"_seconds{part}")), "")
    if part:
        metric, wanted = metric.removesuffix(part), {**wanted, "quantile": "0.5"}
    found = [
        one
        for one in answer.readings
        if one.metric == metric and one.window == window and wanted.items() <= one.labels.items()
    ]
    if not found:
        return NONE
    if part:
        return sum((one.numerator if part == "_sum" else one.denominator) or 0 for one in found)
    if found[0].denominator is not None:
        return sum(one.numerator or 0 for one in found), sum(one.denominator or 0 for one in found)
    return sum(one.value or 0 for one in found)


@pytest.mark.shared
@pytest.mark.parametrize(("feed", "at", "window", "what", "right"), FIGURES)
def test_the_figure_is_right(feed: str, at: str | None, window: str, what: str, right: Value) -> None:
    found = figure(read(feed, at, window), window, what)
    if right in (0, (0, 0)) and found == NONE:
        return  # nothing of the kind, and nothing is shown
    if isinstance(right, str) or isinstance(found, str):
        assert found == right
    else:
        assert found == pytest.approx(right, abs=1e-9)


@pytest.mark.shared
def test_two_platforms_end_where_both_are_known() -> None:
    found = figure(read("numbers/02", "2026-03-11T18:00", "24h"), "24h", "cost_per_lead")
    assert isinstance(found, tuple)
    assert found[1] > 0
    assert found[0] / found[1] >= 10


@pytest.mark.shared
@pytest.mark.parametrize("windows", [("30d",), ("30d", "90d")])
def test_a_figure_does_not_depend_on_the_other_windows(windows: tuple[str, ...]) -> None:
    answer = read("numbers/05", "2026-02-21T00:00", *windows)
    assert figure(answer, "30d", "new_visitors") == 1


@pytest.mark.shared
@pytest.mark.parametrize("turned", [False, True])
def test_the_account_does_not_depend_on_the_order_of_lines(turned: bool) -> None:
    given = lines("numbers/09")
    answer = replay(given[::-1] if turned else given, ReplayOptions(now_ms=NOW_MS, at_ms=moment("2026-03-10T10:00")))
    assert answer.account.dead_lettered == {"bad_time": 1}
    assert answer.account.left_out == 1


@pytest.mark.shared
def test_the_channel_does_not_depend_on_the_order_of_lines() -> None:
    given, found = lines("numbers/10"), []
    for some in (given, given[::-1]):
        answer = replay(some, ReplayOptions(now_ms=NOW_MS, windows=("24h",)))
        found.append({one.labels["channel"]: one.value for one in answer.readings if one.metric == "channel_visitors"})
    assert found[0] == found[1]


@pytest.mark.shared
def test_old_newsletters_make_room_for_new_ones() -> None:
    answer = read("19", NEWEST, "30d")
    shown = {one.labels["campaign"]: one.value for one in answer.readings if one.metric == "emails_sent"}
    assert {name: shown.get(f"newsletter-{name}") for name in (57, 58, 59, 60)} == {57: 3, 58: 3, 59: 3, 60: 3}


@pytest.mark.shared
def test_overlapping_grains_are_said() -> None:
    answer = read("05", NEWEST, "30d")
    assert sum(one.value or 0 for one in answer.readings if one.metric == "mixed_granularity") >= 1 or any(
        one.metric.endswith("mixed_granularity") for one in answer.readings
    )
