"""Verdict: is a figure as usual, or is there too little data to tell?

In:  a catalog entry, what a window holds, and what former windows held (the usual).
Out: ok, drop, rise, too_little (n of N needed), no_baseline, or none where there is nothing to judge.

Proportions are judged by the Wilson score interval with z = 3: a drop is certain once the upper end lies below a
part of the usual share. Sums that are no proportions take the Poisson interval of the same width, counts need to
be four standard deviations and half below, and costs need enough leads. The alerts in Prometheus follow the same
rules against the same hours of four weeks; the live page knows only what it saw itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from stream.catalog import Metric
from stream.catalog.judging import (
    COST_FACTOR,
    EFFECT,
    LEAST_LEADS,
    LEAST_SUCCESSES,
    LEAST_TRIALS,
    PART_LONG,
    PARTS,
    SIGMAS,
    VOLUME_PART,
    Z,
    rule_of,
)

State = Literal["ok", "drop", "rise", "too_little", "no_baseline", "none"]


@dataclass(frozen=True, slots=True)
class Usual:
    """What former windows held, added up; `windows` of them."""

    numerator: float
    denominator: float
    windows: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """`usual` is the value to compare with; `n` of `needed` observations were there to tell a halving."""

    state: State
    usual: float | None = None
    n: float | None = None
    needed: int | None = None


def wilson(k: float, n: float) -> tuple[float, float]:
    """Give the Wilson score interval of k successes in n trials (E. B. Wilson, 1927).

    >>> [round(end, 4) for end in wilson(0, 91)], [round(end, 4) for end in wilson(50, 1000)]
    ([0.0, 0.09], [0.033, 0.075])
    """
    p, z2 = k / n, Z * Z
    middle = p + z2 / (2 * n)
    half = Z * math.sqrt(max(0.0, p * (1 - p) / n + z2 / (4 * n * n)))
    scale = 1 + z2 / n
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)


def needed_trials(usual: float, part: float) -> int:
    """Give the trials from which on a halving of a share shows: the score test solved for n.

    >>> needed_trials(0.05, 0.85), needed_trials(0.0, 0.85)
    (1196, 0)
    """
    limit = usual * part
    if limit <= 0 or limit >= 1:
        return 0
    return math.ceil(Z * Z * limit * (1 - limit) / (usual * (part - EFFECT)) ** 2)


def judge(metric: Metric, window: str, numerator: float | None, denominator: float | None, value: float | None,
          usual: Usual | None) -> Verdict:  # fmt: skip
    """Judge a window by what former windows held."""
    part, rule = PARTS.get(window, PART_LONG), rule_of(metric)
    if rule == "volume":
        return _count(float(value or 0), usual)
    if rule is None or not denominator:
        return Verdict("none")
    k, n = float(numerator or 0), float(denominator)
    if rule == "wilson":
        return _share(metric, part, k, n, usual)
    return _cost(k, n, usual) if rule == "cost" else _rate(metric, part, k, n, usual)


def _share(metric: Metric, part: float, k: float, n: float, usual: Usual | None) -> Verdict:
    if usual is None or usual.denominator < LEAST_TRIALS:
        return Verdict("no_baseline", n=n)
    share = usual.numerator / usual.denominator
    lower, upper = wilson(min(k, n), n)
    if metric.direction == "rise":
        # the mirror image: the lower end above the usual share, by as much
        needed = needed_trials(1 - share, part) if share > 0.5 else needed_trials(share, part)
        if lower > share / part and k >= LEAST_SUCCESSES:
            return Verdict("rise", share, n, needed)
    else:
        needed = needed_trials(share, part)
        if upper < share * part:
            return Verdict("drop", share, n, needed)
    return Verdict("ok" if n >= needed else "too_little", share, n, needed)


def _rate(metric: Metric, part: float, k: float, n: float, usual: Usual | None) -> Verdict:
    """Judge a count of events per exposure by the Poisson score interval around the count."""
    if usual is None or usual.denominator < LEAST_TRIALS or usual.numerator <= 0:
        return Verdict("no_baseline", n=n)
    rate = usual.numerator / usual.denominator
    expected = rate * n
    spread = Z * math.sqrt(k + Z * Z / 4)
    upper, lower = k + Z * Z / 2 + spread, k + Z * Z / 2 - spread
    needed = math.ceil(Z * Z * part / (part - EFFECT) ** 2 / rate)
    if metric.direction == "rise" and lower > expected / part and k >= LEAST_SUCCESSES:
        return Verdict("rise", rate, n, needed)
    if metric.direction == "drop" and upper < expected * part:
        return Verdict("drop", rate, n, needed)
    return Verdict("ok" if n >= needed else "too_little", rate, n, needed)


def _cost(spend: float, leads: float, usual: Usual | None) -> Verdict:
    if usual is None or usual.denominator < LEAST_LEADS:
        return Verdict("no_baseline", n=leads)
    cost = usual.numerator / usual.denominator
    if leads < LEAST_LEADS:
        return Verdict("too_little", cost, leads, LEAST_LEADS)
    return Verdict("rise" if spend / leads > COST_FACTOR * cost else "ok", cost, leads, LEAST_LEADS)


def _count(value: float, usual: Usual | None) -> Verdict:
    """Judge a volume: n is what a window usually holds, needed is what it must hold for a loss to show."""
    if usual is None:
        return Verdict("no_baseline")
    expected, needed = usual.numerator / usual.windows, math.ceil(SIGMAS * SIGMAS) + 1
    if value < expected - SIGMAS * math.sqrt(expected) and value < expected * VOLUME_PART:
        return Verdict("drop", expected, expected, needed)
    return Verdict("ok" if expected >= needed else "too_little", expected, expected, needed)
