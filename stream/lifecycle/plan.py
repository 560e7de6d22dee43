"""Plan: rules turned into tables, so that a fact finds what it speaks for by a look or two.

In:  rules.
Out: for whatever happens, by its family and value: the facts that rules name for which it counts, and the rules that
     give points for it each time.
"""

from __future__ import annotations

from collections import defaultdict
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
_FAMILIES: Final = ("alone", "form", "form_stage", "page", "mail", "company", "crm", "crm_action")


#: What happens, by the values of a family of facts (form → demo), and what each counts for.
Family = Mapping[str, Hits]


class Plan(NamedTuple):
    """Rules as tables; facts, stages and rules go by their places."""

    facts: tuple[str, ...]
    any_time: tuple[bool, ...]  # by fact: it may lie before its lead
    alone: Family  # what has no family: lead, won, booked, cancelled
    form: Family
    form_stage: Family
    page: Family
    mail: Family
    company: Family
    crm: Family
    crm_action: Family
    enters: tuple[tuple[int, ...], ...]  # by fact: the stages that it is evidence of by itself
    together: tuple[tuple[int, tuple[int, ...]], ...]  # a stage, and facts that are evidence of it together
    score: int  # the place of the fact that the score crosses the threshold; -1: no rule names it
    implied: tuple[bool, ...]
    names: tuple[str, ...]  # by rule
    points: tuple[int, ...]
    a_day: tuple[int, ...]
    single: tuple[tuple[int, tuple[int, ...]], ...]  # rules that count once: when all of their facts hold
    silences: tuple[tuple[int, int, bool], ...]  # rules of silence: how long a mail waits; whether it counts but once
    places: Mapping[str, int]  # of rules that count each time, by name

    def hits(self, fact: str) -> Hits:
        """Give what a fact counts for, as rules name it."""
        family, colon, value = fact.partition(":")
        of: Family = getattr(self, family) if colon else self.alone
        return of.get(value if colon else family, NO_HITS)


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
    families: defaultdict[str, dict[str, Hits]] = defaultdict(dict)
    for happening in {part for fact in facts for part in MADE_OF.get(fact, (fact,))}:
        means = {happening, *(fact for fact, parts in MADE_OF.items() if happening in parts)}
        family, colon, value = happening.partition(":")
        families[family if colon else "alone"][value if colon else family] = Hits(
            tuple(place[fact] for fact in facts if fact in means),
            tuple(at for at, fact in each.items() if fact in means),
        )
    evidence = [(at, places(told)) for at, stage in enumerate(rules.stages) for told in stage.evidence]
    return Plan(
        facts=facts,
        any_time=tuple(fact in _ANY_TIME for fact in facts),
        **{name: families[name] for name in _FAMILIES},
        enters=tuple(tuple(stage for stage, told in evidence if told == (at,)) for at in range(len(facts))),
        together=tuple((stage, told) for stage, told in evidence if len(told) > 1),
        score=place.get("score", -1),
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
