"""Survival: the median time until something happens, with those to whom it has not happened yet.

In:  how long it took those to whom it happened, and how long those waited who gave up or still wait.
Out: when half of all would have got there; None where the curve stays above a half.

The curve is that of Kaplan and Meier ("Nonparametric estimation from incomplete observations", JASA 53, 1958): whoever
has not got there counts as one who could have, for as long as they are known to have waited.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from stream.changes.durations import GAMMA, ZERO_BUCKET

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

#: A half, as a product of floats may come out: 7/8 · 6/7 · … is a little more in some orders.
_HALF: Final = 0.5 + 1e-12


def buckets_of(times_ms: Ints) -> Ints:
    """Give the buckets of durations.

    How long somebody has waited is known better than that. But of those who arrived no more than the bucket is known,
    so nobody can tell who of the same bucket was still there then.

    >>> buckets_of(np.array([0, 1, 60_000])).tolist()
    [-1, 0, 276]
    """
    buckets = np.ceil(np.log(np.maximum(times_ms, 1)) / np.log(GAMMA) - 1e-9).astype(np.int64)
    return np.where(times_ms < 1, ZERO_BUCKET, buckets)


def seconds_of(buckets: Ints) -> Floats:
    """Give the durations in seconds that stand for buckets.

    >>> seconds_of(np.array([-1, 0])).round(5).tolist()
    [0.0, 0.00098]
    """
    seconds = 2.0 * GAMMA ** buckets.astype(np.float64) / (GAMMA + 1) / 1000
    return np.where(buckets == ZERO_BUCKET, 0.0, seconds)


def median_s(done_s: Floats, done: Ints, left_s: Floats, left: Ints) -> float | None:
    """Give the median in seconds of `done` arrivals, beside those who `left` without or wait, by buckets in seconds.

    Of those who left within a bucket one half were still there when the others arrived. The median is read in
    proportion within its bucket, or it would jump by 4 %.

    >>> hours = np.array([1.0, 2.0, 3.0, 4.0]) * 3600
    >>> round(median_s(hours, np.array([1, 1, 1, 1]), np.zeros(0), np.zeros(0, np.int64)) / 3600, 1)
    2.0
    >>> median_s(hours[:1], np.array([1]), hours[2:], np.array([3, 3])) is None
    True
    """
    times, at = np.unique(np.concatenate((done_s, left_s)), return_inverse=True)
    arrived, gone = np.zeros(len(times), np.int64), np.zeros(len(times), np.int64)
    np.add.at(arrived, at[: len(done_s)], done)
    np.add.at(gone, at[len(done_s) :], left)
    ended = arrived + gone
    at_risk = ended.sum() - np.cumsum(ended) + ended - gone / 2
    some = arrived > 0
    steps = 1 - np.divide(arrived, at_risk, out=np.ones(len(times)), where=at_risk > 0)
    shares = np.cumprod(np.clip(steps[some], 0.0, 1.0))
    reached = np.flatnonzero(shares <= _HALF)
    if not len(reached):
        return None
    first = int(reached[0])
    time, share, before = float(times[some][first]), float(shares[first]), float(shares[first - 1]) if first else 1.0
    low, high = time * (1 + 1 / GAMMA) / 2, time * (1 + GAMMA) / 2
    return low + (high - low) * (before - 0.5) / (before - share)
