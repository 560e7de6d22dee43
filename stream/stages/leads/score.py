"""Score: points of what happened, when they reached a threshold, and what they are by now.

In:  the facts of a lead, gathered; the clock; rules.
Out: the score and its parts, the band, crossings, and when any of it changes by itself.

A rule counts the earliest so many of a UTC day. Only points for a lead fade, at midnights (UTC), so a score rises at
what happens alone. Silence is no event: a mail waits for an opening, and when it has waited for too long that moment
has points; so it needs the clock.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from stream.lifecycle.rules import Rules
from stream.stages.leads.gather import DAY_MS, Gathered
from stream.stages.leads.view import Part

COLD: Final = "cold"
_MILLI: Final = 1_000


class Score(NamedTuple):
    """What the points of a lead come to."""

    score: int
    parts: tuple[Part, ...]
    band: str
    crossed: Mapping[int, int]
    due_ms: int  # 0: it does not change by itself


def scored(found: Gathered, clock_ms: int, rules: Rules) -> Score:
    """Count the points."""
    times, due_ms = points_times(found, clock_ms)
    points, now_ms, best = found.plan.points, max(clock_ms, found.lead.time_ms), 0
    for rule, each in times.items():
        if each[-1] > now_ms:
            now_ms = each[-1]  # what has happened has happened, however far the clock is
        if points[rule] > 0:
            best += points[rule] * len(each)
    crossed: Mapping[int, int] = {}
    if best >= rules.thresholds[0] or found.settled:
        crossed = _crossings(found, times, rules)
    parts = _parts(times, now_ms // DAY_MS, rules)
    score = 0
    for part in parts:
        score += part[1]
    band = COLD
    for name, least in rules.bands:
        if score >= least:
            band = name
            break
    if rules.half_life_days and band != COLD:
        due_ms = earlier(due_ms, (now_ms // DAY_MS + 1) * DAY_MS)
    return Score(score, parts, band, crossed, due_ms)


def earlier(one_ms: int, other_ms: int) -> int:
    """Give the earlier of two times, of which 0 is never."""
    return min(one_ms, other_ms) if one_ms and other_ms else one_ms or other_ms


def points_times(found: Gathered, clock_ms: int) -> tuple[dict[int, list[int]], int]:
    """Give by rule the times that have points, in order; and when the next silence is over."""
    plan = found.plan
    out: dict[int, list[int]] = {}
    for rule, times in found.times.items():
        times.sort()
        most = plan.a_day[rule]
        out[rule] = times if len(times) <= most else _capped(times, most)
    for rule, places in plan.single:
        if all(place in found.firsts for place in places):
            out[rule] = [max(found.firsts[place] for place in places)]
    due_ms = 0
    for rule, within_ms, once in plan.silences:
        ended, since_ms = silences(found, rule, within_ms, clock_ms)
        if rule in out:
            ended = sorted((*out[rule], *ended))
        if ended:
            out[rule] = ended[:1] if once else ended
        if since_ms and not (once and ended):
            due_ms = earlier(due_ms, since_ms + within_ms)
    return out, due_ms


def silences(found: Gathered, rule: int, within_ms: int, clock_ms: int) -> tuple[list[int], int]:
    """Give when mail had lain unopened for too long, and since when one lies so by now (0: none).

    Waiting begins with a mail, ends with the first opening or with the silence, and begins again with the next mail.
    """
    delivered, opened = found.delivered, found.opened
    if found.waiting:
        delivered = delivered + [since_ms for waiting, since_ms in found.waiting if waiting == rule]
    if not delivered:
        return [], 0
    delivered, opened = sorted(delivered), sorted(opened)
    ended: list[int] = []
    at = 0
    while at < len(delivered):
        end_ms = delivered[at] + within_ms
        opening = bisect_left(opened, delivered[at])
        if opening < len(opened) and opened[opening] <= end_ms:
            end_ms = opened[opening]
        elif end_ms <= clock_ms:
            ended.append(end_ms)
        else:
            return ended, delivered[at]
        at = bisect_right(delivered, end_ms, at)
    return ended, 0


def worth(points: int, days: int, half_life_days: int) -> int:
    """Give thousandths of what points are worth after so many midnights.

    >>> worth(25, 0, 30), worth(25, 15, 30), worth(25, 60, 30), worth(-25, 60, 30), worth(25, 60, 0)
    (25000, 18750, 6250, -25000, 25000)
    """
    if not half_life_days or points <= 0:
        return points * _MILLI
    halvings, rest = divmod(days, half_life_days)
    return (points * _MILLI >> halvings) * (1_000 - 500 * rest // half_life_days) // 1_000


def _capped(times: Sequence[int], most: int) -> list[int]:
    """Keep the earliest so many of each UTC day."""
    seen: Counter[int] = Counter()
    out = []
    for time_ms in times:
        day = time_ms // DAY_MS
        seen[day] += 1
        if seen[day] <= most:
            out.append(time_ms)
    return out


def _parts(times: Mapping[int, Sequence[int]], today: int, rules: Rules) -> tuple[Part, ...]:
    """Give what each rule adds; rounded so that the parts add up to the score, which is rounded down."""
    plan, half_life_days = rules.plan, rules.half_life_days
    out = []
    run = before = 0
    for rule in sorted(times):
        points, each = plan.points[rule], times[rule]
        if half_life_days:
            run += sum(worth(points, today - time_ms // DAY_MS, half_life_days) for time_ms in each)
        else:
            run += points * _MILLI * len(each)
        upto = run // _MILLI
        out.append(Part(plan.names[rule], upto - before, len(each)))
        before = upto
    return tuple(out)


def _crossings(found: Gathered, times: Mapping[int, Sequence[int]], rules: Rules) -> dict[int, int]:
    """Give when each threshold was first reached, as a lead: at becoming one, or at something that has points."""
    crossed: dict[int, int] = {}
    for past in found.settled:
        if past.rules == rules.score_hash:
            for limit, time_ms in past.crossed:
                crossed[limit] = earlier(crossed.get(limit, 0), time_ms)
    points = rules.plan.points
    wanted = [limit for limit in rules.thresholds if limit not in crossed]
    marks = sorted((time_ms, points[rule]) for rule, each in times.items() for time_ms in each)
    for time_ms, score in _walk(found, marks, rules.half_life_days) if wanted else ():
        while wanted and score >= wanted[0]:
            crossed[wanted.pop(0)] = time_ms
        if not wanted:
            break
    return crossed


def _walk(found: Gathered, marks: Sequence[tuple[int, int]], half_life_days: int) -> Iterator[tuple[int, int]]:
    """Give the score at each moment at which it can rise; of the settled past those are known."""
    lead_ms, sure_ms, early = found.lead.time_ms, found.sure_ms, found.early
    taken: Counter[tuple[int, int]] = Counter()
    today = total = at = 0
    for moment_ms in (lead_ms, *sorted({time_ms for time_ms, _ in marks if time_ms > lead_ms})):
        if half_life_days and moment_ms // DAY_MS != today:
            today = moment_ms // DAY_MS
            total = sum(worth(points, today - day, half_life_days) * often for (day, points), often in taken.items())
        while at < len(marks) and marks[at][0] <= moment_ms:
            time_ms, points = marks[at]
            total += worth(points, today - time_ms // DAY_MS, half_life_days)
            taken[time_ms // DAY_MS, points] += 1
            at += 1
        if moment_ms >= sure_ms or moment_ms in early:
            yield moment_ms, total // _MILLI
