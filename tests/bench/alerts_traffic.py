"""Traffic for the proof of the alerts: visits and leads by chance, with the rhythm of day and week.

In:  visits an hour, the share that becomes a lead, and, if wanted, a drop of it from a moment on.
Out: what the windows of visit_to_lead_ratio hold at each step, as a worker would show it.

    visits   Poisson; most at 14 h, few at night, four tenths at weekends: a site that people use at work
    returns  one person in five comes back once, half of them within 4 hours
    leads    of 5 % of the visits, 12 % more of it in the forenoon and less at night
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
RETURNS: Final = 0.2
RETURN_MEDIAN_S: Final = 4 * HOUR_S
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

    Both are people, not events: someone who comes twice within a window is one visitor of it.
    """
    # a day more, so that the windows are full from the start
    hours = np.arange(start_s - DAY_S, end_s, HOUR_S)
    firsts = rng.poisson(per_hour / (1 + RETURNS) * visits_share(hour_of_week(hours)))
    first = np.repeat(hours, firsts) + rng.uniform(0, HOUR_S, int(firsts.sum()))
    later = first + rng.exponential(RETURN_MEDIAN_S / np.log(2), len(first))
    again = np.where(rng.random(len(first)) < RETURNS, later, np.inf)
    visits = np.column_stack((first, again))
    leads = np.column_stack([_leads(rng, moments, drop) for moments in (first, again)])
    steps = np.arange(start_s + step_s, end_s + 1, step_s)
    converted, visitors = _present(leads, steps), _present(np.column_stack((visits, leads)), steps)
    return {name: (converted[name], visitors[name]) for name in WINDOWS_S}


def _leads(rng: np.random.Generator, visited: Floats, drop: Drop | None) -> Floats:
    """Give the moment of the lead that came of each visit, infinite without one."""
    came = np.isfinite(visited)
    share = np.where(came, lead_share(hour_of_week(np.where(came, visited, 0))), 0)
    if drop is not None:
        share = np.where(visited >= drop.at_s, share * (1 - drop.part), share)
    delay = rng.lognormal(np.log(DELAY_MEDIAN_S), DELAY_SIGMA, len(visited))
    return np.where(rng.random(len(visited)) < share, visited + delay, np.inf)


def _present(moments: Floats, steps: Numbers) -> dict[str, Numbers]:
    """Count the people, one a row, whose latest event lies in the window, at each step and for each window.

    Who came twice is one; at 4,100 s that was more than an hour ago, and the other one is left.

    >>> two = np.array([[50.0, 90.0], [3_000.0, np.inf]])
    >>> _present(two, np.array([100, 2_100, 4_100]))["1h"].tolist()
    [1, 1, 1]
    """
    ordered = np.sort(moments, axis=1)
    following = np.column_stack((ordered[:, 1:], np.full(len(ordered), np.inf)))
    here = np.isfinite(ordered)
    seen, following = ordered[here], following[here]
    enter = _tally(seen, steps)
    return {
        name: np.cumsum(enter - _tally(np.minimum(following, seen + length_s), steps))
        for name, length_s in WINDOWS_S.items()
    }


def _tally(moments: Floats, steps: Numbers) -> Numbers:
    """Count what came after the step before, up to each step; what is later than all is left out."""
    step_s = steps[1] - steps[0]
    number = np.ceil(np.clip((moments - steps[0]) / step_s, 0, len(steps))).astype(np.int64)
    return np.bincount(number, minlength=len(steps) + 1)[: len(steps)].astype(np.int64)
