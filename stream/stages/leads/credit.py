"""Credit: what touches have to do with a lead, or with a deal, by six models side by side.

In:  touches by time; the moment that they led to.
Out: by model, millionths by what a touch is credited to: always exactly one million in all.

The path of a moment are the newest 50 touches of the 90 days up to it.

    first, last      all to one touch
    last_non_direct  the last that is not direct; the last where all are
    linear           alike
    position         40 % each to the first and the last, 20 % to those between; of two, half each
    time_decay       half as much for each 7 days, by whole hours
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Final

from stream.stages.leads.view import MODELS, Shares, Touch, Where

MICRO: Final = 1_000_000
NOBODY: Final[Where] = ("unknown", "", "")
TOUCH_MS: Final = 90 * 86_400_000
MOST_TOUCHES: Final = 50

_HOUR_MS: Final = 3_600_000
_WEEK_HOURS: Final = 168
#: 2^(44 - h/168) by hour, worked out in decimal, so that no two machines can differ; each week is half the one before.
_WEEK: Final = [int(Decimal(2) ** (44 - Decimal(hour) / _WEEK_HOURS)) for hour in range(_WEEK_HOURS)]
FADING: Final = tuple(_WEEK[hour % _WEEK_HOURS] >> hour // _WEEK_HOURS for hour in range(90 * 24 + 1))


def path(touches: Sequence[Touch], until_ms: int) -> tuple[Touch, ...]:
    """Give the touches that led to a moment; they come and go in order."""
    begin = bisect_right(touches, (until_ms - TOUCH_MS + 1,))
    end = bisect_right(touches, (until_ms + 1,))
    return tuple(touches[max(begin, end - MOST_TOUCHES) : end])


@lru_cache(maxsize=4_096)  # a lead is looked at before and after each change, and few changes are of its path
def credit(touches: tuple[Touch, ...], until_ms: int) -> Mapping[str, Shares]:
    """Share one million out among the touches of a path, by each model.

    >>> credit(((0, "email", "news", ""), (1, "direct", "", "")), 2)["last_non_direct"]
    {('email', 'news', ''): 1000000}
    """
    wheres: list[Where] = [touch[1:] for touch in touches] or [NOBODY]
    first, last, count = wheres[0], wheres[-1], len(wheres)
    whole: Shares = {first: MICRO}
    if wheres.count(first) == count:
        return dict.fromkeys(MODELS, whole)
    loud = next((where for where in reversed(wheres) if where[0] != "direct"), last)
    if count == 2:
        linear = position = {first: MICRO // 2, last: MICRO // 2}
    else:
        linear = _shared(wheres, [1] * count)
        edge = 2 * (count - 2)  # twice what all between have together
        position = _shared(wheres, [edge, *[1] * (count - 2), edge])
    fading = [FADING[(until_ms - touch[0]) // _HOUR_MS] for touch in touches]
    return {
        "first": whole,
        "last": {last: MICRO},
        "last_non_direct": {loud: MICRO},
        "linear": linear,
        "position": position,
        "time_decay": _shared(wheres, fading),
    }


def split(value: int, shares: Shares) -> dict[Where, int]:
    """Split an amount as shares say, to the last millionth.

    >>> split(100, {("email", "", ""): 333_333, ("direct", "", ""): 666_667})
    {('direct', '', ''): 66, ('email', '', ''): 34}
    """
    out: dict[Where, int] = {}
    run = before = 0
    for where in sorted(shares):
        run += shares[where]
        upto = value * run // MICRO
        out[where] = upto - before
        before = upto
    return out


def _shared(wheres: Sequence[Where], weights: Sequence[int]) -> dict[Where, int]:
    """Share by differences of a cumulative floor: they add up exactly, whatever the weights."""
    total, run, before = sum(weights), 0, 0
    shares: dict[Where, int] = {}
    for where, weight in zip(wheres, weights, strict=True):
        run += weight
        upto = MICRO * run // total
        if upto != before:
            shares[where] = shares.get(where, 0) + upto - before
            before = upto
    return shares
