"""Durations: log-spaced buckets, so that quantiles of any window come from added counts.

In:  a duration in milliseconds.
Out: its bucket (an integer); from counts of buckets, a quantile in seconds with a relative error of at most 2 %.

The buckets are those of DDSketch (Masson, Rim, Lee: "DDSketch: a fast and fully-mergeable quantile sketch with
relative-error guarantees", VLDB 2019): bucket i holds (gamma^(i-1), gamma^i] with gamma = (1 + a) / (1 - a).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

RELATIVE_ERROR: Final = 0.02
GAMMA: Final = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)
LOG_GAMMA: Final = math.log(GAMMA)

#: Bucket of durations of less than a millisecond, which read as 0.
ZERO_BUCKET: Final = -1


def bucket_of(duration_ms: float) -> int:
    """Give the bucket of a duration.

    >>> bucket_of(0), bucket_of(1), bucket_of(60_000)
    (-1, 0, 276)
    """
    if duration_ms < 1:
        return ZERO_BUCKET
    return math.ceil(math.log(duration_ms) / LOG_GAMMA - 1e-9)


def seconds_of(bucket: int) -> float:
    """Give the duration in seconds that stands for a bucket: never more than 2 % off any member.

    >>> abs(seconds_of(bucket_of(60_000)) - 60) <= 60 * RELATIVE_ERROR + 1e-9
    True
    """
    if bucket == ZERO_BUCKET:
        return 0.0
    return float(2 * GAMMA**bucket / (GAMMA + 1) / 1000)


def quantile(buckets: Sequence[int], counts: Sequence[int], q: float) -> float | None:
    """Read a quantile in seconds; `buckets` ascending, `counts` beside them. None where nothing was counted.

    The rank is the nearest one: the smallest value with at least q of all counts at or below it.

    >>> quantile([0, 100], [1, 3], 0.5) == seconds_of(100)
    True
    """
    total = sum(counts)
    if total <= 0:
        return None
    rank = max(1, math.ceil(q * total))
    seen = 0
    for bucket, count in zip(buckets, counts, strict=True):
        seen += count
        if seen >= rank:
            return seconds_of(bucket)
    raise ValueError("counts of buckets may not be negative")
