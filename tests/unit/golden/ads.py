"""Golden cases of ads and money."""

from __future__ import annotations

from tests.unit.golden.events import ad, ad_form, form
from tests.unit.golden.story import Quotient, Story

_BRAND = "platform=google campaign=brand channel_type=search audience_type=unknown variant=unknown"
_EUR, _USD = f"{_BRAND} currency=EUR", f"{_BRAND} currency=USD"
_YESTERDAY = "06-14 00:00 - 06-15 00:00"

STORIES = [
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
            ad("11:00", "click"),  # single and total of one campaign and action
            ad("11:00", "spend", cost=24_000_000, currency="EUR", period="06-15 00:00 - 06-16 00:00"),
        ],
        [
            # the window begins at noon of the 14th: half of 960, and 7 less the 3 that lie before it
            ("ad_impressions", "24h", {_BRAND: 480}),
            ("ad_impressions", "7d", {_BRAND: 960}),
            ("ad_impressions", "1h", {}),  # totals say nothing about an hour
            ("ad_clicks", "1h", {_BRAND: 1}),
            ("ad_clicks", "24h", {_BRAND: 5}),
            ("ad_clicks", "7d", {_BRAND: 8}),
            ("click_through_ratio", "24h", {_BRAND: (5, 480)}),
            ("ad_spend", "24h", {_EUR: 12.0}),  # half of the period is over
            ("mixed_granularity", None, {"": 1}),
        ],
    ),
    Story(
        "of two figures of one revision the later report holds, then the greater id",
        [
            ad("06:00", "click", count=10, period=_YESTERDAY, id="z"),
            ad("07:00", "click", count=20, period=_YESTERDAY, id="b"),
            ad("07:00", "click", count=30, period=_YESTERDAY, id="c"),
            ad("07:00", "click", count=40, period=_YESTERDAY, id="a"),
            ad("06:00", "click", count=1, period=_YESTERDAY, ad_id="x"),  # another ad: another figure
            ad("06:00", "click", count=2, period=_YESTERDAY, ad_group_id="x"),
        ],
        [("ad_clicks", "7d", {_BRAND: 33}), ("mixed_granularity", None, {"": 0})],
    ),
    Story(
        "a restated total may move to other labels, and takes back what it gave under the old ones",
        [
            ad("06:00", "click", count=10, period=_YESTERDAY, revision=0),
            ad("07:00", "click", count=12, period=_YESTERDAY, revision=1, channel_type="display"),
        ],
        [("ad_clicks", "7d", {_BRAND.replace("search", "display"): 12})],
    ),
    Story(
        "a total over a window's edge is cut by cumulative floor, so that parts add up to the whole",
        [ad("08:00", "click", count=10, period="06-14 11:00 - 06-14 14:00")],
        # an hour of three lies before noon: floor(10 / 3) = 3, and 7 are left
        [("ad_clicks", "24h", {_BRAND: 7}), ("ad_clicks", "7d", {_BRAND: 10})],
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
]
