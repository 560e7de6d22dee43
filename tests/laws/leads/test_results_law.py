"""Results: what is told of leads adds up to what they are, and nothing is told twice."""

from __future__ import annotations

from collections import defaultdict
from random import Random
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.lifecycle.read import shipped
from stream.lifecycle.rules import Rules
from stream.stages.leads.life import view
from stream.stages.leads.view import View
from stream.stages.stage import Result
from tests.examples import examples
from tests.laws.leads.brute import Name, named, people
from tests.laws.leads.rules import with_limits
from tests.laws.leads.simulation import World
from tests.laws.leads.test_identity_law import TIGHT
from tests.laws.leads.worlds import END, Event, world

SEED = st.integers(0, 2**32).map(Random)
Key = tuple[str, str]
TYPES = {"e": "email_hash", "l": "lead_id", "u": "user_id", "v": "visitor_id"}


def called(ids: set[Name], events: list[Event]) -> Key:
    """Give the key of a lead: of the best type that it has, the id that was named first."""
    for letter in "luev":
        first: dict[str, tuple[int, str]] = {}
        for event in events:
            for type, text in named(event):
                if type == letter and (type, text) in ids:
                    mark = event["time"], event["id"]
                    first[text] = min(first.get(text, mark), mark)
        mine = [text for type, text in ids if type == letter]
        if mine:
            return TYPES[letter], min(mine, key=lambda text: (first.get(text, (0, "")), text))
    raise AssertionError("nobody is called anything")


def leads_of(events: list[Event], rules: Rules) -> dict[Key, View]:
    found = people(events, rules.shared, rules.largest)
    views = {called(ids, events): view(list(facts), END, rules) for ids, facts in found.groups if facts}
    return {key: seen for key, seen in views.items() if seen is not None}


@settings(max_examples=examples(60))
@given(SEED, st.integers(1, 4), st.booleans())
def test_what_is_told_is_what_leads_are(rng: Random, leads: int, tight: bool) -> None:
    rules = with_limits(TIGHT, largest=4) if tight else shipped()
    events = world(rng, rng.randint(1, 6), rng.randint(5, 100), 0.2)
    rng.shuffle(events)
    here = World(2, 2, leads, rules)
    here.until_ms = END
    for event in events:
        here.produce(event)
    here.run(rng)
    here.advance(END)
    want = leads_of(events, rules)
    values = compacted(here.results)
    assert values.keys() == want.keys()
    for key, seen in want.items():
        said = values[key]
        assert (said["stage"], said["score"], said["band"]) == (seen.stage, seen.score, seen.band)
        assert sum(share for _, _, share in said["credit"]["linear"]) == 1_000_000
    assert versions_rise(here.results)
    told = Told(here.results)
    for key, seen in want.items():
        entered = {("created", rules.first)}
        entered |= {("customer" if name == rules.last else "stage_entered", name) for name in list(seen.entered)[1:]}
        assert told.of(key) == entered, key


def key_of(result: Result) -> Key:
    _, type, text = orjson.loads(result.key)
    return type, text


def compacted(results: list[Result]) -> dict[Key, Any]:
    """Give what stands in the topic of leads in the end."""
    out: dict[Key, Any] = {}
    for one in results:
        if one.topic == "leads":
            out[key_of(one)] = None if one.value is None else orjson.loads(one.value)
    return {key: value for key, value in out.items() if value is not None}


def versions_rise(results: list[Result]) -> bool:
    """Tell whether the versions of each lead only rise, until it is over."""
    last: dict[tuple[str, str], int] = {}
    for one in results:
        if one.topic == "leads" and one.value is not None:
            version = orjson.loads(one.value)["version"]
            if version <= last.get(key_of(one), 0):
                return False
            last[key_of(one)] = version
        elif one.topic == "leads":
            last.pop(key_of(one), None)
    return True


class Told:
    """What stands of what happened: told, and not withdrawn."""

    def __init__(self, results: list[Result]) -> None:
        self.changes: defaultdict[Key, dict[str, tuple[str, str]]] = defaultdict(dict)
        seen: set[tuple[Key, str]] = set()
        for one in results:
            if one.topic != "lead_events":
                continue
            assert one.value is not None
            value = orjson.loads(one.value)
            key, change, event = key_of(one), value["change"], value["event"]
            if event == "withdrawn":
                del self.changes[key][change]
                continue
            assert (key, change) not in seen, "nothing is told twice"
            seen.add((key, change))
            if "to" in value and event != "band_changed":
                self.changes[key][change] = event, value["to"]
            elif event in ("merged", "split"):
                other = value["from"][1], value["from"][2]
                known = self.changes[other]
                assert other != key
                assert known, "something stands of a lead that is merged with another, or parted"
                self.changes[key] = {**self.changes[key], **known}
                if event == "merged":
                    self.changes[other] = {}

    def of(self, key: Key) -> set[tuple[str, str]]:
        """Give what happened to a lead."""
        return {one for one in self.changes[key].values() if one[0] in ("created", "stage_entered", "customer")}
