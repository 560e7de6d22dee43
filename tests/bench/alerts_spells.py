"""Spells of firing: what `for`, `keep_firing_for` and inhibition make of the moments at which an alert's condition held.

In:  moments, by site and window, at which Prometheus found the expression of an alert to hold.
Out: spells of firing, pages, hours until a drop was found.

Prometheus and Alertmanager play these in their own time only, so the proof plays them after them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

HOUR_S: Final = 3_600

#: From the first evaluation that fires until the last.
Spell = tuple[float, float]
#: By site, then by window.
Spells = dict[str, dict[str, list[Spell]]]


def held(moments_s: Iterable[float], step_s: int, hold_s: int, keep_s: int) -> list[Spell]:
    """Give the spells of firing from the moments, a step apart, at which a condition held.

    What returns while it is kept firing goes on; what returns later has to hold anew.

    >>> held([0, 300, 600, 900, 2400], 300, 600, 900)
    [(600, 1800)]
    >>> held([0, 300, 600, 1500, 3000, 3300], 300, 600, 900)
    [(600, 2400)]
    """
    out: list[Spell] = []
    begun = last = None
    for moment in [*moments_s, float("inf")]:
        if last is not None and begun is not None and moment - last > step_s:
            if last - begun >= hold_s:
                spell = begun + hold_s, last + keep_s
                if out and spell[0] <= out[-1][1]:
                    spell = out.pop()[0], spell[1]
                out.append(spell)
            begun = None
        if begun is None:
            begun = moment - hold_s if out and moment <= out[-1][1] else moment
        last = moment
    return out


def pages(by_window: dict[str, list[Spell]]) -> list[float]:
    """Give the moments at which someone is told: the 1 h window holds back 6 h and 24 h, 6 h holds back 24 h.

    >>> pages({"1h": [(100, 500)], "6h": [(200, 400), (300, 900)], "24h": [(2000, 3000)]})
    [100, 500, 2000]
    """
    out: list[float] = []
    louder: list[Spell] = []
    for window in ("1h", "6h", "24h"):
        spells = by_window.get(window, [])
        for begin, end in spells:
            at = begin
            for start, stop in sorted(louder):
                if start <= at < stop:
                    at = stop  # told when the louder alert is over, if it fires still
            if at < end:
                out.append(at)
        louder += spells
    return sorted(out)


def hours_to_find(by_window: dict[str, list[Spell]], drop_s: float, within_s: float) -> float:
    """Give the hours until an alert began to fire after a drop; infinite if none did within so many seconds.

    An alert that fired already when the drop began has not found it.

    >>> hours_to_find({"1h": [(0, 7_300)], "6h": [(14_400, 20_000)]}, 7_200, 48 * HOUR_S)
    2.0
    """
    told = [begin for spells in by_window.values() for begin, _ in spells if drop_s < begin < drop_s + within_s]
    return (min(told) - drop_s) / HOUR_S if told else float("inf")
