"""Metrics of leads: what is read from which marks, in which windows.

In:  nothing.
Out: tables by the metrics' names, kept by hand and apart from the engine's catalog.
"""

from __future__ import annotations

from typing import Final

LONG: Final = ("24h", "7d", "30d", "90d", "365d")
NOW: Final = ("now",)
#: kinds that only say something of leads, of money and of what is measured elsewhere
KINDS: Final = frozenset({"crm", "cost", "signal", "privacy"})

#: cohort → the series of its spells
COHORTS: Final = {
    "stage_conversion_ratio": "_pair",
    "stage_drop_ratio": "_pair",
    "mql_to_sql_ratio": "_mql",
    "lead_quality_ratio": "_quality",
    "lead_conversion_ratio": "_prospect",
    "channel_lead_conversion_ratio": "_channel_prospect",
    "campaign_lead_conversion_ratio": "_campaign_prospect",
    "offer_lead_to_customer_ratio": "_offer_prospect",
    "segment_lead_conversion_ratio": "_segment",
    "rep_win_ratio": "_rep",
    "call_conversion_ratio": "_called",
    "event_attendance_ratio": "_registered",
}
#: cohort → the one by which it is known how long most take: a channel has the horizon of its site
HORIZONS: Final = dict.fromkeys(("_channel_prospect", "_campaign_prospect", "_offer_prospect", "_segment"), "_prospect")
RATIOS: Final = {
    **{metric: (f"{name}_reached", name) for metric, name in COHORTS.items()},
    "stage_drop_ratio": ("_pair_left", "_pair"),
    "visitor_conversion_ratio": ("_customers", "visitors"),
    "premature_assignment_ratio": ("_premature", "_assigned"),
}
AMOUNTS: Final = {
    "attributed_leads": "_credit",
    "campaign_attributed_leads": "_campaign_credit",
    "marketing_cost": "_cost_micros",
}
MONEY: Final = frozenset({"revenue", "refunds", "attributed_revenue", "campaign_attributed_revenue"})
TIMES: Final = {
    "time_in_stage_seconds": "_stage_ms",
    "time_to_lead_seconds": "_to_lead_ms",
    "sales_cycle_seconds": "_cycle_ms",
    "speed_to_lead_seconds": "_response_ms",
    "assignment_lag_seconds": "_assignment_ms",
}
#: figures that are shown under the name of another, from which a label tells them
EXPOSED: Final = {"full_cost_per_lead": "cost_per_lead"}
CONSTANT: Final = {"full_cost_per_lead": {"cost": "full"}}
#: figures that end where all cost of a site is known, or the spend on ads
END_WITH_COST: Final = frozenset(
    {
        "full_cost_per_lead", "customer_acquisition_cost", "cost_per_sale", "return_on_investment_ratio",
        "ltv_to_cac_ratio",
    }
)  # fmt: skip
END_WITH_SPEND: Final = frozenset(
    {"campaign_cost_per_lead", "return_on_ad_spend_ratio", "campaign_return_on_ad_spend_ratio"}
)
END_EARLY: Final = END_WITH_COST | END_WITH_SPEND
SIGNALS: Final = frozenset(
    {
        "keyword_rank", "social_engagements", "social_clicks", "social_shares", "brand_search", "press_releases",
        "press_mentions", "events_held",
    }
)  # fmt: skip
#: what leads count for now
COUNTED_NOW: Final = frozenset(
    {
        "open_leads", "stale_leads", "unanswered_leads", "rep_open_leads", "band_leads", "identified_leads",
        "shared_ids", "largest_lead_ids",
    }
)  # fmt: skip
STANDING: Final = COUNTED_NOW | SIGNALS | {
    "oldest_open_seconds", "qualification_completeness_ratio", "lifetime_value", "repeat_customer_ratio",
    "social_followers",
}  # fmt: skip
#: figures that are more than a sum or the ratio of two
SPECIAL: Final = (
    STANDING
    | END_EARLY
    | {"segment_leads", "stage_median_seconds", "attribution_spread", "average_deal_size", "revenue_growth_ratio"}
)
_COUNTS: Final = frozenset(
    {
        "stage_leads", "stage_moves_back", "stage_reopened", "stage_out_of_order", "leads_lost", "leads_assigned",
        "mqls", "deals_won", "deals_lost", "deals_without_value", "refunds_over_value", "calls_completed",
        "merged_leads",
    }
)  # fmt: skip
METRICS: Final = SPECIAL | _COUNTS | MONEY | frozenset(RATIOS) | frozenset(AMOUNTS) | frozenset(TIMES)
#: cohorts of which one knows how final they are
MATURING: Final = frozenset(COHORTS) | {"stage_median_seconds"}


def windows_of(metric: str) -> tuple[str, ...]:
    """Name the windows that a metric of leads is read in; none for other metrics.

    >>> windows_of("revenue_growth_ratio")
    ('30d',)
    """
    if metric not in METRICS:
        return ()
    if metric in STANDING:
        return NOW
    return {"visitor_conversion_ratio": ("24h", "7d", "30d"), "revenue_growth_ratio": ("30d",)}.get(metric, LONG)
