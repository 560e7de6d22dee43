"""Past: five weeks that the company of the demo might have had, drawn around the means that its simulator gives.

In:  the table of means, sites, a pace, a seed, the last hour.
Out: records of `leadpulse.history`, as `leadpulse history seed` writes them.

The people of an hour are drawn by chance (Poisson), and of them those who do what is counted (binomial). Longer windows
add up the hours that they hold, so that a good hour is a good day, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stream.demo.means import Mean
from stream.history.kept import Row, names_key
from stream.history.packed import SLICE, hour_packed, names_packed
from stream.judge.history import Figure, shape_of

Floats = NDArray[np.float64]

HOURS: Final = 35 * 24
_LENGTH: Final = {"1h": 1, "6h": 6, "24h": 24, "7d": 168}


def rows(
    means: Sequence[Mean], sites: Sequence[str], *, scale: float, seed: int, last_hour: int, hours: int = HOURS
) -> Iterator[Row]:
    """Give the records of so many hours up to the last one (counted from 1970).

    `scale` is a site's share of the pace that the means are of.
    """
    figures: list[Figure] = []
    tops, bottoms = [], []
    for number, site in enumerate(sites):
        named, top, bottom = _drawn(means, site, scale, np.random.default_rng((seed, number)), hours)
        figures += named
        tops.append(top)
        bottoms.append(bottom)
    top, bottom = np.concatenate(tops), np.concatenate(bottoms)
    slices = []
    for first in range(0, len(figures), SLICE):
        some = figures[first : first + SLICE]
        digest, record = names_packed(some)
        yield names_key(digest), record
        slices.append((digest, slice(first, first + len(some)), np.arange(len(some))))
    for at in range(hours):
        packed = [(digest, len(places), places, top[where, at], bottom[where, at]) for digest, where, places in slices]
        key = b"seed/%d/%s" % (last_hour - hours + 1 + at, slices[0][0].hex().encode())
        yield key, hour_packed(packed)


def _drawn(
    means: Sequence[Mean], site: str, scale: float, chance: np.random.Generator, hours: int
) -> tuple[list[Figure], Floats, Floats]:
    """Draw all figures of a site: their names, and both numbers by figure and hour; trials are NaN for a count."""
    figures: list[Figure] = []
    tops: list[Floats] = []
    bottoms: list[Floats] = []
    by_name: dict[tuple[str, tuple[tuple[str, str], ...]], list[Mean]] = {}
    for mean in means:
        by_name.setdefault((mean.metric, mean.labels), []).append(mean)
    before = max(_LENGTH.values())
    for (metric, labels), some in by_name.items():
        shortest = min(some, key=lambda mean: _LENGTH[mean.window])
        length = _LENGTH[shortest.window]
        top, bottom = _hourly(
            shortest.successes * scale / length, shortest.trials, scale / length, chance, hours + before
        )
        for mean in some:
            figures.append(Figure(metric, (("site", site), *labels), mean.window, shape_of(metric)))
            tops.append(_windows(top, mean.successes * scale, _LENGTH[mean.window], hours))
            if mean.trials is None or bottom is None:
                bottoms.append(np.full(hours, np.nan))
            else:
                bottoms.append(_windows(bottom, mean.trials * scale, _LENGTH[mean.window], hours))
    return figures, np.stack(tops), np.stack(bottoms)


def _hourly(
    successes: float, trials: float | None, per: float, chance: np.random.Generator, hours: int
) -> tuple[Floats, Floats | None]:
    """Draw hours as parts of their mean: 1 is as ever."""
    if trials is None or successes > trials * per:
        of = None if trials is None else _parts(chance.poisson(trials * per, hours), trials * per)
        return _parts(chance.poisson(successes, hours), successes), of
    tried = chance.poisson(trials * per, hours)
    done = chance.binomial(tried, successes / (trials * per) if trials else 0.0)
    return _parts(done, successes), _parts(tried, trials * per)


def _parts(drawn: NDArray[np.int64], mean: float) -> Floats:
    out: Floats = drawn / mean if mean > 0 else np.zeros(len(drawn))
    return out


def _windows(parts: Floats, mean: float, length: int, hours: int) -> Floats:
    """Average the last hours of each hour, times the mean of such a window, in whole numbers."""
    total = np.concatenate([[0.0], np.cumsum(parts)])
    ends = np.arange(len(parts) - hours, len(parts)) + 1
    out: Floats = np.round(mean * (total[ends] - total[ends - length]) / length)
    return out
