"""Life of a lead against the rules told by hand: score, stages, where it is, credit, deals; whatever the order of facts."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from stream.identity.facts import Counted, Evidence, Fact, Mailed, PlatformForm, Recorded, Visit
from stream.lifecycle.rules import Rules
from stream.stages.leads.credit import credit, split
from stream.stages.leads.life import view
from stream.stages.leads.view import MODELS, View
from tests.examples import examples
from tests.laws.leads import by_hand
from tests.laws.leads.one_lead import BEGIN, DAY, rules_of, some

SEED = st.integers(0, 2**32).map(random.Random)
RULES = st.builds(rules_of, st.sampled_from([0, 0, 7, 30]), st.booleans())


@settings(max_examples=examples(400))
@given(SEED, st.integers(1, 90), RULES, st.integers(0, 200))
def test_the_score_is_as_told_by_hand(rng: random.Random, n: int, rules: Rules, until: int) -> None:
    facts, clock = some(rng, n, rules=rules), BEGIN + until * DAY
    seen = view(facts, clock, rules)
    lead = by_hand.lead_of(facts)
    if seen is None or lead is None:
        assert seen is lead is None
        return
    marks = by_hand.marks_of(facts, clock, rules)
    now = max([clock, lead[0], *(time for time, _, _ in marks)])
    assert seen.score == by_hand.score_at(marks, now, rules)
    assert seen.crossed == by_hand.crossings(facts, marks, rules)
    assert seen.band == next((name for name, least in rules.bands if seen.score >= least), "cold")
    assert sum(part.points for part in seen.parts) == seen.score
    assert {part.rule: part.times for part in seen.parts} == Counter(name for _, _, name in marks)
    if not rules.half_life_days:
        points = {rule.name: rule.points for rule in rules.score}
        assert all(part.points == points[part.rule] * part.times for part in seen.parts)


@settings(max_examples=examples(400))
@given(SEED, st.integers(1, 60), RULES)
def test_stages_are_as_told_by_hand(rng: random.Random, n: int, rules: Rules) -> None:
    facts = some(rng, n, rules=rules)
    seen = view(facts, BEGIN, rules)
    if seen is None:
        return
    first = by_hand.entered(facts, seen.crossed.get(rules.threshold), rules)
    assert list(seen.entered.items()) == list(first.items())
    where = by_hand.whereabouts(facts, first, rules)
    told: dict[str, Any] = {name: getattr(seen, name) for name in where}
    assert told | {"moves_back": [*map(tuple, seen.moves_back)], "reopened": [*seen.reopened]} == where
    ranks = list(first)
    assert set(seen.out_of_order) == {b for at, b in enumerate(ranks) for a in ranks[:at] if first[a] > first[b]}


@settings(max_examples=examples(400))
@given(SEED, st.integers(0, 80))
def test_credit_is_one_in_all_and_near_the_weights(rng: random.Random, n: int) -> None:
    until = BEGIN + 90 * DAY
    wheres = [("direct", "", ""), ("paid_search", "brand", "7"), ("paid_search", "brand", ""), ("email", "news", "")]
    touches = sorted((until - rng.randrange(90 * DAY), *rng.choice(wheres)) for _ in range(n))[-50:]
    given_ = credit(tuple(touches), until)
    assert tuple(given_) == MODELS
    for shares in given_.values():
        assert sum(shares.values()) == 1_000_000
        assert all(share > 0 for share in shares.values())
        amount = rng.randrange(-(10**12), 10**12)
        assert sum(split(amount, shares).values()) == amount
        assert all(abs(part - amount * shares[where] / 1_000_000) <= 1 for where, part in split(amount, shares).items())
    for model, weights in by_hand.weights(touches, until).items() if touches else ():
        want: Counter[tuple[str, ...]] = Counter()
        for touch, weight in zip(touches, weights, strict=True):
            want[touch[1:]] += weight * 1_000_000  # type: ignore[assignment]
        for where, micro in want.items():
            assert abs(given_[model].get(where, 0) - micro) <= len(touches) + 1  # type: ignore[call-overload]


@settings(max_examples=examples(200))
@given(SEED, st.integers(1, 90), RULES)
def test_what_a_lead_and_a_deal_are_credited_to(rng: random.Random, n: int, rules: Rules) -> None:
    facts = some(rng, n, rules=rules)
    seen = view(facts, BEGIN, rules)
    if seen is None:
        return
    assert seen.credit == credit(tuple(by_hand.path(facts, seen.lead.time_ms)), seen.lead.time_ms)
    won = [(d.won_ms, d.id, d.deal) for d in facts if isinstance(d, by_hand.Deal) and d.won_ms]
    won += [(r.time_ms, r.id, "") for r in facts if isinstance(r, Recorded) and r.action == "deal_won" and not r.deal]
    assert [(deal.time_ms, deal.id, deal.deal) for deal in seen.deals] == sorted(won)
    for at, deal in enumerate(seen.deals):
        assert deal.credit == credit(tuple(by_hand.path(facts, deal.time_ms)), deal.time_ms)
        told = {d.id: d.new_customer for d in facts if isinstance(d, by_hand.Deal)}.get(deal.id)
        assert deal.new_customer is (at == 0 if told is None else told)
    lost = [d.lost_ms for d in facts if isinstance(d, by_hand.Deal) and d.lost_ms and not d.won_ms]
    lost += [r.time_ms for r in facts if isinstance(r, Recorded) and r.action == "deal_lost" and not r.deal]
    assert [*seen.deals_lost] == sorted(lost)
    assert [(r.deal, r.time_ms, r.over) for r in seen.refunds] == by_hand.refunds_over(facts)


@settings(max_examples=examples(200))
@given(SEED, st.integers(1, 90), RULES, st.integers(0, 500))
def test_what_else_a_lead_is(rng: random.Random, n: int, rules: Rules, until: int) -> None:
    facts, clock = some(rng, n, rules=rules), BEGIN + until * DAY
    seen = view(facts, clock, rules)
    if seen is None:
        return
    lead_ms, known = seen.lead.time_ms, by_hand.remembered(facts)
    records = sorted((f for f in facts if isinstance(f, Recorded)), key=lambda f: (f.time_ms, f.id))
    assigned = [f for f in records if f.action == "assigned"]
    assert seen.assigned_ms == (assigned[0].time_ms if assigned else 0)
    assert seen.rep == (assigned[-1].rep if assigned else "")
    mql = seen.entered.get("mql", by_hand.NEVER)
    assert seen.premature is (bool(assigned) and mql > assigned[0].time_ms)
    assert seen.first_response_ms == min((f.time_ms for f in records if f.action == "first_response"), default=0)
    assert [*seen.calls] == [f.time_ms for f in records if f.action == "call_completed"]
    came = [f.time_ms for f in records if f.action == "attended" and f.event]
    assert seen.attended == ({"webinar": min(came)} if came else {})
    asked = [f.time_ms for f in known if isinstance(f, by_hand.Submitted | PlatformForm) and f.event]
    assert seen.registered == ({"webinar": min(asked)} if asked else {})
    told = sorted((f for f in known if isinstance(f, by_hand.Told)), key=lambda f: (f.time_ms, f.id))
    for field in ("industry", "size_band", "revenue_band"):
        assert getattr(seen.company, field) == next((v for f in reversed(told) if (v := getattr(f, field))), "")
    for name in {f.framework for f in told} - {""}:
        assert seen.frameworks[name] == {field for f in told if f.framework == name for field in f.known}
    customer = seen.entered.get(rules.last, by_hand.NEVER)
    mails = [f for f in known if isinstance(f, Mailed)]
    assert seen.nurtured is any(f.what == "delivered" and f.nurtures and lead_ms < f.time_ms <= customer for f in mails)
    starts = [f.start_ms for f in known if isinstance(f, Visit)]
    assert seen.first_session_ms == min(starts, default=0)
    newest = max(by_hand.when(f) if not isinstance(f, by_hand.Deal) else max(f.won_ms, f.lost_ms) for f in known)
    assert seen.newest_ms == max(newest, lead_ms)
    gone = newest + rules.forget_after_ms
    assert seen.expired_ms == (gone if gone <= clock else 0)
    signs = [*starts, *(f.time_ms for f in mails if f.what in ("opened", "clicked", "replied"))]
    signs += [by_hand.when(f) for f in known if isinstance(f, by_hand.Submitted | by_hand.Booked | by_hand.Cancelled)]
    signs += [f.time_ms for f in known if isinstance(f, Evidence | PlatformForm | Recorded)]
    signs += [max(f.won_ms, f.lost_ms) for f in known if isinstance(f, by_hand.Deal)]
    assert seen.active_ms == max(signs)
    assert {c.id for c in seen.counted} == {f.id for f in facts if isinstance(f, PlatformForm) and f.counted}


@settings(max_examples=examples(200))
@given(SEED, st.integers(1, 90), RULES, st.integers(0, 200))
def test_the_order_of_facts_says_nothing(rng: random.Random, n: int, rules: Rules, until: int) -> None:
    facts, clock = some(rng, n, rules=rules), BEGIN + until * DAY
    facts += [Counted("v1", BEGIN + at, f"k{at}", "form", "direct", "") for at in range(n % 3)]
    seen = view(facts, clock, rules)
    rng.shuffle(facts)
    assert view(facts, clock, rules) == seen
    assert view(set(facts), clock, rules) == seen


@settings(max_examples=examples(200))
@given(SEED, st.integers(1, 60), RULES, st.integers(0, 300))
def test_it_changes_by_itself_when_it_says_so(rng: random.Random, n: int, rules: Rules, until: int) -> None:
    facts, clock = some(rng, n, rules=rules), BEGIN + until * DAY
    seen = view(facts, clock, rules)
    if seen is None or not seen.due_ms:
        return
    assert seen.due_ms > clock
    before, then = view(facts, seen.due_ms - 1, rules), view(facts, seen.due_ms, rules)
    assert before is not None
    assert then is not None
    if clock >= seen.newest_ms:
        assert _lasting(before, rules) == _lasting(seen, rules)
    assert rules.half_life_days or then != before


def _lasting(seen: View, rules: Rules) -> list[Any]:
    """What changes only when a lead says so: points of those who are cold fade untold."""
    untold = ("score", "parts") if rules.half_life_days else ()
    return [getattr(seen, name) for name in View.__struct_fields__ if name not in untold]


def test_a_day_of_twenty() -> None:
    """Twenty a day a rule; the crossing is at the millisecond of what did it, and what comes late can move it."""
    rules = rules_of()
    made: list[Fact] = [Evidence("v", BEGIN, "k", "form", "direct", "")]
    made += [Mailed(f"m{at}", "opened", BEGIN + at) for at in range(1, 31)]
    seen = view(made, BEGIN + DAY, rules)
    assert seen is not None
    assert (seen.score, seen.crossed) == (100, {40: BEGIN + 8, 50: BEGIN + 10, 60: BEGIN + 12})
    late = view([*made, Mailed("m99", "unsubscribed", BEGIN + 4)], BEGIN + DAY, rules)
    assert late is not None
    assert late.crossed[50] == BEGIN + 15
