"""Verdicts: ok, drop, rise, or how much is missing to tell."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.catalog import BY_NAME
from stream.serve.verdict import Usual, judge, needed_trials, wilson

LEADS = BY_NAME["visit_to_lead_ratio"]  # a proportion that harms by falling
BOUNCES = BY_NAME["email_bounce_ratio"]  # a proportion that harms by rising
CLICKS = BY_NAME["click_through_ratio"]  # a rate
COST = BY_NAME["cost_per_lead"]
VISITORS = BY_NAME["visitors"]
SECONDS = BY_NAME["funnel_step_seconds"]

FIVE_PERCENT = Usual(500, 10_000, 5)
TWO_PERCENT = Usual(200, 10_000, 5)


@pytest.mark.parametrize(
    ("metric", "top", "bottom", "usual", "state"),
    [
        # 5 % is usual; from 1,196 visitors on, half of it is told for certain
        (LEADS, 60, 1_200, FIVE_PERCENT, "ok"),
        (LEADS, 29, 1_200, FIVE_PERCENT, "drop"),
        (LEADS, 55, 1_195, FIVE_PERCENT, "too_little"),
        (LEADS, 0, 100, FIVE_PERCENT, "too_little"),  # nothing at all, and still it may be chance
        (LEADS, 0, 220, FIVE_PERCENT, "drop"),  # 9 / (220 + 9) lies below 0.85 × 5 %
        (LEADS, 120, 1_200, FIVE_PERCENT, "ok"),  # twice as good harms nobody
        (LEADS, 3, 1_200, None, "no_baseline"),
        (LEADS, 3, 1_200, Usual(9, 199, 1), "no_baseline"),
        (LEADS, 0, 0, FIVE_PERCENT, "none"),
        # 2 % is usual
        (BOUNCES, 60, 3_400, TWO_PERCENT, "ok"),
        (BOUNCES, 200, 3_400, TWO_PERCENT, "rise"),
        (BOUNCES, 9, 20, TWO_PERCENT, "too_little"),  # fewer than eleven are no rise
        (BOUNCES, 0, 3_400, TWO_PERCENT, "ok"),
        # clicks: 1 % of the impressions are usual
        (CLICKS, 100, 10_000, Usual(5_000, 500_000, 5), "ok"),
        (CLICKS, 40, 10_000, Usual(5_000, 500_000, 5), "drop"),
        (CLICKS, 15_000, 10_000, Usual(5_000, 500_000, 5), "ok"),  # more clicks than impressions are legal
        (CLICKS, 4, 400, Usual(5_000, 500_000, 5), "too_little"),
        # 40 a lead are usual
        (COST, 1_300.0, 30, Usual(8_000.0, 200, 4), "ok"),
        (COST, 1_900.0, 30, Usual(8_000.0, 200, 4), "rise"),
        (COST, 1_900.0, 29, Usual(8_000.0, 200, 4), "too_little"),
        (COST, 1_900.0, 30, Usual(800.0, 20, 4), "no_baseline"),
        (SECONDS, 100.0, 10, Usual(100.0, 10, 1), "none"),
    ],
)  # fmt: skip
def test_a_figure_is_judged_by_former_windows(metric, top, bottom, usual, state):
    value = top / bottom if bottom else None
    assert judge(metric, "1h", top, bottom, value, usual).state == state


@pytest.mark.parametrize(
    ("value", "usual", "state"),
    [
        (100, Usual(1_000, 0, 10), "ok"),
        (40, Usual(1_000, 0, 10), "drop"),  # more than four standard deviations and less than half
        (55, Usual(1_000, 0, 10), "ok"),  # far below, but not half
        (0, Usual(160, 0, 10), "too_little"),  # where 16 are usual, none at all happens
        (0, Usual(180, 0, 10), "drop"),
        (0, None, "no_baseline"),
    ],
)
def test_a_volume_is_down_when_it_is_four_deviations_and_half_below(value, usual, state):
    assert judge(VISITORS, "1h", value, None, value, usual).state == state


def test_longer_windows_are_judged_more_strictly():
    usual = Usual(5_000, 100_000, 5)
    assert judge(LEADS, "1h", 1_290, 30_000, 0.043, usual).state == "ok"
    assert judge(LEADS, "6h", 1_230, 30_000, 0.041, usual).state == "drop"


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_the_interval_holds_what_was_seen_and_stays_between_0_and_1(n, share):
    k = round(n * share)
    lower, upper = wilson(k, n)
    assert 0 <= lower <= k / n + 1e-9
    assert k / n - 1e-9 <= upper <= 1


@given(st.floats(0.01, 0.6), st.sampled_from([0.85, 0.9]))
def test_from_the_needed_number_on_a_halving_is_told(usual, part):
    n = needed_trials(usual, part)
    assert wilson(usual / 2 * (n + 1), n + 1)[1] <= usual * part + 1e-9
    assert math.isclose(wilson(usual / 2 * n, n)[1], usual * part, rel_tol=0.05)
