"""Credit: which touches brought a lead, or a deal, by six models side by side.

In:  the touches of a lead; a moment.
Out: for each model how many millionths each way gets, one in all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from stream.reference.events import DAY_MS, HOUR_MS, MILLION
from stream.reference.leads.known import Known, Way

MODELS: Final = ("first", "last", "last_non_direct", "linear", "position", "time_decay")
_LOOK_BACK_MS: Final = 90 * DAY_MS
_MOST: Final = 50
_HALF_LIFE_H: Final = 7 * 24
#: Bits of the weight of a touch of this very hour.
_BITS: Final = 44

Touch = tuple[int, Way]


def path(known: Known, until_ms: int) -> list[Touch]:
    """Give the newest touches of the 90 days up to a moment, in order."""
    touches = [(visit.at_ms, visit.way) for visit in known.visits] + known.elsewhere
    return sorted(one for one in touches if until_ms - _LOOK_BACK_MS < one[0] <= until_ms)[-_MOST:]


@lru_cache(maxsize=4_096)
def fading(hours: int) -> int:
    """Give the weight of a touch so many hours ago: 2^(44 − hours/168), rounded down.

    >>> fading(0) == 2**44, fading(168) == 2**43
    (True, True)
    """
    power = 1 << (_BITS * _HALF_LIFE_H - hours)
    low, high = 0, 1 << (_BITS + 1)  # the root lies in [low, high)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if middle**_HALF_LIFE_H <= power else (low, middle)
    return low


def weights(touches: Sequence[Touch], until_ms: int) -> dict[str, list[int]]:
    """Weigh touches by each model."""
    n = len(touches)
    only = [[int(at == one) for at in range(n)] for one in range(n)]
    named = [at for at, (_, way) in enumerate(touches) if way.channel != "direct"]
    # the first and the last two fifths each, what lies between one fifth together
    position = [1] * n if n < 3 else [2 * (n - 2), *[1] * (n - 2), 2 * (n - 2)]
    return {
        "first": only[0],
        "last": only[-1],
        "last_non_direct": only[named[-1] if named else -1],
        "linear": [1] * n,
        "position": position,
        "time_decay": [fading((until_ms - at_ms) // HOUR_MS) for at_ms, _ in touches],
    }


def split(amount: int, parts: Sequence[int]) -> list[int]:
    """Split an amount by weights: the differences of a cumulative floor, which add up to it.

    >>> split(10, [1, 1, 1])
    [3, 3, 4]
    """
    whole, run, out = sum(parts), 0, []
    before = 0
    for part in parts:
        run += part
        out.append(amount * run // whole - before)
        before += out[-1]
    return out


def credit(known: Known, at_ms: int) -> dict[str, Counter[Way]]:
    """Give each model's credit for what happened at a moment; without any touch it is unknown."""
    touches = path(known, at_ms) or [(at_ms, Way(""))]
    out: dict[str, Counter[Way]] = {}
    for model, parts in weights(touches, at_ms).items():
        shares: Counter[Way] = Counter()
        for (_, way), share in zip(touches, split(MILLION, parts), strict=True):
            shares[way] += share
        out[model] = +shares
    return out
