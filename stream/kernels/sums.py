"""Sums: changes of the same thing, added up.

In:  a number for each change that says what it changes, and its amount.
Out: each number once, in order, with the sum of its amounts; none whose sum is 0.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def summed(keys: Ints, amounts: Ints, *, in_runs: bool = False) -> tuple[Ints, Ints]:
    """Add up the amounts of equal keys. Keys `in_runs`, stretches that are in order already, are merged faster.

    >>> summed(np.array([7, 5, 7, 6]), np.array([1, 2, 3, 0]))
    (array([5, 7]), array([2, 4]))
    """
    if not len(keys):
        return keys, amounts
    order = keys.argsort(kind="stable" if in_runs else None)
    keys = keys[order]
    starts = starts_of(keys)
    keys, amounts = keys[starts], np.add.reduceat(amounts[order], starts)
    changed = amounts != 0
    return (keys, amounts) if changed.all() else (keys[changed], amounts[changed])


def counted(keys: Ints) -> tuple[Ints, Ints]:
    """Count equal keys, which are put in order in place: a fifth of what adding up ones costs.

    >>> counted(np.array([7, 5, 7, 6]))
    (array([5, 6, 7]), array([1, 1, 2]))
    """
    if not len(keys):
        return keys, keys
    keys.sort()
    starts = starts_of(keys)
    times = np.empty_like(starts)
    np.subtract(starts[1:], starts[:-1], out=times[:-1])
    times[-1] = len(keys) - starts[-1]
    return keys[starts], times


def starts_of(keys: Ints) -> Ints:
    """Give where each stretch of equal keys begins; there is at least one key."""
    first = np.empty(len(keys), np.bool_)
    first[0] = True
    np.not_equal(keys[1:], keys[:-1], out=first[1:])
    starts: Ints = first.nonzero()[0]
    return starts
