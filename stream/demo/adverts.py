"""Adverts: single impressions, clicks, conversions and spend, and hourly totals that are restated.

In:  a campaign, a moment or an hour, a seeded source of chance.
Out: happenings.
"""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random
from typing import Any

from stream.demo.visits import Happening, token
from stream.demo.world import AdCampaign

HOUR_MS = 3_600_000


def _base(site: str, ad: AdCampaign) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "site_id": site,
        "platform": ad.platform,
        "campaign_id": ad.campaign,
        "channel_type": ad.channel_type,
    }
    more = {"audience_type": ad.audience_type, "variant": ad.variant}
    return fields | {name: value for name, value in more.items() if value}


def stamp(at_ms: int) -> str:
    """Write a moment as RFC 3339 with milliseconds.

    >>> stamp(1_500)
    '1970-01-01T00:00:01.500Z'
    """
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{at_ms % 1000:03d}Z"


def single(rng: Random, site: str, ad: AdCampaign, at_ms: int) -> list[Happening]:
    """Play one showing of an advertisement and what follows from it."""
    base = _base(site, ad) | {
        "ad_group_id": f"{ad.campaign}-g1",
        "ad_id": f"{ad.campaign}-ad{rng.randrange(3)}",
    }
    happenings: list[Happening] = []

    def say(ms: int, action: str, **data: Any) -> None:
        happenings.append(Happening(ms, "ad", ad.campaign, base | {"action": action} | data))

    shown = {} if rng.random() < 0.7 else {"count": rng.randrange(2, 60)}
    say(at_ms, "impression", **shown)
    if rng.random() < 0.16:
        click_ms = at_ms + rng.randrange(1_000, 20_000)
        say(click_ms, "click")
        if ad.currency:
            say(click_ms + 50, "spend", cost_micros=rng.randrange(180_000, 2_400_000), currency=ad.currency)
        if rng.random() < 0.08:
            claim = {"conversion_value": rng.randrange(10, 300), "currency": ad.currency} if ad.currency else {}
            say(click_ms + rng.randrange(60_000, 900_000), "conversion", **claim)
    return happenings


def totals(rng: Random, site: str, ad: AdCampaign, hour_ms: int) -> list[Happening]:
    """Report the hour that began at `hour_ms`, first as a guess, then restated once or twice."""
    impressions = rng.randrange(400, 4_000)
    clicks = int(impressions * rng.uniform(0.004, 0.03))
    happenings: list[Happening] = []
    reported_ms = hour_ms + HOUR_MS
    for revision in range(1, 2 + rng.randrange(3)):
        reported_ms += rng.randrange(20_000, 400_000) if revision == 1 else rng.randrange(60_000, 2 * HOUR_MS)
        figures: list[tuple[str, dict[str, Any]]] = [
            ("impression", {"count": impressions}),
            ("click", {"count": clicks}),
            ("conversion", {"count": rng.randrange(0, 4)}),
            ("spend", {"cost_micros": clicks * rng.randrange(300_000, 900_000) + 1, "currency": ad.currency}),
        ]
        for action, figure in figures:
            period = {
                "period_start": stamp(hour_ms),
                "period_end": stamp(hour_ms + HOUR_MS),
                "revision": revision,
            }
            data = _base(site, ad) | {"action": action} | figure | period
            happenings.append(Happening(reported_ms, "ad", ad.campaign, data))
        impressions += rng.randrange(-20, 120)
        clicks += rng.randrange(0, 5)
    return happenings


def platform_form(rng: Random, site: str, at_ms: int) -> Happening:
    """Play a form filled in on an ad platform: a lead without a visit."""
    platform = rng.choice(("meta", "linkedin", "google"))
    data: dict[str, Any] = {
        "site_id": site,
        "action": "submit",
        "form_id": f"{platform}-lead-form",
        "form_type": rng.choice(("demo", "newsletter", "other")),
        "submission_id": token(rng, "u"),
        "platform": platform,
    }
    who = token(rng, "l") if rng.random() < 0.7 else ""
    data |= {"lead_id": who} if who else {"email_hash": f"{rng.getrandbits(256):064x}"}
    return Happening(at_ms, "form", who or data["email_hash"], data)
