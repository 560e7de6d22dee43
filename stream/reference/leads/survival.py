"""Survival: when half of a cohort has got there, with those who still wait, as Kaplan and Meier have it.

In:  samples: (how long, whether it was reached); who was not yet there has waited so long.
Out: the curve, its median, and between which times any honest median lies.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Final, NamedTuple

#: A half, as a product of floats may come out.
_HALF: Final = 0.5 + 1e-12


class Step(NamedTuple):
    """From this time on the share of those not there yet; so many were at risk before it."""

    at_ms: int
    share: float
    at_risk: int


def curve(samples: Iterable[tuple[int, bool]]) -> list[Step]:
    """Give the steps of the product-limit estimator (Kaplan and Meier, JASA 1958).

    Who left at a moment was at risk in it.

    >>> [(step.at_ms, round(step.share, 4)) for step in curve([(1, True), (2, False), (3, True)])]
    [(1, 0.6667), (3, 0.0)]
    """
    ordered = sorted(samples)
    at_risk, share = len(ordered), 1.0
    steps: list[Step] = []
    for at_ms, ends in groupby(ordered, key=lambda sample: sample[0]):
        fates = [reached for _, reached in ends]
        if any(fates):
            share *= 1 - sum(fates) / at_risk
            steps.append(Step(at_ms, share, at_risk))
        at_risk -= len(fates)
    return steps


def median_ms(steps: list[Step]) -> int | None:
    """Give the first time at which no more than half wait; None where that never comes."""
    return next((step.at_ms for step in steps if step.share <= _HALF), None)


def bounds_ms(steps: list[Step]) -> tuple[int | None, int | None]:
    """Give the medians of curves that are one step higher or lower: one of those still at risk sooner or later.

    What comes of buckets and of panes may lie anywhere between them; None: it may as well not exist.
    """

    def moved(sign: int) -> int | None:
        before = 1.0
        for step in steps:
            if step.share + sign * before / step.at_risk <= _HALF:
                return step.at_ms
            before = step.share
        return None

    return moved(-1), moved(1)
