"""8,000 marketing-qualified leads of a marketplace as our form events, and how many came by which way.

In:  leads with the day of first contact, the landing page and the origin; hours are not in the file.
Out: NDJSON lines; the counts by origin, by channel and by how the lead was captured; of the deals, who won and when.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from tests.realdata.shared import shared_rows

SITE = "olist"

#: origin → leads, counted from the file.
LEADS_BY_ORIGIN = {
    "organic_search": 2_296,
    "paid_search": 1_586,
    "social": 1_350,
    "unknown": 1_099,
    "direct_traffic": 499,
    "email": 493,
    "referral": 284,
    "other": 150,
    "display": 118,
    "other_publicities": 65,
    "": 60,
}

#: origin → the campaign parameters that say the same, and the channel that they give.
TAGS: dict[str, tuple[dict[str, str] | None, str]] = {
    "organic_search": ({"source": "google", "medium": "organic"}, "organic_search"),
    "paid_search": ({"source": "google", "medium": "cpc"}, "paid_search"),
    "social": ({"source": "facebook", "medium": "social"}, "organic_social"),
    "unknown": ({"source": "unknown", "medium": "unknown"}, "unassigned"),
    "direct_traffic": ({"source": "(direct)", "medium": "(none)"}, "direct"),
    "email": ({"source": "newsletter", "medium": "email"}, "email"),
    "referral": ({"source": "partner", "medium": "referral"}, "referral"),
    "other": ({"source": "other", "medium": "other"}, "unassigned"),
    "display": ({"source": "network", "medium": "display"}, "display"),
    "other_publicities": ({"source": "other_publicities", "medium": "other"}, "unassigned"),
    "": (None, "direct"),
}

#: channel → leads.
LEADS_BY_CHANNEL = {
    "organic_search": 2_296,
    "paid_search": 1_586,
    "organic_social": 1_350,
    "unassigned": 1_099 + 150 + 65,
    "direct": 499 + 60,
    "email": 493,
    "referral": 284,
    "display": 118,
}

#: Origins whose leads can also be taken for forms filled in on an ad platform: origin → platform, channel.
ON_PLATFORM = {"paid_search": ("google", "paid_search"), "social": ("meta", "paid_social")}
LEADS_BY_CAPTURE = {"form": 8_000 - 1_586 - 1_350, "ad_platform": 1_586 + 1_350}


#: origin → deals won, counted from the two files; the origin that is empty is written `empty`.
WON_BY_ORIGIN = {
    "organic_search": 271,
    "paid_search": 195,
    "social": 75,
    "unknown": 179,
    "direct_traffic": 56,
    "email": 15,
    "referral": 24,
    "other": 4,
    "display": 6,
    "other_publicities": 3,
    "empty": 14,
}
EMPTY = "empty"
#: Days from the first contact to the deal, at the middle of those that were won after it; one was won before.
MEDIAN_DAYS = 14.72


def leads() -> list[dict[str, str]]:
    """Give the rows as they are."""
    return shared_rows("olist/olist_marketing_qualified_leads_dataset.csv")


def form_of(origin: str) -> str:
    """Give the form by which the leads of an origin are told apart; one origin is empty."""
    return f"contact-{origin or 'none'}"


def lines(*, on_platform: bool = False) -> Iterator[bytes]:
    """Give a form submit for each lead; with `on_platform` some came from an ad platform's form."""
    for row in leads():
        tags, _ = TAGS[row["origin"]]
        data: dict[str, Any] = {
            "site_id": SITE,
            "action": "submit",
            "form_id": form_of(row["origin"]),
            "form_type": "contact",
            "submission_id": f"{row['mql_id']}-1",
            "content_id": row["landing_page_id"],
        }
        if on_platform and row["origin"] in ON_PLATFORM:
            data["platform"] = ON_PLATFORM[row["origin"]][0]
            data["lead_id"] = row["mql_id"]
        else:
            data["visitor_id"] = row["mql_id"]
            if tags is not None:
                data["campaign"] = {**tags, "name": row["origin"]}
        yield orjson.dumps(
            {
                "specversion": "1.0",
                "id": row["mql_id"],
                "source": "olist/landing",
                "type": "form",
                "time": f"{row['first_contact_date']}T12:00:00.000Z",
                "data": data,
            }
        )


def deals() -> list[dict[str, str]]:
    """Give the deals that were won, as they are."""
    return shared_rows("olist/olist_closed_deals_dataset.csv")


def crm_lines() -> Iterator[bytes]:
    """Give a record of the crm for each lead and each deal; the campaign of a lead is named by its origin."""
    for row in leads():
        tags, _ = TAGS[row["origin"]]
        campaign = {**(tags or {}), "name": row["origin"] or EMPTY}
        data = {"action": "lead_created", "lead_id": row["mql_id"], "capture_method": "import", "campaign": campaign}
        yield _record(row["mql_id"], f"{row['first_contact_date']}T00:00:00Z", data)
    for row in deals():
        data = {"action": "deal_won", "lead_id": row["mql_id"], "deal_id": row["seller_id"], "rep_id": row["sr_id"]}
        yield _record(row["seller_id"], row["won_date"].replace(" ", "T") + "Z", data)


def _record(name: str, time: str, data: dict[str, Any]) -> bytes:
    envelope = {"specversion": "1.0", "id": name, "source": "olist/crm", "type": "crm", "time": time}
    return orjson.dumps({**envelope, "data": {"site_id": SITE, **data}})
