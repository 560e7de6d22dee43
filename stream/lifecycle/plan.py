"""Plan: rules turned into tables, so that a fact finds what it speaks for by a look or two.

In:  rules.
Out: for whatever happens, by its family and value: the facts that rules name for which it counts, and the rules that
     give points for it each time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

from stream.lifecycle.words import MADE_OF, SILENCE

if TYPE_CHECKING:
    from stream.lifecycle.rules import Expression, Rules

#: Facts that count even where they lie before their lead: deals are won when they are won.
_ANY_TIME: Final = ("won", "crm_action:deal_won", "crm_action:deal_lost", "crm_action:refund")


class Hits(NamedTuple):
    """What one happening counts for: places of facts, and of rules that count each time."""

    facts: tuple[int, ...] = ()
    rules: tuple[int, ...] = ()


NO_HITS: Final = Hits()


class Plan(NamedTuple):
    """Rules as tables; facts and rules go by their places."""

    facts: tuple[str, ...]
    any_time: tuple[bool, ...]  # by fact: it may lie before its lead
    families: Mapping[str, Mapping[str, Hits]]  # form → demo → hits; what stands alone is its own family with ""
    stages: tuple[tuple[tuple[int, ...], ...], ...]  # by stage: any of, all of these facts
    implied: tuple[bool, ...]
    names: tuple[str, ...]  # by rule
    points: tuple[int, ...]
    a_day: tuple[int, ...]
    single: tuple[tuple[int, tuple[int, ...]], ...]  # rules that count once: when all of their facts hold
    silences: tuple[tuple[int, int, bool], ...]  # rules of silence: how long a mail waits; whether it counts but once
    places: Mapping[str, int]  # of rules that count each time, by name


def planned(rules: Rules) -> Plan:
    """Turn rules into tables."""
    facts = tuple(dict.fromkeys(_facts(rules)))
    place = {fact: at for at, fact in enumerate(facts)}

    def places(expression: Expression) -> tuple[int, ...]:
        return tuple(place[fact] for fact in expression)

    silences = {at: (at, rule.within_ms, rule.once) for at, rule in enumerate(rules.score) if SILENCE in rule.fact}
    once = {at for at, rule in enumerate(rules.score) if rule.once or rule.fact == ("lead",)}
    single = sorted(once - set(silences))
    each = {at: rule.fact[0] for at, rule in enumerate(rules.score) if at not in single and at not in silences}
    families: dict[str, dict[str, Hits]] = {}
    for happening in {part for fact in facts for part in MADE_OF.get(fact, (fact,))}:
        means = {happening, *(fact for fact, parts in MADE_OF.items() if happening in parts)}
        family, _, value = happening.partition(":")
        families.setdefault(family, {})[value] = Hits(
            tuple(place[fact] for fact in facts if fact in means),
            tuple(at for at, fact in each.items() if fact in means),
        )
    return Plan(
        facts=facts,
        any_time=tuple(fact in _ANY_TIME for fact in facts),
        families=families,
        stages=tuple(tuple(places(facts) for facts in stage.evidence) for stage in rules.stages),
        implied=tuple(stage.implied for stage in rules.stages),
        names=tuple(rule.name for rule in rules.score),
        points=tuple(rule.points for rule in rules.score),
        a_day=tuple(rule.a_day for rule in rules.score),
        single=tuple((at, places(rules.score[at].fact)) for at in single),
        silences=tuple(silences.values()),
        places={rules.score[at].name: at for at in sorted({*each, *silences})},
    )


def _facts(rules: Rules) -> Iterator[str]:
    for stage in rules.stages:
        for expression in stage.evidence:
            yield from expression
    for rule in rules.score:
        yield from rule.fact
