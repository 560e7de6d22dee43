"""Judging: which rule fits which entry, for the live page and for the alerts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stream.catalog import BY_NAME, METRICS
from stream.catalog.judging import alert_rule_of, rule_of


@pytest.mark.parametrize(("name", "rule"), [
    ("visitors", "volume"),
    ("visit_to_lead_ratio", "wilson"),
    ("bounce_ratio", "wilson"),
    ("click_through_ratio", "poisson"),  # clicks may be more than impressions
    ("cost_per_lead", "cost"),
    ("funnel_step_mean_seconds", None),
    ("funnel_step_seconds", None),
    ("ad_spend", None),
    ("complete", None),
])  # fmt: skip
def test_the_rule_follows_from_what_an_entry_is(name: str, rule: str | None) -> None:
    assert rule_of(BY_NAME[name]) == rule


@pytest.mark.parametrize(("name", "direction", "rule"), [
    ("visitors", "drop", "volume"),
    ("visitors", "rise", None),  # more visitors harm nobody in a way that a count shows
    ("cost_per_lead", "rise", "cost"),
    ("cost_per_lead", "drop", None),
    ("bounce_ratio", "rise", "wilson"),
    ("bounce_ratio", "drop", "wilson"),
    ("click_through_ratio", "rise", "poisson"),
])  # fmt: skip
def test_volumes_and_costs_harm_one_way_only(name: str, direction: str, rule: str | None) -> None:
    assert alert_rule_of(replace(BY_NAME[name], direction=direction)) == rule


def test_every_alert_of_the_catalog_has_a_rule_or_is_words_alone() -> None:
    without = {metric.name for metric in METRICS if metric.alert and alert_rule_of(metric) is None}
    assert without == {
        "stage_conversion_ratio", "speed_to_lead_seconds", "stale_leads", "unanswered_leads", "shared_ids",
        "largest_lead_ids", "full_cost_per_lead", "customer_acquisition_cost",
        "emails_sent",  # mailings have a rule of their own
    }  # fmt: skip
    assert without == {metric.name for metric in METRICS if metric.alert and not metric.alert.ruled}


def test_what_stands_and_what_ripens_is_not_judged_by_weeks() -> None:
    for name in ("open_leads", "lead_quality_ratio", "repeat_customer_ratio"):
        assert rule_of(BY_NAME[name]) is None
