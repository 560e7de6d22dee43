"""Traffic: visitors, sessions, page views, and where they come from.

In:  the counts.  Out: the entries of this area, in the order in which they are listed.
"""

from __future__ import annotations

from typing import Final

from stream.catalog.entry import count, ratio
from stream.catalog.words import BOUNCES, CONTENT, SESSION_OVER_MS, TRAFFIC, Alert, Chart, Column, Look, Metric

METRICS: Final[tuple[Metric, ...]] = (
    count(
        "visitors",
        "site",
        TRAFFIC,
        "Distinct people with an event in the window.",
        tier="main",
        people=True,
        direction="drop",
        alert=Alert("Less than half of the usual visitors come.", "critical"),
        watched="1h",
        look=Look(rank=8, places=(Chart("Visitors and leads"),)),
    ),
    count(
        "new_visitors",
        "site",
        TRAFFIC,
        "People first seen in the window.",
        look=Look(places=(Chart("Visitors and leads"),)),
    ),
    count("page_views", "site", TRAFFIC, "Page views.", look=Look(places=(Chart("Visitors and leads"),))),
    count(
        "sessions",
        "site",
        TRAFFIC,
        "Sessions that started in the window.",
        look=Look(places=(Chart("Visitors and leads"),)),
    ),
    count(
        "channel_visitors",
        "site channel",
        TRAFFIC,
        "Distinct people with an event in the window that belongs to a session of the channel.",
        people=True,
        look=Look(places=(Column("By channel", "Channels"),)),
    ),
    count(
        "campaign_visitors",
        "site campaign",
        TRAFFIC,
        "Distinct people with an event in the window that belongs to a session of the campaign.",
        people=True,
        look=Look(places=(Column("By campaign, country and origin", "Campaigns"),)),
    ),
    count(
        "country_visitors",
        "site country",
        TRAFFIC,
        "Distinct people with an event in the window that belongs to a session from the country.",
        people=True,
        share_of="visitors",
        look=Look(places=(Column("By campaign, country and origin", "Countries"),)),
    ),
    count(
        "channel_sessions",
        "site channel",
        TRAFFIC,
        "Sessions of the channel that started in the window.",
        look=Look(places=(Column("By channel", "Channels"),)),
    ),
    count(
        "channel_page_views",
        "site channel",
        TRAFFIC,
        "Page views in sessions of the channel.",
        look=Look(places=(Column("By channel", "Channels"),)),
    ),
    count(
        "organic_sessions",
        "site engine",
        TRAFFIC,
        "Sessions by organic search, by search engine.",
        look=Look(places=(Column("By campaign, country and origin", "Search engines"),)),
    ),
    count(
        "referral_sessions",
        "site domain",
        TRAFFIC,
        "Sessions by referral, by referring domain.",
        look=Look(places=(Column("By campaign, country and origin", "Referring domains"),)),
    ),
    ratio(
        "bounce_ratio",
        "site channel",
        BOUNCES,
        ("bounces", "channel_sessions"),
        "Share of sessions that consist of one page view and nothing else.",
        direction="rise",
        formula="sessions of exactly one event, a page view / sessions; started in [T - 30m - W, T - 30m)",
        shift_ms=SESSION_OVER_MS,
        alert=Alert("More sessions end after a single page view than usual."),
        look=Look(places=(Chart("By channel", "channel"),)),
    ),
    count(
        "content_views",
        "site page_group content",
        CONTENT,
        "Page views of a page group and content.",
        look=Look(places=(Column("Pages and offers", "Landing pages"),)),
    ),
    count(
        "content_leads",
        "site page_group content",
        CONTENT,
        "People whose key event came in a session that viewed the content.",
        people=True,
        look=Look(places=(Column("Pages and offers", "Landing pages"),)),
    ),
    count(
        "landing_visitors",
        "site page_group content",
        CONTENT,
        "Distinct people with an event in the window in a session that began at the content.",
        people=True,
        look=Look(places=(Column("Pages and offers", "Landing pages"),)),
    ),
    ratio(
        "landing_page_visit_to_lead_ratio",
        "site page_group content",
        CONTENT,
        ("landing_converted_visitors", "landing_visitors"),
        "Share of the people who landed at the content that had a key event in such a session.",
        direction="drop",
        people=True,
        alert=Alert("Fewer visitors of a landing page become leads than usual."),
        look=Look(places=(Column("Pages and offers", "Landing pages"),)),
    ),
)
