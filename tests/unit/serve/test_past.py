"""Lines of charts: of the window that is shown, with the usual and the week before, and holes where nobody knows."""

from __future__ import annotations

import math

import numpy as np
import pytest

from stream.catalog import BY_NAME
from stream.changes.panes import DAY_MS, HOUR_MS
from stream.judge.history import Figure, History, figure_of
from stream.judge.marks import Spans
from stream.serve.figures import Key
from stream.serve.past import Drawn, Lines
from stream.serve.points import SLOTS, TEN_MS, by_hours, name_of, points
from stream.serve.views import PastView
from tests.fabric import readings

NOW_MS = 1_772_323_200_000  # a full hour
HOUR, TEN = NOW_MS // HOUR_MS, NOW_MS // TEN_MS
WEEK = 168
RATIO, VISITORS, LEADS = BY_NAME["visit_to_lead_ratio"], BY_NAME["visitors"], BY_NAME["leads"]


def empty() -> PastView:
    return PastView(History(), History(SLOTS), History())


def put(history: History, figure: Figure, slot: int, top: float, bottom: float = math.nan) -> None:
    history.put(slot, [history.row(figure)], [top], [bottom])


def drawn(metric=VISITORS, site="shop", window="1h", measure="", zone="UTC", **more) -> Drawn:
    return Drawn(metric, site, window, measure, zone, **more)


def chart(past: PastView, one: Drawn | None = None, span="7d", recent=([], [])):
    return Lines(past).chart(one or drawn(), span, NOW_MS, recent)


def visitors(site="shop", window="1h") -> Figure:
    return figure_of(VISITORS, {"site": site}, window)


def test_a_week_is_drawn_by_hours_and_holes_are_holes() -> None:
    past = empty()
    for ago, n in ((3, 10.0), (1, 12.0), (0, 14.0)):
        put(past.hours, visitors(), HOUR - ago, n)
    found = chart(past)
    assert (found["start"], found["after"]) == ((HOUR - 3) * 3_600, [0, 3_600, 7_200, 10_800])
    assert found["values"] == [10.0, None, 12.0, 14.0]
    assert chart(past, drawn(window="6h"))["values"] == [], "a chart is of its own window"
    assert chart(past, drawn(site="blog"))["values"] == []


def test_what_is_told_apart_is_added_up_before_it_is_divided() -> None:
    past = empty()
    for site, top, bottom in (("a", 1, 10), ("b", 30, 90)):
        put(past.hours, figure_of(RATIO, {"site": site}, "1h"), HOUR, top, bottom)
    for method, n in (("form", 4), ("chatbot", 3)):
        put(past.hours, figure_of(LEADS, {"site": "a", "capture_method": method}, "1h"), HOUR, n)
    assert chart(past, drawn(RATIO, site=""))["values"] == [0.31]
    assert chart(past, drawn(RATIO, site="a"))["values"] == [0.1]
    assert chart(past, drawn(LEADS, site="a"))["values"] == [7]


def test_money_is_drawn_in_the_currency_that_is_shown() -> None:
    past, cost = empty(), BY_NAME["cost_per_lead"]
    for currency, spend in (("EUR", 500), ("USD", 90)):
        put(past.hours, figure_of(cost, {"site": "a", "currency": currency, "cost": "media"}, "24h"), HOUR, spend, 10)
    assert chart(past, drawn(cost, "a", "24h", "USD"))["values"] == [9.0]


def test_two_days_are_drawn_by_ten_minutes_and_go_on_with_what_was_seen_here() -> None:
    past = empty()
    name = name_of(Key("shop", "1h", "visitors"), "")
    for ago in (300, 6, 3, 1):  # the first one is older than two days
        put(past.tens, name, TEN - ago, float(ago))
    seen = [NOW_MS - 2 * TEN_MS, NOW_MS - 1_000]
    found = chart(past, span="2d", recent=(seen, [7.0, 8.0]))
    assert found["values"] == [6.0, None, None, 3.0, 7.0, 8.0], "where both know, what was seen here counts"


@pytest.mark.parametrize(
    ("weeks", "low", "high"),
    [
        ({1: 40, 2: 10, 3: 30, 4: 20}, 20, 30),  # the second lowest and the second highest
        ({1: 40, 3: 30}, 100 / 3, 110 / 3),
        ({2: 10}, None, None),  # one week says nothing
        ({5: 10, 6: 20}, None, None),  # nor do those before four weeks
    ],
)
def test_the_usual_is_a_band_of_the_same_hours_of_four_weeks(weeks, low, high) -> None:
    past = empty()
    put(past.hours, visitors(window="24h"), HOUR, 1)
    for week, n in weeks.items():
        if week < 6:  # the ring holds six weeks: the sixth before is its last
            put(past.hours, visitors(window="24h"), HOUR - WEEK * week, n)
    found = chart(past, drawn(window="24h"), span="2d")
    at = (HOUR * 3_600 - found["usual"]["start"]) // 3_600 if "usual" in found else 0
    band = [None, None] if "usual" not in found else [found["usual"][side][at] for side in ("low", "high")]
    assert band == [low and pytest.approx(low, rel=1e-4), high and pytest.approx(high, rel=1e-4)]
    if 1 in weeks:
        assert found["usual"]["before"][at] == weeks[1], "the dashed line is a week before"


def test_an_hour_earlier_or_later_is_as_usual_in_short_windows() -> None:
    past = empty()
    for week in (1, 2, 3, 4):
        for shift, n in ((-1, 5), (0, 10), (1, 20)):
            put(past.hours, visitors(), HOUR - WEEK * week + shift, n)
    low, high = Lines(past).usual(drawn(), np.array([HOUR]))
    assert (low.tolist(), high.tolist()) == ([5.0], [20.0])


def test_the_same_hour_is_that_of_the_sites_clocks() -> None:
    after = 1_774_836_000_000 // HOUR_MS  # a day after clocks in Berlin went forward: a week is 167 hours
    past = empty()
    for hour in range(after - 4 * WEEK - 5, after + 1):
        put(past.hours, visitors(window="24h"), hour, float(hour % 24))
    lines, hours = Lines(past), np.array([after])
    assert lines.usual(drawn(window="24h"), hours)[0].tolist() == [float(after % 24)]
    assert lines.usual(drawn(window="24h", zone="Europe/Berlin"), hours)[0].tolist() == [float((after + 1) % 24)]


def test_what_the_calendar_marks_is_no_example() -> None:
    past = empty()
    for week, n in ((1, 100), (2, 10), (3, 12)):
        put(past.hours, visitors(window="24h"), HOUR - WEEK * week, n)
    begin = NOW_MS - 7 * DAY_MS
    marked = drawn(window="24h", marks=Spans([(begin - HOUR_MS, begin)]))
    assert Lines(past).usual(marked, np.array([HOUR]))[1].tolist() == [pytest.approx(10 + 2 * 2 / 3)]


def test_windows_and_medians_that_no_judge_needs_have_a_past_of_their_own() -> None:
    past = empty()
    found = points(readings(NOW_MS))
    beyond = by_hours(found)
    assert {name.window for name in beyond if name.metric == "visitors"} == {"5m", "30d"}
    rows = [past.shown.row(name) for name in beyond]
    past.shown.put(HOUR, rows, [pair[0] for pair in beyond.values()], [math.nan] * len(rows))
    for metric, window, measure in ((VISITORS, "5m", ""), (BY_NAME["funnel_step_seconds"], "1h", "median")):
        assert len(chart(past, drawn(metric, "shop", window, measure))["values"]) == 1


def test_what_is_not_complete_is_a_hole() -> None:
    assert points(readings(NOW_MS, complete=False)) == {}


def test_of_many_sites_the_main_figures_have_a_past(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stream.serve.points.MOST", 40)
    found = points(readings(NOW_MS, ("a", "b")))
    assert len(found) == 40
    assert {name.metric for name in found} <= {"visitors", "visit_to_lead_ratio", "leads", "chat_conversion_ratio",
                                               "click_through_ratio", "deliverability_ratio", "cost_per_lead",
                                               "funnel_step_seconds"}  # fmt: skip


def test_a_row_that_comes_while_charts_are_drawn_is_found() -> None:
    past = empty()
    lines = Lines(past)
    assert lines.chart(drawn(), "7d", NOW_MS, ([], []))["values"] == []
    put(past.hours, visitors(), HOUR, 3)
    assert lines.chart(drawn(), "7d", NOW_MS, ([], []))["values"] == [3]
