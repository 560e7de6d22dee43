"""Mailing: messages and appointments one by one, since the age of a cohort is the point.

In:  what is sent when, how many are opened, what happens to them, a seed.
Out: what windows of messages sent, and of those opened in time, show at the end of each bin.

Half of the opens come within two hours (log-normal, sigma 1.7); four in five of those that are due at night wait for
the morning; mailings differ by a fifth. Of appointments half of those that are confirmed are so within twelve hours.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tests.life.clock import BIN_MS, END, HOUR
from tests.life.site import RHYTHMS, Floats

BIN_S = BIN_MS // 1_000
#: An answer is in time within a day.
HORIZON_H = 24


@dataclass(slots=True)
class Mailing:
    """Messages of one purpose, in seconds after the first bin; never is infinite."""

    random: np.random.Generator
    size: float
    share: float = 0.30
    median_s: float = 7_200
    sigma: float = 1.7
    sleep: bool = True
    differ: float = 0.2
    lost: list[tuple[int, int, float]] = field(default_factory=list)  # bins of answers, and the part that is left
    sent: list[Floats] = field(default_factory=list)
    answered: list[Floats] = field(default_factory=list)

    def send(self, at: float, count: float, share: float = 1.0) -> None:
        """Send a mailing at a bin, within an hour; `share` is of the usual opens."""
        moments = at * BIN_S + np.sort(self.random.uniform(0, 3_600, self.random.poisson(count)))
        self._take(moments, self.share * share * np.exp(self.random.normal(0, self.differ)))

    def stream(self, per_hour: float, kind: str = "shop", share: float | None = None,
               off: tuple[int, int] = (0, 0)) -> None:  # fmt: skip
        """Send all day with the rhythm of a site."""
        hour = ((np.arange(END) / HOUR + 2) % 168).astype(int)
        mean = per_hour / HOUR * RHYTHMS[kind][hour]
        mean[slice(*off)] = 0
        counts = self.random.poisson(mean)
        moments = np.repeat(np.arange(END) * float(BIN_S), counts) + self.random.uniform(0, BIN_S, counts.sum())
        self._take(np.sort(moments), share or self.share)

    def _take(self, moments: Floats, share: float) -> None:
        count = len(moments)
        due = moments + self.random.lognormal(np.log(self.median_s), self.sigma, count)
        if self.sleep:
            clock = (due / 3_600 + 2) % 24
            waits = ((clock >= 23) | (clock < 7)) & (self.random.random(count) < 0.8)
            morning = (7 - clock) % 24 * 3_600 + self.random.exponential(5_400, count)
            due = np.where(waits, due + morning, due)
        chance = np.full(count, share)
        for begin, end, left in self.lost:
            chance[(due >= begin * BIN_S) & (due < end * BIN_S)] *= left
        self.sent.append(moments)
        self.answered.append(np.where(self.random.random(count) < chance, due, np.inf))

    def windows(self, hours: int) -> Floats:
        """Count messages sent in a window."""
        sent = np.concatenate(self.sent)
        return _held(sent, sent + hours * 3_600)

    def in_time(self, hours: int) -> tuple[Floats, Floats]:
        """Count answers in time and cohorts, of messages at least as old as the horizon."""
        sent, answered = np.concatenate(self.sent), np.concatenate(self.answered)
        old_s = HORIZON_H * 3_600
        timely = sent[answered - sent <= old_s] + old_s
        return _held(timely, timely + hours * 3_600), _held(sent + old_s, sent + old_s + hours * 3_600)


def _held(enter_s: Floats, leave_s: Floats) -> Floats:
    """Count what is inside at the end of each bin."""

    def tally(moments: Floats) -> np.ndarray:
        bins = np.clip(np.ceil(moments / BIN_S - 1), 0, END).astype(np.int64)
        return np.bincount(bins, minlength=END + 1)[:END]

    return np.cumsum(tally(enter_s) - tally(leave_s)).astype(np.float64)
