"""Facebook ads of a real account with all other cost beside them, and what leads and customers cost by that."""

from __future__ import annotations

from decimal import Decimal

import pytest

from stream.replay.replay import ReplayOptions, replay
from tests.realdata import kag
from tests.realdata.kag import EXPECTED

pytestmark = pytest.mark.shared


def test_all_cost_and_each_lead_and_customer_of_the_day_are_set_against_each_other_exactly() -> None:
    lines = [*kag.lines(totals=True), *kag.cost_lines(), *kag.lead_lines(40)]
    at_ms = 1_503_237_600_000  # two o'clock of the day after, when all is known
    answered = replay(lines, ReplayOptions(now_ms=1_700_000_000_000, at_ms=at_ms, windows=("24h", "7d")))
    read = {
        (one.metric, one.window, one.labels.get("category", one.labels.get("cost"))): one for one in answered.readings
    }
    assert read["marketing_cost", "7d", "tools"].value == 7_000  # seven days of the thirty
    assert read["marketing_cost", "7d", "agency"].value == 1_200
    # spend is known until midnight: all of the day of the ads, and its share of the month
    cost = Decimal(EXPECTED["spend_micros"]) / 1_000_000 + 1_000 * 7 + 1_200
    for metric, told, n in (
        ("cost_per_lead", "full", 40), ("customer_acquisition_cost", None, 10), ("cost_per_sale", None, 10),
    ):  # fmt: skip
        one = read[metric, "7d", told]
        assert (round(Decimal(one.numerator), 6), one.denominator) == (cost, n)
    returned = read["return_on_investment_ratio", "7d", None]
    assert returned.value == pytest.approx(float((2_500 - cost) / cost), rel=1e-12)
