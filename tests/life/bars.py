"""Bars: what every story must hold, and what must be found.

In:  nothing.  Out: bars by story and volume (visits an hour, or messages a mailing).
"""

from __future__ import annotations

from typing import Final, NamedTuple

VOLUMES: Final = (50, 200, 1_000, 5_000)
SIZES: Final = (1_000, 5_000, 50_000)

#: False pages and tickets a site-week, and the mean of false pages over all stories.
PAGES: Final = 0.10
TICKETS: Final = 0.15
MEAN_PAGES: Final = 0.05
#: What a mailing or a chat may be told falsely of, a week.
LETTERS: Final = 0.25
#: At 50 visits an hour the end of a campaign is told from an outage by four channels of few visitors.
PAGES_OF: Final = {("campaign_end", 50): 0.30}


class Found(NamedTuple):
    """Share of the incidents that must be found, and the median of hours until they are told."""

    share: float
    hours: float


def _row(*bars: tuple[float, float] | None) -> dict[int, Found]:
    return {volume: Found(*bar) for volume, bar in zip(VOLUMES, bars, strict=True) if bar is not None}


FOUND: Final[dict[str, dict[int, Found]]] = {
    "tracking_lost": _row(*[(0.85, 1.5)] * 4),
    "bot_wave": _row(*[(0.85, 1.5)] * 4),
    "holiday_unmarked": _row(*[(0.85, 1.5)] * 4),
    "tracking_partly": _row((0.80, 3.5), (0.85, 2), (0.80, 2), (0.85, 2)),
    "form_dead": _row((0.85, 6), (0.85, 3), (0.85, 1.5), (0.85, 1)),
    "form_halved": _row((0.70, 8), (0.85, 5), (0.85, 2), (0.85, 1.5)),
    "form_third": _row(None, (0.80, 24), (0.85, 6.5), (0.85, 3.5)),
    "small_halved": _row((0.85, 10), (0.85, 5), (0.85, 2), (0.85, 1.5)),
    "promo_form_dead": _row(None, (0.85, 2), (0.85, 1.5), (0.85, 1.5)),
    "new_site_broken": _row((0.75, 6), (0.85, 2), (0.85, 2), (0.85, 1.5)),
    "paid_stops": _row((0.75, 5), (0.80, 2), (0.80, 2), (0.80, 2)),
    "outage_each_week": _row(*[(0.55, 1.5)] * 4),
    "flapping": _row((0.60, 8.5), (0.85, 2.5), (0.85, 2.5), (0.85, 2.5)),
    "slow_decay": _row((0.85, 13 * 24), (0.85, 13 * 24), (0.85, 9 * 24), (0.85, 8 * 24)),
}
#: Two appointments an hour are 336 a week, and 410 are needed to tell that half of them are lost.
SIZES_OF: Final = {"appointments_drop": (5_000, 50_000)}
FOUND_LETTERS: Final = {
    "mail_opens_lost": Found(0.90, 27),
    "mail_spam_folder": Found(0.75, 80),
    "transactional_stops": Found(0.90, 1.5),
    "appointments_drop": Found(0.85, 130),
}
