"""Statistics of few weeks and few counts: quantiles, intervals, how much must be seen.

In:  arrays, with NaN where nothing is known.
Out: arrays of the same shape; nothing warns of NaN or of a division by nothing.
"""

from __future__ import annotations

import math

import numpy as np

from stream.judge.history import Floats


def quantile(values: Floats, q: float) -> Floats:
    """Give a quantile over the first axis of what is known, on the line between its neighbours (Hyndman and Fan's 7).

    >>> weeks = np.array([[40.0], [10.0], [np.nan], [20.0]])
    >>> quantile(weeks, 1 / 2).tolist(), quantile(weeks, 1 / 4).tolist(), quantile(weeks * np.nan, 1 / 3).tolist()
    ([20.0], [15.0], [nan])
    """
    with np.errstate(invalid="ignore"):  # what is not known is sorted to the end as infinite
        return _quantile(values, q)


def _quantile(values: Floats, q: float) -> Floats:
    count = len(values)
    ordered = _sorted_four(values) if count == 4 else list(np.sort(values, axis=0))
    if count == 1:
        return ordered[0]
    known = count - np.isnan(values).sum(axis=0)
    if (known == count).all():
        low = math.floor((count - 1) * q)
        return _between(ordered[low], ordered[min(low + 1, count - 1)], (count - 1) * q - low)
    out = np.full(values.shape[1:], np.nan)
    for there in range(1, count + 1):  # how many are known is one of few numbers
        low = math.floor((there - 1) * q)
        one = _between(ordered[low], ordered[min(low + 1, there - 1)], (there - 1) * q - low)
        np.copyto(out, one, where=known == there)
    return out


def _between(a: Floats, b: Floats, part: float) -> Floats:
    return a if part <= 0 else a + (b - a) * part


def _sorted_four(values: Floats) -> list[Floats]:
    # five exchanges; np.sort along the first axis takes four times as long (tests/bench)
    a, b, c, d = (np.where(np.isnan(one), np.inf, one) for one in values)
    a, b = np.minimum(a, b), np.maximum(a, b)
    c, d = np.minimum(c, d), np.maximum(c, d)
    a, c = np.minimum(a, c), np.maximum(a, c)
    b, d = np.minimum(b, d), np.maximum(b, d)
    b, c = np.minimum(b, c), np.maximum(b, c)
    return [a, b, c, d]


def wilson(successes: Floats, trials: Floats, side: int, z: Floats | float) -> Floats:
    """Give the upper (side 1) or lower (-1) end of the score interval of a share (E. B. Wilson, 1927).

    >>> [round(float(wilson(np.array(50.0), np.array(1_000.0), side, 3)), 4) for side in (-1, 1)]
    [0.033, 0.075]
    """
    share, z2 = successes / trials, np.square(z)
    middle = share + z2 / (2 * trials)
    wide = z * np.sqrt(np.maximum(share * (1 - share), 0) / trials + z2 / (4 * np.square(trials)))
    end: Floats = (middle + side * wide) / (1 + z2 / trials)
    return end


def poisson(count: Floats, expected: Floats, side: int, z: Floats | float) -> Floats:
    """Give an end of the score interval of count / expected: `expected` is known, and no number of trials.

    >>> [round(float(poisson(np.array(0.0), np.array(9.0), side, 3)), 4) for side in (-1, 1)]
    [0.0, 1.0]
    """
    z2 = np.square(z)
    end: Floats = (count + z2 / 2 + side * z * np.sqrt(count + z2 / 4)) / expected
    return end


def needed(usual: Floats, part: Floats | float, z: Floats | float, *, share: bool) -> Floats:
    """Give how many trials are needed to tell that half of the usual is lost.

    >>> needed(np.array(0.05), 0.9, 3, share=True).tolist(), needed(np.array(0.05), 0.9, 3, share=False).tolist()
    (967.0, 1013.0)
    """
    spread = 1 - part * usual if share else 1.0
    count: Floats = np.ceil(np.square(z) * part * spread / (usual * np.square(part - 0.5)))
    return count
