"""Known: figures of two sides end where both are known, each platform and campaign at its own moment.

spend, told as totals    ─────────────────────────┤ 00:00      │ nothing is told of today
clicks, told one by one  ──●─────●────●───────────────●────────┤ now
cost per click of a day  [────────────────────────]            that of yesterday, all day long
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from stream.changes.accumulator import Spread
from stream.changes.cells import Cell
from stream.changes.deltas import Delta
from stream.changes.panes import DAY_MS, HOUR_MS, Grid
from stream.contract.readings import Reading
from stream.rollup.rollup import Rollup, RollupOptions

MIDNIGHT = 1_750_000_000_000 // DAY_MS * DAY_MS
NOON = MIDNIGHT + 12 * HOUR_MS
UNIT = "\x1f"
REST = ("search", "unknown", "unknown")
#: Counts of ads are kept in millionths, as money is.
MILLION = 1_000_000

NAMES = {"impression": "ad_impression", "click": "ad_click", "conversion": "ad_conversion", "spend": "ad_spend"}
READ = {"24h", "7d", "30d", "90d"}


class Told:
    """What shards tell of ads and leads, to a rollup that is exact and to one of panes."""

    def __init__(self, **options: Any) -> None:
        self.exact = Rollup(RollupOptions({"ads": 1}, exact=True, **options))
        self.panes = Rollup(RollupOptions({"ads": 1}, clock="events", **options))
        self.panes.advance(MIDNIGHT)
        self._seq = 0

    def tell(self, cell: Cell, ms: int, amount: int, marks: dict[str, int], until_ms: int | None = None) -> None:
        self._seq += 1
        single = int(until_ms is None)
        spreads = [] if until_ms is None else [Spread(cell, ms, until_ms, amount, 1)]
        for rollup, grid in ((self.exact, Grid(pane_ms=1)), (self.panes, Grid())):
            rollup.add(
                Delta(
                    "ads", 0, self._seq, [cell] * single, np.zeros(single, np.int32).tobytes(),
                    np.array([grid.pane(ms)] * single, np.int64).tobytes(), np.array([amount] * single, np.int64).tobytes(),
                    spreads, {"ad": ms}, ms, True, 0, {}, [], {}, {}, marks,
                )
            )  # fmt: skip

    def single(
        self, action: str, ms: int, amount: int = 1, platform: str = "g", campaign: str = "k", currency: str = "EUR"
    ) -> None:
        name = UNIT.join(("s", platform, campaign, action))
        mark = {f"known/{name}{UNIT}{currency}": ms + 1} if action == "spend" else {f"single/{name}": ms + HOUR_MS}
        self.tell(self._cell(action, platform, campaign, currency), ms, self._kept(action, amount), mark)

    def total(
        self, action: str, ms: int, until_ms: int, amount: int, platform: str = "g", campaign: str = "k",
        currency: str = "EUR",
    ) -> None:  # fmt: skip
        cell = self._cell(action, platform, campaign, currency)
        name = UNIT.join(("s", platform, campaign, action)) + (f"{UNIT}{currency}" if action == "spend" else "")
        marks = {f"known/{name}": until_ms, "total/" + UNIT.join(map(str, cell)): until_ms}
        self.tell(cell, ms, self._kept(action, amount), marks, until_ms)

    def lead(self, ms: int, n: int = 1) -> None:
        self.tell(("lead", "s", "form", "direct", "on_site", None), ms, n, {})

    def _cell(self, action: str, platform: str, campaign: str, currency: str) -> Cell:
        money = (currency,) if action == "spend" else ()
        return (NAMES[action], "s", platform, campaign, *REST, *money)

    def _kept(self, action: str, amount: int) -> int:
        """Give what a cell holds: money is told in millionths here, and counts in whole ones."""
        return amount if action == "spend" else amount * MILLION

    def read(self, metric: str, window: str, at_ms: int, **labels: str) -> Reading | None:
        """Read both rollups, which must say the same where edges meet."""
        found = []
        for rollup in (self.exact, self.panes):
            rollup.read_at(at_ms)
            some = [one for one in rollup.readings(None) if (one.metric, one.window) == (metric, window)]
            some = [one for one in some if labels.items() <= one.labels.items()]
            assert len(some) < 2, some
            found.append(some[0] if some else None)
        exact, panes = found
        if at_ms % (6 * HOUR_MS) == 0 and exact is not None and exact.window_end_ms % (6 * HOUR_MS) == 0:  # type: ignore[operator]
            assert exact == panes
        assert (exact is None) == (panes is None)
        return exact

    def parts(self, metric: str, window: str, at_ms: int, **labels: str) -> tuple[Any, Any] | None:
        one = self.read(metric, window, at_ms, **labels)
        return None if one is None else (one.numerator, one.denominator)


def test_what_comes_in_single_events_is_known_until_now() -> None:
    told = Told()
    told.single("click", NOON)
    told.single("impression", NOON, 50)
    told.single("impression", NOON + 6 * HOUR_MS - 1, 1_000)
    assert told.parts("click_through_ratio", "24h", NOON + 6 * HOUR_MS) == (1, 1_050)  # a tracker that broke shows


def test_a_ratio_ends_where_the_later_known_of_its_sides_is_known() -> None:
    told = Told()
    told.total("spend", MIDNIGHT - DAY_MS, MIDNIGHT, 4_000_000)
    told.single("click", MIDNIGHT - HOUR_MS)
    told.single("click", NOON, 7)
    for at_ms in (NOON + 1, NOON + 6 * HOUR_MS):
        one = told.read("cost_per_click", "24h", at_ms)
        assert one is not None
        assert (one.value, one.numerator, one.denominator) == (4.0, 4.0, 1)
        assert (one.window_start_ms, one.window_end_ms, one.as_of_ms) == (MIDNIGHT - DAY_MS, MIDNIGHT, MIDNIGHT)
    assert told.parts("cost_per_click", "24h", MIDNIGHT + DAY_MS) is None  # by now it ended before its window began
    assert told.parts("cost_per_click", "7d", MIDNIGHT + DAY_MS) == (4.0, 1)
    clicks = told.read("ad_clicks", "24h", MIDNIGHT + DAY_MS)
    assert clicks is not None
    assert (clicks.value, clicks.as_of_ms) == (7, MIDNIGHT + DAY_MS)  # plain counts end now


def test_each_campaign_of_each_platform_ends_by_itself() -> None:
    told = Told()
    for campaign, until_ms in (("k", MIDNIGHT), ("l", MIDNIGHT - 6 * HOUR_MS)):
        told.total("spend", MIDNIGHT - DAY_MS, until_ms, 6_000_000, campaign=campaign)
        told.total("click", MIDNIGHT - DAY_MS, MIDNIGHT + 6 * HOUR_MS, 30, campaign=campaign)
    assert told.parts("cost_per_click", "24h", NOON, campaign="k") == (6.0, 24)
    found = told.read("cost_per_click", "24h", NOON, campaign="l")
    assert found is not None
    assert (found.numerator, found.denominator, found.as_of_ms) == (6.0, 18, MIDNIGHT - 6 * HOUR_MS)


@pytest.mark.parametrize(("seen", "parts"), [("spend", (1.0, 0)), ("click", None)])
def test_a_side_that_was_never_seen_counts_as_known(seen: str, parts: tuple[float, int] | None) -> None:
    told = Told()
    told.single(seen, NOON - 6 * HOUR_MS, 1_000_000)
    assert told.parts("cost_per_click", "24h", NOON) == parts  # without spend there is no currency to tell it in


def test_the_newest_single_spend_is_part_of_what_is_known() -> None:
    told = Told()
    told.single("spend", NOON - HOUR_MS, 10_000_000)
    told.lead(NOON - 2 * HOUR_MS)
    told.lead(NOON - HOUR_MS + 20 * 60_000)
    assert told.parts("cost_per_lead", "24h", NOON) == (10.0, 1)


def test_conversions_per_click_end_where_both_are_known() -> None:
    told = Told()
    told.total("conversion", MIDNIGHT - DAY_MS, MIDNIGHT, 5)
    told.single("click", NOON, 100)
    assert told.parts("ad_conversion_ratio", "24h", NOON + HOUR_MS) == (5, 0)


def test_cost_per_mille_is_spend_by_thousands_of_impressions() -> None:
    told = Told()
    told.single("spend", NOON - 1, 5_000_000)
    told.single("impression", NOON - 1, 2_000)
    one = told.read("cost_per_mille", "24h", NOON)
    assert one is not None
    assert (one.value, one.numerator, one.denominator) == (2.5, 5.0, 2.0)


# --- spend against leads --------------------------------------------------------------------------------------


def test_cost_per_lead_ends_at_the_earliest_newest_spend_of_the_platforms() -> None:
    told = Told()
    told.total("spend", MIDNIGHT - DAY_MS, MIDNIGHT, 8_000_000, campaign="old")
    told.total("spend", MIDNIGHT - DAY_MS, MIDNIGHT + 6 * HOUR_MS, 10_000_000)
    told.total("spend", MIDNIGHT - DAY_MS, MIDNIGHT - 6 * HOUR_MS, 3_000_000, platform="m")
    told.lead(MIDNIGHT - 12 * HOUR_MS, 2)
    told.lead(MIDNIGHT - HOUR_MS, 5)
    one = told.read("cost_per_lead", "24h", NOON)
    assert one is not None
    assert (one.numerator, one.denominator) == (6.0 + 6.0 + 3.0, 2)
    assert one.as_of_ms == one.window_end_ms == MIDNIGHT - 6 * HOUR_MS


def test_a_platform_that_paused_before_the_window_or_is_paid_otherwise_holds_nothing_back() -> None:
    told = Told()
    told.total("spend", MIDNIGHT - DAY_MS, MIDNIGHT, 1_000_000)
    told.total("spend", MIDNIGHT - 6 * DAY_MS, MIDNIGHT - 5 * DAY_MS, 1_000_000, platform="m", currency="USD")
    told.total("spend", MIDNIGHT - 9 * DAY_MS, MIDNIGHT - 8 * DAY_MS, 1_000_000, platform="x")
    told.lead(MIDNIGHT - HOUR_MS)
    for window, paid in (("24h", 1.0), ("7d", 1.0)):
        assert told.parts("cost_per_lead", window, NOON, currency="EUR") == (paid, 1)
    assert told.parts("cost_per_lead", "24h", NOON, currency="USD") is None  # nobody told of any in it
    held = told.read("cost_per_lead", "30d", NOON, currency="EUR")
    assert held is not None
    assert held.as_of_ms == MIDNIGHT - 8 * DAY_MS


# --- windows too short for totals -----------------------------------------------------------------------------


def test_below_a_day_a_series_with_totals_shows_nothing_nor_does_a_sum_that_needs_it() -> None:
    told = Told(windows=("6h", "24h"))
    told.single("spend", NOON - HOUR_MS, 1_000_000)
    told.lead(NOON - 2 * HOUR_MS)
    assert told.parts("cost_per_lead", "6h", NOON) == (1.0, 1)
    told.total("spend", MIDNIGHT - DAY_MS, MIDNIGHT, 24_000_000, platform="m")
    assert told.read("ad_spend", "6h", NOON, platform="m") is None
    assert told.read("ad_spend", "6h", NOON, platform="g") is not None
    assert told.parts("cost_per_lead", "6h", NOON) is None
    assert told.parts("cost_per_lead", "24h", NOON) is not None


def test_a_total_that_nobody_can_restate_any_more_hides_nothing() -> None:
    told = Told()
    told.total("click", MIDNIGHT - DAY_MS, MIDNIGHT, 24)
    told.single("click", MIDNIGHT, 1)
    assert told.read("ad_clicks", "1h", MIDNIGHT + 125 * DAY_MS - 1) is None
    one = told.read("ad_clicks", "1h", MIDNIGHT + 125 * DAY_MS)
    assert one is not None
    assert one.value == 0


def test_marks_of_another_shape_are_passed_over() -> None:
    told = Told()
    odd = {"spend/s": 5, "total/ad_click": 5, "total/once" + UNIT + "s": 5, "known/s": 7, "": 1, "total/": 1}
    told.tell(("ad_click", "s", "g", "k", *REST), NOON - 1, 3 * MILLION, odd)
    one = told.read("ad_clicks", "1h", NOON)
    assert one is not None
    assert one.value == 3
