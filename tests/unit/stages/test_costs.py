"""Costs: totals of periods, of which the last word stands; until when they are known."""

from __future__ import annotations

from itertools import permutations

import pytest

from stream.changes.panes import DAY_MS, HOUR_MS
from stream.contract.records import UNIT
from stream.contract.times import format_ms, parse_ms
from tests.unit.stages.told import Teller, Told

MAY, JUNE, JULY = (parse_ms(f"2025-{month}-01T00:00:00Z") or 0 for month in ("05", "06", "07"))
MARK = f"cost/shop{UNIT}EUR"


def cost(told_ms: int, start_ms: int, end_ms: int, amount: int, revision: int = 0, **more: str) -> Told:
    """Tell of a cost, in whole units of money."""
    data = {
        "amount_micros": amount * 1_000_000, "period_start": format_ms(start_ms), "period_end": format_ms(end_ms),
        "revision": revision,
    }  # fmt: skip
    return "cost", told_ms, data | more


def days(first: int, last: int, amount: int) -> list[Told]:
    """Tell of each day of May by itself, on the day after it."""
    return [
        cost(MAY + day * DAY_MS + HOUR_MS, MAY + (day - 1) * DAY_MS, MAY + day * DAY_MS, amount)
        for day in range(first, last + 1)
    ]


@pytest.mark.parametrize(
    ("told", "right"),
    [
        ([cost(JUNE + 9, MAY, JUNE, 310)], 310),
        ([cost(JUNE + 9, MAY, JUNE, 310, 1), cost(JUNE + 20 * DAY_MS, MAY, JUNE, 620, 2)], 620),
        ([cost(JUNE + 20 * DAY_MS, MAY, JUNE, 310, 1), cost(JUNE + 9, MAY, JUNE, 620, 2)], 620),  # the revision decides
        ([cost(JUNE + 9, MAY, JUNE, 310), cost(JUNE + 10, MAY, JUNE, 620)], 620),  # without one the newest report
        ([cost(JUNE + 9, MAY, JUNE, 310), cost(JUNE + 9, MAY, JUNE, 40, category="sales")], 350),
        ([cost(JUNE + 9, MAY, JUNE, 310), cost(JUNE + 9, MAY, JUNE, 40, site_id="club")], 350),
        ([*days(1, 31, 7), cost(JUNE + DAY_MS, MAY, JUNE, 310)], 310),  # the month in place of its days
        ([cost(MAY + 9, MAY, JUNE, 310), *days(1, 1, 7)], 300 + 7),  # a day told later than its month
        ([cost(JUNE + 9, MAY, JUNE, 0)], 0),
        ([cost(JUNE + 9, MAY, JUNE, -31)], -31),
    ],
)
def test_the_last_word_stands_whatever_the_order(told: list[Told], right: int) -> None:
    for order in (told, told[::-1]):
        teller = Teller()
        teller.tell(*order)
        assert teller.spent(0, JULY) == right * 1_000_000


def test_a_restated_month_takes_back_its_old_spread_and_keeps_every_part_exact() -> None:
    teller = Teller()
    teller.tell(cost(JUNE + 9, MAY, JUNE, 100, 1))
    first = [teller.spent(MAY + day * DAY_MS, MAY + (day + 1) * DAY_MS) for day in range(31)]
    teller.tell(cost(JUNE + 200 * DAY_MS, MAY, JUNE, 70, 2))  # long after the month was closed
    then = [teller.spent(MAY + day * DAY_MS, MAY + (day + 1) * DAY_MS) for day in range(31)]
    assert (sum(first), sum(then)) == (100_000_000, 70_000_000)
    assert all(abs(part - 70_000_000 / 31) < 1 for part in then)


def test_currencies_are_never_added() -> None:
    teller = Teller()
    teller.tell(cost(JUNE + 9, MAY, JUNE, 31), cost(JUNE + 9, MAY, JUNE, 62, currency="USD"))
    assert teller.spent(0, JULY, "shop", "tools", "EUR") == 31_000_000
    assert teller.spent(0, JULY, "shop", "tools", "USD") == 62_000_000
    assert {MARK, f"cost/shop{UNIT}USD"} <= teller.marks.keys()


def test_what_is_told_inside_its_period_is_of_the_whole_period() -> None:
    teller = Teller()
    teller.tell(cost(MAY + 10 * DAY_MS, MAY, JUNE, 31))
    assert [teller.spent(MAY, MAY + day * DAY_MS) // 1_000_000 for day in (10, 31)] == [10, 31]


def test_order_and_batches_change_nothing() -> None:
    told = [cost(JUNE + n, MAY, JUNE, n, n % 3) for n in range(1, 5)]
    for order in permutations(told):
        teller = Teller()
        for one in order:
            teller.tell(one)
        assert teller.spent(0, JULY) == 2_000_000  # the highest revision is told once, by the second


def test_costs_are_known_until_the_end_of_the_newest_period_that_has_begun() -> None:
    teller = Teller()
    teller.tell(cost(JUNE + 9, MAY, JUNE, 31))
    assert teller.marks[MARK] == JUNE
    teller.tell(cost(JUNE + 10, JULY, JULY + 365 * DAY_MS, 365, category="sales"))  # paid ahead
    teller.ads.advance(JULY, teller.accumulator)
    teller.note()
    assert teller.marks[MARK] == JUNE
    again = teller.restarted()
    for shard in (teller, again):
        shard.ads.advance(JULY + 1, shard.accumulator)
        shard.note()
        assert shard.marks[MARK] == JULY + 365 * DAY_MS


def test_after_a_restart_a_total_is_still_one_of_its_key() -> None:
    teller = Teller()
    teller.tell(cost(JUNE + 9, MAY, JUNE, 100, 1))
    again = teller.restarted()
    again.tell(cost(JUNE + 10, MAY, JUNE, 70, 2))
    assert again.spent(0, JULY) == -30_000_000  # what changes beside what was told before


def test_totals_of_ads_and_costs_are_not_taken_for_each_other() -> None:
    teller = Teller()
    teller.tell(cost(JUNE + 9, MAY, JUNE, 100))
    spend = {"action": "spend", "cost_micros": 5, "currency": "EUR", "site_id": "marketing_cost", "campaign_id": "tools",
             "platform": "shop", "period_start": format_ms(MAY), "period_end": format_ms(JUNE)}  # fmt: skip
    teller.tell(("ad", JUNE + 9, spend))
    assert {one.cell[0]: one.amount for one in teller.accumulator.spreads} == {
        "marketing_cost": 100_000_000,
        "ad_spend": 5,
    }
    teller.restarted().ads.advance(JULY, teller.accumulator)
