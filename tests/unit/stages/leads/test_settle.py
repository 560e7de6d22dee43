"""Settling by example: what a row becomes, what other rules find in it, and what is left alone."""

from __future__ import annotations

import msgspec
import pytest

from stream.identity.facts import (
    Booked,
    Deal,
    Evidence,
    Fact,
    Held,
    Mailed,
    Recorded,
    Settled,
    Submitted,
    Told,
    Visit,
)
from stream.lifecycle.read import made, shipped
from stream.lifecycle.rules import Rules
from stream.stages.leads.life import view
from stream.stages.leads.settle import settle
from stream.stages.leads.view import View

DAY = 86_400_000
BEGIN = 1_790_035_200_000  # a midnight
RULES = shipped()


def at(day: float) -> int:
    return BEGIN + round(day * DAY)


FIRST = Evidence("v1", at(0.5), "web\x1f1", "form", "email", "news")
FACTS: list[Fact] = [
    FIRST,
    Evidence("v1", at(3), "web\x1f2", "form", "direct", ""),
    Visit("v1", at(0.5), "email", "news"),
    Visit("v1", at(3), "direct", "", pricing_ms=at(3)),
    Submitted("v1", at(0.5), "newsletter", "top", event="fair"),
    Booked("v1", at(4), "a1"),
    Recorded("crm\x1f1", at(5), "appointment_booked", appointment="a1"),
    Told("v1", at(0.5), "web\x1f1", "bant", ("budget",), "software"),
    Told("v1", at(3), "web\x1f2", "bant", ("need",), "", "11-50"),
    *(Mailed(f"m{n}", "opened", at(6) + n) for n in range(2)),
    Mailed("m9", "delivered", at(9), nurtures=True),
]


def seen(facts: list[Fact], day: float, rules: Rules = RULES) -> View:
    found = view(facts, at(day), rules)
    assert found is not None
    return found


def settled(facts: list[Fact], day: float, rules: Rules = RULES) -> list[Fact]:
    return list(settle(facts, at(day), rules))


def test_what_a_row_becomes() -> None:
    row = settled(FACTS, 20.7)
    (past,) = (fact for fact in row if isinstance(fact, Settled))
    assert (past.of, past.sure_ms, past.active_ms, past.newest_ms) == ("web\x1f1", at(20), at(6) + 1, at(9))
    day = BEGIN // DAY
    assert dict(past.scored) == {
        "subscribed": ((day, 1),),
        "booked": ((day + 4, 1),),
        "opened": ((day + 6, 2),),
        "pricing": ((day + 3, 1),),
    }
    assert dict(past.began) == {
        "booked": at(4),
        "company:industry=software": at(0.5),
        "company:size_band=11-50": at(3),
        "event:fair": at(0.5),
        "form:newsletter": at(0.5),
        "form_stage:top": at(0.5),
        "mail:delivered": at(9),
        "mail:opened": at(6),
        "page:pricing": at(3),
    }
    assert past.crossed == ((40, at(4)), (50, at(6) + 1))
    assert past.waiting == (("silent", at(9)),)
    assert (past.booked, past.cancelled) == (("a1",), ())
    kept = [fact.fact if isinstance(fact, Held) else fact for fact in row if fact is not past]
    assert [fact for fact in kept if isinstance(fact, Evidence)] == [FIRST]
    assert sum(isinstance(fact, Recorded) for fact in kept) == 1
    assert seen(row, 21) == seen(FACTS, 21)
    assert seen(row, 60) == seen(FACTS, 60)


def test_an_appointment_that_was_settled_counts_no_second_time() -> None:
    late = Recorded("crm\x1f7", at(30), "appointment_booked", appointment="a1")
    assert seen([*settled(FACTS, 20), late], 31) == seen([*FACTS, late], 31)


def test_where_nothing_is_to_be_settled_the_row_is_left_alone() -> None:
    row = settled(FACTS, 20)
    assert settle(row, at(20), RULES) is row
    assert settle(row, at(400), RULES) is row
    assert settle(row, at(2), RULES) is row
    assert settle(FACTS, at(0.9), RULES) is FACTS  # the lead began behind that midnight
    nobody: list[Fact] = [Mailed("m1", "opened", at(1))]
    assert settle(nobody, at(90), RULES) is nobody


def test_a_lead_that_is_known_by_a_deal_alone_is_left_alone() -> None:
    """Whatever else may come makes it a lead of another time."""
    deal: list[Fact] = [
        Recorded("crm\x1f1", at(1), "deal_won", deal="d1"),
        Deal("d1", at(1), "crm\x1f1", 1, "EUR", None, at(1)),
    ]
    assert settle(deal, at(90), RULES) is deal
    assert settle(deal[1:], at(90), RULES) == deal[1:]


def test_a_deal_can_be_told_anew() -> None:
    won = Recorded("crm\x1f1", at(2), "deal_won", deal="d1")
    deal = Deal("d1", at(2), "crm\x1f1", 100, "EUR", None, won_ms=at(2))
    again = msgspec.structs.replace(deal, value=80)
    row = settled([*FACTS, won, deal], 30)
    row.remove(deal)
    assert seen([*row, again], 31) == seen([*FACTS, won, again], 31)


def test_other_rules_find_first_times_and_counts_in_what_was_settled() -> None:
    rule = [
        {"name": "opened", "fact": "mail:opened", "points": 40},
        {"name": "fit", "fact": "company:industry=software", "points": 3},
    ]
    stage = [{"name": "in"}, {"name": "hot", "evidence": ["score", "booked & pricing"]}, {"name": "out"}]
    other = made({"stage": stage, "score": {"threshold": 80, "rule": rule}}, "test")
    row = seen(settled(FACTS, 20), 21, other)
    whole = seen(FACTS, 21, other)
    assert (row.score, row.parts) == (whole.score, whole.parts) == (83, whole.parts)
    assert row.entered == whole.entered | {"in": at(0.5), "hot": at(4)}
    assert (whole.crossed[80], row.crossed[80]) == (at(6) + 1, at(6))  # of the settled past the days are known


def test_two_pasts_of_one_kind_stay_two() -> None:
    """Two people of whom the same is known, whose address turns out to be one: points add up."""
    other = [msgspec.structs.replace(fact, id=f"other {fact.id}") if hasattr(fact, "id") else fact for fact in FACTS]
    both = [*settled(FACTS, 20), *settled(other, 20)]
    opened = next(part for part in seen(both, 21).parts if part.rule == "opened")
    assert (opened.points, opened.times) == (20, 4)
    assert seen(both, 21).crossed == {40: at(4), 50: at(6) + 1}  # nothing is crossed anew
    assert seen(settled(both, 30), 31) == seen(both, 31)


@pytest.mark.parametrize("n", [49, 50, 51, 80])
def test_later_credit_reaches_the_newest_fifty_of_ninety_days(n: int) -> None:
    visits: list[Fact] = [Visit("v1", at(1 + at_ / 2), "email", f"c{at_}") for at_ in range(n)]
    facts: list[Fact] = [FIRST, *visits]
    row = settled(facts, 60)
    assert sum(isinstance(fact, Held) for fact in row) <= 51
    for day in (61, 100, 149):
        won: list[Fact] = [
            Recorded(f"crm\x1f{day}", at(day), "deal_won", deal="d1"),
            Deal("d1", at(day), f"crm\x1f{day}", 1, "EUR", None, won_ms=at(day)),
        ]
        assert seen([*row, *won], 150) == seen([*facts, *won], 150)
