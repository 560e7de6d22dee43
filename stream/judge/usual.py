"""Usual: what a figure should be, from the same hours of former weeks.

In:  the past of counts, or of successes and trials.
Out: low, high, level; the usual share or rate; by the hour, with NaN where too little is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from stream.judge.history import Bools, Floats
from stream.judge.past import DAY_H, LEAST_WEEKS, Counts, PairsAt, Past, around, weeks
from stream.judge.stats import quantile

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
    """Low of the former weeks, what is expected of now, and how many weeks are known: series × hours."""

    low: Floats
    expected: Floats
    weeks: Floats


def count_of(past: Past, of: Counts, day: Counts, window: str, shifts: Sequence[int] | None = None) -> Volume:
    """Say what a count should be: the lower weeks at the lowest of some shifted hours, lowered by the day before."""
    moved = SHIFTS[window] if shifts is None else shifts
    wide = max(moved)
    counts = past.lagged(of, weeks(), past.hours(wide, wide))
    known = (~np.isnan(counts)).sum(axis=0)[:, wide : counts.shape[-1] - wide].astype(np.float64)
    low = around(quantile(counts, LOW), moved, lowest=True)
    low = np.where(known >= LEAST_WEEKS, low, np.nan)
    return Volume(low, low * level_of(past, day, window), known)


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
    """The usual share or rate, whether former weeks say so (else days), and how many weeks: series × hours."""

    usual: Floats
    weeks: Floats


def share_of(past: Past, of: PairsAt, window: str, how: Examples) -> Share:
    """Say what a share should be: the lower of pool and median of the weeks; of young ones, of the last days."""
    moved = SHIFTS[window]
    wide = max(moved)
    successes, trials = past.pairs(of, weeks(), past.hours(wide, wide))
    usual = around(put_together(successes, trials, how, LEAST_WEEKS), moved, lowest=not how.rises)
    known = (~np.isnan(trials)).sum(axis=0)[:, wide : trials.shape[-1] - wide].astype(np.float64)
    if np.isnan(usual).any():
        days = [DAY_H * day for day in range(1, YOUNG_DAYS + 1)]
        young = put_together(*past.pairs(of, days, past.hours()), how, LEAST_DAYS)
        usual = np.where(np.isnan(usual), young, usual)
    return Share(usual, known)


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
