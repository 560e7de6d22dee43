"""Standing: what stands in the topics of results is what rows say, whoever told it last, also where people are erased.

Results are looked at in the order in which shards commit. That is the order of a partition too, in which all lie that
were ever told by one key.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from random import Random
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.contract.records import UNIT
from stream.identity.ids import FIELDS
from stream.lifecycle.read import shipped
from stream.stages.leads.results import _called
from stream.stages.leads.rows import Told
from stream.stages.leads.told import each
from stream.stages.leads.value import encoded
from stream.stages.stage import Result
from tests.examples import examples
from tests.laws.leads.rules import with_limits
from tests.laws.leads.simulation import World
from tests.laws.leads.test_forgetting_law import every_home
from tests.laws.leads.test_identity_law import TIGHT
from tests.laws.leads.test_results_law import Key, compacted, key_of
from tests.laws.leads.worlds import END, T0, Event, world

SEED = st.integers(0, 2**32).map(Random)


def wishes(rng: Random, events: list[Event]) -> Iterator[Event]:
    """Make wishes to be forgotten of some who are named; they are due at once."""
    named = [(field, event[field]) for event in events for field in ("email", "lead", "user") if event.get(field)]
    for n in range(rng.randint(2, 5) if named else 0):
        field, text = rng.choice(named)
        yield {"kind": "privacy", "id": f"s{UNIT}p{n}", "time": T0, "action": "erase", field: text}


def lived(rng: Random, leads: int, *, tight: bool) -> World:
    """Let shards live through events and wishes, some of which are read when nothing else has come yet."""
    events = world(rng, rng.randint(1, 4), rng.randint(5, 80), 0.2)
    rng.shuffle(events)
    for wish in wishes(rng, events):
        events.insert(rng.randint(0, len(events)), wish)
    here = World(2, 2, leads, with_limits(TIGHT, largest=4) if tight else shipped())
    here.until_ms = END
    for event in events:
        here.produce(event)
        if rng.random() < 0.1:
            for _ in range(rng.randint(1, 8)):
                busy = [name for name in here.shards if here.lag(name)]
                if busy:
                    here.turn(rng.choice(busy), rng, 8, 0.1)
    here.run(rng, most=rng.choice((1, 3, 8)))
    for _ in range(2):  # what is due by then is told to others
        here.advance(END)
        here.run(rng)
    return here


@settings(max_examples=examples(120))
@given(SEED, st.integers(1, 4), st.booleans())
def test_what_stands_is_what_rows_say(rng: Random, leads: int, tight: bool) -> None:
    here = lived(rng, leads, tight=tight)
    homes = [(shard, home) for shard in here.leads() for home in every_home(shard)]
    rows = {(FIELDS[told.type], told.text): told for _, home in homes for told in home.told if told.said is not None}
    tellers = Counter((told.type, told.text) for _, home in homes for told in home.told if told.said is not None)
    assert not [key for key, n in tellers.items() if n > 1], "one tells of a lead"
    assert said(compacted(here.results)) == said({key: orjson.loads(encoded(told, 0)) for key, told in rows.items()})
    assert standing(here.results) == {key: changes for key, told in rows.items() if (changes := changes_of(told))}
    for shard, home in homes:
        assert (home.row.silent, home.row.awaits) == ([], 0), "nobody keeps silent for ever"
        found = shard.stage._counting.sum(home, home.row.counted_ms, home.row.rules).leads
        named = [lead for lead in found if _called(home, lead.ids)]
        assert len(named) == sum(told.said is not None for told in home.told), "every lead is told of"


def said(values: dict[Key, Any]) -> dict[Key, Any]:
    """Leave out what goes by when it was told."""
    return {
        key: {name: one for name, one in value.items() if name not in ("version", "as_of")}
        for key, value in values.items()
    }


def changes_of(told: Told) -> set[str]:
    return {change.hex() for some in told.changes.values() for change in each(some)}


def standing(results: list[Result]) -> dict[Key, set[str]]:
    """Give the changes by which something was told of a lead and not taken back, as a consumer keeps them."""
    out: defaultdict[Key, set[str]] = defaultdict(set)
    for one in results:
        if one.topic != "lead_events" or one.value is None:
            continue
        key, value = key_of(one), orjson.loads(one.value)
        event, change = value["event"], value["change"]
        if event == "withdrawn":
            out[key].remove(change)  # it was told, and not taken back before
        elif event == "erased":
            out[key] = set()
        elif event in ("merged", "split"):
            other = value["from"][1], value["from"][2]
            out[key] |= out[other]
            if event == "merged":
                out[other] = set()
        elif event != "band_changed":
            out[key].add(change)
    return {key: changes for key, changes in out.items() if changes}
