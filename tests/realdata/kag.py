"""One advertiser's Facebook ads as our ad events, and what they add up to.

In:  1,143 ads with impressions, clicks, spend and conversions; the file has no dates.
Out: NDJSON lines, as single events with counts or as totals of a day; the sums.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import orjson

from tests.realdata.shared import shared_rows

SITE = "kag"
CURRENCY = "USD"
TIME = "2017-08-20T12:00:00.000Z"
PERIOD = {"period_start": "2017-08-19T00:00:00Z", "period_end": "2017-08-20T00:00:00Z", "revision": 1}

EXPECTED = {
    "ads": 1_143,
    "impressions": 213_434_828,
    "clicks": 38_165,
    "spend_micros": 58_705_230_000,
    "conversions": 3_264,
    "approved_conversions": 1_079,
    "click_through_ratio": 0.00017881336592357833,
    "ad_conversion_ratio": 0.08552338530066815,
    "ads_with_more_conversions_than_clicks": 218,
    "ads_without_a_click": 207,
}


def ads() -> list[dict[str, str]]:
    """Give the rows as they are."""
    return shared_rows("ads/KAG_conversion_data.csv")


def lines(*, totals: bool = False, conversions: str = "Total_Conversion") -> Iterator[bytes]:
    """Give the events of each ad: impression, click, conversion and spend."""
    for row in ads():
        for action, amounts in (
            ("impression", {"count": int(row["Impressions"])}),
            ("click", {"count": int(row["Clicks"])}),
            ("conversion", {"count": int(row[conversions])}),
            ("spend", {"cost_micros": micros(row["Spent"]), "currency": CURRENCY}),
        ):
            data: dict[str, Any] = {
                "site_id": SITE,
                "action": action,
                "platform": "meta",
                "campaign_id": row["xyz_campaign_id"],
                "ad_group_id": row["fb_campaign_id"],
                "ad_id": row["ad_id"],
                "channel_type": "social",
                "audience_type": f"{row['age']} {row['gender']}",
                **amounts,
                **(PERIOD if totals else {}),
            }
            yield orjson.dumps(
                {
                    "specversion": "1.0",
                    "id": f"{row['ad_id']}-{action}",
                    "source": "meta/ads",
                    "type": "ad",
                    "time": TIME,
                    "data": data,
                }
            )


def micros(spent: str) -> int:
    """Give the money of a row: cents that went through a 32-bit float, so 1.429999948 was 1.43."""
    return int(round(Decimal(spent), 2) * 1_000_000)


#: Beside the ads: a tool that was paid for a month of 30 days, and an agency for the day of the ads.
COSTS = (("tools", 30_000_000_000, "2017-08-01", "2017-08-31"), ("agency", 1_200_000_000, "2017-08-19", "2017-08-20"))


def cost_lines() -> Iterator[bytes]:
    """Give what was spent beside the ads, first a guess and then what it came to."""
    for category, micros, start, end in COSTS:
        for revision, amount in ((1, micros // 2), (2, micros)):
            data = {
                "site_id": SITE,
                "category": category,
                "amount_micros": amount,
                "currency": CURRENCY,
                "period_start": f"{start}T00:00:00Z",
                "period_end": f"{end}T00:00:00Z",
                "revision": revision,
            }
            yield orjson.dumps(
                {
                    "specversion": "1.0",
                    "id": f"{category}-{revision}",
                    "source": "books",
                    "type": "cost",
                    "time": f"2017-08-20T13:0{revision}:00Z",
                    "data": data,
                }
            )


def lead_lines(n: int) -> Iterator[bytes]:
    """Give so many leads of the day of the ads, every fourth of whom became a customer on it."""
    for number in range(n):
        actions = ("lead_created", "deal_won") if number % 4 == 0 else ("lead_created",)
        for minute, action in enumerate(actions):
            deal = {"deal_id": f"d{number}", "value": 250, "currency": CURRENCY} if action == "deal_won" else {}
            yield orjson.dumps(
                {
                    "specversion": "1.0",
                    "id": f"{number}-{action}",
                    "source": "crm",
                    "type": "crm",
                    "time": f"2017-08-19T12:0{minute}:00Z",
                    "data": {"site_id": SITE, "lead_id": f"l{number}", "action": action, **deal},
                }
            )
