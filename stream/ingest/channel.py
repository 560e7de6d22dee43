"""Channel: the GA4 default channel groups, as Google publishes them.

In:  source, medium and campaign in lower case; the category that Google's list gives the source.
Out: one of 19 channels.

The rules are those of support.google.com/analytics/answer/9756891, in its order; the first that fits decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from stream.ingest.referrers import referrers

PAID: Final = re.compile(r".*cp.*|ppc|retargeting|paid.*")
_SHOP: Final = re.compile(r".*(([^a-df-z]|^)shop|shopping).*")
DISPLAY: Final = frozenset({"display", "banner", "expandable", "interstitial", "cpm"})
_SOCIAL: Final = frozenset({"social", "social-network", "social-media", "sm", "social network", "social media"})
_EMAIL: Final = frozenset({"email", "e-mail", "e_mail", "e mail"})
NOT_SET: Final = frozenset({"", "(not set)", "(none)"})

#: (channel, whether it fits source, medium, campaign and the category of the source), in order.
RULES: Final[tuple[tuple[str, Callable[[str, str, str, str | None], bool]], ...]] = (
    ("direct", lambda s, m, c, kind: s in ("", "direct", "(direct)") and m in NOT_SET),
    ("cross_network", lambda s, m, c, kind: "cross-network" in c),
    ("paid_shopping", lambda s, m, c, kind: (kind == "shopping" or fits_whole(_SHOP, c)) and fits_whole(PAID, m)),
    ("paid_search", lambda s, m, c, kind: kind == "search" and fits_whole(PAID, m)),
    ("paid_social", lambda s, m, c, kind: kind == "social" and fits_whole(PAID, m)),
    ("paid_video", lambda s, m, c, kind: kind == "video" and fits_whole(PAID, m)),
    ("display", lambda s, m, c, kind: m in DISPLAY),
    ("paid_other", lambda s, m, c, kind: fits_whole(PAID, m)),
    ("organic_shopping", lambda s, m, c, kind: kind == "shopping" or fits_whole(_SHOP, c)),
    ("organic_social", lambda s, m, c, kind: kind == "social" or m in _SOCIAL),
    ("organic_video", lambda s, m, c, kind: kind == "video" or "video" in m),
    ("organic_search", lambda s, m, c, kind: kind == "search" or m == "organic"),
    ("referral", lambda s, m, c, kind: m in ("referral", "app", "link")),
    ("email", lambda s, m, c, kind: s in _EMAIL or m in _EMAIL),
    ("affiliates", lambda s, m, c, kind: m == "affiliate"),
    ("audio", lambda s, m, c, kind: m == "audio"),
    ("sms", lambda s, m, c, kind: s == "sms" or m == "sms"),
    (
        "mobile_push_notifications",
        lambda s, m, c, kind: m.endswith("push") or "mobile" in m or "notification" in m or s == "firebase",
    ),
)

#: All 19 groups.
CHANNELS: Final = (*(channel for channel, _ in RULES), "unassigned")


def channel_of(source: str, medium: str, campaign: str) -> str:
    """Give the channel by Google's rules and list of sources alone, without regard to case.

    >>> channel_of("google", "cpc", ""), channel_of("news.example", "referral", ""), channel_of("x", "y", "z")
    ('paid_search', 'referral', 'unassigned')
    """
    s, m, c = (text.strip().lower() for text in (source, medium, campaign))
    return channel_by_category(s, m, c, referrers().category.get(s))


def channel_by_category(source: str, medium: str, campaign: str, category: str | None) -> str:
    """Give the channel where the category of the source is known."""
    for channel, fits in RULES:
        if fits(source, medium, campaign, category):
            return channel
    return "unassigned"


def fits_whole(pattern: re.Pattern[str], text: str) -> bool:
    """Say whether a pattern fits all of a text."""
    return pattern.fullmatch(text) is not None
