"""Outgoing: few messages, which say the same in the same order."""

from __future__ import annotations

from typing import Any

import msgspec

from stream.identity.facts import Mailed
from stream.identity.ids import EMAIL, VISITOR, Namer
from stream.identity.messages import Drop, Name, Put, Puts, Seen, told
from stream.identity.outgoing import Outgoing

NAMER = Namer(1)
E1, ANN = NAMER.id(EMAIL, "s", "e1"), NAMER.id(VISITOR, "s", "ann")
DELIVERED, OPENED = Mailed("m", "delivered", 5), Mailed("m", "opened", 3)
_decode = msgspec.msgpack.Decoder(Puts | Name | Drop | Seen).decode


def sent(out: Outgoing) -> list[Any]:
    return [_decode(bytes(one)) for one in out.take()[0]]


def test_a_name_and_facts_of_one_id_are_one_message() -> None:
    out = Outgoing()
    out.put(E1, DELIVERED)
    out.put(E1, OPENED)
    out.name(Name(E1, E1, "s", "e1", 7, "b"))
    out.name(Name(E1, E1, "s", "e1", 7, "a"))
    (one,) = sent(out)
    assert (one.at, one.text, one.seen_id, one.oldest_ms, one.newest_ms, one.letters) == (E1, "e1", "a", 3, 5, b"mm")
    assert list(one.apart()) == [Name(E1, E1, "s", "e1", 7, "a"), Put(E1, E1, DELIVERED), Put(E1, E1, OPENED)]
    assert out.take() == {}


def test_what_was_said_of_a_fact_stays_in_order() -> None:
    out = Outgoing()
    out.send(Drop(E1, E1, OPENED))
    out.put(E1, OPENED)
    out.send(Drop(E1, E1, OPENED))
    out.put(E1, OPENED)
    assert [type(one) for one in sent(out)] == [Drop, Puts, Drop, Puts]


def test_a_name_goes_ahead_where_something_else_was_said_of_it_first() -> None:
    out = Outgoing()
    out.send(Seen(E1, ANN, "ann"))
    out.put(E1, OPENED)
    out.name(Name(E1, E1, "s", "e1"))
    first, second, third = sent(out)
    assert (type(first), type(second), third.site) == (Name, Seen, "")


def test_of_an_address_that_many_share_no_message_is_too_large() -> None:
    out, facts = Outgoing(), [Mailed(f"m{n}", "opened", n + 1) for n in range(1_000)]
    out.name(Name(E1, E1, "s", "e1"))
    for fact in facts:
        out.put(E1, fact)
    messages = out.take()[0]
    assert max(len(bytes(one)) for one in messages) < 10_000
    assert told(messages) == [Name(E1, E1, "s", "e1"), *(Put(E1, E1, fact) for fact in facts)]
