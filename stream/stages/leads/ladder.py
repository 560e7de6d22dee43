"""Ladder: which stages a lead has entered, where it is now, and whether it is lost.

In:  the facts of a lead, gathered, and when its score crossed the threshold; rules.
Out: entries; the present stage; the end, if it is lost; moves back, and back from lost.

Entering a stage is the earliest thing that speaks for it. An entry only moves up; what the crm says holds, whatever
the direction. At one moment entries come first, then moves by id, then what closes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from stream.identity.facts import Recorded
from stream.lifecycle.rules import Rules
from stream.stages.leads.gather import Gathered
from stream.stages.leads.view import Move

_ENTRY, _MOVE, _CLOSE = range(3)
_CLOSES: Final = ("deal_lost", "disqualified")


class Stay(NamedTuple):
    """Where a lead is, and what moved it."""

    stage: str
    since_ms: int
    lost_ms: int
    lost_reason: str
    moves_back: tuple[Move, ...] = ()
    reopened: tuple[tuple[int, str], ...] = ()


def entries(found: Gathered, crossed_ms: int, rules: Rules) -> dict[str, int]:
    """Give when each stage was entered, in the order of the ladder.

    Nobody enters a stage before becoming a lead, but for deals, which are won when they are won, and what these imply.
    """
    plan, firsts, lead_ms = found.plan, found.firsts, found.lead.time_ms
    if crossed_ms and plan.score >= 0:  # else no rule asks for it
        firsts[plan.score] = crossed_ms
    times = [0] * len(plan.implied)
    for place, time_ms in firsts.items():
        if plan.enters[place]:
            if time_ms < lead_ms and not plan.any_time[place]:
                time_ms = lead_ms
            for stage in plan.enters[place]:
                if not times[stage] or time_ms < times[stage]:
                    times[stage] = time_ms
    for stage, places in plan.together:
        if all(place in firsts for place in places):
            time_ms = max(firsts[place] if plan.any_time[place] else max(firsts[place], lead_ms) for place in places)
            if not times[stage] or time_ms < times[stage]:
                times[stage] = time_ms
    later_ms = 0
    for at in range(len(times) - 1, 0, -1):
        if later_ms and plan.implied[at] and not 0 < times[at] < later_ms:
            times[at] = later_ms
        if times[at] and not 0 < later_ms < times[at]:
            later_ms = times[at]
    times[0] = lead_ms
    return {name: time_ms for name, time_ms in zip(rules.ladder, times, strict=True) if time_ms}


def out_of_order(entered: Mapping[str, int]) -> tuple[str, ...]:
    """Name the stages entered before one that stands before them in the ladder."""
    out = []
    newest_ms = 0
    for stage, time_ms in entered.items():
        if time_ms < newest_ms:
            out.append(stage)
        newest_ms = max(newest_ms, time_ms)
    return tuple(out)


def stay(found: Gathered, entered: Mapping[str, int], rules: Rules) -> Stay:
    """Walk through entries, moves of the crm and what closes, by time."""
    if found.moves:
        rank, won = rules.rank, {deal.deal for deal in found.deals if deal.won_ms}
        moves = [one for one in found.records if one.action == "stage_changed" and one.to in rank]
        closes = [one for one in found.records if one.action in _CLOSES and not (one.deal and one.deal in won)]
        return _walk(_steps(entered, moves, closes, rank), rules)
    *_, highest = entered  # entries only move up
    return Stay(highest, entered[highest], 0, "")


Step = tuple[int, int, str, str, Recorded | None]


def _steps(
    entered: Mapping[str, int], moves: Sequence[Recorded], closes: Sequence[Recorded], rank: Mapping[str, int]
) -> list[Step]:
    steps: list[Step] = [(time_ms, _ENTRY, f"{rank[stage]:04}", stage, None) for stage, time_ms in entered.items()]
    steps += [(one.time_ms, _MOVE, one.id, one.to, one) for one in moves]
    steps += [(one.time_ms, _CLOSE, one.id, "", one) for one in closes]
    steps.sort(key=lambda step: step[:3])
    return steps


def _walk(steps: Sequence[Step], rules: Rules) -> Stay:
    rank = rules.rank
    stage, since_ms, lost_ms, lost_reason = "", 0, 0, ""
    back: list[Move] = []
    reopened: list[tuple[int, str]] = []
    for time_ms, what, id, to, record in steps:
        if what == _CLOSE:
            if stage != rules.last and record is not None:
                lost_ms, lost_reason = time_ms, record.reason
            continue
        if record is not None:
            from_ = record.from_ if record.from_ in rank else stage
            if from_ and rank[from_] > rank[to]:
                back.append(Move(time_ms, id, from_, to))
        if to != stage and (what == _MOVE or not stage or rank[to] > rank[stage]):
            stage, since_ms = to, time_ms
        if lost_ms:
            reopened.append((time_ms, stage))
            lost_ms, lost_reason = 0, ""
    return Stay(stage, since_ms, lost_ms, lost_reason, tuple(back), tuple(reopened))
