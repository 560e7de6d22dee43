"""Volumes: is a count far below what is usual at this hour?

In:  counts now, their past.
Out: judgements; of visitors the page, the ticket where only pushed ones are missing, and the stop of a young site.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np

from stream.judge.history import Bools, Floats, Ints
from stream.judge.judgement import Judgement, nowhere
from stream.judge.past import DAY_H, Counts, Line, Past
from stream.judge.stats import quantile
from stream.judge.usual import Volume

#: What is worth a page, and chance with a margin: at 20 visits an hour two visits still page.
PART: Final = 0.55
SIGMAS: Final = 4
#: A firing alert stays below this part of low.
STAY: Final = 0.75
#: Expected counts at which a halving, and a stop, can be told.
HALVING: Final = 64.0
STOP: Final = 17.0
#: Pulled visitors fall with the rest in an outage, not at the end of a campaign; where they are a fifth at least.
BREADTH: Final = 0.7
LEAST_PULLED: Final = 0.2
#: A young site's hour held so many on each of its last days.
STOPPED_LEAST: Final = 50
STOPPED_DAYS: Final = (1, 2, 3)
STOPPED_KNOWN: Final = 2
#: Mailings move by hours within a day and by a day within a week.
MAIL_SHIFTS: Final[dict[str, tuple[int, ...]]] = {
    "1h": (-2, -1, 0, 1, 2),
    "6h": (-6, 0, 6),
    "24h": (-24, 0, 24),
}
#: The mailing of the week: the most of seven days within so many hours, against weeks of so many days before.
MAILING_H: Final = 36
MAILING_PART: Final = 0.5
MAILING_DAYS: Final = (7, 9, 14, 16, 21, 23)
MAILING_LEAST: Final = 4
MAILING_QUANTILE: Final = 0.25


def few_come(count: Floats, expected: Floats, part: Floats | float, sigmas: float = SIGMAS) -> Bools:
    """Say where too few come for a halving to be chance.

    >>> few_come(np.array([2.0, 20.0, 54.0, 60.0]), np.array([20.0, 64.5, 100.0, 100.0]), PART).tolist()
    [True, True, True, False]
    """
    out: Bools = (count < part * expected) & (count < expected - sigmas * np.sqrt(expected))
    return out


def judge(now: Floats, marked: Bools, line: Line, volume: Volume, part: Floats | float) -> Judgement:
    """Judge counts of one window."""
    low = volume.low(line)
    expected = low * line.between(volume.level)
    return Judgement(
        figure=now,
        over=np.full_like(now, np.nan),
        usual=expected,
        limit=np.fmax(np.minimum(part * expected, expected - SIGMAS * np.sqrt(expected)), 0),
        holds=few_come(now, expected, part),
        stays=(now < STAY * low) & (now < low - np.sqrt(low)),
        made=~np.isnan(now) & ~np.isnan(expected),
        marked=nowhere(now),
        needed=np.full_like(now, HALVING),
        enough=expected,
        weeks=line.before(volume.weeks),
    ).marked_out(marked)


class Visitors(NamedTuple):
    """What visitors of sites should be, those of channels that come by themselves, and the least of the last days."""

    all: Volume
    pulled: Volume
    days: Floats | None


def least_of_days(past: Past, of: Counts) -> Floats:
    """Give the least that an hour held on the last three days, two of them known."""
    days = past.lagged(of, [DAY_H * day for day in STOPPED_DAYS], past.hours())
    known = (~np.isnan(days)).sum(axis=0)
    return np.where(known >= STOPPED_KNOWN, np.where(np.isnan(days), np.inf, days).min(axis=0), np.nan)


def visitors(
    now: Floats, pulled: Floats, marked: Bools, line: Line, usual: Visitors, part: Floats | float,
    pushed_part: Floats | float,
) -> tuple[Judgement, Judgement]:  # fmt: skip
    """Judge the visitors of sites: the page, and the ticket where only those are missing who are pushed."""
    page = judge(now, marked, line, usual.all, part)
    low, low_pulled = usual.all.low(line), usual.pulled.low(line)
    expected_pulled = low_pulled * line.between(usual.pulled.level)
    broad = (pulled < BREADTH * expected_pulled) | ~(low_pulled >= LEAST_PULLED * low)
    few = few_come(now, page.usual, pushed_part) & ~marked
    ticket = replace(page, holds=few & ~broad, stays=nowhere(now))
    page.holds &= broad
    if usual.days is not None:  # nobody comes to a young site, in an hour that held many on each of the last days
        busy = np.isnan(page.usual) & ~marked & ~np.isnan(now) & (line.between(usual.days) >= STOPPED_LEAST)
        page.holds = page.holds | busy & (now == 0)
        page.made = page.made | busy
    return page, ticket


class Mailing(NamedTuple):
    """The most of seven days of messages within the last hours, and what it should be: series × hours."""

    most: Floats
    low: Floats
    weeks: Floats


def mailing_of(past: Past, of: Counts) -> Mailing:
    """Read what the mailing of the week was in weeks that ended at this day and two days before."""
    recent = np.stack([of(past.hours() - lag) for lag in range(MAILING_H + 1)])
    most = np.where(np.isnan(recent), -np.inf, recent).max(axis=0)
    before = past.lagged(of, [DAY_H * day for day in MAILING_DAYS], past.hours())
    known = (~np.isnan(before)).sum(axis=0)
    low = np.where(known >= MAILING_LEAST, quantile(before, MAILING_QUANTILE), np.nan)
    return Mailing(most, low, np.floor(known / 2))


def mailing(now: Floats, marked: Bools, line: Line, usual: Mailing) -> Judgement:
    """Judge whether the mailing of the week went out."""
    most, low = np.fmax(line.before(usual.most), now), line.between(usual.low)
    return Judgement(
        figure=now,
        over=np.full_like(now, np.nan),
        usual=low,
        limit=np.fmax(np.minimum(MAILING_PART * low, low - SIGMAS * np.sqrt(low)), 0),
        holds=few_come(most, low, MAILING_PART),
        stays=nowhere(now),
        made=~np.isnan(now) & ~np.isnan(low),
        marked=nowhere(now),
        needed=np.full_like(now, HALVING),
        enough=low,
        weeks=line.before(usual.weeks),
    ).marked_out(marked)


def together(values: Floats, starts: Ints) -> Floats:
    """Add up rows of each site; a site of which no row is known is a hole."""
    if not len(starts):
        return np.zeros((0, values.shape[1]))
    known = ~np.isnan(values)
    total = np.add.reduceat(np.where(known, values, 0), starts, axis=0)
    out: Floats = np.where(np.add.reduceat(known, starts, axis=0) > 0, total, np.nan)
    return out
