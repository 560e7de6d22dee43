"""Formulas: windows into values, and which of them changed."""

from __future__ import annotations

import numpy as np
import pytest

from stream import catalog
from stream.changes.accumulator import Spread
from stream.changes.cells import Cell
from stream.changes.durations import bucket_of, seconds_of
from stream.changes.panes import DAY_MS
from stream.rollup.budget import Budget
from stream.rollup.formulas import Formulas, scaled
from stream.rollup.series import Series
from stream.rollup.wanted import windows_of
from stream.windows.exact import ExactWindows

NOW_MS = 100 * DAY_MS


class Table:
    """Cells of one moment, an hour before now, and what is read from them."""

    def __init__(self) -> None:
        self.windows = ExactWindows()
        self.series = Series(self.windows, Budget(), windows_of(catalog.METRICS), catalog.METRICS)
        self.formulas = Formulas(self.series)
        self.windows.advance(NOW_MS)

    def add(self, cell: Cell, n: int = 1, ago_ms: int = 3_600_000) -> None:
        change = np.array(self.series.numbers([cell])), np.array([NOW_MS - ago_ms]), np.array([n])
        self.windows.apply(*self.series.expand([change]))

    def read(self, name: str, window: str = "24h", everything: bool = True) -> list[tuple[object, ...]]:
        self.formulas.refresh()
        values = self.formulas.values(catalog.BY_NAME[name], window, everything)
        return [(*list(v.labels.values())[1:], v.value, v.numerator, v.denominator, v.n) for v in values]


@pytest.fixture
def table() -> Table:
    return Table()


def test_a_count_is_its_sum(table: Table) -> None:
    table.add(("view", "s1", "email"), 3)
    assert table.read("page_views") == [(3, None, None, 3)]
    assert table.read("channel_page_views") == [("email", 3, None, None, 3)]


def test_a_ratio_divides_sums_and_is_never_rounded(table: Table) -> None:
    table.add(("person", "s1"), 993)
    table.add(("converted", "s1"), 61)
    assert table.read("visit_to_lead_ratio") == [(61 / 993, 61, 993, 993)]


def test_a_ratio_with_nothing_below_has_no_value(table: Table) -> None:
    table.add(("person", "s1"), 1, ago_ms=2 * DAY_MS)
    assert table.read("visit_to_lead_ratio") == [(None, 0, 0, 0)]
    assert table.read("visit_to_lead_ratio", "7d") == [(0.0, 0, 1, 1)]


def test_terms_have_signs(table: Table) -> None:
    table.add(("step_from", "s1", "form_start", "form_submit"), 7)
    table.add(("step_reached", "s1", "form_start", "form_submit"), 3)
    assert table.read("funnel_step_waiting") == [("form_start", "form_submit", 4, None, None, 4)]
    assert table.read("funnel_step_ratio") == [("form_start", "form_submit", 3 / 7, 3, 7, 7)]


def test_forms_begun_and_left_are_told_when_their_session_is_over(table: Table) -> None:
    table.add(("form_begun", "s1", "f"), 7)
    table.add(("form_abandoned", "s1", "f"), 4)
    assert table.read("form_abandons") == [("f", 4, None, None, 4)]
    assert table.read("form_abandonment_ratio") == [("f", 4 / 7, 4, 7, 7)]


def test_what_is_shifted_ends_half_an_hour_before_now(table: Table) -> None:
    table.add(("session", "s1", "direct", None, None), ago_ms=30 * 60_000)
    table.add(("session", "s1", "direct", None, None), ago_ms=30 * 60_000 + 1)
    table.add(("session", "s1", "direct", None, None), ago_ms=90 * 60_000)
    table.add(("session", "s1", "direct", None, None), ago_ms=90 * 60_000 + 1)
    assert table.read("bounce_ratio", "1h") == [("direct", 0.0, 0, 2, 2)]


MILLION = 1_000_000  # counts of ads are kept in millionths, as money is
AD = ("s1", "google", "brand", "search", "unknown", "unknown")


def test_money_is_shown_in_units_as_close_as_a_float_can_be(table: Table) -> None:
    table.add(("ad_spend", *AD, "EUR"), 58_705_230_003)
    table.add(("ad_click", *AD), 7 * MILLION)
    assert table.read("ad_spend") == [(*AD[1:], "EUR", 58705.230003, None, None, 58705.230003)]
    assert table.read("cost_per_click") == [(*AD[1:], "EUR", 58705.230003 / 7, 58705.230003, 7, 7)]


def test_clicks_belong_to_every_currency_that_paid_for_them(table: Table) -> None:
    table.add(("ad_spend", *AD, "EUR"), 2_000_000)
    table.add(("ad_spend", *AD, "USD"), 4_000_000)
    table.add(("ad_click", *AD), 2 * MILLION)
    assert [row[-4:] for row in table.read("cost_per_click")] == [(1.0, 2.0, 2, 2), (2.0, 4.0, 2, 2)]


@pytest.mark.parametrize(
    ("amount", "scale", "shown"), [(1, 1e-6, 1e-06), (3, 1e-3, 0.003), (10**15 + 1, 1e-6, 1000000000.000001)]
)
def test_scaling_divides_once(amount: int, scale: float, shown: float) -> None:
    assert scaled(amount, scale) == shown


def test_quantiles_sum_and_number_of_durations(table: Table) -> None:
    for lasted_ms in (1_000, 2_000, 60_000):
        table.add(("chat_seconds", "s1", "sally", bucket_of(lasted_ms)))
        table.add(("chat_ms", "s1", "sally"), lasted_ms)
    low, high = seconds_of(bucket_of(2_000)), seconds_of(bucket_of(60_000))
    assert table.read("chat_conversation_seconds") == [
        ("sally", "0.5", low, 63.0, 3, 3),
        ("sally", "0.9", high, 63.0, 3, 3),
    ]


def test_only_what_changed_is_given_again(table: Table) -> None:
    table.add(("view", "s1", "email"))
    table.add(("view", "s1", "direct"))
    assert len(table.read("channel_page_views")) == 2
    assert table.read("channel_page_views", everything=False) == []
    table.add(("view", "s1", "email"))
    assert table.read("channel_page_views", everything=False) == [("email", 2, None, None, 2)]
    assert table.read("channel_page_views", "7d", everything=False) != []  # each window remembers for itself
    assert len(table.read("channel_page_views", everything=True)) == 2


def test_a_new_series_gives_its_metric_anew(table: Table) -> None:
    table.add(("view", "s1", "email"))
    table.read("channel_page_views")
    table.add(("view", "s1", "audio"))
    assert {row[0] for row in table.read("channel_page_views", everything=False)} == {"audio"}


def test_a_new_series_hides_no_change_of_the_others(table: Table) -> None:
    for channel in ("email", "paid_video"):
        table.add(("view", "s1", channel))
    table.read("channel_page_views")
    table.add(("view", "s1", "audio"))
    table.add(("view", "s1", "email"), 4)
    found = {row[0]: row[1] for row in table.read("channel_page_views", everything=False)}
    assert found == {"audio": 1, "email": 5}


def test_a_new_denominator_gives_its_own_ratio_and_those_that_changed(table: Table) -> None:
    for form in ("f", "g"):
        table.add(("form_start", "s1", form), 2)
    table.read("form_completion_ratio")
    table.add(("form_start", "s1", "h"), 3)
    table.add(("form_submit", "s1", "f"), 1)
    told = {row[0]: row[1:4] for row in table.read("form_completion_ratio", everything=False)}
    assert told == {"f": (0.5, 1, 2), "h": (0.0, 0, 3)}


def test_quantiles_that_moved_are_given_even_where_sum_and_number_are_the_same(table: Table) -> None:
    for lasted_ms in (1_000, 3_000):
        table.add(("chat_seconds", "s1", "sally", bucket_of(lasted_ms)))
    table.add(("chat_ms", "s1", "sally"), 4_000)
    for lasted_ms in (2_000, 500):
        table.add(("chat_seconds", "s1", "sally", bucket_of(lasted_ms)), ago_ms=3 * DAY_MS)
    assert len(table.read("chat_conversation_seconds")) == 2
    assert table.read("chat_conversation_seconds", everything=False) == []
    for lasted_ms in (1_000, 3_000):
        table.add(("chat_seconds", "s1", "sally", bucket_of(lasted_ms)), -1)
    table.add(("chat_seconds", "s1", "sally", bucket_of(2_000)), 2)
    assert len(table.read("chat_conversation_seconds", everything=False)) == 2


def test_totals_are_in_windows_of_a_day_and_more_only(table: Table) -> None:
    (sid,) = table.series.targets(("ad_click", *AD))
    table.windows.spread(sid, Spread(("ad_click",), NOW_MS - DAY_MS, NOW_MS, 24 * MILLION, 1))
    assert table.read("ad_clicks", "24h")[0][-4] == 24
    assert table.read("ad_clicks", "1h")[0][-4] == 0
