"""Golden cases of ads and money."""

from __future__ import annotations

from tests.unit.golden.events import ad, ad_form, form
from tests.unit.golden.story import Quotient, Story

_BRAND = "platform=google campaign=brand channel_type=search audience_type=unknown variant=unknown"
_EUR, _USD = f"{_BRAND} currency=EUR", f"{_BRAND} currency=USD"
_YESTERDAY = "06-14 00:00 - 06-15 00:00"

STORIES = [
    Story(
        "what totals tell the value of is not shown in windows that are too short for them",
        [
            ad("06:00", "conversion", count=2, conversion_value=30, currency="EUR", period=_YESTERDAY, ad_group_id="g"),
            ad("11:30", "conversion", conversion_value=8.5, currency="EUR"),
        ],
        [("ad_conversion_value", "1h", {}), ("ad_conversion_value", "7d", {_EUR: 38.5})],
        options={"windows": ("1h", "7d")},
    ),
    Story(
        "single events add up by label; only spend is spend, and currencies stay apart",
        [
            ad("10:00", "impression", count=10),
            ad("11:30", "impression"),
            ad("11:31", "click", cost=9_000_000, currency="EUR"),
            ad("11:32", "click"),
            ad("11:33", "conversion"),
            ad("11:40", "spend", cost=1_500_000, currency="EUR"),
            ad("10:00", "spend", cost=500_000, currency="EUR", count=7),
            ad("10:00", "spend", cost=250_000, currency="USD"),
            ad("11:00", "impression", campaign="other one", channel_type=None, audience_type="new", variant="v2"),
        ],
        [
            (
                "ad_impressions",
                "1h",
                {
                    _BRAND: 1,
                    "platform=google campaign=other one channel_type=unknown audience_type=new variant=v2": 1,
                },
            ),
            ("ad_clicks", "1h", {_BRAND: 2}),
            ("ad_conversions", "24h", {_BRAND: 1}),
            # above 1: platforms may report more clicks than impressions
            (
                "click_through_ratio",
                "1h",
                {
                    _BRAND: (2, 1),
                    "platform=google campaign=other one channel_type=unknown audience_type=new variant=v2": (0, 1),
                },
            ),
            (
                "click_through_ratio",
                "24h",
                {
                    _BRAND: (2, 11),
                    "platform=google campaign=other one channel_type=unknown audience_type=new variant=v2": (0, 1),
                },
            ),
            ("ad_conversion_ratio", "24h", {_BRAND: (1, 2)}),
            ("ad_spend", "24h", {_EUR: 2.0, _USD: 0.25}),
            # euros are known until 11:40, dollars until 10:00, before the first click
            ("cost_per_click", "24h", {_EUR: Quotient(1.0, 2.0, 2), _USD: (0.25, 0)}),
            ("cost_per_conversion", "24h", {_EUR: Quotient(2.0, 2.0, 1), _USD: (0.25, 0)}),
            (
                "cost_per_mille",
                "24h",
                {_EUR: Quotient(2000 / 11, 2.0, 0.011), _USD: Quotient(25.0, 0.25, 0.01)},
            ),
        ],
    ),
    Story(
        "a total is spread over its period, and the highest revision replaces the others",
        [
            ad("06:00", "impression", count=1000, period=_YESTERDAY, revision=0),
            ad("08:00", "impression", count=960, period=_YESTERDAY, revision=1),
            ad("09:00", "impression", count=5000, period=_YESTERDAY, revision=0),  # reported late: stale
            ad("08:00", "click", count=7, period=_YESTERDAY),
            ad("11:00", "click"),  # a day after the total: nothing is told twice
            ad("11:00", "spend", cost=24_000_000, currency="EUR", period="06-15 00:00 - 06-16 00:00"),
        ],
        [
            # the window begins at noon of the 14th: half of 960, and half of 7 beside the one of today
            ("ad_impressions", "24h", {_BRAND: 480}),
            ("ad_impressions", "7d", {_BRAND: 960}),
            # totals say nothing about an hour, and nothing is shown beside them
            ("ad_impressions", "1h", {}),
            ("ad_clicks", "1h", {}),
            ("ad_clicks", "24h", {_BRAND: 4.5}),
            ("ad_clicks", "7d", {_BRAND: 8}),
            # impressions are known until midnight: the day before it
            ("click_through_ratio", "24h", {_BRAND: (7, 960)}),
            ("ad_spend", "24h", {_EUR: 24.0}),  # all of it was spent by the time of the report
            ("mixed_granularity", None, {"": 0}),
        ],
    ),
    Story(
        "of two figures of one revision the later report holds, then the greater id",
        [
            ad("06:00", "click", count=10, period=_YESTERDAY, id="z"),
            ad("07:00", "click", count=20, period=_YESTERDAY, id="b"),
            ad("07:00", "click", count=30, period=_YESTERDAY, id="c"),
            ad("07:00", "click", count=40, period=_YESTERDAY, id="a"),
            # another ad: another figure, and most probably the same clicks told again
            ad("06:00", "click", count=1, period=_YESTERDAY, ad_id="x"),
            ad("06:00", "click", count=2, period=_YESTERDAY, ad_group_id="x"),
        ],
        [("ad_clicks", "7d", {_BRAND: 33}), ("mixed_granularity", None, {"": 1})],
    ),
    Story(
        "labels tell rows of a report apart: under others a total is another row, whatever its revision",
        [
            ad("06:00", "click", count=10, period=_YESTERDAY, revision=0),
            ad("07:00", "click", count=12, period=_YESTERDAY, revision=1, channel_type="display"),
        ],
        [
            ("ad_clicks", "7d", {_BRAND: 10, _BRAND.replace("search", "display"): 12}),
            ("mixed_granularity", None, {"": 0}),
        ],
    ),
    Story(
        "of totals that overlap the later report counts, and an older one for what no later one covers",
        [
            ad("06-14 02:00", "click", count=5, period="06-14 00:00 - 06-14 01:00"),
            ad("06-14 03:00", "click", count=6, period="06-14 01:00 - 06-14 02:00"),
            ad("06:00", "click", count=100, period=_YESTERDAY),  # in place of its hours
            ad("07:00", "click", count=40, period="06-14 06:00 - 06-14 12:00"),  # a quarter of the day, told anew
            # a day that ends a second earlier is the same day
            ad("06-14 06:00", "click", count=10, period="06-13 00:00 - 06-14 00:00", campaign="a second"),
            ad("06-14 07:00", "click", count=12, period="06-13 00:00 - 06-13 23:59:59", campaign="a second"),
            # so far: each report speaks of the time before it
            ad("08:00", "click", count=10, period="06-15 00:00 - 06-15 08:00", campaign="today"),
            ad("11:00", "click", count=30, period="06-15 00:00 - 06-15 11:00", campaign="today"),
        ],
        [
            (
                "ad_clicks",
                "7d",
                {
                    _BRAND: 115,  # 18 hours of 24 of the day's 100, and 40
                    _BRAND.replace("brand", "a second"): 12,
                    _BRAND.replace("brand", "today"): 30,
                },
            ),
            ("ad_clicks", "24h", {_BRAND: 50, _BRAND.replace("brand", "today"): 30}),
            ("mixed_granularity", None, {"": 0}),
        ],
    ),
    Story(
        "single events inside the period of a total are added to it, and it is said that both were told",
        [ad("06:00", "click", count=10, period=_YESTERDAY), ad("06-14 10:00", "click")],
        [("ad_clicks", "7d", {_BRAND: 11}), ("mixed_granularity", None, {"": 1})],
    ),
    Story(
        "a total over a window's edge is cut by cumulative floor, so that parts add up to the whole",
        [ad("08:00", "click", count=10, period="06-14 11:00 - 06-14 14:00")],
        # an hour of three lies before noon: floor(10 millions / 3) = 3 333 333 millionths, and the rest is left
        [("ad_clicks", "24h", {_BRAND: 6.666667}), ("ad_clicks", "7d", {_BRAND: 10})],
    ),
    Story(
        "cost per lead sets spend against leads, both until the newest spend",
        [
            ad("03:00", "spend", cost=100_000_000, currency="EUR", period=_YESTERDAY),
            ad("06-14 10:00", "spend", cost=4_000_000, currency="USD"),
            ad("10:00", "spend", cost=3_000_000, currency="USD"),
            form("06-14 13:00", "ann", "submit"),
            ad_form("06-14 20:00", "meta", "L1"),
            form("11:00", "bob", "submit"),  # nobody knows yet what it cost
        ],
        [
            (
                "cost_per_lead",
                "24h",
                {
                    "currency=EUR cost=media": Quotient(50.0, 100.0, 2),
                    # both end just after the newest spend, at 10:00 of the 15th, a day after the one before
                    "currency=USD cost=media": Quotient(1.5, 3.0, 2),
                },
            ),
            (
                "cost_per_lead",
                "7d",
                {
                    "currency=EUR cost=media": Quotient(50.0, 100.0, 2),
                    "currency=USD cost=media": Quotient(3.5, 7.0, 2),
                },
            ),
            ("ad_spend", "24h", {_EUR: 50.0, _USD: 3.0}),  # plain sums end at T
        ],
    ),
    Story(
        "cost per lead ends at the report where that lies inside the period of the newest spend",
        [
            ad("11:00", "spend", cost=24_000_000, currency="EUR", period="06-15 00:00 - 06-16 00:00"),
            form("10:59", "ann", "submit"),
            form("11:00", "bob", "submit"),
        ],
        [("cost_per_lead", "24h", {"currency=EUR cost=media": Quotient(24.0, 24.0, 1)})],
    ),
    Story(
        "what conversions are claimed to be worth is of the whole row, and returns end where spend is known",
        [
            ad("10:00", "conversion", count=2, conversion_value=30, currency="EUR"),
            ad("10:30", "spend", cost=10_000_000, currency="EUR"),
            ad("11:00", "conversion", conversion_value=8.5, currency="EUR"),  # nobody knows yet what it cost
            ad("11:00", "conversion", conversion_value=5),  # of no currency: no money
            ad("06:00", "conversion", count=4, conversion_value=40, currency="USD", campaign="c", period=_YESTERDAY),
            ad("06:00", "spend", cost=20_000_000, currency="USD", campaign="c", period=_YESTERDAY),
        ],
        [
            ("ad_conversions", "7d", {_BRAND: 4, _BRAND.replace("brand", "c"): 4}),
            # half of yesterday lies before the window
            ("ad_conversion_value", "24h", {_EUR: 38.5, _USD.replace("brand", "c"): 20.0}),
            ("ad_conversion_value", "7d", {_EUR: 38.5, _USD.replace("brand", "c"): 40.0}),
            (
                "claimed_return_on_ad_spend_ratio",
                "24h",
                {_EUR: Quotient(3.0, 30.0, 10.0), _USD.replace("brand", "c"): Quotient(2.0, 40.0, 20.0)},
            ),
        ],
    ),
    Story(
        "paid cost per lead sets spend against leads of paid channels and of ad platforms' forms alone",
        [
            form("09:00", "ann", "submit", utm="google/cpc/brand"),
            form("09:10", "bob", "submit"),
            ad_form("09:20", "meta", "L1"),
            ad("10:00", "spend", cost=30_000_000, currency="EUR"),
            form("11:00", "cat", "submit", utm="google/cpc/brand"),  # nobody knows yet what it cost
        ],
        [
            ("paid_cost_per_lead", "24h", {"currency=EUR": Quotient(15.0, 30.0, 2)}),
            ("cost_per_lead", "24h", {"currency=EUR cost=media": Quotient(10.0, 30.0, 3)}),
        ],
    ),
]
