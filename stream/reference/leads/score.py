"""Score: points for what a lead did, and for what it did not do.

In:  what is known of a lead, the rules, the clock.
Out: marks (moment, points); the score at a moment; when it first reached a threshold; bands.

What did not happen is an event of the clock: thirty days with mail and without an opening.
"""

from __future__ import annotations

from collections import Counter
from typing import Final, NamedTuple

from stream.reference.events import DAY_MS
from stream.reference.leads.known import Known
from stream.reference.leads.ladder import moments_of
from stream.reference.leads.rules import Rules, ScoreRule

_SILENCE: Final = "mail:none_opened_in"
_READ: Final = frozenset({"opened", "clicked", "replied"})


class Points(NamedTuple):
    """Points given at a moment."""

    at_ms: int
    points: int
    rule: str


def marks_of(known: Known, rules: Rules, clock_ms: int) -> list[Points]:
    """List all points, in order of time."""
    moments = moments_of(known)
    found: list[Points] = []
    for rule in rules.score:
        times = silences(known, rule, clock_ms) if rule.fact == _SILENCE else moments(rule.fact)
        found += [Points(at_ms, rule.points, rule.name) for at_ms in _kept(rule, times)]
    return sorted(found)


def _kept(rule: ScoreRule, times: list[int]) -> list[int]:
    """Keep the earliest of each UTC day, or of all."""
    if rule.once:
        return times[:1]
    a_day: Counter[int] = Counter()
    kept: list[int] = []
    for at_ms in times:
        a_day[at_ms // DAY_MS] += 1
        if a_day[at_ms // DAY_MS] <= rule.a_day:
            kept.append(at_ms)
    return kept


def silences(known: Known, rule: ScoreRule, clock_ms: int) -> list[int]:
    """Find the moments by which a lead that had mail had opened none for so long."""
    read = sorted(one.at_ms for one in known.mails if one.what in _READ)
    waiting = sorted(one.at_ms for one in known.mails if one.what == "delivered")
    found: list[int] = []
    while waiting:
        begun_ms = waiting[0]
        over_ms = begun_ms + rule.within_ms
        opened = [at_ms for at_ms in read if begun_ms <= at_ms <= over_ms]
        if opened:
            until_ms = opened[0]
        elif over_ms <= clock_ms:
            found.append(over_ms)
            until_ms = over_ms
        else:
            break
        waiting = [at_ms for at_ms in waiting if at_ms > until_ms]
    return found


def score_at(marks: list[Points], at_ms: int, rules: Rules) -> int:
    """Add up the points as they are worth at a moment: good ones fade, bad ones stay."""
    thousandths = sum(_worth(mark, at_ms, rules) for mark in marks if mark.at_ms <= at_ms)
    return thousandths // 1000


def _worth(mark: Points, at_ms: int, rules: Rules) -> int:
    """Give thousandths of points after some midnights (UTC): in halves, and in even steps between them."""
    whole, half = mark.points * 1000, rules.half_life_days
    if not half or whole <= 0:
        return whole
    halves, days = divmod(at_ms // DAY_MS - mark.at_ms // DAY_MS, half)
    return (whole >> halves) * (1000 - 500 * days // half) // 1000


def crossing(marks: list[Points], lead_ms: int, threshold: int, rules: Rules) -> int | None:
    """Give the first moment, as a lead, at which the score was that high."""
    times = sorted({lead_ms, *(mark.at_ms for mark in marks if mark.at_ms > lead_ms)})
    return next((at_ms for at_ms in times if score_at(marks, at_ms, rules) >= threshold), None)


def band_of(score: int, rules: Rules) -> str:
    """Name the band of a score."""
    return next((name for least, name in rules.bands if score >= least), "cold")
