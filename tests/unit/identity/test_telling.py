"""Telling: each name, link and sight once, as far as is remembered; facts as they change."""

from __future__ import annotations

from typing import Any

from stream.identity.facts import Mailed
from stream.identity.ids import EMAIL, LEAD, VISITOR, Namer
from stream.identity.messages import Drop, Link, Name, Put, Seen, told
from stream.identity.telling import Named, Teller

NAMER = Namer(3)
E1, L1 = NAMER.id(EMAIL, "s", "e1"), NAMER.id(LEAD, "s", "l1")
ANN = NAMER.id(VISITOR, "s", "ann")


def named(time_ms: int, event: str = "w\x1f1", email: str | None = "e1", lead: str | None = None) -> Named:
    return Named("s", email, lead, None, time_ms, event)


def tell(teller: Teller, *events: Named) -> list[Any]:
    for event, ids in zip(events, teller.people(events), strict=True):
        teller.tell("form", event, ids)
    return taken(teller)


def taken(teller: Teller) -> list[Any]:
    out: list[Any] = []
    for home, messages in teller.take().items():
        found = told(messages)
        assert all(message.at.home == home for message in found)
        out += found
    return out


def test_a_name_is_told_again_only_where_an_earlier_event_names_it() -> None:
    teller = Teller(NAMER)
    assert tell(teller, named(5), named(3, "w\x1f3"), named(4)) == [Name(E1, E1, "s", "e1", 3, "w\x1f3")]
    assert tell(teller, named(3, "w\x1f4"), named(9)) == []
    assert tell(teller, named(3, "w\x1f2")) == [Name(E1, E1, "s", "e1", 3, "w\x1f2")]
    teller.forget()
    assert tell(teller, named(9)) == [Name(E1, E1, "s", "e1", 9, "w\x1f1")]


def test_two_names_of_an_event_are_one_person_and_are_said_to_be_once() -> None:
    teller = Teller(NAMER)
    both = named(1, lead="l1")
    assert sorted(type(message).__name__ for message in tell(teller, both, both)) == ["Link", "Name", "Name"]
    assert tell(teller, both) == []
    teller.forget()
    assert [message for message in tell(teller, both) if isinstance(message, Link)] == [Link(L1, E1)]


def test_names_come_before_all_that_is_said_about_them() -> None:
    teller = Teller(NAMER)
    teller.change((), {(E1, Mailed("m", "opened", 1))})
    teller.seen(E1, ANN, "ann")
    teller.seen(E1, ANN, "ann")
    assert [type(message) for message in tell(teller, named(1))] == [Name, Put, Seen]


def test_of_facts_only_the_difference_is_told() -> None:
    old, same, new = (Mailed("m", what, 1) for what in ("opened", "clicked", "replied"))
    teller = Teller(NAMER)
    teller.change({(E1, old), (E1, same)}, {(E1, same), (E1, new)})
    assert taken(teller) == [Drop(E1, E1, old), Put(E1, E1, new)]
    assert taken(teller) == []


def test_what_names_nobody_is_counted_and_no_more() -> None:
    teller = Teller(NAMER)
    assert tell(teller, named(1, email="null", lead="0-0"), named(2, email="null")) == []
    assert teller.noted() == {"form/ignored_id/email_hash": 2, "form/ignored_id/lead_id": 1}
    assert teller.noted() == {}
    assert teller.visitors([("s", "guest"), ("s", "ann")]) == [None, ANN]


def test_what_was_told_is_remembered_within_bounds() -> None:
    teller = Teller(NAMER, most=2)
    events = [named(1, email=f"e{n}") for n in range(50)]
    assert [ids[0] for ids in teller.people(events)] == [NAMER.id(EMAIL, "s", f"e{n}") for n in range(50)]
    assert len(tell(teller, *events)) == 50
    assert len(tell(teller, *events)) == 50, "forgotten, so told again"
    assert tell(teller, events[-1]) == []
