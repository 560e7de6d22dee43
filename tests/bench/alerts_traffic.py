"""Traffic for the proof of the alerts: visits and leads by chance, with the rhythm of day and week.

In:  visits an hour, the share that becomes a lead, and, if wanted, a drop of it from a moment on.
Out: what the windows of visit_to_lead_ratio hold at each step, as a worker would show it.

    visits   Poisson; most at 14 h, few at night, four tenths at weekends: a site that people use at work
    leads    5 % of them, 12 % more of it in the forenoon and less at night
    delay    between visit and lead: log-normal, half within 5 minutes, one in a hundred after 50
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

HOUR_S: Final = 3_600
DAY_S: Final = 24 * HOUR_S
WEEK_S: Final = 7 * DAY_S
#: The epoch was a Thursday.
MONDAY_S: Final = 4 * DAY_S

WINDOWS_S: Final = {"1h": HOUR_S, "6h": 6 * HOUR_S, "24h": DAY_S}
LEAD_SHARE: Final = 0.05
HOURLY_SWING: Final = 0.12
DAILY_SWING: Final = 0.85
BUSIEST_H, BEST_H = 14, 11
WEEKEND: Final = 0.4
DELAY_MEDIAN_S: Final = 300
DELAY_SIGMA: Final = 1.0

Numbers = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Drop:
    """From `at_s` on, this part of the leads is lost."""

    at_s: float
    part: float


def visits_share(hour_of_week: Numbers) -> Floats:
    """Give the visits of an hour of the week (Monday 0 h first) as a multiple of the mean hour.

    >>> float(round(visits_share(np.arange(168)).mean(), 6))
    1.0
    """
    every = np.arange(168)
    day = 1 + DAILY_SWING * np.cos((every % 24 - BUSIEST_H) / 12 * np.pi)
    week = day * np.where(every // 24 >= 5, WEEKEND, 1.0)
    return np.asarray((week / week.mean())[hour_of_week], np.float64)


def lead_share(hour_of_week: Numbers) -> Floats:
    """Give the share of the visits of an hour that become leads."""
    return LEAD_SHARE * (1 + HOURLY_SWING * np.cos((hour_of_week % 24 - BEST_H) / 12 * np.pi))


def hour_of_week(moments_s: Floats | Numbers) -> Numbers:
    """Give the hour of the week, Monday 0 h first, in UTC."""
    return ((np.asarray(moments_s) - MONDAY_S) % WEEK_S // HOUR_S).astype(np.int64)


def windows(
    rng: np.random.Generator, per_hour: float, start_s: int, end_s: int, step_s: int, drop: Drop | None = None
) -> dict[str, tuple[Numbers, Numbers]]:
    """Give, by window, the converted visitors and the visitors at each step after the start.

    A visitor is in a window by the latest of visit and lead, as the rollup counts people.
    """
    hours = np.arange(start_s, end_s, HOUR_S)
    visits = rng.poisson(per_hour * visits_share(hour_of_week(hours)))
    visited = np.repeat(hours, visits) + rng.uniform(0, HOUR_S, int(visits.sum()))
    share = lead_share(hour_of_week(visited))
    if drop is not None:
        share = np.where(visited >= drop.at_s, share * (1 - drop.part), share)
    becomes = rng.random(len(visited)) < share
    first = np.sort(visited)
    seen = visited[becomes]
    lead = seen + rng.lognormal(np.log(DELAY_MEDIAN_S), DELAY_SIGMA, len(seen))
    steps = np.arange(start_s + step_s, end_s + 1, step_s)
    leads = np.sort(lead)
    out = {}
    for name, length_s in WINDOWS_S.items():
        # in by the lead, when the visit has left already
        enter, leave = np.sort(np.maximum(seen + length_s, lead)), np.sort(lead + length_s)
        converted = _between(leads, steps, length_s)
        late = np.searchsorted(enter, steps) - np.searchsorted(leave, steps)
        out[name] = converted, _between(first, steps, length_s) + late
    return out


def _between(moments: Floats, steps: Numbers, length_s: int) -> Numbers:
    return np.asarray(np.searchsorted(moments, steps) - np.searchsorted(moments, steps - length_s), np.int64)
