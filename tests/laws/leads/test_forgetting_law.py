"""Forgetting: nothing of the person stays in any shard, panes keep their counts, what stands is as if they had gone."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from stream.changes.panes import MINUTE_MS
from stream.contract.records import UNIT
from stream.identity.ids import Namer
from stream.lifecycle.read import shipped
from tests.examples import examples
from tests.laws.leads.brute import LETTERS, Name, named
from tests.laws.leads.readers import SITE
from tests.laws.leads.simulation import LeadShard, World
from tests.laws.leads.worlds import END, Event, world

SEED = st.integers(0, 2**32).map(Random)
FIELDS = {"e": "email", "l": "lead", "u": "user"}


def ids_of(event: Event) -> set[Name]:
    return set(named(event))


def of_person(event: Event, person: set[str], messages: set[str]) -> bool:
    """Tell whether an event is of one of these people, by the numbers that all their ids have."""
    if event["kind"] == "email":
        return event["message"] in messages
    return any(event.get(field, "xx")[1] in person for field in ("visitor", "email", "lead", "user"))


@settings(max_examples=examples(80))
@given(SEED, st.integers(1, 4), st.booleans())
def test_nothing_is_left(rng: Random, leads: int, among_others: bool) -> None:
    """The wish waits until what was sent before it has arrived; others go on meanwhile, with crashes."""
    events = world(rng, 4, 70, 0.0)
    rng.shuffle(events)
    victim = rng.choice(sorted(ids_of(rng.choice([event for event in events if ids_of(event)]))))
    mine, grown = {victim}, True
    while grown:  # whoever belongs to the victim, by brute force over links
        grown = False
        for event in events:
            if ids_of(event) & mine and not ids_of(event) <= mine:
                mine |= ids_of(event)
                grown = True
    rules = shipped()
    here = World(2, 2, leads, rules)
    person = {text[1] for _, text in mine}
    messages = {e["message"] for e in events if e["kind"] == "email" and {t[1] for _, t in ids_of(e)} & person}
    first = [event for event in events if not among_others or of_person(event, person, messages)]
    for event in first:
        here.produce(event)
    here.run(rng)
    if among_others:
        here.advance(END - MINUTE_MS)
        for event in events:
            if event not in first:
                here.produce(event)
        for _ in range(5):
            busy = [name for name in here.shards if here.lag(name)]
            if busy:
                here.turn(rng.choice(busy), rng, 8, 0.1)
    else:
        here.advance(END)
    before = here.result()
    here.produce({"kind": "privacy", "id": f"s{UNIT}p1", "time": END, "action": "erase", FIELDS[victim[0]]: victim[1]})
    here.run(rng)
    here.advance(END + 2 * MINUTE_MS)
    here.run(rng)
    hashes = {Namer(1).id(LETTERS.index(letter), SITE, text).hash for letter, text in mine}
    for shard in here.leads():
        assert nothing_of(shard, hashes, mine)
    for (group, _), shard in here.shards.items():
        for row in shard.reader.rows.values() if group != "leads" else ():
            assert not any(ids_of(event) & mine for event in row.events)
            assert not any(claim[2].hash in hashes for claim in row.claims)
    if not among_others:
        after = here.result()
        assert in_panes(after) == in_panes(before)
        left = sum(n for (cell, _), n in after.items() if cell[0] == "band")
        homes = [home for shard in here.leads() for home in every_home(shard)]
        assert left == sum(home.row.leads for home in homes)
        assert {key for key in after if key[0][0] == "identified"} <= set(before)


def in_panes(cells: dict[tuple[Any, int | None], int]) -> dict[tuple[Any, int | None], int]:
    # of a device that others use another key event is the first one now, so somebody else counts as merged
    return {key: n for key, n in cells.items() if key[1] is not None and key[0][0] != "merged_lead"}


def every_home(shard: LeadShard) -> list[Any]:
    from stream.stages.leads.store import id_of

    store = shard.stage._store
    found = [store.get(id_of(key)) for key in store.homes.rows]
    return [home for home in found if home is not None]


def nothing_of(shard: LeadShard, hashes: set[bytes], mine: set[Name]) -> bool:
    """Look at the bytes of the log: no hash and no text of the person is in any key or value.

    Who has waited to be forgotten is known until it is done again a day later.
    """
    texts = [text.encode() for letter, text in mine if letter != "v"]
    for key, value in shard.log.items():
        if key[:1] == b"f":
            continue
        for one in hashes:
            assert one not in key, key
            assert one not in value, (key, value)
        for text in texts:
            assert text not in value, (key, value)
    return True


@settings(max_examples=examples(20))
@given(SEED, st.integers(1, 3))
def test_who_comes_again_is_somebody_new(rng: Random, leads: int) -> None:
    """An erase that is done again a day later takes nobody who came since."""
    here = World(1, 1, leads, shipped())
    form = {"kind": "web", "visitor": "v0a", "channel": "direct", "campaign": "", "action": "submit", "email": "e0a",
            "form_type": "contact", "stage": ""}  # fmt: skip
    here.produce({**form, "id": f"s{UNIT}1", "time": END})
    here.run(rng)
    here.produce({"kind": "privacy", "id": f"s{UNIT}p1", "time": END, "action": "erase", "email": "e0a"})
    here.run(rng)
    here.advance(END + MINUTE_MS)
    here.run(rng)
    assert sum(home.row.leads for shard in here.leads() for home in every_home(shard)) == 0
    here.produce({**form, "id": f"s{UNIT}2", "time": END + 30 * MINUTE_MS})
    here.run(rng)
    here.advance(END + 2 * 24 * 60 * MINUTE_MS)
    here.run(rng)
    assert sum(home.row.leads for shard in here.leads() for home in every_home(shard)) == 1
    assert not any(key[:1] == b"f" for shard in here.leads() for key in shard.log)
