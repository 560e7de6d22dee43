"""8,000 real leads and the deals that became of them: who of each origin bought, and after how long."""

from __future__ import annotations

import pytest

from stream.replay.replay import ReplayOptions, replay
from tests.realdata import olist

pytestmark = pytest.mark.shared

#: From the first contact to the last deal.
LONG = "600d"


def test_each_origin_wins_as_many_of_its_leads_as_the_files_say() -> None:
    answered = replay(olist.crm_lines(), ReplayOptions(now_ms=1_700_000_000_000, windows=(LONG,)))
    assert answered.account.counted == answered.account.accepted == 8_842
    read = {
        (r.metric, *(value for name, value in sorted(r.labels.items()) if name != "site")): r for r in answered.readings
    }
    by_origin = {key[1]: one for key, one in read.items() if key[0] == "campaign_lead_conversion_ratio"}
    leads = {origin or olist.EMPTY: n for origin, n in olist.LEADS_BY_ORIGIN.items()}
    assert {origin: (one.numerator, one.denominator) for origin, one in by_origin.items()} == {
        origin: (olist.WON_BY_ORIGIN[origin], n) for origin, n in leads.items()
    }
    assert read["deals_won",].value == read["deals_without_value",].value == 842
    assert sum(olist.WON_BY_ORIGIN.values()) == 842


def test_the_days_to_a_deal_are_those_of_the_files_and_the_one_won_before_the_first_contact_is_seen() -> None:
    answered = replay(olist.crm_lines(), ReplayOptions(now_ms=1_700_000_000_000, windows=(LONG,)))
    (median,) = (
        one for one in answered.readings if one.metric == "sales_cycle_seconds" and one.labels["quantile"] == "0.5"
    )
    assert median.value / 86_400 == pytest.approx(olist.MEDIAN_DAYS, rel=0.02)
    assert median.n == 841
    early = {one.labels["stage"]: one.value for one in answered.readings if one.metric == "stage_out_of_order"}
    assert early["customer"] == 1
