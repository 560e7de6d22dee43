"""Rulings: small inputs on which two honest readings of the definitions differ, and the reading that is right.

The inputs lie beside the checkout with other public data; where they are absent these tests skip and say so. Each
row: number of the input, moment, window, what is read, what is right. A count is a number, a ratio a pair of its
numerator and denominator, NONE says that there is no reading.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from stream.replay.replay import Replayed, ReplayOptions, replay
from tests.realdata.shared import SHARED

NONE: Final = "no reading"
Value = float | tuple[float, float] | str

DAY: Final = "2026-03-10T"
_LABEL: Final = re.compile(r"(\w+)=(.*?)(?= \w+=|$)")
NOW_MS: Final = int(datetime(2026, 6, 1, tzinfo=UTC).timestamp() * 1000)

#: (input, moment, window, metric and labels, right)
FIGURES: Final[tuple[tuple[int, str, str, str, Value], ...]] = (
    (1, "18:01", "24h", "click_through_ratio", (1, 1050)),
    (2, "11:00", "24h", "emails_sent", 1),
    (2, "11:00", "24h", "page_views", 2),
    (3, "11:00", "24h", "email_open_ratio", (1, 2)),
    (3, "11:00", "24h", "emails_delivered", 1),
    (4, "11:00", "24h", "converted_visitors", 1),
    (4, "11:00", "24h", "emails_bounced bounce_type=hard", 1),
    (5, "11:00", "24h", "ad_impressions", NONE),
    (5, "11:00", "24h", "leads", 1),
    (6, "11:00", "24h", "emails_bounced bounce_type=unknown", 1),
    (6, "11:00", "24h", "channel_leads channel=paid_other", 1),
    (6, "11:00", "24h", "visitors", 1),
    (6, "11:00", "24h", "converted_visitors", 0),
    (7, "11:00", "24h", "form_views", 1),
    (7, "11:00", "24h", "sessions", 1),
    (7, "11:00", "24h", "form_completion_ratio", (1, 1)),
    (8, "13:00", "24h", "chat_conversion_ratio bot=h", (1, 1)),
    (8, "13:00", "24h", "chat_conversion_ratio", (1, 1)),
    (8, "13:00", "24h", "chat_resolved_ratio", (1, 1)),
    (9, "2026-03-08T11:00", "24h", "funnel_step_ratio from=email_landing to=key_event", (1, 1)),
    (9, "2026-03-08T11:00", "24h", "funnel_step_seconds_count from=email_landing to=key_event", 2),
    (10, "2026-03-12T00:00", "7d", "ad_spend", 24),
    (11, "2026-03-12T07:00", "7d", "ad_conversions", 3),
    (12, "12:00", "7d", "ad_spend", 30),
    (12, "12:00", "24h", "leads", 1),
    (13, "11:00", "24h", "ad_clicks campaign=23843", 1),
    (13, "11:00", "24h", "page_views", 1),
    (14, "2026-03-11T10:20", "24h", "visitors", 0),
    (14, "2026-03-11T10:20", "24h", "channel_visitors channel=paid_search", 0),
    (15, "11:25", "1h", "form_abandonment_ratio", (1, 1)),
    (15, "11:35", "1h", "form_abandonment_ratio", (1, 1)),
    (16, "11:00", "24h", "funnel_step_ratio from=first_view to=lead", NONE),
    (17, "11:00", "24h", "engaged_conversations", 0),
    (17, "11:00", "24h", "chat_engaged_ratio", (0, 1)),
    (18, "10:00:04", "24h", "email_clicks", 0),
    (18, "10:00:04", "24h", "emails_opened", 0),
    (18, "10:00:06", "24h", "email_clicks", 1),
    (18, "10:00:06", "24h", "emails_opened", 1),
    (18, "10:00:06", "24h", "emails_sent", 1),
    (20, "2026-03-10T22:30", "24h", "email_open_in_time_ratio", (1, 1)),
    (20, "2026-03-10T15:30", "1h", "email_open_in_time_ratio", (0, 0)),
    (21, "12:00", "24h", "form_completeness_ratio", (2, 2)),
    (21, "12:00", "24h", "duplicate_lead_ratio", (1, 3)),
    (22, "11:00", "24h", "key_events action=order_completed", 1),
    (22, "11:00", "24h", "key_events action=demo", 1),
    (23, "11:00", "24h", "engaged_sessions", 1),
    (24, "11:00", "24h", "email_open_ratio", (1, 1)),
    (24, "11:00", "24h", "emails_sent", 1),
    (25, "11:00", "24h", "leads", 1),
    (26, "11:00", "24h", "page_views", 1),
    (27, "2026-02-20T11:00", "24h", "new_visitors", 1),
    (28, "11:00", "24h", "leads", 0),
    (29, "11:00", "24h", "emails_delivered", 1),
    (29, "11:00", "24h", "emails_bounced", 0),
    (30, "12:00", "24h", "cost_per_click", NONE),
    (31, "18:01", "24h", "ad_conversion_ratio", (5, 0)),
    (32, "11:00", "6h", "cost_per_lead", NONE),
    (32, "11:00", "6h", "ad_spend platform=g", 1),
    (32, "11:00", "6h", "ad_spend platform=m", NONE),
    (33, "06:00:00.001", "24h", "ad_spend campaign=k", 60),
    (33, "06:00:00.001", "24h", "ad_spend campaign=k2", NONE),
    (34, "11:00", "24h", "chat_order_value", 90),
    (35, "11:00", "24h", "campaign_visitors campaign=C   basics", 1),
    (36, "11:00", "24h", "channel_visitors channel=paid_search", 1),
    (38, "11:00", "24h", "emails_sent", 2),
    (38, "11:00", "24h", "emails_opened", 0),
    (39, "11:00", "24h", "email_clicks", 1),
    (40, "18:00", "24h", "ad_clicks", 6.25),
    (41, "11:00", "24h", "leads_by_action action=unknown", 1),
    (41, "11:00", "24h", "leads_by_action action=lead_captured", 1),
    (41, "11:00", "24h", "leads_by_offer_stage offer_stage=unknown", 2),
    (41, "11:00", "24h", "event_leads", NONE),
    (42, "11:00", "24h", "ad_clicks", 1),
    (42, "11:00", "24h", "leads", 1),
    (43, "11:00", "24h", "emails_unsubscribed", 1),
    (43, "11:00", "24h", "emails_opened", 1),
    (44, "11:00", "90d", "emails_unsubscribed", 0),
    (44, "11:00", "90d", "emails_sent", 1),
    (45, "11:35", "1h", "new_lead_ratio", (0, 0)),
    (45, "11:00", "1h", "new_lead_ratio", (1, 1)),
    (46, "11:00", "24h", "leads", 1),
    (47, "11:00", "24h", "content_downloads page_group=unknown content=ebook", 1),
    (47, "11:00", "24h", "content_downloads page_group=docs content=ebook", 1),
    (48, "10:30", "1h", "offer_visitors", 1),
    (48, "12:01", "24h", "offer_converters", 1),
    (49, "12:00", "24h", "funnel_step_ratio from=form_start to=form_submit", (0, 1)),
    (49, "12:00", "24h", "form_starts", 2),
    (49, "12:00", "24h", "form_submits", 1),
    (50, "12:00", "24h", "funnel_step_waiting from=form_start to=form_submit", 1),
    (51, "11:00", "24h", "paid_cost_per_lead", NONE),
    (52, "12:00", "24h", "leads", 2),
    (53, "12:00", "24h", "leads", 1),
    (54, "11:00", "24h", "ad_conversion_value", 90),
    (55, "12:00", "24h", "chat_conversation_seconds_sum", 120),
    (56, "11:00", "24h", "conversations", 1),
    (57, "11:00", "24h", "chat_orders_completed bot=h", 1),
    (58, "11:00", "24h", "channel_visitors channel=email", 1),
    (60, "11:00", "24h", "channel_sessions channel=direct", 1),
    (60, "11:00", "24h", "channel_sessions channel=paid_search", 1),
    (61, "11:00", "24h", "channel_visitors channel=paid_search", 1),
    (63, "11:00", "24h", "page_views", 1),
    (64, "11:00", "24h", "page_views", 1),
    (65, "11:00", "24h", "page_views", 1),
    (66, "11:00", "24h", "country_visitors country=GB", 0),
    (66, "11:00", "24h", "country_visitors country=DE", 1),
    (68, "11:00", "24h", "ad_clicks", -2),
    (68, "11:00", "24h", "ad_conversions", 0.333333),
    (69, "11:00", "24h", "form_value", 19.99),
    (70, "11:00", "24h", "country_visitors country=DE", 1),
    (70, "11:00", "24h", "page_views", 1),
    (71, "11:00", "24h", "page_views", 1),
    (72, "11:00", "24h", "channel_visitors channel=email", 1),
    (73, "11:00", "24h", "bounce_ratio", (1, 1)),
    (75, "11:00", "24h", "cost_per_mille", (5, 2)),
    (76, "12:00", "7d", "ad_clicks", 20),
    (77, "11:00", "24h", "emails_opened", 0),
    (77, "11:00", "24h", "emails_delivered", 1),
    (78, "12:00", "7d", "conversations", 2),
    (80, "11:00", "24h", "click_through_ratio platform=google", (1, 1)),
    (81, "12:00", "24h", "landing_page_visit_to_lead_ratio content=a", (0, 1)),
    (81, "12:00", "24h", "content_leads content=thanks", 1),
    (82, "11:00", "24h", "campaign_visitors campaign=77", 1),
    (83, "11:00", "24h", "form_starts", 0),
    (84, "13:00", "24h", "pages_per_session", (1, 2)),
)

#: (input, reason, how many dead letters of it)
DEAD: Final = (
    (2, "personal_data", 0),
    (4, "out_of_range", 0),
    (5, "wrong_type", 1),
    (6, "out_of_range", 0),
    (12, "missing_field", 0),
    (13, "wrong_type", 0),
    (25, "missing_field", 1),
    (26, "missing_field", 1),
    (33, "bad_time", 1),
    (65, "missing_field", 1),
    (67, "out_of_range", 0),
    (86, "bad_time", 1),
)


def lines(number: int) -> list[bytes]:
    folder = SHARED / "cases/rulings"
    if not folder.is_dir():
        pytest.skip("the inputs of rulings are not beside this checkout")
    return (folder / f"q{number:02}.ndjson").read_bytes().splitlines()


def moment(text: str) -> int:
    whole = text if text.startswith("20") else DAY + text
    return int(datetime.fromisoformat(whole).replace(tzinfo=UTC).timestamp() * 1000)


def read(number: int, at: str, *windows: str, **more: Any) -> Replayed:
    return replay(lines(number), ReplayOptions(now_ms=NOW_MS, at_ms=moment(at), windows=windows, **more))


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
@pytest.mark.parametrize(("number", "at", "window", "what", "right"), FIGURES)
def test_the_figure_is_right(number: int, at: str, window: str, what: str, right: Value) -> None:
    found = figure(read(number, at, window), window, what)
    if right in (0, (0, 0)) and found == NONE:
        return  # nothing of the kind, and nothing is shown
    if isinstance(right, str) or isinstance(found, str):
        assert found == right
    else:
        assert found == pytest.approx(right, abs=1e-9)


@pytest.mark.shared
@pytest.mark.parametrize(("number", "reason", "times"), DEAD)
def test_so_many_are_rejected(number: int, reason: str, times: int) -> None:
    account = read(number, "2026-04-01T00:00", "24h").account
    assert account.dead_lettered[reason] == times


@pytest.mark.shared
def test_a_refusal_in_words_is_a_refusal() -> None:
    assert read(62, "11:00", "24h", require_consent=True).account.filtered == {"no_consent": 1}


@pytest.mark.shared
def test_a_long_label_keeps_its_beginning_and_a_mark() -> None:
    labels = [one.labels["content"] for one in read(59, "11:00", "24h").readings if one.metric == "content_views"]
    assert [(len(label), label[:56]) for label in labels] == [(64, "a" * 55 + "~")]


@pytest.mark.shared
def test_the_window_of_a_shifted_figure_is_what_was_counted() -> None:
    found = [one for one in read(74, "11:00", "1h").readings if one.metric == "bounce_ratio"]
    assert [(one.window_end_ms, one.as_of_ms) for one in found] == [(moment("10:30"), moment("11:00"))]


def test_every_row_names_an_input_once() -> None:
    assert json.dumps(sorted(set(FIGURES), key=str)) == json.dumps(sorted(FIGURES, key=str))
