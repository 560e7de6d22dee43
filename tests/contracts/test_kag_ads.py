"""Facebook ads of a real account: sums and ratios that are published for them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from stream.replay.replay import Replayed, ReplayOptions, replay
from tests.realdata import kag
from tests.realdata.kag import EXPECTED

pytestmark = pytest.mark.shared

WINDOW = "7d"


def answer(lines) -> Replayed:
    return replay(lines, ReplayOptions(now_ms=1_700_000_000_000, windows=(WINDOW,)))


def summed(answered: Replayed, metric: str) -> float:
    return sum(r.value for r in answered.readings if r.metric == metric and r.window == WINDOW)


def ratio(answered: Replayed, metric: str) -> float:
    readings = [r for r in answered.readings if r.metric == metric and r.window == WINDOW]
    return sum(r.numerator for r in readings) / sum(r.denominator for r in readings)


def test_the_file_holds_what_is_published() -> None:
    rows = kag.ads()
    assert len(rows) == len({row["ad_id"] for row in rows}) == EXPECTED["ads"]
    assert sum(int(row["Impressions"]) for row in rows) == EXPECTED["impressions"]
    assert sum(int(row["Clicks"]) for row in rows) == EXPECTED["clicks"]
    assert sum(int(row["Total_Conversion"]) for row in rows) == EXPECTED["conversions"]
    assert sum(int(row["Approved_Conversion"]) for row in rows) == EXPECTED["approved_conversions"]
    assert sum(kag.micros(row["Spent"]) for row in rows) == EXPECTED["spend_micros"]
    more = [row for row in rows if int(row["Total_Conversion"]) > int(row["Clicks"])]
    assert len(more) == EXPECTED["ads_with_more_conversions_than_clicks"]
    assert sum(row["Clicks"] == "0" for row in rows) == EXPECTED["ads_without_a_click"]
    assert EXPECTED["clicks"] / EXPECTED["impressions"] == EXPECTED["click_through_ratio"]
    assert EXPECTED["conversions"] / EXPECTED["clicks"] == EXPECTED["ad_conversion_ratio"]


@pytest.mark.parametrize("totals", [False, True], ids=["single events", "totals of a day"])
def test_the_pipeline_gives_the_published_figures(totals: bool) -> None:
    answered = answer(kag.lines(totals=totals))
    assert answered.account.counted == answered.account.accepted == 4 * EXPECTED["ads"]
    assert summed(answered, "ad_impressions") == EXPECTED["impressions"]
    assert summed(answered, "ad_clicks") == EXPECTED["clicks"]
    assert summed(answered, "ad_conversions") == EXPECTED["conversions"]
    spend = [r for r in answered.readings if r.metric == "ad_spend"]
    assert {r.labels["currency"] for r in spend} == {kag.CURRENCY}
    assert sum(round(Decimal(str(r.value)) * 1_000_000) for r in spend) == EXPECTED["spend_micros"]
    assert ratio(answered, "click_through_ratio") == EXPECTED["click_through_ratio"]
    assert ratio(answered, "ad_conversion_ratio") == EXPECTED["ad_conversion_ratio"]


def test_approved_conversions_can_be_counted_instead() -> None:
    answered = answer(kag.lines(conversions="Approved_Conversion"))
    assert summed(answered, "ad_conversions") == EXPECTED["approved_conversions"]
