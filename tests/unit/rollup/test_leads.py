"""Leads: each kind of figure from what is told of leads, in windows to the millisecond and in panes."""

from __future__ import annotations

import pytest

from stream.changes.accumulator import Spread
from stream.changes.panes import DAY_MS, HOUR_MS
from stream.contract.records import UNIT
from stream.rollup.rollup import Rollup, RollupOptions
from tests.ladder import Lead, Told, small_catalog

NOW_MS = 20_000 * DAY_MS


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    small_catalog(monkeypatch)


def told(*leads: Lead) -> Told:
    out = Told(NOW_MS)
    out.tell(cell for lead in leads for cell in lead.cells())
    return out


# ages -------------------------------------------------------------------------------------------------------


def open_since(*days: float, stage: str = "mql") -> Told:
    out = Told(NOW_MS)
    cells = [(("t_open", "s1", stage), NOW_MS - round(day * DAY_MS)) for day in days]
    out.tell(cells, [(("t_all_open", "s1", stage), len(days))])
    return out


def test_what_stands_is_told_by_how_long_it_has() -> None:
    here = open_since(0.5, 1, 3, 20, 89, 90, 91, 700)
    assert here.values("open_leads", "now") == {"mql 1d": 2, "mql 7d": 1, "mql 30d": 1, "mql 90d": 2, "mql older": 2}


def test_what_is_taken_back_stands_no_more() -> None:
    here = open_since(0.5, 700)
    here.tell((), [(("t_all_open", "s1", "mql"), -1)])
    assert here.values("open_leads", "now")["mql older"] == 0


def test_a_reading_of_now_has_no_beginning() -> None:
    for readings in open_since(0.5).read("open_leads", "now"):
        assert {(one.window, one.window_start_ms, one.window_end_ms) for one in readings} == {("now", None, NOW_MS)}


def test_the_age_of_the_oldest_that_stands() -> None:
    assert open_since(3, 20).values("oldest_seconds", "now") == {"mql": 20 * 86_400}
    assert open_since(390).values("oldest_seconds", "now") == {"mql": 390 * 86_400}


def test_nobody_stands_and_there_is_no_oldest() -> None:
    here = open_since(3)
    here.tell((), [(("t_all_open", "s1", "mql"), -1)])
    assert here.values("oldest_seconds", "now") == {}


def test_who_has_stood_for_longer_than_panes_are_kept_is_that_old_at_least() -> None:
    exact, panes = open_since(3, 700).read("oldest_seconds", "now")
    assert [one.value for one in exact] == [700 * 86_400]
    assert [one.value for one in panes] == [401 * 86_400]


def test_a_window_of_what_was_active_is_taken_away_from_what_stands() -> None:
    here = open_since(3, 40, 50)
    here.tell([(("t_active", "s1", "mql"), NOW_MS - day * DAY_MS) for day in (2, 31, 45)])
    assert here.values("stale_leads", "now") == {"mql": 2}


# cohorts ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hour", range(0, 96, 6))
def test_whoever_waits_as_long_as_the_last_one_took_is_still_there(hour: int) -> None:
    """All began on one day; wherever the edge of a bucket lies, the many who wait are not gone before the last came."""
    began_ms = NOW_MS - 60 * DAY_MS - hour * HOUR_MS
    age_ms = NOW_MS - began_ms
    took = [age_ms // 40 * n for n in range(1, 8)] + [age_ms - HOUR_MS]
    leads = [Lead(began_ms, took_ms=ms) for ms in took] + [Lead(began_ms) for _ in range(16)]
    assert told(*leads).values("median_seconds", "365d") == {}


def test_the_median_counts_those_who_gave_up_and_those_who_wait() -> None:
    """
    8 entered: 1 after 1 d, 1 gave up after 1.5 d, 1 after 2 d, 1 has waited for 3 d, 2 after 4 d, 2 have waited for 5 d
    at risk    8                                  6                                  4
    curve      7/8                                7/8 · 5/6 = 35/48                  35/48 · 2/4 = 35/96  < 1/2
    """
    at = NOW_MS - 10 * DAY_MS
    here = told(
        Lead(at, DAY_MS), Lead(at, None, round(1.5 * DAY_MS)), Lead(at, 2 * DAY_MS), Lead(NOW_MS - 3 * DAY_MS),
        Lead(at, 4 * DAY_MS), Lead(at, 4 * DAY_MS), Lead(NOW_MS - 5 * DAY_MS), Lead(NOW_MS - 5 * DAY_MS),
    )  # fmt: skip
    for readings in here.read("median_seconds", "30d"):
        (one,) = readings
        assert one.value == pytest.approx(4 * 86_400, rel=0.025)
        assert (one.numerator, one.denominator, one.n) == (None, None, 8)


def test_there_is_no_median_where_less_than_half_arrive() -> None:
    at = NOW_MS - 2 * DAY_MS
    here = told(Lead(at, HOUR_MS), Lead(at), Lead(at))
    assert here.values("median_seconds", "30d") == {}
    assert here.values("share_ratio", "30d") == {"": 1 / 3}


@pytest.mark.parametrize(
    ("arrived", "waiting_days", "maturity"),
    [
        # fewer than 20 arrived: the horizon is 30 days
        ([1] * 3, [10, 20, 40], 1 - 2 / 6),
        # nine tenths of them within 5 days: who has waited for 10 will hardly come
        ([1] * 17 + [5] * 2 + [50], [2, 10, 20, 40], 1 - 1 / 24),
        # nobody waits
        ([2], [], 1.0),
    ],
)
def test_how_mature_a_cohort_is(arrived: list[int], waiting_days: list[int], maturity: float) -> None:
    at = NOW_MS - 60 * DAY_MS
    here = told(
        *(Lead(at, day * DAY_MS) for day in arrived), *(Lead(NOW_MS - day * DAY_MS - 1) for day in waiting_days)
    )
    for name in ("share_ratio", "channel_share_ratio"):
        for readings in here.read(name, "90d"):
            (one,) = readings
            assert one.maturity == pytest.approx(maturity)
            assert one.denominator == len(arrived) + len(waiting_days)


def test_a_cohort_of_nobody_has_no_maturity_and_figures_without_one_have_none() -> None:
    here = told(Lead(NOW_MS - 60 * DAY_MS, DAY_MS))
    for name, window in (("share_ratio", "24h"), ("paid_entries", "90d")):
        for readings in here.read(name, window):
            assert [one.maturity for one in readings] == [None] * len(readings)


def test_a_cohort_ripens_as_time_goes_on() -> None:
    here = told(Lead(NOW_MS - 20 * DAY_MS, DAY_MS), Lead(NOW_MS - 20 * DAY_MS))
    for later, maturity in ((0, 0.5), (9 * DAY_MS, 0.5), (11 * DAY_MS, 1.0)):
        for readings in here.read("share_ratio", "90d", NOW_MS + later):
            assert [one.maturity for one in readings] == [maturity]


def test_a_count_picks_cells_by_a_label_that_it_does_not_show() -> None:
    at = NOW_MS - DAY_MS
    here = told(Lead(at, channel="paid_search"), Lead(at, channel="email"), Lead(at, channel="paid_search"))
    assert here.values("paid_entries", "7d") == {"": 2}


# money ------------------------------------------------------------------------------------------------------


def test_growth_is_this_month_over_the_one_before_it() -> None:
    here = Told(NOW_MS)
    cell = ("t_revenue", "s1", "EUR")
    here.tell((cell, NOW_MS - day * DAY_MS) for day in (1, 29, 30, 31, 45, 60, 61, 100))
    assert here.values("growth_ratio", "30d") == {"EUR": 3 / 3}
    for readings in here.read("growth_ratio", "30d", NOW_MS + DAY_MS):
        assert [(one.numerator, one.denominator) for one in readings] == [(2, 3)]


def money(spend_days: tuple[float, ...] = (), cost_days: tuple[float, ...] = ()) -> Told:
    """Tell of 1 EUR a day over 20 days, four customers, and until how many days ago spend and cost are known."""
    out = Told(NOW_MS)
    marks = {
        f"known/s1{UNIT}google{UNIT}brand{UNIT}spend{UNIT}EUR": NOW_MS - round(day * DAY_MS) for day in spend_days
    } | {f"cost/s1{UNIT}EUR": NOW_MS - round(day * DAY_MS) for day in cost_days}
    spread = Spread(("t_spend", "s1", "EUR"), NOW_MS - 20 * DAY_MS, NOW_MS, 20_000_000, 1)
    won = [(("t_customer", "s1"), NOW_MS - day * DAY_MS) for day in (1, 3, 5, 12)]
    out.tell(won, [(("t_net", "s1", "EUR"), 90_000_000), (("t_payer", "s1", "EUR"), 3)], [spread], marks=marks)
    return out


@pytest.mark.parametrize(
    ("spend_days", "cost_days", "told"),
    [
        ((2,), (4,), True),  # both end at the older of the two
        ((4,), (2,), True),
        ((20,), (4,), True),  # no platform told of spend in the window: the cost alone says where it ends
        ((2,), (), False),
        ((2,), (8,), False),
    ],
)
def test_a_figure_of_cost_ends_where_spend_and_cost_are_known(
    spend_days: tuple[float, ...], cost_days: tuple[float, ...], told: bool
) -> None:
    """
    11 d ago [───────────── 7 EUR, the customer of 5 d ago ─────────────) 4 d ago ──── now
    """
    for readings in money(spend_days, cost_days).read("cost_of_customers", "7d"):
        found = [(NOW_MS - one.as_of_ms, one.window_end_ms, one.numerator, one.denominator) for one in readings]
        assert found == ([(4 * DAY_MS, NOW_MS - 4 * DAY_MS, 7.0, 1)] if told else [])


def test_a_year_paid_ahead_makes_cost_known_until_now() -> None:
    for readings in money(cost_days=(-100,)).read("cost_of_customers", "30d"):
        (one,) = readings
        assert (one.as_of_ms, one.numerator, one.denominator) == (NOW_MS, 20.0, 4)


def test_what_stands_is_divided_by_the_value_of_another_entry_in_its_window() -> None:
    here = money(cost_days=(-1,))
    for readings in here.read("worth", "now"):
        assert [one.value for one in readings] == [30.0]
    for readings in here.read("worth_to_cost_ratio", "30d"):
        (one,) = readings
        assert (one.numerator, one.denominator, one.value) == (30.0, 5.0, 6.0)
    assert here.read("worth_to_cost_ratio", "24h")[0][0].value == 30.0 / 1.0
    assert money(spend_days=(1,)).read("worth_to_cost_ratio", "30d") == ([], [])


# spreads, measurements, gauges --------------------------------------------------------------------------------


def test_the_spread_of_a_channel_is_its_largest_less_its_smallest_share_over_the_models() -> None:
    """
    first: email 1 of 4, direct 3 of 4     linear: email 2 of 4, direct 1 of 4, organic 1 of 4
    """
    here = Told(NOW_MS)
    credit = {"first": {"email": 1, "direct": 3}, "linear": {"email": 2, "direct": 1, "organic_search": 1}}
    here.tell(
        (("t_credit", "s1", model, channel), NOW_MS - DAY_MS)
        for model, of in credit.items()
        for channel, n in of.items()
        for _ in range(n)
    )
    assert here.values("credit_spread", "7d") == {"email": 0.25, "direct": 0.5, "organic_search": 0.25}
    assert here.values("credit_spread", "24h") == {"email": 0.25, "direct": 0.5, "organic_search": 0.25}
    assert here.values("credit_spread", "24h", NOW_MS + 2 * DAY_MS) == {}


def test_a_measurement_is_read_as_of_the_moment_at_which_it_was_observed() -> None:
    here = Told(NOW_MS)
    first_ms, again_ms = NOW_MS - 3 * DAY_MS, NOW_MS - DAY_MS

    def measured(value: int, at_ms: int, restated: int) -> None:
        here.tell((), [
            (("t_signal", "s1", "shoes"), value * 1_000_000), (("t_signal_at", "s1", "shoes"), at_ms),
            (("t_signal_restated", "s1", "shoes"), restated),
        ])  # fmt: skip

    measured(4, first_ms, 0)
    for readings in here.read("rank", "now"):
        assert [(one.value, one.as_of_ms, one.restated) for one in readings] == [(4.0, first_ms, False)]
    measured(3, again_ms - first_ms, 1)
    for readings in here.read("rank", "now"):
        assert [(one.value, one.as_of_ms, one.restated) for one in readings] == [(7.0, again_ms, True)]


def test_the_largest_of_a_gauge_over_all_shards() -> None:
    here = Told(NOW_MS)
    here.tell([(("view", "s1", "direct"), NOW_MS - 5)], gauges={"largest_group/s1": 7.0, "largest_group/s2": 3.0})
    for readings in here.read("largest_group", "now"):
        assert sorted((one.labels["site"], one.value) for one in readings) == [("(other)", 3), ("s1", 7)]


# what is asked for ------------------------------------------------------------------------------------------


def test_other_windows_leave_now_where_it_is() -> None:
    here = Told(NOW_MS)
    here.exact = Rollup(RollupOptions({"leads": 1}, exact=True, windows=("400d", "3h")))
    here.tell(
        [*(cell for lead in (Lead(NOW_MS - 399 * DAY_MS, DAY_MS), Lead(NOW_MS - HOUR_MS)) for cell in lead.cells())],
        [(("t_all_open", "s1", "mql"), 2)],
    )
    exact, _ = here.read("share_ratio", "400d")
    assert [(one.numerator, one.denominator) for one in exact] == [(1, 2)]
    exact, _ = here.read("share_ratio", "3h")
    assert [(one.numerator, one.denominator) for one in exact] == [(0, 1)]
    exact, _ = here.read("open_leads", "now")
    assert sum(one.value or 0 for one in exact) == 2
    assert {one.window for one in here.exact.readings(None)} <= {"400d", "3h", "now", None}
