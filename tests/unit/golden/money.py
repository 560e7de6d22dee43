"""Golden cases of money: deals, refunds, costs, whose merit they are, and what is measured elsewhere.

It is 15 June, 12:00. In the last 30 days is what lies behind 16 May, 12:00; what is set against money ends earlier.
"""

from __future__ import annotations

from tests.unit.golden.events import ad, cost, crm, form, signal, view
from tests.unit.golden.story import Near, Quotient, Story

ANN = "aa" * 32
EUR, USD = "currency=EUR", "currency=USD"
YESTERDAY = "06-14 00:00 - 06-15 00:00"
MODELS = ("first", "last", "last_non_direct", "linear", "position", "time_decay")
PAID, MAIL, DIRECT, OFFLINE = (f"channel={name}" for name in ("paid_search", "email", "direct", "offline"))


def shared(first: str, middle: str, last: str, whole: float = 1) -> dict[str, float]:
    """Share a whole out among three touches, one each week, of which the last one is direct."""
    return {
        f"model=first {first}": whole,
        f"model=last {last}": whole,
        f"model=last_non_direct {middle}": whole,
        **{f"model=position {touch}": whole * part for touch, part in ((first, 0.4), (middle, 0.2), (last, 0.4))},
    }


JOURNEY = [
    view("05-25 12:00", "ann", campaign={"source": "google", "medium": "cpc", "name": "brand", "id": "77"}),
    view("06-01 12:00", "ann", utm="news/email/june"),
    form("06-08 12:00", "ann", "submit", email_hash=ANN),
]

STORIES = [
    Story(
        "deals count once, by when they were won, and refunds by when they were given",
        [
            crm("05-30 12:00", "l1", "lead_created"),
            crm("06-01 12:00", "l1", "deal_won", deal="d1", value=900, currency="EUR"),
            crm("06-02 12:00", "l1", "deal_won", deal="d1", value=1000, currency="EUR"),
            crm("06-03 12:00", "l1", "deal_won", deal="d2", value=500, currency="USD"),
            crm("06-03 12:00", "l2", "deal_won", deal="d3"),
            crm("06-04 12:00", "l3", "deal_lost", deal="d4"),
            crm("06-05 12:00", "l3", "deal_lost", deal="d4"),
            crm("06-05 12:00", "l1", "refund", deal="d1", value=300, currency="EUR"),
            crm("06-15 06:00", "l1", "refund", deal="d2", value=600, currency="USD"),
        ],
        [
            ("revenue", "30d", {EUR: 1000, USD: 500}),
            ("revenue", "24h", {}),
            ("refunds", "30d", {EUR: 300, USD: 600}),
            ("refunds", "24h", {USD: 600}),
            ("refunds_over_value", "30d", {"": 1}),
            ("deals_won", "30d", {"": 3}),
            ("deals_lost", "30d", {"": 1}),
            ("deals_without_value", "30d", {"": 1}),
            (
                "average_deal_size",
                "30d",
                {f"{EUR} nurtured=false": Quotient(1000, 1000, 1), f"{USD} nurtured=false": Quotient(500, 500, 1)},
            ),
            ("lifetime_value", "now", {EUR: Quotient(700, 700, 1), USD: Quotient(-100, -100, 1)}),
            ("repeat_customer_ratio", "now", {"": (1, 2)}),
        ],
    ),
    Story(
        "revenue grows against the thirty days before",
        [
            crm("05-01 12:00", "l1", "deal_won", deal="d1", value=200, currency="EUR"),
            crm("06-01 12:00", "l2", "deal_won", deal="d2", value=300, currency="EUR"),
        ],
        [("revenue_growth_ratio", "30d", {EUR: Quotient(1.5, 300, 200)})],
    ),
    Story(
        "what leads and customers cost ends where both kinds of cost are known",
        [
            crm("06-02 12:00", "l1", "lead_created"),
            crm("06-03 12:00", "l2", "lead_created"),
            crm("06-10 12:00", "l1", "deal_won", deal="d1", value=1000, currency="EUR"),
            crm("06-11 12:00", "l1", "deal_won", deal="d2", value=100, currency="EUR"),
            crm("06-12 12:00", "l1", "refund", deal="d2", value=50, currency="EUR"),
            # behind what is known of cost
            crm("06-15 10:00", "l3", "lead_created"),
            crm("06-15 11:00", "l3", "deal_won", deal="d3", value=5000, currency="EUR"),
            ad("06-15 06:00", "spend", cost=50_000_000, currency="EUR", period=YESTERDAY),
            # a restated month replaces what was told of it
            cost("06-03 12:00", "tools", 70, "05-20 00:00 - 06-15 00:00"),
            cost("06-15 06:00", "tools", 100, "05-20 00:00 - 06-15 00:00", revision=1),
        ],
        [
            ("marketing_cost", "30d", {f"category=tools {EUR}": 100}),
            (
                "cost_per_lead",
                "30d",
                {f"{EUR} cost=media": Quotient(25, 50, 2), f"{EUR} cost=full": Quotient(75, 150, 2)},
            ),
            ("customer_acquisition_cost", "30d", {EUR: Quotient(150, 150, 1)}),
            ("cost_per_sale", "30d", {EUR: Quotient(75, 150, 2)}),
            ("return_on_investment_ratio", "30d", {EUR: Quotient(900 / 150, 900, 150)}),
            # 1000 + 100 − 50 and 5000 of two customers, per 150 a customer
            ("lifetime_value", "now", {EUR: Quotient(3025, 6050, 2)}),
            ("ltv_to_cac_ratio", "30d", {EUR: Quotient(3025 / 150, 3025, 150)}),
        ],
    ),
    Story(
        "without a cost in the window there is no full cost",
        [
            crm("06-02 12:00", "l1", "lead_created"),
            crm("06-02 12:00", "l1", "deal_won", deal="d1", value=1000, currency="EUR"),
            ad("06-15 06:00", "spend", cost=50_000_000, currency="EUR", period=YESTERDAY),
        ],
        [
            ("cost_per_lead", "30d", {f"{EUR} cost=media": Quotient(50, 50, 1)}),
            ("customer_acquisition_cost", "30d", {}),
            ("cost_per_sale", "30d", {}),
            ("return_on_investment_ratio", "30d", {}),
        ],
    ),
    Story(
        "a lead is the merit of its touches, to exactly one in each model",
        JOURNEY,
        [
            (
                "attributed_leads",
                "30d",
                {
                    **shared(PAID, MAIL, DIRECT),
                    f"model=linear {PAID}": 0.333333,
                    f"model=linear {MAIL}": 0.333333,
                    f"model=linear {DIRECT}": 0.333334,
                    # two weeks, one week and no time ago: a quarter, a half and a whole
                    f"model=time_decay {PAID}": 0.142857,
                    f"model=time_decay {MAIL}": 0.285714,
                    f"model=time_decay {DIRECT}": 0.571429,
                },
            ),
            (
                "campaign_attributed_leads",
                "30d",
                {
                    **shared("campaign=brand", "campaign=june", "campaign=unknown"),
                    "model=linear campaign=brand": 0.333333,
                    "model=linear campaign=june": 0.333333,
                    "model=linear campaign=unknown": 0.333334,
                    "model=time_decay campaign=brand": 0.142857,
                    "model=time_decay campaign=june": 0.285714,
                    "model=time_decay campaign=unknown": 0.571429,
                },
            ),
            ("attribution_spread", "30d", {PAID: Near(1), MAIL: Near(1), DIRECT: Near(1)}),
        ],
        options={"leads": "on"},
    ),
    Story(
        "revenue is the merit of the touches before the deal, and is set against what the ads cost",
        [
            *JOURNEY,
            crm("06-08 13:00", "l1", "lead_created", email_hash=ANN),
            crm("06-14 12:00", "l1", "deal_won", deal="d1", value=700, currency="EUR"),
            ad("06-15 06:00", "spend", cost=70_000_000, currency="EUR", campaign="77", period="06-14 00:00 - 06-15 00:00"),
        ],
        [
            # the crm's record is a touch as well: four of them, of which the last one is not direct
            (
                "attributed_revenue",
                "30d",
                {
                    f"model=first {PAID} {EUR}": 700,
                    f"model=last {OFFLINE} {EUR}": 700,
                    f"model=last_non_direct {OFFLINE} {EUR}": 700,
                    **{f"model=linear {touch} {EUR}": 175 for touch in (PAID, MAIL, DIRECT, OFFLINE)},
                    **{f"model=position {touch} {EUR}": 280 for touch in (PAID, OFFLINE)},
                    **{f"model=position {touch} {EUR}": 70 for touch in (MAIL, DIRECT)},
                    f"model=time_decay {PAID} {EUR}": Near(63.54, 0.001),
                    f"model=time_decay {MAIL} {EUR}": Near(127.08, 0.001),
                    f"model=time_decay {DIRECT} {EUR}": Near(254.16, 0.001),
                    f"model=time_decay {OFFLINE} {EUR}": Near(255.21, 0.001),
                },
            ),
            (
                "campaign_attributed_revenue",
                "30d",
                {
                    f"model=first campaign=brand {EUR}": 700,
                    f"model=last campaign=unknown {EUR}": 700,
                    f"model=last_non_direct campaign=unknown {EUR}": 700,
                    f"model=linear campaign=brand {EUR}": 175,
                    f"model=linear campaign=june {EUR}": 175,
                    f"model=linear campaign=unknown {EUR}": 350,
                    f"model=position campaign=brand {EUR}": 280,
                    f"model=position campaign=june {EUR}": 70,
                    f"model=position campaign=unknown {EUR}": 350,
                    f"model=time_decay campaign=brand {EUR}": Near(63.54, 0.001),
                    f"model=time_decay campaign=june {EUR}": Near(127.08, 0.001),
                    f"model=time_decay campaign=unknown {EUR}": Near(509.38, 0.001),
                },
            ),
            # of the lead itself: of three touches, before the crm heard of it
            (
                "campaign_cost_per_lead",
                "30d",
                {
                    f"model=first campaign=77 {EUR}": Quotient(70, 70, 1),
                    f"model=linear campaign=77 {EUR}": Quotient(70 / 0.333333, 70, 0.333333),
                    f"model=position campaign=77 {EUR}": Quotient(175, 70, 0.4),
                    f"model=time_decay campaign=77 {EUR}": Quotient(70 / 0.142857, 70, 0.142857),
                },
            ),
            (
                "return_on_ad_spend_ratio",
                "30d",
                {
                    f"model=first {EUR}": Quotient(10, 700, 70),
                    f"model=linear {EUR}": Quotient(2.5, 175, 70),
                    f"model=position {EUR}": Quotient(4, 280, 70),
                    f"model=time_decay {EUR}": Near(63.54 / 70, 0.001),
                },
            ),
            (
                "campaign_return_on_ad_spend_ratio",
                "30d",
                {
                    f"model=first campaign=77 {EUR}": Quotient(10, 700, 70),
                    f"model=linear campaign=77 {EUR}": Quotient(2.5, 175, 70),
                    f"model=position campaign=77 {EUR}": Quotient(4, 280, 70),
                    f"model=time_decay campaign=77 {EUR}": Near(63.54 / 70, 0.001),
                },
            ),
        ],
    ),
    Story(
        "a measurement holds until a newer one, or a revision of it, is told",
        [
            signal("06-10 12:00", "keyword_rank", "serp", "crm", 5, "06-10 00:00"),
            signal("06-12 12:00", "keyword_rank", "serp", "crm", 3, "06-12 00:00"),
            signal("06-13 12:00", "keyword_rank", "serp", "crm", 4, "06-12 00:00", revision=1),
            # told late: what is newer stands
            signal("06-14 12:00", "keyword_rank", "serp", "crm", 9, "06-11 00:00"),
            signal("06-12 12:00", "social_followers", "instagram", "shop", 100, "06-12 00:00"),
            signal("06-12 12:00", "social_followers", "x", "shop", 50, "06-12 00:00"),
            *(
                signal("06-12 12:00", name, "tool", "shop", 7.5, "06-12 00:00")
                for name in (
                    "social_engagements", "social_clicks", "social_shares", "brand_search", "press_releases",
                    "press_mentions", "events_held",
                )
            ),
        ],
        [
            ("keyword_rank", "now", {"provider=serp entity=crm": 4}),
            ("social_followers", "now", {"": 150}),
            *(
                (name, "now", {"provider=tool entity=shop": 7.5})
                for name in (
                    "social_engagements", "social_clicks", "social_shares", "brand_search", "press_releases",
                    "press_mentions", "events_held",
                )
            ),
        ],
    ),
]
