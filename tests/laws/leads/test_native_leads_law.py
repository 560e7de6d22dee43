"""Native leads: what the compiled core takes of what homes are told comes to what Python makes of it, byte for byte."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Raw

from stream.changes.accumulator import Accumulator
from stream.identity.facts import Fact, Mailed, Visit
from stream.identity.ids import EMAIL, LEAD, VISITOR, Id, Namer
from stream.identity.messages import Drop, Link, Name, Put, Puts, Seen, encode
from stream.identity.packed import FACTS, encode_fact, moment_of, tag
from stream.kernels import native
from stream.lifecycle.rules import Rules
from stream.stages.leads import contribution
from stream.stages.leads.stage import Leads
from stream.stages.stage import Shared
from stream.state.labels import Labels
from tests.examples import examples
from tests.laws.leads.one_lead import BEGIN, DAY, HOUR, rules_of, some
from tests.laws.leads.simulation import GRID, NEVER_MS, load, offline, write

CORE, _ = native.found()
pytestmark = pytest.mark.native
SITE = "shop"
NAMER = Namer(1)
#: What is said of most: sessions, evidence, what was counted, forms, mails.
COMMON = frozenset(b"sekfm")
PEOPLE = ((VISITOR, "v0"), (VISITOR, "v1"), (VISITOR, "v2"), (EMAIL, "e0"), (EMAIL, "e1"), (LEAD, "l0"))
SEED = st.integers(0, 2**32).map(Random)


class Shard:
    """A shard of leads, and its log."""

    def __init__(self, rules: Rules, core: Any, log: dict[bytes, bytes] | None = None) -> None:
        self.log = {} if log is None else log
        self.accumulator = Accumulator()
        self.admitted: list[tuple[str, str | None]] = []
        sites = Labels("site", lambda label, value: value or "unknown")
        shared = Shared(GRID, self._admit, sites, 35 * DAY, 0, NAMER)
        self.stage = Leads(shared, rules, offline, contribution, NEVER_MS, core)
        load(self.stage, self.log)

    def _admit(self, label: str, value: str | None) -> str:
        self.admitted.append((label, value))
        return value or "unknown"

    def fold(self, messages: list[Raw], now_ms: int) -> tuple[Any, ...]:
        """Fold messages and move the clock; give what is written, counted and told."""
        if messages:
            self.stage.hear("visitors", 0, messages)
        assert not self.stage.fold(self.accumulator)
        folded = self._told()
        self.stage.advance(now_ms, self.accumulator)
        write(self.stage, self.log)
        return folded, self._told(), dict(self.log), self.stage.gauges()

    def _told(self) -> tuple[Any, ...]:
        told = defaultdict(list)
        for topic, key, value in self.stage.results():
            told[topic, key].append(value)
        names, index, panes, amounts, _ = self.accumulator.take()
        cells = {
            (names[at], pane): n for at, pane, n in zip(index.tolist(), panes.tolist(), amounts.tolist(), strict=True)
        }
        standing, stands = self.accumulator.take_standing()
        shown = {at: n for at, n in cells.items() if n}, dict(zip(standing, np.asarray(stands).tolist(), strict=True))
        admitted, self.admitted = sorted({one for one in self.admitted if one[1]}), []
        return (
            dict(told),
            shown,
            admitted,
            {home: sorted(map(bytes, some)) for home, some in self.stage.touches().items()},
        )


def id_of(who: tuple[int, str]) -> Id:
    return NAMER.id(who[0], SITE, who[1])


def after_evidence(facts: list[Fact]) -> list[Fact]:
    """Give what makes a lead of somebody, and sessions and mails behind it."""
    first = next((at for at, fact in enumerate(facts) if tag(encode_fact(fact)) == ord("e")), 0)
    return [facts[first], *(fact for fact in facts[first:] if isinstance(fact, Visit | Mailed))]


class Talk:
    """What readers tell of a few people; `tangled`: who is one person, too, and what is none of their business.

    `calm`: they are leads who come back and get mails, and it is told of them in order.
    """

    def __init__(self, rng: Random, rules: Rules, *, tangled: bool = False, calm: bool = False) -> None:
        self._rng, self._tangled = rng, tangled
        self.newest_ms = BEGIN
        self._stock: dict[tuple[int, str], list[Fact]] = {}
        for who in PEOPLE:
            facts = [
                fact for fact in some(rng, 60, 60, rules) if rng.random() < 0.04 or tag(encode_fact(fact)) in COMMON
            ]
            self._stock[who] = sorted(facts, key=moment_of) if calm or rng.random() < 0.5 else facts
            if calm:
                self._stock[who] = after_evidence(self._stock[who])
        self._told: defaultdict[tuple[int, str], list[Fact]] = defaultdict(list)

    def batch(self) -> list[Raw]:
        """Tell of some of them."""
        out: list[Any] = []
        for _ in range(self._rng.randrange(1, 7)):
            out += self._one(self._rng.choice(PEOPLE))
        return [encode(one) for one in out]

    def _one(self, who: tuple[int, str]) -> list[Any]:
        rng, id = self._rng, id_of(who)
        kind = rng.random()
        if kind < 0.1:
            return [Name(id, id, SITE, who[1], BEGIN + rng.randrange(99) * HOUR, rng.choice("ab"))]
        if kind < 0.25 and self._told[who]:
            gone = rng.choice(self._told[who])
            if not self._tangled:
                self._told[who] = [fact for fact in self._told[who] if fact != gone]
            return [Drop(id, id, gone), *self._puts(who, id)]
        if kind < 0.28 and self._tangled:
            other = id_of(rng.choice(PEOPLE[3:]))
            return [Link(max(id, other), min(id, other))] if id.strong and id != other else []
        if kind < 0.31 and self._tangled and id.strong:
            return [Seen(id, id_of(PEOPLE[0]), "v0")]
        if kind < 0.34 and self._stock[who]:
            return [Put(id, id, self._stock[who].pop())]
        return self._puts(who, id)

    def _puts(self, who: tuple[int, str], id: Id) -> list[Any]:
        rng, stock = self._rng, self._stock[who]
        facts = [stock.pop(0) for _ in range(min(len(stock), rng.choice((1, 1, 1, 2, 3))))]
        if self._told[who] and rng.random() < 0.1:
            facts.append(rng.choice(self._told[who]))
        if not facts:
            return []
        if rng.random() < 0.2:
            visits = [fact for fact in self._told[who] if isinstance(fact, Visit)]
            facts += visits[:1]
        self._told[who] += facts
        self.newest_ms = max([self.newest_ms, *map(moment_of, facts)])
        raws = [encode_fact(fact) for fact in facts]
        moments = [moment_of(fact) for fact in facts]
        named = rng.random() < 0.7 or len(self._told[who]) == len(facts)
        name = (SITE, who[1], moments[0], rng.choice("ab")) if named else ("", "", 0, "")
        letters = bytes(map(tag, raws))
        return [Puts(id, *name, FACTS, min(moments), max(moments), letters, b"".join(raws))]


@settings(max_examples=examples(150))
@given(SEED, st.booleans())
def test_homes_of_those_who_are_alone_come_to_what_python_makes_of_them(rng: Random, own: bool) -> None:
    rules = rules_of(own=own)
    talk = Talk(rng, rules)
    one, other = Shard(rules, None), Shard(rules, CORE)
    assert other.stage.core is not None
    now_ms = BEGIN + rng.randrange(30) * DAY
    for _ in range(rng.randrange(3, 14)):
        if rng.random() < 0.15:
            if rng.random() < 0.3:
                rules = replace(rules, threshold=rng.choice((10, 25, 50)), what_if=())
            one, other = Shard(rules, None, one.log), Shard(rules, CORE, other.log)
        messages = talk.batch()
        now_ms += rng.choice((0, HOUR, DAY, 9 * DAY))
        told, known = one.fold(messages, now_ms), other.fold(messages, now_ms)
        assert known == told


@settings(max_examples=examples(100))
@given(SEED)
def test_what_changes_next_to_nothing_is_taken_as_python_takes_it(rng: Random) -> None:
    rules = rules_of()
    talk = Talk(rng, rules, calm=True)
    one, other = Shard(rules, None), Shard(rules, CORE)
    for _ in range(rng.randrange(5, 20)):
        messages = talk.batch()
        now_ms = talk.newest_ms + rng.choice((0, 0, HOUR))
        told, known = one.fold(messages, now_ms), other.fold(messages, now_ms)
        assert known == told


@settings(max_examples=examples(100))
@given(SEED)
def test_whatever_is_tangled_counts_for_the_same(rng: Random) -> None:
    """What goes on from home to home may come when the core has counted already: then it is counted in two steps."""
    rules = rules_of()
    talk = Talk(rng, rules, tangled=True)
    one, other = Shard(rules, None), Shard(rules, CORE)
    now_ms, sums = BEGIN + rng.randrange(30) * DAY, (Sums(), Sums())
    for _ in range(rng.randrange(3, 14)):
        messages = talk.batch()
        now_ms += rng.choice((0, HOUR, DAY, 9 * DAY))
        for shard, sum in zip((one, other), sums, strict=True):
            sum.take(shard.fold(messages, now_ms))
        assert sums[0].cells == sums[1].cells
        assert sums[0].leads == sums[1].leads
    assert one.log.keys() == other.log.keys()


class Sums:
    """What folds came to so far: cells, and what stands in the topic of leads but for its version, and when that was."""

    def __init__(self) -> None:
        self.cells: Counter[Any] = Counter()
        self.leads: dict[str, Any] = {}

    def take(self, told: tuple[Any, ...]) -> None:
        """Add what one fold told."""
        for results, (shown, standing), _, _ in told[:2]:
            self.cells.update(shown)
            self.cells.update(standing)
            for (topic, key), values in results.items():
                if topic == "leads" and values[-1] is None:
                    self.leads.pop(key, None)
                elif topic == "leads":
                    self.leads[key] = orjson.loads(values[-1]) | {"version": 0, "as_of": ""}
        self.cells = Counter({cell: n for cell, n in self.cells.items() if n})


def test_most_of_what_is_told_is_taken_by_the_core() -> None:
    rng, left, told = Random(7), 0, 0
    rules = rules_of()
    for _ in range(20):
        talk, shard = Talk(rng, rules), Shard(rules, CORE)
        core = shard.stage.core

        class Counting:
            def fold(self, messages: list[Any], *rest: Any, core: Any = core) -> Any:
                nonlocal left, told
                given = core.fold(messages, *rest)
                told, left = told + len(messages), left + len(given[0])
                return given

        shard.stage.core = Counting()
        for at in range(9):
            shard.fold(talk.batch(), BEGIN + at * DAY)
    assert 0 < left < 0.8 * told, (left, told)
