"""Calm: facts that come in order and change next to nothing, which are most of all.

In:  what is known of the only lead of a cluster; one more fact.
Out: the little that changes, where it can be told without working out the lead anew; the general way is the truth.

A mail that is delivered changes nothing but how long it waits; one that is opened adds its points and is a sign of
life; so is a session. Whatever might reach a threshold, change a band, end a silence or enter a stage is not common.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from stream.changes.panes import DAY_MS
from stream.identity.facts import Fact, Mailed, Visit
from stream.lifecycle.rules import Rules
from stream.stages.leads.rows import Calm, Row, Said
from stream.stages.leads.store import Home
from stream.stages.leads.view import View

_ACTED: Final = frozenset(("opened", "clicked", "replied"))
_DELIVERED: Final = "delivered"
_FAR: Final = 1 << 62


class Ease(NamedTuple):
    """What of the rules decides whether a fact is common."""

    points: Mapping[str, tuple[str, int]]  # what became of a mail → the rule that gives points for it, and how many
    common: frozenset[str]  # what may become of a mail that does nothing beside
    order: tuple[str, ...]  # names of rules in their order
    most: int  # so many a day are sure to count
    within_ms: int  # how long a mail waits; 0: no silence is looked for
    forget_after_ms: int


class Step(NamedTuple):
    """What a fact changes: nothing, a sign of life, and what is said of the lead."""

    active_ms: int = 0  # the sign of life before it; 0: it is none, or the lead is not open
    says: bool = False


def eased(rules: Rules) -> Ease:
    """Look at rules once."""
    points: dict[str, tuple[str, int]] = {}
    told = {part for stage in rules.stages for evidence in stage.evidence for part in evidence}
    told |= {part for rule in rules.score for part in rule.fact if rule.once or len(rule.fact) > 1}
    for rule in rules.score:
        family, _, what = rule.fact[0].partition(":")
        if family == "mail" and (what in _ACTED or what == _DELIVERED):
            if what in points or what == _DELIVERED:
                told.add(rule.fact[0])
            points[what] = rule.name, rule.points
    common = frozenset(what for what in (*_ACTED, _DELIVERED) if f"mail:{what}" not in told)
    if len(rules.plan.silences) > 1:  # which of them waits is not known
        common -= {_DELIVERED}
    most = min((rule.a_day for rule in rules.score if rule.fact[0].startswith("mail:")), default=_FAR)
    silences = [within_ms for _, within_ms, _ in rules.plan.silences]
    return Ease(
        points,
        common,
        tuple(rule.name for rule in rules.score),
        most,
        min(silences, default=0),
        rules.forget_after_ms,
    )


def calm_of(view: View, facts: Iterable[Fact], clock_ms: int, rules: Rules) -> Calm | None:
    """Say what must be known of a lead; None where something about it is not common."""
    longest_ms = max((within_ms for _, within_ms, _ in rules.plan.silences), default=0)
    # whether a mail lies unopened is seen by what is due first
    if view.expired_ms or rules.half_life_days or longest_ms >= rules.forget_after_ms:
        return None
    newest_ms, plan = view.newest_ms, rules.plan
    silent = {plan.names[rule] for rule, _, _ in plan.silences}
    if any(part.rule in silent for part in view.parts):
        # a silence may have been counted by a clock that is ahead of what comes: what would end it is not in order
        newest_ms = max(newest_ms, clock_ms)
    day = newest_ms // DAY_MS
    opened = sum(fact.what in _ACTED and fact.time_ms // DAY_MS == day for fact in facts if fact.__class__ is Mailed)
    least = [least for _, least in rules.bands]
    steps = [*least, *(limit for limit in rules.thresholds if limit not in view.crossed)]
    return Calm(
        newest_ms,
        view.active_ms,
        view.stage,
        not view.lost_ms and view.stage != rules.last,
        0 < view.due_ms < view.newest_ms + rules.forget_after_ms,
        view.nurtured,
        opened,
        max((score for score in least if score <= view.score), default=-_FAR),
        min((score for score in steps if score > view.score), default=_FAR),
    )


def step(home: Home, calm: Calm, fact: Fact, clock_ms: int, ease: Ease) -> Step | None:
    """Take a fact, if it is common, and say what it changes; None where all must be worked out."""
    if isinstance(fact, Mailed):
        return _mailed(home, calm, fact, clock_ms, ease)
    if isinstance(fact, Visit):
        return _visited(home, calm, fact, clock_ms, ease)
    return None


def _mailed(home: Home, calm: Calm, fact: Mailed, clock_ms: int, ease: Ease) -> Step | None:
    row = home.row
    what, time_ms = fact.what, fact.time_ms
    if what not in ease.common or not _in_order(row, calm, time_ms, clock_ms, ease):
        return None
    if what == _DELIVERED:
        return _delivered(row, calm, fact, clock_ms, ease)
    said = _said(home)
    rule = ease.points.get(what)
    if said is None:
        return None
    opened = 1 + (calm.opened if time_ms // DAY_MS == calm.newest_ms // DAY_MS else 0)
    score = said.score + (rule[1] if rule is not None else 0)
    if opened > ease.most or not calm.low <= score < calm.high:
        return None
    if rule is not None:
        said.score = score
        said.parts = _with_points(said, *rule, ease)
    calm.waits = False
    row.due_ms = time_ms + ease.forget_after_ms
    return _alive(calm, time_ms, acted=1, says=rule is not None)


def _delivered(row: Row, calm: Calm, fact: Mailed, clock_ms: int, ease: Ease) -> Step | None:
    time_ms = fact.time_ms
    if fact.nurtures and not calm.nurtured:
        return None
    if not calm.waits:
        due_ms = time_ms + (ease.within_ms or ease.forget_after_ms)
        if due_ms <= clock_ms:
            return None
        row.due_ms, calm.waits = due_ms, bool(ease.within_ms)
    _go_on(calm, time_ms, 0)
    return Step()


def _visited(home: Home, calm: Calm, fact: Visit, clock_ms: int, ease: Ease) -> Step | None:
    row = home.row
    if fact.pricing_ms or fact.cart_ms or not _in_order(row, calm, fact.start_ms, clock_ms, ease):
        return None
    said = _said(home)
    if said is None or said.last is None:
        return None
    said.last = fact.start_ms, fact.channel, fact.campaign
    if not calm.waits:
        row.due_ms = fact.start_ms + ease.forget_after_ms
    return _alive(calm, fact.start_ms, acted=0, says=True)


def _in_order(row: Row, calm: Calm, time_ms: int, clock_ms: int, ease: Ease) -> bool:
    """Tell whether nothing known is newer, and nothing happens by itself before that."""
    return (
        time_ms > calm.newest_ms
        and (not row.due_ms or time_ms < row.due_ms)
        and (not row.due_ms or clock_ms < row.due_ms)
        and clock_ms < time_ms + ease.forget_after_ms
        and time_ms - calm.newest_ms <= ease.forget_after_ms
    )


def _said(home: Home) -> Said | None:
    """Give what is said of the only lead."""
    return home.told[0].said if home.told else None


def _alive(calm: Calm, time_ms: int, *, acted: int, says: bool) -> Step:
    before_ms, calm.active_ms = calm.active_ms, time_ms
    _go_on(calm, time_ms, acted)
    return Step(before_ms if calm.open else 0, says)


def _go_on(calm: Calm, time_ms: int, acted: int) -> None:
    same_day = time_ms // DAY_MS == calm.newest_ms // DAY_MS
    calm.opened = (calm.opened if same_day else 0) + acted
    calm.newest_ms = time_ms


def _with_points(said: Said, name: str, points: int, ease: Ease) -> list[tuple[str, int, int]]:
    """Add to what a rule gives; parts are in the order of rules."""
    parts = {part[0]: part for part in said.parts}
    _, sum, times = parts.get(name, (name, 0, 0))
    parts[name] = name, sum + points, times + 1
    return [parts[rule] for rule in ease.order if rule in parts]
