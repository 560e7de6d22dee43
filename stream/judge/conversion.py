"""Conversion: do visitors become leads as those of their channels usually do?

In:  visitors and leads of each channel, now and in the past.
Out: judgements of sites: a drop within channels over 1, 6 and 24 hours, and a slow one over 48 and 96.

A promotion, a post, bots and the end of a campaign change who comes; the site's ratio moves and nothing is broken. So
leads are held against what the visitors of each channel should have brought. A channel with far more visitors than
ever has other visitors: it is not judged and no example. Where nearly all surge, all are held against half their rate.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from stream.judge.history import Bools, Floats, Ints, Pairs
from stream.judge.judgement import Judgement, nowhere
from stream.judge.past import DAY_H, LEAST_WEEKS, REACH_WEEKS, WEEK_H, WEEKS, Line, Past, Rows, around, weeks
from stream.judge.ratios import STAY
from stream.judge.stats import needed, poisson, quantile
from stream.judge.usual import LEAST_DAYS, LOW, SHIFTS, YOUNG_DAYS, Examples, Share, put_together

WINDOWS: Final = ("1h", "6h", "24h")
Z: Final = 2.8
#: Long windows have few looks.
LONG_Z: Final = 2.5
LONG: Final[dict[str, tuple[int, ...]]] = {"48h": (0, 24), "96h": (0, 24, 48, 72)}  # windows of a day side by side
LONG_PART: Final = 0.9
#: A site that expects more leads a day finds slow losses sooner.
FEW: Final = 150.0
#: Leads that examples must have expected in all, and each week by itself.
EXAMPLES: Final = Examples(least=10, each=1)
RATE_VISITORS: Final = 50
#: Chance, and half as many again above the second highest week.
SURGE: Final = 1.5
SURGE_SIGMAS: Final = 3.0
#: Share of the usual leads whose channels are steady, below which all are judged; a promotion converts at 0.6 and more.
ALL_SURGE: Final = 0.25
ALL_PART: Final = 0.5
_OLD_H: Final = 4 * DAY_H
_YOUNG_PART: Final = 0.5


class Channels(NamedTuple):
    """Rows of the channels of sites, by site; `starts` are the places of each site's first."""

    rows: dict[str, Rows]
    starts: Ints


class Steady(NamedTuple):
    """Leads over the channels that do not surge: observed, expected; and their visitors: sites × moments."""

    observed: Floats
    expected: Floats
    visitors: Floats


class Mix:
    """What is expected of channels, by the hour."""

    def __init__(self, past: Past, channels: Channels) -> None:
        self._past, self._channels = past, channels
        self._rates: dict[tuple[int, int, int], Floats] = {}

    def rate(self, hours: Ints, week: int = 0) -> Floats:
        """Give the usual rate of each channel at hours some weeks before: of four weeks that end a day earlier.

        A third of the way up: one campaign is in one of them, or in two that meet in it.
        """
        key = (int(hours[0]), int(hours[-1]), week)
        known = self._rates.get(key)
        if known is None:
            reach = range(min(WEEKS, REACH_WEEKS + 1 - week))
            some = [self._seven(hours, WEEK_H * (week + k) + DAY_H, old=week + k < REACH_WEEKS) for k in reach]
            known = self._rates[key] = quantile(np.stack(some), LOW)
        return known

    def _seven(self, hours: Ints, lag: int, *, old: bool) -> Floats:
        """Give leads / visitors of seven days; of a channel that is four days old, as far as history reaches."""
        rows = self._channels.rows["7d"]
        leads, visitors = self._past.read(rows, self._past.earlier(hours, lag))
        fit = visitors >= RATE_VISITORS
        if old:
            fit &= ~np.isnan(self._past.read(rows, self._past.earlier(hours, lag + _OLD_H)).trials)
        else:  # history ends before: what was not there for four days had far fewer than four days later
            fit &= ~(visitors < _YOUNG_PART * self._past.read(rows, self._past.earlier(hours, lag - _OLD_H)).trials)
        return np.where(fit, leads / visitors, np.nan)

    def high(self, window: str, hours: Ints, week: int = 0) -> Floats:
        """Give the second highest week of the visitors of each channel, at the highest of the shifted hours."""
        wide = max(SHIFTS[window])
        padded = np.arange(hours[0] - wide, hours[-1] + wide + 1)
        count = min(WEEKS, REACH_WEEKS - week)
        lags = weeks(count, first=week + 1)
        visitors = [
            self._past.read(self._channels.rows[window], self._past.earlier(padded, lag)).trials for lag in lags
        ]
        return around(quantile(np.stack(visitors), 1 - LOW), SHIFTS[window], lowest=False)

    def steady(self, window: str, hours: Ints, week: int = 0) -> Steady:
        """Work out what an hour some weeks ago had, and should have had, over the channels that did not surge then."""
        at = self._past.earlier(hours, WEEK_H * week)
        pairs = self._past.read(self._channels.rows[window], at)
        surge = surges(pairs.trials, self.high(window, hours, week))
        return steady_of(pairs, self.rate(hours, week), surge, self._channels.starts)


def steady_of(now: Pairs, rate: Floats, surge: Bools, starts: Ints) -> Steady:
    """Add up the channels that do not surge, by site."""
    leads, visitors = now
    known = ~np.isnan(visitors)
    use = known & ~surge & ~np.isnan(rate)
    expected, observed, steady = (
        np.add.reduceat(np.where(use, each, 0), starts, axis=0) for each in (visitors * rate, leads, visitors)
    )
    there = (np.add.reduceat(known, starts, axis=0) > 0) & (expected > 0)
    return Steady(*(np.where(there, each, np.nan) for each in (observed, expected, steady)))


def surges(visitors: Floats, high: Floats) -> Bools:
    """Say where far more visitors come than in the second highest week; what was never seen does not.

    >>> surges(np.array([60.0, 61.0, 61.0]), np.array([25.0, 25.0, np.nan])).tolist()
    [True, True, False]
    """
    out: Bools = visitors > SURGE * high + SURGE_SIGMAS * np.sqrt(high)
    return out


class Usual(NamedTuple):
    """What is usual of one window, by the hour: rate and high of channels; observed / expected of sites.

    Of several days side by side: the sums of the days before, and what is usual of them.
    """

    rate: Floats
    high: Floats
    share: Share
    slow: dict[str, tuple[Steady, Share]]


def usual_of(past: Past, channels: Channels) -> dict[str, Usual]:
    """Say what is usual of the channels of sites over 1, 6 and 24 hours."""
    mix = Mix(past, channels)
    out = {}
    for window in WINDOWS:
        days = Days(mix, past, window)
        slow = {long: (days.before(long), days.usual(long)) for long in LONG} if window == "24h" else {}
        out[window] = Usual(mix.rate(past.hours()), mix.high(window, past.hours()), days.usual(window), slow)
    return out


def judge(
    now: dict[str, Pairs], marked: dict[str, Bools], line: Line, starts: Ints, usual: dict[str, Usual],
    z: Floats | float, part: dict[str, Floats | float], slow_part: Floats | float,
) -> tuple[dict[str, Judgement], dict[str, Judgement]]:  # fmt: skip
    """Judge the conversion of sites over 1, 6 and 24 hours, and over 48 and 96: pages and tickets by window.

    `now` has leads and visitors of channels, `marked` the marks of sites.
    """
    page: dict[str, Judgement] = {}
    slow: dict[str, Judgement] = {}
    over = np.zeros(marked["1h"].shape, np.bool_)
    for window, figures in now.items():
        of = usual[window]
        rate, high = line.before(of.rate), line.between(of.high)
        surge = surges(figures.trials, high)
        steady = steady_of(figures, rate, surge, starts)
        one = _judgement(steady, of.share, line, z, part[window])
        is_over = one.figure / one.over >= one.usual
        if window == "24h":
            one.holds &= ~over  # a longer window remembers what a shorter one shows to be over
            slow = {
                long: _in_visitors(_slow(line, steady, *of.slow[long], slow_part, is_over), LONG_Z, slow_part)
                for long in LONG
            }
        elif window == "6h":
            over = is_over
        _all_surge(one, figures, high, rate, surge, starts, z, part[window])
        page[window] = _in_visitors(one, z, part[window]).marked_out(marked[window])
    for window in ("1h", "6h"):  # it is one page until the day that remembers it is as usual, too
        page[window].stays |= page["24h"].stays & page[window].made
    return page, {long: one.marked_out(marked["24h"]) for long, one in slow.items()}


class Days:
    """Examples of one window, and of the same window on the days before them: where four weeks say what is usual."""

    def __init__(self, mix: Mix, past: Past, window: str) -> None:
        self._mix, self._past, self._window = mix, past, window
        self._wide = max(SHIFTS[window])
        self._back = max(LONG["96h"]) if window == "24h" else self._wide
        self._hours = past.hours(self._back, self._wide)
        examples = [mix.steady(window, self._hours, week) for week in range(1, WEEKS + 1)]
        self._observed = np.stack([example.observed for example in examples])
        self._expected = np.stack([example.expected for example in examples])

    def usual(self, window: str) -> Share:
        """Say what is usual of observed / expected; `window` may be several days side by side."""
        if window in LONG:
            observed, expected = (self._side_by_side(each, LONG[window]) for each in (self._observed, self._expected))
            return Share(put_together(observed, expected, EXAMPLES, LEAST_WEEKS), _known(expected))
        skipped = self._back - self._wide
        observed, expected = self._observed[..., skipped:], self._expected[..., skipped:]
        usual = put_together(observed, expected, EXAMPLES, LEAST_WEEKS)
        known = _known(expected[..., self._wide : expected.shape[-1] - self._wide])
        return Share(self._or_of_days(usual), known, SHIFTS[window])

    def before(self, window: str) -> Steady:
        """Add up the days before now that a window of several days has; each at the hour before."""
        back = max(LONG[window])
        steady = self._mix.steady(self._window, self._past.hours(back))
        length = steady.expected.shape[-1] - back
        days = [slice(back - lag, back - lag + length) for lag in LONG[window] if lag]
        return Steady(*(np.sum([each[:, day] for day in days], axis=0) for each in steady))

    def _side_by_side(self, values: Floats, lags: tuple[int, ...]) -> Floats:
        length = values.shape[-1] - self._back
        added = [values[..., self._back - lag : self._back - lag + length] for lag in lags]
        out: Floats = np.sum(added, axis=0)
        return out

    def _or_of_days(self, usual: Floats) -> Floats:
        """Take the same window of the last seven days where weeks are not known."""
        if not np.isnan(usual).any():
            return usual
        hours = self._past.hours(self._wide, self._wide)
        days = [self._mix.steady(self._window, hours - DAY_H * day) for day in range(1, YOUNG_DAYS + 1)]
        observed, expected = np.stack([day.observed for day in days]), np.stack([day.expected for day in days])
        return np.where(np.isnan(usual), put_together(observed, expected, EXAMPLES, LEAST_DAYS), usual)


def _known(expected: Floats) -> Floats:
    known: Floats = (~np.isnan(expected)).sum(axis=0).astype(np.float64)
    return known


def _judgement(steady: Steady, share: Share, line: Line, z: Floats | float, part: Floats | float) -> Judgement:
    """Hold what was observed against what was expected, and against what is usual of their ratio."""
    observed, expected, visitors = steady
    usual = share.at(line)
    return Judgement(
        figure=observed,
        over=expected,
        usual=usual,
        limit=part * usual,
        holds=poisson(observed, expected, 1, z) < part * usual,
        stays=observed / expected < STAY * usual,
        made=~np.isnan(expected) & ~np.isnan(usual),
        marked=nowhere(observed),
        needed=np.full_like(observed, np.nan),
        enough=visitors,
        weeks=line.before(share.weeks),
    )


def _slow(line: Line, now: Steady, before: Steady, share: Share, part: Floats | float, over: Bools) -> Judgement:
    """Judge days side by side, while one of them expects few."""
    steady = Steady(*(a + line.before(b) for a, b in zip(now, before, strict=True)))
    one = _judgement(steady, share, line, LONG_Z, part)
    one.holds &= (now.expected < FEW) & ~over
    return one


def _all_surge(
    one: Judgement, now: Pairs, high: Floats, rate: Floats, surge: Bools, starts: Ints, z: Floats | float,
    part: Floats | float,
) -> None:  # fmt: skip
    """Judge all channels together where those that are steady usually bring less than a quarter of the leads."""
    bring = np.nan_to_num(high * rate)
    steady = np.add.reduceat(bring * ~surge, starts, axis=0)
    unsteady = steady < ALL_SURGE * np.add.reduceat(bring, starts, axis=0)
    if not unsteady.any():
        return
    everybody = steady_of(now, rate, nowhere(rate), starts)
    observed, expected, visitors = everybody.observed, ALL_PART * everybody.expected, everybody.visitors
    some = unsteady & (expected > 0)
    holds = some & (poisson(observed, expected, 1, z) < part)
    one.stays |= some & (observed < STAY * expected)
    one.holds |= holds
    one.made |= some
    # what is told of such a moment is about all channels, against half of what they usually bring
    one.figure, one.over = np.where(holds, observed, one.figure), np.where(holds, expected, one.over)
    one.enough, one.usual = np.where(holds, visitors, one.enough), np.where(holds, 1.0, one.usual)


def _in_visitors(one: Judgement, z: Floats | float, part: Floats | float) -> Judgement:
    """Tell leads of visitors, and the usual likewise, instead of leads of expected ones."""
    one.usual = one.over * one.usual / one.enough
    one.limit = part * one.usual
    one.over = one.enough
    one.needed = needed(one.usual, part, z, share=False)
    return one
