"""Site: visits and leads of a site by channel, in bins of ten minutes.

In:  what kind of site it is, how busy, what happens to it, a seed.
Out: counts, runs × channels × bins.

Visits are Poisson around rhythm × effect of the day × effect of the hour × what happens. Guesses, since Poisson alone is
too tame: days differ by 10 % (log-normal), hours by 8 % (autoregressive, 0.7 from hour to hour), conversion at night is
0.6 of the day's at shops. Half of the leads come within five minutes of the visit.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import erf, log, sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tests.life.clock import END, HOUR

Floats = NDArray[np.float64]

CHANNELS: Final = ("direct", "organic_search", "paid_search", "organic_social", "email", "referral")
SHARES: Final = (0.25, 0.35, 0.15, 0.10, 0.10, 0.05)
RATES: Final = (0.055, 0.05, 0.06, 0.012, 0.08, 0.035)

_WORK: Final = (
    0.06, 0.04, 0.03, 0.03, 0.04, 0.06, 0.12, 0.35, 1.0, 1.9, 2.1, 2.1,
    1.7, 1.8, 2.1, 2.0, 1.8, 1.3, 0.8, 0.5, 0.4, 0.3, 0.2, 0.1,
)  # fmt: skip
_SHOP: Final = (
    0.35, 0.2, 0.15, 0.12, 0.12, 0.18, 0.35, 0.6, 0.8, 0.95, 1.05, 1.1,
    1.2, 1.15, 1.1, 1.1, 1.2, 1.35, 1.5, 1.75, 1.95, 1.8, 1.3, 0.7,
)  # fmt: skip
_BINS_OF_DELAY: Final = 12


def _week(day: tuple[float, ...], weekend: float) -> Floats:
    week = np.concatenate([np.array(day) * (weekend if of >= 5 else 1.0) for of in range(7)])
    normal: Floats = week / week.mean()
    return normal


#: Visits by local hour of the week, 1 on average.
RHYTHMS: Final = {"work": _week(_WORK, 0.15), "shop": _week(_SHOP, 1.1)}


@dataclass(slots=True)
class Site:
    """One kind of site, several runs; factors are channels × bins."""

    kind: str
    per_hour: float
    runs: int
    shares: tuple[float, ...] = SHARES
    converts: tuple[float, ...] = RATES
    visits: Floats = field(default_factory=lambda: np.ones((len(CHANNELS), END)))
    rates: Floats = field(default_factory=lambda: np.ones((len(CHANNELS), END)))
    bots: Floats = field(default_factory=lambda: np.zeros((len(CHANNELS), END)))  # visits an hour that never convert
    ahead_h: Floats = field(default_factory=lambda: np.full(END, 2.0))  # of local time before UTC
    start: int = 0  # the first bin of which there is anything
    holes: list[tuple[int, int]] = field(default_factory=list)  # bins of which history has nothing
    marked: list[tuple[int, int]] = field(default_factory=list)  # what the calendar takes out

    def draw(self, random: np.random.Generator) -> tuple[Floats, Floats]:
        """Draw visits and leads."""
        hour = (np.arange(END) / HOUR + self.ahead_h) % 168
        mean = self.per_hour / HOUR * _between_hours(RHYTHMS[self.kind], hour) * self._luck(random)
        by_channel = mean[:, None, :] * np.array(self.shares)[None, :, None] * self.visits
        visits = random.poisson(by_channel).astype(np.float64)
        rate = np.array(self.converts)[:, None] * _at_night(self.kind, hour) * self.rates
        begun = visits * np.clip(rate, 0, 1)
        due = np.zeros_like(begun)
        for late, share in enumerate(_delays()):
            due[..., late:] += share * begun[..., : END - late]
        leads = random.poisson(due).astype(np.float64)
        if self.bots.any():
            visits += random.poisson(np.broadcast_to(self.bots / HOUR, visits.shape))
        visits[..., : self.start], leads[..., : self.start] = 0, 0
        return visits, leads

    def _luck(self, random: np.random.Generator) -> Floats:
        """Draw how days and hours differ: runs × bins."""
        day = ((np.arange(END) / HOUR + self.ahead_h) // 24).astype(int)
        days = np.exp(random.normal(-(0.1**2) / 2, 0.1, (self.runs, day.max() + 1)))
        hours = np.empty((self.runs, END // HOUR))
        shocks = random.normal(0, 0.08 * sqrt(1 - 0.7**2), hours.shape)
        hours[:, 0] = random.normal(0, 0.08, self.runs)
        for at in range(1, hours.shape[1]):
            hours[:, at] = 0.7 * hours[:, at - 1] + shocks[:, at]
        luck: Floats = days[:, day] * np.exp(np.repeat(hours, HOUR, axis=1) - 0.08**2 / 2)
        return luck


def _between_hours(rhythm: Floats, hour: Floats) -> Floats:
    """Read a rhythm at any time: the middle of an hour carries its value."""
    place = (hour - 0.5) % 168
    low = np.floor(place).astype(int)
    part = place - low
    read: Floats = rhythm[low] * (1 - part) + rhythm[(low + 1) % 168] * part
    return read


def _at_night(kind: str, hour: Floats) -> Floats:
    clock = np.floor(hour) % 24
    if kind == "shop":
        return np.where((clock >= 23) | (clock < 7), 0.6, 1.0)
    factor: Floats = 1 + 0.12 * np.cos((clock - 11) / 12 * np.pi)
    return factor


def _delays(median_s: float = 300, sigma: float = 1.0) -> Floats:
    """Give the share of leads that come in the bin of their visit, in the next one, and so on; visits are even in a bin."""

    def until(second: float) -> float:
        return 0.0 if second <= 0 else 0.5 * (1 + erf((log(second) - log(median_s)) / sigma / sqrt(2)))

    starts = (np.arange(20) + 0.5) * 30
    shares = [float(np.mean([until((late + 1) * 600 - start) for start in starts])) for late in range(_BINS_OF_DELAY)]
    return np.diff([0.0, *shares])
