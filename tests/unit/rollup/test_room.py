"""Room: what a set of labels is named, where counts of one family have unlike labels."""

from __future__ import annotations

import pytest

from stream import catalog
from stream.rollup.budget import Budget, families, has_budget
from stream.rollup.room import Room, keys_of, readings_of

FAMILIES = families(catalog.METRICS)
ROOM = Room(Budget(), readings_of(catalog.METRICS, FAMILIES), FAMILIES)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_set_that_waits_for_room_is_named_as_it_was_put_off(name: str) -> None:
    count = catalog.COUNTS[name]
    labels = tuple("EUR" if label == "currency" else f"a {label}" for label in count.labels)
    for key, names in keys_of(count, FAMILIES[name], labels):
        named = ROOM.names_of(key)
        assert len(named) == len(names)
        if any(map(has_budget, names)):
            assert named == names
