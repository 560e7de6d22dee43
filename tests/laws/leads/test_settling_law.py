"""Settling changes nothing: a row that is settled again and again counts as the whole of its facts does."""

from __future__ import annotations

import random
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.identity.facts import Counted, Deal, Fact, Settled
from stream.lifecycle.rules import Rules
from stream.stages.leads.life import view
from stream.stages.leads.settle import settle
from stream.stages.leads.view import Part
from tests.examples import examples
from tests.laws.leads.one_lead import BEGIN, DAY, rules_of, some, time_of

SEED = st.integers(0, 2**32).map(random.Random)
RULES = st.builds(rules_of, st.sampled_from([0, 0, 14]), st.booleans())
#: Nothing is later than this; what lies further behind is sure.
LATEST, SURE = 36 * DAY, 37 * DAY

encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(list[Fact]).decode  # type: ignore[valid-type]


@settings(max_examples=examples(400))
@given(SEED, st.integers(1, 120), RULES, st.sampled_from([200, 200, 500]))
def test_settling_changes_nothing(rng: random.Random, n: int, rules: Rules, days: int) -> None:
    """Facts come in any order, none later than 36 days; deals are told anew whenever they change."""
    every = some(rng, n, days=days, rules=rules)
    arriving: list[tuple[int, float, Fact, Fact | None]] = []
    for fact in every:
        at = time_of(fact) + rng.randrange(LATEST // DAY + 1) * DAY
        arriving.append((at, rng.random(), fact, None))
        if isinstance(fact, Deal) and rng.random() < 0.5:
            again = msgspec.structs.replace(fact, value=rng.randrange(10**9), currency="EUR")
            arriving.append((at + rng.randrange(200) * DAY, 2.0, again, fact))
    row: list[Fact] = []
    whole: list[Fact] = []
    clock = 0
    for at, _, fact, former in sorted(arriving, key=lambda one: one[:2]):
        for facts in (row, whole):
            if former is not None:
                facts.remove(former)
            facts.append(fact)
        clock = max(clock, at)
        if rng.random() < 0.3:
            row = _settled(row, at - SURE, rules)
            _same(row, whole, clock, rules)
    later = clock + rng.randrange(70) * DAY
    _same(row, whole, later, rules)
    again = _settled(row, later - SURE, rules)
    _same(again, whole, later, rules)
    _same(again, whole, later + 500 * DAY, rules)


def _settled(row: list[Fact], sure_ms: int, rules: Rules) -> list[Fact]:
    """Settle, and take the row out of the log again; done twice it is done once."""
    settled = settle(row, sure_ms, rules)
    assert settle(settled, sure_ms, rules) is settled
    return decode(encode(list(settled)))


def _same(row: list[Fact], whole: list[Fact], clock: int, rules: Rules) -> None:
    assert view(row, clock, rules) == view(whole, clock, rules)


@settings(max_examples=examples(150))
@given(SEED, st.integers(1, 400), RULES)
def test_a_settled_row_is_small(rng: random.Random, n: int, rules: Rules) -> None:
    facts = some(rng, n, days=60, rules=rules)
    settled = settle(facts, BEGIN + 400 * DAY, rules)
    if view(facts, BEGIN, rules) is None:
        assert settled is facts
        return
    kinds = [type(fact).__name__ for fact in settled]
    if kinds.count("Settled") == 0:  # nothing but what stays, or a lead that is known by a deal alone
        return
    assert kinds.count("Settled") == 1
    assert not {"Visit", "Mailed", "Submitted", "Booked", "Cancelled", "Recorded", "PlatformForm"} & set(kinds)
    held = [type(fact.fact).__name__ for fact in settled if type(fact).__name__ == "Held"]
    assert held.count("Visit") <= 2  # the first and the last: no credit reaches the others
    assert kinds.count("Evidence") <= 1
    assert kinds.count("Told") <= 3 + 2


@settings(max_examples=examples(150))
@given(SEED, st.integers(1, 60), st.integers(1, 60), RULES)
def test_two_pasts_that_come_together_add_up(rng: random.Random, n: int, m: int, rules: Rules) -> None:
    """Points add up, first times are the earlier ones, credit is that of the earlier lead; nothing is lost of either."""
    sure = BEGIN + 300 * DAY
    one, other = some(rng, n, rules=rules), _renamed(some(rng, m, rules=rules))
    parts = [facts for facts in (one, other) if any(isinstance(fact, Settled) for fact in settle(facts, sure, rules))]
    if len(parts) < 2:
        return
    views = [view(facts, sure, rules) for facts in parts]
    pasts = [list(settle(facts, sure, rules)) for facts in parts]
    both: Any = view(pasts[0] + pasts[1], sure, rules)
    first, second = sorted((seen for seen in views if seen is not None), key=lambda seen: seen.lead[:2])
    assert both.lead[:2] == first.lead[:2]
    assert both.credit == first.credit
    assert both.active_ms == max(first.active_ms, second.active_ms)
    assert both.first_session_ms == min(filter(None, (first.first_session_ms, second.first_session_ms)), default=0)
    for limit in rules.thresholds:
        assert both.crossed.get(limit) == min(
            filter(None, (first.crossed.get(limit), second.crossed.get(limit))), default=None
        )
    if not rules.half_life_days:
        times = {part.rule: part.times for part in both.parts}
        for name in {"opened", "delivered", "moved"}:  # facts of a day add up to what a day may have
            least = max(
                part.times for seen in (first, second) for part in (*seen.parts, Part(name, 0, 0)) if part.rule == name
            )
            assert times.get(name, 0) >= least
    again = settle([*pasts[0], *pasts[1]], sure + DAY, rules)
    assert view(again, sure + DAY, rules) == view([*pasts[0], *pasts[1]], sure + DAY, rules)


def _renamed(facts: list[Fact]) -> list[Fact]:
    """Make the facts those of somebody else."""
    out: list[Fact] = []
    for fact in facts:
        if hasattr(fact, "id"):
            fact = msgspec.structs.replace(fact, id=f"other {fact.id}")
        if isinstance(fact, Deal):
            fact = msgspec.structs.replace(fact, deal=f"other {fact.deal}")
        out.append(fact)
    return out


def test_what_leads_has_counted_stays() -> None:
    rules = rules_of()
    facts: list[Fact] = [*some(random.Random(7), 40), Counted("v1", BEGIN, "k1", "form", "direct", "")]
    assert facts[-1] in settle(facts, BEGIN + 300 * DAY, rules)
