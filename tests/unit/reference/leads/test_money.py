"""Money: deals, refunds, costs, and what is worked out of them, in windows that end where the money is known."""

from __future__ import annotations

import pytest

from stream.reference.leads.credit import MODELS
from tests.unit.reference.leads.tell import Told, at

EUR = {"currency": "EUR"}


def deal(told: Told, day: float, lead: str | None, name: str | None, action: str = "deal_won", **data: object) -> None:
    told.crm(at(day), lead, action, deal_id=name, **data)


def test_a_deal_told_for_two_leads_is_one_of_the_first_and_worth_what_was_said_last() -> None:
    told = Told()
    deal(told, 1, "l1", "d", value=100, **EUR)
    deal(told, 2, "l2", "d", value=120, **EUR)
    assert told.values("deals_won", at(3)) == {(): 1}
    assert told.values("revenue", at(3)) == {("EUR",): 120}
    assert told.values("revenue", at(2.5), "24h") == {}  # it stands where it was won
    by_lead = {min(one.known.ids).value: len(one.known.deals) for one in told.leads(at(3))}
    assert by_lead == {"l1": 1, "l2": 0}


def test_a_deal_of_nobody_is_revenue_all_the_same() -> None:
    told = Told()
    deal(told, 1, None, "d", value=100, **EUR)
    assert told.values("revenue", at(2)) == {("EUR",): 100}
    assert set(told.values("attributed_revenue", at(2))) == {("unknown", "EUR", model) for model in MODELS}
    assert told.leads(at(2)) == []
    deal(told, 1.5, "l1", "d", value=100, **EUR)  # now it is somebody's
    assert told.lead(at(2)).entered["customer"] == at(1)


def test_deals_without_a_name_a_value_or_a_currency_are_won_without_revenue() -> None:
    told = Told()
    deal(told, 1, "l1", None, value=100, **EUR)
    deal(told, 1, "l1", None)
    deal(told, 1, "l1", "d")
    assert told.values("deals_won", at(2)) == {(): 3}
    assert told.values("deals_without_value", at(2)) == {(): 3}
    assert told.values("revenue", at(2)) == {}
    assert told.readings("repeat_customer_ratio", at(2), "now") == {(): (1.0, 1, 1)}


def test_a_deal_is_lost_once_and_only_if_it_is_never_won() -> None:
    told = Told()
    deal(told, 1, "l1", "d", "deal_lost")
    deal(told, 2, "l1", "d", "deal_lost")
    deal(told, 2, "l2", None, "deal_lost")
    assert told.values("deals_lost", at(3)) == {(): 2}
    deal(told, 3, "l1", "d", value=1, **EUR)
    assert told.values("deals_lost", at(4)) == {(): 1}


def test_refunds_count_at_their_own_time_and_beyond_the_value_are_flagged() -> None:
    told = Told()
    deal(told, 1, "l1", "d", value=100, **EUR)
    deal(told, 2, "l1", "d", "refund", value=60, **EUR)
    deal(told, 3, None, "d", "refund", value=60, **EUR)
    deal(told, 4, None, "d", "refund", value=60, currency="USD")
    assert told.values("refunds", at(5)) == {("EUR",): 120, ("USD",): 60}
    assert told.values("refunds_over_value", at(5)) == {(): 1}
    assert told.values("lifetime_value", at(5), "now") == {("EUR",): -20}


def test_the_first_deal_of_a_lead_wins_a_customer_unless_it_is_told_otherwise() -> None:
    told = Told()
    for day, name in enumerate("abc"):
        deal(told, day, "l1", name, value=90, **EUR)
    deal(told, 1, "l2", "x", value=30, new_customer=False, **EUR)
    told.other("cost", at(5), category="tools", amount_micros=60_000_000, period_start=day_of(0), period_end=day_of(5),
               revision=1, currency="EUR")  # fmt: skip
    assert told.readings("customer_acquisition_cost", at(5), "30d") == {("EUR",): (60, 60, 1)}
    assert told.readings("cost_per_sale", at(5), "30d") == {("EUR",): (15, 60, 4)}
    assert told.readings("return_on_investment_ratio", at(5), "30d") == {("EUR",): (4, 240, 60)}
    assert told.readings("lifetime_value", at(5), "now") == {("EUR",): (150, 300, 2)}
    assert told.values("ltv_to_cac_ratio", at(5), "30d") == {("EUR",): 2.5}
    assert told.readings("repeat_customer_ratio", at(5), "now") == {(): (0.5, 1, 2)}


def day_of(day: int) -> str:
    # day 0 of these tales is 22 September 2026
    return f"2026-09-{22 + day:02}T00:00:00Z"


def cost(
    told: Told, reported: float, start: int, end: int, units: int, revision: int = 1, category: str = "tools"
) -> None:
    told.other("cost", at(reported), category=category, amount_micros=units * 1_000_000, currency="EUR",
               period_start=day_of(start), period_end=day_of(end), revision=revision)  # fmt: skip


def test_a_cost_is_spread_over_its_period_and_a_restated_one_replaces_it() -> None:
    told = Told()
    cost(told, 8, 0, 8, 80)
    assert told.values("marketing_cost", at(8), "24h") == {("tools", "EUR"): 10}
    cost(told, 8.5, 0, 8, 160, revision=2)
    assert told.values("marketing_cost", at(8), "24h") == {("tools", "EUR"): 20}
    cost(told, 8.6, 0, 8, 8, revision=1)
    assert told.values("marketing_cost", at(8), "30d") == {("tools", "EUR"): 160}


def test_what_is_paid_for_a_time_to_come_is_spread_over_it() -> None:
    told = Told()
    cost(told, 0, 0, 8, 80)
    told.crm(at(4), "l1", "lead_created")
    assert told.values("marketing_cost", at(4), "30d") == {("tools", "EUR"): 40}
    # the lead of this very moment is not yet in
    assert told.readings("full_cost_per_lead", at(4) + 1, "30d")["full", "EUR"][2] == 1


def test_cost_and_leads_end_at_the_earlier_of_spend_and_cost_and_need_a_cost() -> None:
    told = Told()
    told.form(at(1), "v", "demo")
    told.form(at(3), "w", "demo")
    told.other("ad", at(2), action="spend", platform="google", campaign_id="k", cost_micros=30_000_000, currency="EUR")
    assert told.readings("full_cost_per_lead", at(9), "30d") == {}
    cost(told, 5, 0, 4, 40)
    #  spend is known until day 2: half of the cost, and the first lead
    assert told.readings("full_cost_per_lead", at(9), "30d")["full", "EUR"] == pytest.approx((50, 50, 1))
    told.other("ad", at(6), action="spend", platform="google", campaign_id="k", cost_micros=0, currency="EUR")
    assert told.readings("full_cost_per_lead", at(9), "30d")["full", "EUR"] == pytest.approx((35, 70, 2))


def test_a_campaign_meets_its_cost_by_its_id_or_its_name() -> None:
    told = Told()
    told.form(at(1), "v", "demo", "paid_search/spring", campaign={"id": "77", "name": "spring"})
    told.form(at(1), "w", "demo", "paid_search/june", campaign={"name": "june"})
    for campaign in ("77", "june", "idle"):
        told.other("ad", at(2), action="spend", platform="g", campaign_id=campaign, cost_micros=10**7, currency="EUR")
    found = told.values("campaign_cost_per_lead", at(3), "30d")
    assert {campaign for campaign, _, _ in found} == {"77", "june"}
    assert set(found.values()) == {10}
    deal(told, 1.5, "l1", "d", value=40, **EUR)
    assert told.values("return_on_ad_spend_ratio", at(3), "30d") == {}  # nobody paid for that lead
    told.crm(at(1.4), "l2", "lead_created", "paid_search/june", campaign={"name": "june"})
    deal(told, 1.5, "l2", "e", value=60, **EUR)
    assert told.values("return_on_ad_spend_ratio", at(3), "30d")["EUR", "linear"] == 2
    assert told.values("campaign_return_on_ad_spend_ratio", at(3), "30d")["june", "EUR", "linear"] == 6


def test_revenue_grows_against_the_thirty_days_before() -> None:
    told = Told()
    deal(told, 1, "l1", "a", value=100, **EUR)
    deal(told, 40, "l1", "b", value=150, **EUR)
    assert told.readings("revenue_growth_ratio", at(50), "30d") == {("EUR",): (1.5, 150, 100)}


def test_deals_of_those_who_had_mail_are_larger_or_not() -> None:
    told = Told()
    told.crm(at(0), "l1", "lead_created")
    told.crm(at(0), "l2", "lead_created")
    told.mail(at(1), "m", "delivered", lead_id="l1", email_purpose="upgrade")
    told.mail(at(1), "n", "delivered", lead_id="l2", email_purpose="welcome")
    deal(told, 2, "l1", "a", value=150, **EUR)
    deal(told, 2, "l2", "b", value=100, **EUR)
    assert told.values("average_deal_size", at(3)) == {("EUR", "true"): 150, ("EUR", "false"): 100}
    assert told.readings("lead_conversion_ratio", at(3)) == {("true",): (1, 1, 1), ("false",): (1, 1, 1)}


def test_the_last_value_of_a_signal_stands_and_followers_add_up() -> None:
    told = Told()

    def signal(
        day: float, seen: int, value: float, revision: int = 0, entity: str = "a", name: str = "keyword_rank"
    ) -> None:
        told.other("signal", at(day), name=name, provider="p", entity=entity, value=value, observed_at=day_of(seen),
                   revision=revision)  # fmt: skip

    signal(1, 1, 7)
    signal(3, 2, 5)
    signal(4, 1, 9)  # told later of an earlier day
    signal(5, 2, 4, revision=1)
    assert told.values("keyword_rank", at(9), "now") == {("a", "p"): 4}
    signal(1, 1, 100, name="social_followers")
    signal(1, 1, 50.5, name="social_followers", entity="b")
    assert told.values("social_followers", at(9), "now") == {(): 150.5}
