"""Outside: what is spent beside advertisements, month by month and day by day, and what others measure.

In:  a site, a moment, a seeded source of chance.
Out: happenings.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

from stream.demo.adverts import stamp
from stream.demo.visits import Happening

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS

#: What is spent in a month, in units; the last ones are told day by day.
MONTHLY: Final = (("salaries", 24_000), ("tools", 1_800), ("agency", 6_000), ("content", 2_500))
DAILY: Final = (("events", 400), ("sales", 900))
#: name, provider, what it is of, about how much
SIGNALS: Final = (
    ("keyword_rank", "searchbox", "crm software", 6.0),
    ("keyword_rank", "searchbox", "lead scoring", 14.0),
    ("social_followers", "linkedin", "company", 5_400.0),
    ("social_followers", "mastodon", "company", 830.0),
    ("social_engagements", "linkedin", "company", 160.0),
    ("brand_search", "searchbox", "brand", 420.0),
    ("press_mentions", "clippings", "brand", 3.0),
)


def month_of(at_ms: int, before: int = 0) -> tuple[int, int]:
    """Give the first moment of the month of a moment, or of one so many months before it, and of the next month.

    >>> [stamp(ms)[:10] for ms in month_of(1_767_225_600_000, before=1)]
    ['2025-12-01', '2026-01-01']
    """
    first = datetime.fromtimestamp(at_ms / 1000, UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    for _ in range(before):
        first = (first - timedelta(days=1)).replace(day=1)
    after = (first + timedelta(days=32)).replace(day=1)
    return int(first.timestamp() * 1000), int(after.timestamp() * 1000)


def months(rng: Random, site: str, at_ms: int) -> list[Happening]:
    """Tell what last month cost, and what is paid for this one; some of it is restated within days."""
    happenings: list[Happening] = []
    for category, units in MONTHLY:
        for before in (1, 0):
            period = month_of(at_ms, before)
            told_ms, micros = at_ms + rng.randrange(1_000, 20 * 60_000), int(units * rng.uniform(0.8, 1.2) * 1_000_000)
            for revision in range(1, 2 + (rng.random() < 0.3)):
                happenings.append(_cost(site, category, micros, period, revision, told_ms))
                told_ms += rng.randrange(HOUR_MS, 3 * DAY_MS)
                micros += rng.randrange(-(10**8), 10**8)
    return happenings


def day(rng: Random, site: str, day_ms: int) -> list[Happening]:
    """Tell what a day that is over cost."""
    return [
        _cost(
            site,
            category,
            int(units * rng.uniform(0.5, 1.5) * 1_000_000),
            (day_ms, day_ms + DAY_MS),
            1,
            day_ms + DAY_MS + rng.randrange(60_000, 3 * HOUR_MS),
        )
        for category, units in DAILY
    ]


def _cost(site: str, category: str, micros: int, period: tuple[int, int], revision: int, at_ms: int) -> Happening:
    data: dict[str, Any] = {
        "site_id": site,
        "category": category,
        "amount_micros": micros,
        "currency": "EUR",
        "period_start": stamp(period[0]),
        "period_end": stamp(period[1]),
        "revision": revision,
    }
    return Happening(at_ms, "cost", category, data)


def signals(rng: Random, site: str, at_ms: int) -> list[Happening]:
    """Tell what was measured a while ago, and sometimes anew what it had been."""
    happenings: list[Happening] = []
    for name, provider, entity, about in SIGNALS:
        seen_ms, told_ms = at_ms, at_ms + rng.randrange(60_000, HOUR_MS)
        for revision in range(1 + (rng.random() < 0.15)):
            data: dict[str, Any] = {
                "site_id": site,
                "name": name,
                "provider": provider,
                "entity": entity,
                "value": round(about * rng.uniform(0.8, 1.2)),
                "observed_at": stamp(seen_ms),
                "revision": revision,
            }
            happenings.append(Happening(told_ms, "signal", f"{provider}/{name}", data))
            told_ms += rng.randrange(60_000, 2 * HOUR_MS)
    return happenings
