"""Money: what leads bring and what they cost, whose merit they are, and what is measured elsewhere.

In:  the counts.  Out: the entries of this area, in the order in which they are listed.

Money is integer millionths of a currency; no two currencies are added. Revenue stands where a deal was won, a refund
where it was given; what sets money against leads ends where the money is known.
"""

from __future__ import annotations

from typing import Any, Final

from stream.catalog.ads import MILLIONTHS
from stream.catalog.counts_of_leads import SIGNALS
from stream.catalog.entry import count, labels, ratio, terms
from stream.catalog.words import LEADS, MONTH, NOW, Alert, Chart, Column, Ends, Look, Metric, Now

_REVENUE: Final = "Revenue"
_COST: Final = "Cost of leads and customers"
_MERIT: Final = "Whose merit it is"
_ELSEWHERE: Final = "Measured elsewhere"

_LATER: Final = (
    "money is spent before those it wins are known, and they have no currency; both sides end where the money is known"
)


def _amount(name: str, by: str, made_of: str, help: str, **more: Any) -> Metric:
    """Write a sum of money."""
    formula = str(more.pop("formula", help[0].lower() + help[1:].rstrip(".")))
    return Metric(
        name, "amount", help, formula, labels(by), LEADS, terms(made_of), unit="currency", area="money",
        scale=MILLIONTHS, **more,
    )  # fmt: skip


def _price(name: str, by: str, over: tuple[str, str], help: str, ends: Ends, **more: Any) -> Metric:
    """Write money divided by what was had for it."""
    top, bottom = over
    formula = str(more.pop("formula", f"{top} / {bottom}"))
    return Metric(
        name, "ratio", help, formula, labels(by), LEADS, terms(top), terms(bottom), unit="currency", area="money",
        scale=MILLIONTHS, ends=ends, direction="rise", **more,
    )  # fmt: skip


def _of_money(
    name: str, by: str, over: tuple[str, str], help: str, windows: tuple[str, ...] = LEADS, **more: Any
) -> Metric:
    """Write money divided by money."""
    kept = MILLIONTHS
    return ratio(name, by, windows, over, help, proportion=False, area="money", scale=kept, bottom_scale=kept, **more)


REVENUE: Final[tuple[Metric, ...]] = (
    _amount(
        "revenue",
        "site currency",
        "revenue",
        "Value of the deals won, by when they were won.",
        look=Look(split="currency", places=(Now(), Chart(_REVENUE, "currency"), Column(_REVENUE, "By currency"))),
    ),
    _amount(
        "refunds",
        "site currency",
        "refunds",
        "Money given back, by when it was.",
        look=Look(places=(Column(_REVENUE, "By currency"),)),
    ),
    count(
        "deals_won",
        "site",
        LEADS,
        "Deals won, each once however often it was told.",
        area="money",
        look=Look(places=(Chart(_REVENUE),)),
    ),
    count(
        "deals_lost",
        "site",
        LEADS,
        "Deals told lost and never won, by when that was first told.",
        area="money",
        look=Look(places=(Chart(_REVENUE),)),
    ),
    count(
        "deals_without_value",
        "site",
        LEADS,
        "Deals won of which no value or no currency was told: no revenue is counted for them.",
        area="money",
        look=Look(places=(Chart(_REVENUE),)),
    ),
    count(
        "refunds_over_value",
        "site",
        LEADS,
        "Refunds with which more was given back than the deal was worth: they count as told.",
        area="money",
        look=Look(places=(Chart(_REVENUE),)),
    ),
    Metric(
        "average_deal_size",
        "ratio",
        "Value of a deal won, of those with a value, by whether the lead had a mail other than the welcome.",
        "revenue / deals won with a value",
        labels("site currency nurtured"),
        LEADS,
        terms("nurtured_revenue"),
        terms("valued_deals"),
        unit="currency",
        area="money",
        scale=MILLIONTHS,
        look=Look(places=(Chart(_REVENUE, "nurtured"),)),
    ),
    _of_money(
        "revenue_growth_ratio",
        "site currency",
        ("revenue", "revenue"),
        "Revenue of the last 30 days per revenue of the 30 days before.",
        formula="revenue of 30 d / revenue of the 30 d before",
        windows=MONTH,
        before=True,
        look=Look(told="{n} after {d}", split="currency", places=(Now(), Chart(_REVENUE, "currency"))),
    ),
    Metric(
        "lifetime_value",
        "ratio",
        "What a customer has brought so far, refunds taken off, of those with a deal in the currency.",
        "revenue - refunds of all time / customers with a deal in the currency",
        labels("site currency"),
        NOW,
        terms("net_revenue"),
        terms("paying_customers"),
        unit="currency",
        area="money",
        scale=MILLIONTHS,
        look=Look(told="{n} of {d} customers", split="currency", places=(Now(), Chart(_REVENUE, "currency"))),
    ),
    ratio(
        "repeat_customer_ratio",
        "site",
        NOW,
        ("repeat_customers", "customers"),
        "Share of the customers with a second deal.",
        formula="customers with two deals or more / customers",
        area="money",
        look=Look(places=(Chart(_REVENUE),)),
    ),
)

COST: Final[tuple[Metric, ...]] = (
    _amount(
        "marketing_cost",
        "site category currency",
        "marketing_cost",
        "Money spent on marketing and sales outside the ad platforms, spread over the time it was for.",
        look=Look(places=(Chart(_COST, "category"), Column(_COST, "By category"))),
    ),
    _price(
        "full_cost_per_lead",
        "site currency cost",
        ("site_spend + site_cost", "all_leads"),
        "Ad spend and all other cost of marketing per lead, in units of the currency.",
        "cost",
        formula="(ad_spend + marketing_cost) / leads, both until both kinds of cost are known",
        exposed="cost_per_lead",
        constant=(("cost", "full"),),
        across=_LATER,
        alert=Alert("A lead costs more than usual, all cost included.", by=("currency",), ruled=False),
        look=Look(places=(Chart(_COST, "currency"), Column(_COST, "By currency"))),
    ),
    _price(
        "customer_acquisition_cost",
        "site currency",
        ("site_spend + site_cost", "new_customers"),
        "Ad spend and all other cost of marketing per new customer, in units of the currency.",
        "cost",
        formula="(ad_spend + marketing_cost) / new customers, both until both kinds of cost are known",
        across=_LATER,
        alert=Alert("A new customer costs more than usual.", ruled=False),
        look=Look(
            told="{n} for {d} new customers",
            split="currency",
            places=(Now(), Chart(_COST, "currency"), Column(_COST, "By currency")),
        ),
    ),
    _price(
        "cost_per_sale",
        "site currency",
        ("site_spend + site_cost", "deals_won"),
        "Ad spend and all other cost of marketing per deal won, in units of the currency.",
        "cost",
        formula="(ad_spend + marketing_cost) / deals won, both until both kinds of cost are known",
        across=_LATER,
        look=Look(places=(Chart(_COST, "currency"), Column(_COST, "By currency"))),
    ),
    _of_money(
        "return_on_investment_ratio",
        "site currency",
        ("revenue - refunds - site_spend - site_cost", "site_spend + site_cost"),
        "What was earned over what was spent, per money spent: above 0 is a gain.",
        formula="(revenue - refunds - cost) / cost, cost = ad_spend + marketing_cost; until both kinds are known",
        ends="cost",
        look=Look(
            told="{n} gained on {d}",
            split="currency",
            places=(Now(), Chart(_COST, "currency"), Column(_COST, "By currency")),
        ),
    ),
    ratio(
        "ltv_to_cac_ratio",
        "site currency",
        LEADS,
        ("net_revenue", "paying_customers"),
        "What a customer has brought so far per what a new one costs.",
        proportion=False,
        area="money",
        scale=MILLIONTHS,
        formula="lifetime_value now / customer_acquisition_cost of the window",
        read_in=(("net_revenue", "now"), ("paying_customers", "now")),
        against="customer_acquisition_cost",
        ends="cost",
        panel="LTV to CAC",
        look=Look(
            told="{n} to {d}",
            split="currency",
            places=(Now(), Chart(_COST, "currency"), Column(_COST, "By currency")),
        ),
    ),
)

MERIT: Final[tuple[Metric, ...]] = (
    count(
        "attributed_leads",
        "site model channel",
        LEADS,
        "Leads by the channels that made them, as each model shares them out; a model adds up to all leads.",
        made_of="channel_credit",
        area="money",
        scale=MILLIONTHS,
        look=Look(places=(Chart(_MERIT, "channel"), Column(_MERIT, "Channels by model"))),
    ),
    count(
        "campaign_attributed_leads",
        "site model campaign",
        LEADS,
        "Leads by the campaigns that made them, as each model shares them out; a model adds up to all leads.",
        made_of="campaign_credit",
        area="money",
        scale=MILLIONTHS,
        look=Look(places=(Column(_MERIT, "Campaigns by model"),)),
    ),
    _amount(
        "attributed_revenue",
        "site model channel currency",
        "channel_revenue",
        "Revenue by the channels that led to it, as each model shares it out.",
        look=Look(places=(Column(_MERIT, "Money of channels by model"),)),
    ),
    _amount(
        "campaign_attributed_revenue",
        "site model campaign currency",
        "campaign_revenue",
        "Revenue by the campaigns that led to it, as each model shares it out.",
        look=Look(places=(Column(_MERIT, "Money of campaigns by model"),)),
    ),
    Metric(
        "attribution_spread",
        "spread",
        "How far the models differ on a channel: its largest less its smallest share of the leads.",
        "largest - smallest share of a channel's attributed_leads over the models",
        labels("site channel"),
        LEADS,
        terms("channel_credit"),
        area="money",
        over="model",
        look=Look(places=(Chart(_MERIT, "channel"),)),
    ),
    _price(
        "campaign_cost_per_lead",
        "site model campaign currency",
        ("campaign_spend", "campaign_credit + campaign_id_credit"),
        "Ad spend of a campaign per lead that a model gives it, in units of the currency.",
        "spend",
        formula="ad_spend of the campaign / its attributed_leads, both until the earliest newest spend",
        bottom_scale=MILLIONTHS,
        across="a model shares out leads, no money, and a lead has no currency: a campaign is paid in one",
        look=Look(places=(Column(_MERIT, "Money of campaigns by model"),)),
    ),
    _of_money(
        "return_on_ad_spend_ratio",
        "site model currency",
        ("paid_revenue", "site_spend"),
        "Revenue that a model gives to paid channels per ad spend.",
        formula="attributed_revenue of paid channels / ad_spend, both until the earliest newest spend",
        ends="spend",
        across="a model shares out revenue, no spend",
        look=Look(places=(Chart(_MERIT, "model"),)),
    ),
    _of_money(
        "campaign_return_on_ad_spend_ratio",
        "site model campaign currency",
        ("paid_campaign_revenue + paid_campaign_id_revenue", "campaign_spend"),
        "Revenue that a model gives to a campaign on paid channels per ad spend of the campaign.",
        formula="attributed_revenue of the campaign / its ad_spend, both until the earliest newest spend",
        ends="spend",
        across="a model shares out revenue, no spend",
        look=Look(places=(Column(_MERIT, "Money of campaigns by model"),)),
    ),
)

_TOLD_OF: Final = {
    "keyword_rank": "Place of a keyword in the results of a search engine.",
    "social_engagements": "Reactions, comments and the like on a social network.",
    "social_clicks": "Clicks on posts on a social network.",
    "social_shares": "Shares of posts on a social network.",
    "brand_search": "Searches for the brand's name.",
    "press_releases": "Press releases sent.",
    "press_mentions": "Mentions in the press.",
    "events_held": "Events held.",
}


def _signal(name: str) -> Metric:
    """Write the last value that a provider told of something."""
    return Metric(
        name,
        "last",
        f"{_TOLD_OF[name]} The last value told: `as_of` says when it was observed, `restated` that it replaced one of"
        " that moment.",
        "the value of the newest observed_at, of the same moment that of the highest revision",
        labels("site provider entity"),
        NOW,
        terms(name),
        area="money",
        scale=MILLIONTHS,
        observed=f"{name}_observed",
        restated=f"{name}_restated",
        look=Look(places=(Column(_ELSEWHERE, "Signals"),)),
    )


SIGNAL_METRICS: Final[tuple[Metric, ...]] = (
    count(
        "social_followers",
        "site",
        NOW,
        "Followers on social networks: the last values told, added up over those that the rules name (all, if none).",
        area="money",
        scale=MILLIONTHS,
        look=Look(places=(Chart(_ELSEWHERE),)),
    ),
    *(_signal(name) for name in SIGNALS),
)

METRICS: Final[tuple[Metric, ...]] = (*REVENUE, *COST, *MERIT, *SIGNAL_METRICS)
