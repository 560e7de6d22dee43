"""Totals: what stands, what covers what, and what is left of the rest."""

from __future__ import annotations

import random
from itertools import permutations
from typing import Any

import pytest

from stream.changes.accumulator import Accumulator, Spread
from stream.changes.panes import DAY_MS, HOUR_MS, Grid
from stream.contract.records import UNIT
from stream.contract.times import format_ms
from stream.stages.ads.fold import Ads
from stream.stages.ads.grains import SINGLE, Grains
from stream.stages.stage import Shared
from stream.state.labels import Labels
from stream.windows.spreads import cumulative

DAY0 = 1_800_000_000_000 // DAY_MS * DAY_MS


class Said:
    """An object that has None wherever nothing was said."""

    def __init__(self, **said: Any) -> None:
        self.__dict__.update(said)

    def __getattr__(self, name: str) -> None:
        return None


def total(reported_h: float, start_h: float, end_h: float, amount: int, revision: int = 0, **more: Any) -> Said:
    data = {"site_id": "s", "platform": "g", "campaign_id": "k", "action": "click"}
    data |= {"count_micros": amount} | more
    start, end = (format_ms(DAY0 + int(h * HOUR_MS)) for h in (start_h, end_h))
    said = Said(period_start=start, period_end=end, revision=revision, **data)
    return Said(time_ms=DAY0 + int(reported_h * HOUR_MS), source="w", id=f"{reported_h}/{amount}", data=said)


def spreads_of(events: list[Said], batches: int = 1) -> list[Spread]:
    def admit(_: str, value: str | None) -> str:
        return value or "unknown"

    ads, accumulator = Ads(Shared(Grid(pane_ms=1), admit, Labels("site", admit), 35 * DAY_MS)), Accumulator()
    size = -(-len(events) // batches)
    for first in range(0, len(events), size):
        some = events[first : first + size]
        ads._fold(some, [one.time_ms for one in some], accumulator)
    return accumulator.spreads


def between(spreads: list[Spread], start_h: float, end_h: float, kind: str = "ad_click") -> int:
    low, high = DAY0 + int(start_h * HOUR_MS), DAY0 + int(end_h * HOUR_MS)
    return sum(one.sign * (cumulative(one, high) - cumulative(one, low)) for one in spreads if one.cell[0] == kind)


HOURS = [total(h + 1.5, h, h + 1, 100) for h in range(24)]


@pytest.mark.parametrize(
    ("events", "right"),
    [
        ([total(25, 0, 24, 240)], 240),
        ([total(25, 0, 24, 240, 1), total(26, 0, 24, 260, 2)], 260),
        ([total(26, 0, 24, 240, 2), total(25, 0, 24, 260, 1)], 240),  # the revision counts, not when it came
        ([total(25, 0, 24, 240), total(26, 0, 24, 260)], 260),  # without one the newest report does
        ([*HOURS, total(30, 0, 24, 5_000)], 5_000),  # a day in place of its hours
        ([*HOURS, total(5, 0, 24, 5_000)], 24 * 100 - 4 * 100 + 4_000),  # so far: up to its report, all of it
        ([total(2, 0, 1, 5, 3), total(30, 0, 24, 24, 1)], 24),  # a revision says nothing of another period
        ([total(30, 0, 24 - 1 / 3_600, 12), total(25, 0, 24, 10)], 12),  # one second is no remainder
        ([total(25, 0, 24, 24), total(26, 6, 12, 60)], 18 + 60),  # an hour corrected within its day
        ([total(25, 0, 24, 24, ad_id="a"), total(25, 0, 24, 24, ad_id="b")], 48),  # rows of one report
        ([total(25, 0, 24, 24, segment="mobile"), total(25, 0, 24, 24, segment="desktop")], 48),
        ([total(25, 0, 24, 24, currency="EUR"), total(26, 0, 24, 30)], 30),  # currency parts spend alone
    ],
)
def test_newer_totals_cover_older_ones(events: list[Said], right: int) -> None:
    for batches in (1, len(events)):
        for order in [events, events[::-1]]:
            assert between(spreads_of(order, batches), -1, 48) == right


def test_what_was_reported_inside_its_period_lies_before_the_report() -> None:
    spreads = spreads_of([total(6, 0, 24, 60)])
    assert [between(spreads, 0, h) for h in (3, 6, 24)] == [30, 60, 60]


def test_a_value_is_restated_with_its_conversions() -> None:
    first = total(25, 0, 24, 3, 1, action="conversion")
    second = total(26, 0, 24, 3, 2, action="conversion", conversion_value=90, currency="EUR")
    for order in permutations([first, second]):
        spreads = spreads_of(list(order))
        assert between(spreads, 0, 24, "ad_conversion") == 3
        assert between(spreads, 0, 24, "ad_conversion_value") == 90


def test_order_and_batches_change_nothing() -> None:
    draw = random.Random(5)
    for _ in range(200):
        events = []
        for n in range(draw.randrange(2, 8)):
            start = draw.randrange(0, 40)
            end = start + draw.choice((1, 2, 6, 24))
            events.append(
                total(start + draw.choice((0.5, 3, 30)) + n / 100, start, end, draw.randrange(1_000), draw.randrange(3))
            )
        found = set()
        for _ in range(4):
            draw.shuffle(events)
            spreads = spreads_of(list(events), draw.choice((1, 2, len(events))))
            found.add(tuple(between(spreads, h, h + 1) for h in range(70)))
        assert len(found) == 1


def test_two_grains_for_one_time_are_said() -> None:
    grains, name = Grains(), UNIT.join("skgc")
    grains.add(name, "x-----", DAY0, DAY0 + DAY_MS)
    grains.add(name, "x-----", DAY0, DAY0 + HOUR_MS)
    grains.add(name, "------", DAY0 + DAY_MS, DAY0 + 2 * DAY_MS)
    assert grains.mixed() == {"s": 0}
    grains.add(name, SINGLE, DAY0 + 5, DAY0 + 6)
    assert grains.mixed() == {"s": 1}
    again = Grains()
    for key, value in grains.changes():
        again.load(key, value)
    assert again.mixed() == {"s": 1}
