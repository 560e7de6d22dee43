"""Ratios: is a share or a rate certainly below (or above) what is usual?

In:  successes and trials now, their past.
Out: judgements: of shares and rates, of what is told in time, of costs, of countries.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from stream.judge.history import Bools, Floats, Ints, Pairs
from stream.judge.judgement import Judgement, nowhere
from stream.judge.past import DAY_H, WEEK_H, Line, PairsAt, Past
from stream.judge.stats import needed, poisson, quantile, wilson
from stream.judge.usual import Examples, Share

#: Of the many tickets a site has.
Z: Final = 3.0
#: Window → part of the usual below which a drop counts.
PARTS: Final = {"1h": 0.85, "6h": 0.9, "24h": 0.9}
#: A firing alert stays below this part of the usual.
STAY: Final = 0.9
LEAST: Final = 200.0
EXAMPLES: Final = Examples(LEAST, each=20)
RISES: Final = Examples(LEAST, each=20, rises=True)
#: Successes below which a rise is none.
LEAST_RISE: Final = 11

#: In time: mailings differ by a fifth.
TIMELY_PART: Final = 0.65
TIMELY_STAY: Final = 0.8
TIMELY_EACH: Final = 100.0
TIMELY_LOW: Final = 0.25
#: Window → lags of its examples, and how many of them there must be.
TIMELY_LAGS: Final[dict[str, tuple[list[int], int]]] = {
    "24h": ([DAY_H * day for day in range(1, 29)], 3),
    "7d": ([WEEK_H * week for week in range(1, 5)], 2),
}

COST_FACTOR: Final = 1.5
COST_STAY: Final = 1.25
COST_LEAST: Final = 30.0
COST_EXAMPLES: Final = Examples(COST_LEAST, each=1, rises=True)
#: A country's share rises by more than this.
COUNTRY_MORE: Final = 0.1


def shares(
    now: Pairs,
    marked: Bools,
    line: Line,
    share: Share,
    *,
    z: Floats | float,
    part: Floats | float,
    rate: bool,
    rises: bool,
) -> Judgement:
    """Judge shares (Wilson) or rates (Poisson) of one window."""
    successes = now.successes
    usual = share.at(line)
    some = np.where(now.trials > 0, now.trials, np.nan)
    interval = poisson if rate else wilson
    if rises:
        many = successes >= LEAST_RISE
        holds = many & (interval(successes, some, -1, z) * part > usual)
        stays = many & (successes / some * STAY > usual)
    else:
        holds = interval(successes, some, 1, z) < part * usual
        stays = successes / some < STAY * usual
    limit = usual / part if rises else part * usual
    much = needed(usual, part, z, share=not rate)
    return _judgement(now, some, line, share, usual, limit, holds, stays, much).marked_out(marked)


def _judgement(
    now: Pairs, some: Floats, line: Line, share: Share, usual: Floats, limit: Floats, holds: Bools, stays: Bools,
    much: Floats,
) -> Judgement:  # fmt: skip
    made = ~np.isnan(some) & ~np.isnan(usual)
    known = line.before(share.weeks)
    return Judgement(now.successes, some, usual, limit, holds, stays, made, nowhere(usual), much, some, known)


def over_already(short: Judgement, few: Ints, longer: Judgement, places: Ints, *, rises: bool) -> None:
    """Take out of a longer window what a shorter one shows to be over: it only remembers it.

    `few` and `places` say which series the rows of both are.
    """
    value = short.figure / short.over
    over = value <= short.usual if rises else value >= short.usual
    _, mine, theirs = np.intersect1d(places, few, assume_unique=True, return_indices=True)
    longer.holds[mine] &= ~over[theirs]


def timely_of(past: Past, of: PairsAt, window: str) -> Share:
    """Say what is usually told in time: of cohorts of the last four weeks, single days or whole weeks."""
    lags, least = TIMELY_LAGS[window]
    before, cohorts = past.pairs(of, lags, past.hours())
    single = np.where(cohorts >= TIMELY_EACH, before / cohorts, np.nan)
    known = (~np.isnan(single)).sum(axis=0)
    total = np.nansum(cohorts, axis=0)
    pool = np.nansum(before, axis=0) / np.where(total > 0, total, np.nan)
    low = np.where((total >= LEAST) & (known >= least), np.fmin(quantile(single, TIMELY_LOW), pool), np.nan)
    return Share(low, np.minimum(np.floor(known / (7 if window == "24h" else 1)), 4))


def in_time(
    now: Pairs, marked: Bools, line: Line, share: Share, *, z: Floats | float, part: Floats | float
) -> Judgement:
    """Judge what is told in time: cohorts as old as the horizon, against those of the last four weeks."""
    usual = share.at(line)
    some = np.where(now.trials > 0, now.trials, np.nan)
    holds = wilson(now.successes, some, 1, z) < part * usual
    stays = now.successes / some < TIMELY_STAY * usual
    much = needed(usual, part, z, share=True)
    return _judgement(now, some, line, share, usual, part * usual, holds, stays, much).marked_out(marked)


def costs(now: Pairs, marked: Bools, line: Line, share: Share, part: Floats | float) -> Judgement:
    """Judge what one costs: only of so many, and only when it is half as much again."""
    usual = share.at(line)
    some = np.where(now.trials > 0, now.trials, np.nan)
    much, cost = some >= COST_LEAST, now.successes / some
    holds, stays = much & (cost > part * usual), much & (cost > COST_STAY * usual)
    least = np.full_like(usual, COST_LEAST)
    return _judgement(now, some, line, share, usual, part * usual, holds, stays, least).marked_out(marked)


def countries(now: Pairs, marked: Bools, line: Line, share: Share, z: Floats | float) -> Judgement:
    """Judge whether a country's share of the visitors is more by a tenth of all of them than is usual."""
    usual = share.at(line)
    some = np.where(now.trials > 0, now.trials, np.nan)
    limit, many = usual + COUNTRY_MORE, now.successes >= LEAST_RISE
    holds = many & (wilson(now.successes, some, -1, z) > limit)
    stays = many & (now.successes / some > usual + COUNTRY_MORE / 2)
    least = np.ceil(LEAST_RISE / limit)
    return _judgement(now, some, line, share, usual, limit, holds, stays, least).marked_out(marked)
