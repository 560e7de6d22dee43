"""Usual: what a figure should be, from the same hours of former weeks.

In:  the past of counts, or of successes and trials.
Out: low, high, level; the usual share or rate; by the hour, with NaN where too little is known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Final, NamedTuple

import numpy as np

from stream.judge.history import Bools, Floats
from stream.judge.past import DAY_H, LEAST_WEEKS, Counts, Line, PairsAt, Past, weeks
from stream.judge.stats import quantile

Pick = Callable[[Floats, Floats], Floats]

#: Of four weeks the second lowest: one odd week changes nothing. High is the mirror image.
LOW: Final = 1 / 3
#: A newsletter an hour later, or clocks that change, are no drop.
SHIFTS: Final[dict[str, tuple[int, ...]]] = {"1h": (-1, 0, 1), "6h": (-1, 0, 1), "24h": (0,), "7d": (0,)}
HOURS: Final = {"1h": 1, "6h": 6, "24h": 24, "7d": 168, "48h": 48, "96h": 96}
#: The day before only ever lowers what is expected, and halves it at most.
LEVEL: Final = 0.5
YOUNG_DAYS: Final = 7
LEAST_DAYS: Final = 3


class Volume(NamedTuple):
    """The lower weeks (of more hours at both ends), level, how many weeks are known: series × hours; and the shifts."""

    lower: Floats
    level: Floats
    weeks: Floats
    shifts: Sequence[int]

    @property
    def young(self) -> bool:
        """Say whether anything is not known."""
        return bool(np.isnan(self.lower).any())

    def low(self, line: Line) -> Floats:
        """Give the lowest of the lines through shifted hours: series × moments."""
        return _extreme(line.under, self.lower, self.shifts, np.fmin)


def count_of(past: Past, of: Counts, day: Counts, window: str, shifts: Sequence[int] | None = None) -> Volume:
    """Say what a count should be: the lower weeks at the lowest of some shifted hours, lowered by the day before."""
    moved = SHIFTS[window] if shifts is None else shifts
    wide = max(moved) + 1
    counts = past.lagged(of, weeks(), past.hours(wide, wide))
    known = (~np.isnan(counts)).sum(axis=0).astype(np.float64)
    lower = np.where(known >= LEAST_WEEKS, quantile(counts, LOW), np.nan)
    return Volume(lower, level_of(past, day, window), known[:, wide:-wide], moved)


def level_of(past: Past, day: Counts, window: str) -> Floats:
    """Hold the day that ended where the window begins against that day of other weeks: 0.5 to 1, 1 if not known."""
    hours = past.hours() - HOURS[window]
    before = day(hours)
    usual = quantile(past.lagged(day, weeks(), hours), 0.5)
    level = np.clip(np.where(usual > 0, before / usual, np.nan), LEVEL, 1.0)
    return np.where(np.isnan(level), 1.0, level)


class Examples(NamedTuple):
    """How former times are put together: the least of all trials, and of each time that counts by itself."""

    least: float
    each: float
    rises: bool = False


class Share(NamedTuple):
    """The usual share or rate (of more hours at both ends), the weeks known: series × hours; and the shifts."""

    usual: Floats
    weeks: Floats
    shifts: Sequence[int] = (0,)
    rises: bool = False

    def at(self, line: Line) -> Floats:
        """Give the lowest of the lines through shifted hours (of what rises: the highest): series × moments."""
        return _extreme(line.between, self.usual, self.shifts, np.fmax if self.rises else np.fmin)


def _extreme(read: Callable[[Floats], Floats], values: Floats, shifts: Sequence[int], pick: Pick) -> Floats:
    wide = max(shifts)
    length = values.shape[-1] - 2 * wide
    return reduce(pick, (read(values[:, wide + shift :][:, :length]) for shift in shifts))


def share_of(past: Past, of: PairsAt, window: str, how: Examples) -> Share:
    """Say what a share should be: the lower of pool and median of the weeks; of young ones, of the last days."""
    shifts = SHIFTS[window]
    wide = max(shifts)
    hours = past.hours(wide, wide)
    successes, trials = past.pairs(of, weeks(), hours)
    usual = put_together(successes, trials, how, LEAST_WEEKS)
    known = (~np.isnan(trials)).sum(axis=0)[:, wide : trials.shape[-1] - wide].astype(np.float64)
    if np.isnan(usual).any():
        days = [DAY_H * day for day in range(1, YOUNG_DAYS + 1)]
        young = put_together(*past.pairs(of, days, hours), how, LEAST_DAYS)
        usual = np.where(np.isnan(usual), young, usual)
    return Share(usual, known, shifts, how.rises)


def put_together(successes: Floats, trials: Floats, how: Examples, times: int) -> Floats:
    """Give the lower (of what rises: the higher) of the pooled ratio and the median of the single ones.

    The pool is swayed by one busy week, the median of a few small counts by chance.
    """
    there: Bools = ~np.isnan(trials)
    total = np.nansum(trials, axis=0)
    pool = np.where(there, successes, 0).sum(axis=0) / np.where(total > 0, total, np.nan)
    middle = quantile(np.where(trials >= how.each, successes / trials, np.nan), 0.5)
    both = np.fmax(pool, middle) if how.rises else np.fmin(pool, middle)
    out: Floats = np.where((total >= how.least) & (there.sum(axis=0) >= times), both, np.nan)
    return out
