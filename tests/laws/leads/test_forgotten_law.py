"""Forgotten: of whoever wants it no id stays in any log of the real shards, and what others did and counted stays.

Shards of visitors, emails and leads read in any order, and crash; the same as on a broker, without its files.
"""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.changes.deltas import unpack
from stream.contract.records import UNIT
from stream.identity.ids import EMAIL, LEAD, VISITOR, Namer
from stream.stages.visitors.known import name_of
from stream.state.keys import NO_CONSENT, TO_FORGET
from tests.examples import examples
from tests.laws.installation import Installation
from tests.unit.explain.shop import ANN, BOB, SHARDS, Reads, installed, record
from tests.unit.golden.events import Envelope, form, mail, view

#: What Ann is called; v1 is a device that Bob has used, too.
NAMES = {EMAIL: ANN, LEAD: "l1", VISITOR: "v2"}
FIELDS = {EMAIL: "email_hash", LEAD: "lead_id", VISITOR: "visitor_id"}
SEEDS = st.integers(0, 2**32)
#: Ids of those who must not be counted, and who has asked, which is done once more a day later.
KEPT = NO_CONSENT.prefix, TO_FORGET.prefix


def wish(time: str, by: int, **data: object) -> Envelope:
    """Make a wish of Ann's, who gives one of her ids."""
    made = view(time, None) | {"type": "privacy", "id": f"w{time}"}
    made["data"] = {"site_id": "s1", FIELDS[by]: NAMES[by], **data}
    return made


def go_on(made: Installation, *events: Envelope) -> None:
    """Let everybody read what is new, and a minute and a half pass."""
    made.produce(record(900, event) for event in events)
    for _ in range(3):
        made.run()


def logged(made: Installation) -> list[tuple[bytes, bytes]]:
    """Give every record that logs of people hold, but for those by which wishes are kept."""
    return [
        (key, value)
        for group in ("visitors", "emails", "leads")
        for shard in range(SHARDS)
        for key, value in made.log(group, shard).items()
        if value is not None and not key.startswith(KEPT)
    ]


def left_of(made: Installation, by: int) -> list[bytes]:
    """Give the keys of records in which she can still be found, by the device alone or by all of her ids.

    A device joins nobody: who names it has forgotten what was done on it, whoever that is of.
    """
    types = [VISITOR] if by == VISITOR else list(NAMES)
    needles = [name_of(f"s1{UNIT}v2").encode(), *(Namer(1).id(type, "s1", NAMES[type]).hash for type in types)]
    # a short name is part of many: it is looked for as it is stored
    needles += [msgspec.msgpack.encode(NAMES[type]) for type in types]
    return [key for key, value in logged(made) if any(needle in key or needle in value for needle in needles)]


def outcomes(made: Installation, end: str) -> int:
    """Count the events that ended so, as all shards say last; wishes aside."""
    last = {(delta.group, delta.shard): delta for delta in map(unpack, made.deltas)}
    return sum(n for delta in last.values() for name, n in _of_people(delta.account) if name.endswith(end))


def _of_people(account: dict[str, int]) -> list[tuple[str, int]]:
    return [(name, n) for name, n in account.items() if not name.startswith("privacy/")]


@pytest.mark.parametrize("by", NAMES)
@settings(max_examples=examples(10), deadline=None)
@given(SEEDS)
def test_who_wants_to_be_forgotten_is_in_no_record(by: int, seed: int) -> None:
    made = installed(seed=seed, crash=0.15)
    assert left_of(made, by), "there is something to forget"
    go_on(made, wish("12:00", by, action="erase"))
    assert left_of(made, by) == []
    bob = Reads(made).explain("email_hash", BOB)
    assert bob is not None
    assert len(bob["clusters"][0]["leads"]) == 1, "others stay as they are"
    laptop = Reads(made).explain("visitor_id", "v1")
    assert laptop is not None
    hers = [ANN, ANN] if by == VISITOR else []
    assert [one["belongs_to"]["id"] for one in laptop["visitor"]["sessions"]] == [*hers, BOB]
    before = outcomes(made, "/counted")
    go_on(made, form("12:20", "v2", "submit", "demo", email_hash=ANN) | {"id": "late"})
    assert outcomes(made, "/counted") == before + 1, "who comes again is somebody new"
    again = Reads(made).explain("email_hash", ANN)
    assert again is not None
    (lead,) = again["clusters"][0]["leads"]
    assert [one["id"] for one in lead["ids"]] == ([ANN, "l1"] if by == VISITOR else [ANN])


@pytest.mark.parametrize("by", NAMES)
@settings(max_examples=examples(10), deadline=None)
@given(SEEDS)
def test_who_takes_consent_back_is_forgotten_and_counted_no_more_until_it_is_given(by: int, seed: int) -> None:
    made = installed(seed=seed, crash=0.15)
    go_on(made, wish("12:00", by, action="consent_changed", consent={"analytics": False}))
    assert left_of(made, by) == []
    counted = outcomes(made, "/counted")
    later = {
        EMAIL: [
            mail("12:20", "m2", "sent", email_hash=ANN, lead_id=None),
            form("12:21", "v7", "submit", email_hash=ANN),
        ],
        LEAD: [form("12:20", "v7", "submit", lead_id="l1")],
        VISITOR: [view("12:20", "v2", "blog/a"), form("12:21", "v2", "submit", email_hash=ANN)],
    }[by]
    go_on(made, *({**event, "id": f"late{n}"} for n, event in enumerate(later)))
    assert outcomes(made, "/filtered/no_consent") == len(later)
    assert outcomes(made, "/counted") == counted
    assert left_of(made, by) == [], "nothing of it is kept"
    go_on(made, view("12:22", "v8", "blog/a") | {"id": "other"})
    assert outcomes(made, "/counted") == counted + 1, "others count"
    go_on(made, wish("12:30", by, action="consent_changed", consent={"analytics": True}))
    go_on(made, *({**event, "id": f"again{n}"} for n, event in enumerate(later)))
    assert outcomes(made, "/filtered/no_consent") == len(later)
    assert outcomes(made, "/counted") == counted + 1 + len(later)
