"""Ads: impressions, clicks, conversions and money, from sums.

In:  the counts.  Out: the entries of this area, in the order in which they are listed.
"""

from __future__ import annotations

from typing import Final

from stream.catalog.counts import BY_AD
from stream.catalog.entry import count, labels, ratio, terms
from stream.catalog.words import ADS, MONEY, Alert, Chart, Column, Look, Metric, Now

METRICS: Final[tuple[Metric, ...]] = (
    count(
        "ad_impressions",
        BY_AD,
        ADS,
        "Ad impressions.",
        area="ads",
        watched="24h",
        look=Look(
            places=(
                Chart("Clicks", "platform"),
                Column("By campaign", "Campaigns"),
            )
        ),
    ),
    count(
        "ad_clicks",
        BY_AD,
        ADS,
        "Ad clicks.",
        area="ads",
        look=Look(
            places=(
                Chart("Clicks", "platform"),
                Column("By campaign", "Campaigns"),
            )
        ),
    ),
    count(
        "ad_conversions",
        BY_AD,
        ADS,
        "Conversions as the ad platform claims them.",
        area="ads",
        look=Look(
            places=(
                Chart("Clicks", "platform"),
                Column("By campaign", "Campaigns"),
            )
        ),
    ),
    Metric(
        "ad_spend",
        "amount",
        "Money spent on ads, in units of the currency.",
        "sum of action spend",
        labels(f"{BY_AD} currency"),
        MONEY,
        terms("ad_spend"),
        unit="currency",
        area="ads",
        scale=1e-6,
        look=Look(
            places=(
                Chart("Cost", "platform"),
                Column("By campaign", "Cost of campaigns"),
            )
        ),
    ),
    ratio(
        "click_through_ratio",
        BY_AD,
        ADS,
        ("ad_clicks", "ad_impressions"),
        "Clicks per impression, from sums; no proportion, since platforms may report more clicks.",
        proportion=False,
        area="ads",
        direction="drop",
        panel="Click-through",
        tier="main",
        alert=Alert("Ads are clicked less often than usual.", "critical", by=("platform", "campaign")),
        look=Look(
            rank=4,
            told="{n} clicks of {d} impressions",
            split="platform",
            places=(
                Now(),
                Chart("Clicks", "platform"),
                Chart("Clicks", "channel_type"),
                Column("By campaign", "Campaigns"),
                Column("By campaign", "Audiences and variants"),
            ),
        ),
    ),
    ratio(
        "ad_conversion_ratio",
        BY_AD,
        ADS,
        ("ad_conversions", "ad_clicks"),
        "Conversions per click, from sums; above 1 is legal.",
        proportion=False,
        area="ads",
        direction="drop",
        alert=Alert("Ad clicks convert less often than usual.", by=("platform", "campaign")),
        look=Look(
            places=(
                Now(),
                Chart("Clicks", "platform"),
                Column("By campaign", "Campaigns"),
            )
        ),
    ),
    Metric(
        "cost_per_conversion",
        "ratio",
        "Ad spend per conversion, in units of the currency.",
        "ad_spend / ad_conversions",
        labels(f"{BY_AD} currency"),
        MONEY,
        terms("ad_spend"),
        terms("ad_conversions"),
        unit="currency",
        area="ads",
        direction="rise",
        scale=1e-6,
        across="a conversion has no currency: a campaign is paid in one, so all of its conversions were",
        look=Look(
            places=(
                Chart("Cost", "platform"),
                Column("By campaign", "Cost of campaigns"),
            )
        ),
    ),
    Metric(
        "cost_per_click",
        "ratio",
        "Ad spend per click, in units of the currency.",
        "ad_spend / ad_clicks",
        labels(f"{BY_AD} currency"),
        MONEY,
        terms("ad_spend"),
        terms("ad_clicks"),
        unit="currency",
        area="ads",
        direction="rise",
        scale=1e-6,
        across="a click has no currency: a campaign is paid in one, so all of its clicks were",
        look=Look(
            places=(
                Now(),
                Chart("Cost", "platform"),
                Column("By campaign", "Cost of campaigns"),
            )
        ),
    ),
    Metric(
        "cost_per_mille",
        "ratio",
        "Ad spend per thousand impressions, in units of the currency.",
        "1000 * ad_spend / ad_impressions",
        labels(f"{BY_AD} currency"),
        MONEY,
        terms("ad_spend"),
        terms("ad_impressions"),
        unit="currency",
        area="ads",
        direction="rise",
        scale=1e-6,
        factor=1000,
        across="an impression has no currency: a campaign is paid in one, so all of its impressions were",
        look=Look(places=(Chart("Cost", "platform"),)),
    ),
    Metric(
        "cost_per_lead",
        "ratio",
        "Ad spend per lead, in units of the currency; both end at the newest spend that is known.",
        "ad_spend / leads, both until min(T, newest spend)",
        labels("site currency cost"),
        MONEY,
        terms("site_spend"),
        terms("all_leads"),
        unit="currency",
        area="ads",
        direction="rise",
        scale=1e-6,
        ends_at_spend=True,
        constant=(("cost", "media"),),
        panel="Cost per lead",
        tier="main",
        alert=Alert("A lead costs more than usual.", "info", by=("currency", "cost")),
        across="money is spent before those it wins become known, and a lead has no currency; both sides end at the"
        " newest known spend",
        look=Look(
            rank=6,
            told="{n} for {d} leads",
            split="currency",
            places=(
                Now(),
                Chart("Cost"),
            ),
        ),
    ),
)
