"""Looked through: what a former release left in other partitions is told where its key says, or ended where it lies.

That release wrote to the partition of the shard that told. So a lead that was told by two shards has two records, and
one that was told by another shard last has one that nobody took back.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from itertools import chain
from operator import itemgetter
from random import Random
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.engine.groups import GROUPS
from stream.identity.ids import FIELDS
from stream.kafka.layout import Layout, ShardId
from stream.lifecycle.read import shipped
from stream.stages.leads.value import encoded
from stream.worker import look_through
from stream.worker.look_through import LookThrough
from stream.worker.outputs import Outputs, placed
from tests.examples import examples
from tests.laws.leads.partitions import TOPIC, Partition, Reader
from tests.laws.leads.simulation import LeadShard, Name, World
from tests.laws.leads.test_forgetting_law import every_home
from tests.laws.leads.test_standing_law import said, wishes
from tests.laws.leads.worlds import END, world

SEED = st.integers(0, 2**32).map(Random)
LAYOUT = Layout("", GROUPS.values())


class Installation(World):
    """An installation whose results lie in partitions: those of shards at first, those of keys later."""

    def __init__(self, leads: int, partitions: int) -> None:
        super().__init__(2, 2, leads, shipped())
        self.partitions: dict[int, Partition] = defaultdict(list)
        self.count, self.by_key = partitions, False
        self.looks: dict[Name, LookThrough] = {}
        self.looked: set[Name] = set()
        self.written = 0

    def upgrade(self) -> None:
        self.by_key = True
        for name, shard in self.shards.items():
            if isinstance(shard, LeadShard):
                self.restart(name)

    def restart(self, name: Name) -> None:
        super().restart(name)
        self.looks.pop(name, None)

    def commit(self, name: Name) -> None:
        """Commit as a shard does: results in their partitions, and a part of what is to be looked through."""
        shard, before, look = self.shards[name], len(self.results), None
        if self.by_key and isinstance(shard, LeadShard) and name not in self.looked:
            look = self.looks.get(name) or self.look(name[1])
            self.looks[name] = look
            some = look.slice()
            for topic, partition, rows in some.ended:
                assert topic == TOPIC
                for key, value, *_ in rows:
                    self.write(partition, key, value)
            shard.stage.confirm(some.stands)
            shard.advance(0)
        super().commit(name)
        if look is not None and look.done:
            self.looked.add(name)
        for one in self.results[before:]:
            if one.topic == "leads":
                partition = placed([one.key], self.count)[0] if self.by_key else name[1]
                self.write(partition, one.key.encode(), one.value)

    def look(self, shard: int) -> LookThrough:
        outputs = Outputs(LAYOUT, ShardId("leads", shard), self.counts, results_in={TOPIC: self.count})
        look = LookThrough(outputs)
        asyncio.run(look.read(lambda **_: Reader(self.partitions)))  # type: ignore[arg-type, return-value]
        return look

    def write(self, partition: int, key: bytes | None, value: bytes | None) -> None:
        log = self.partitions[partition]
        self.written += 1
        log.append((len(log), self.written, key, value, ()))

    def standing(self) -> dict[int, dict[str, Any]]:
        """Give what stands in each partition: its type and id, and what is said of it."""
        out: dict[int, dict[Any, Any]] = {}
        for partition, records in self.partitions.items():
            newest = {key: value for _, _, key, value, _ in records}
            out[partition] = {
                tuple(orjson.loads(key or b"")[1:]): orjson.loads(value)
                for key, value in newest.items()
                if value is not None
            }
        return out


@pytest.fixture(autouse=True)
def _small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look_through, "SLICE", 2)


@settings(max_examples=examples(60))
@given(SEED, st.integers(1, 4), st.integers(0, 2))
def test_what_stood_elsewhere_is_told_anew_or_ended(rng: Random, leads: int, more: int) -> None:
    here = Installation(leads, leads + more)
    here.until_ms = END
    events = world(rng, rng.randint(1, 6), rng.randint(10, 100), 0.1)
    rng.shuffle(events)
    half = rng.randint(0, len(events))
    for event in events[:half]:
        here.produce(event)
    here.run(rng)
    here.upgrade()
    for event in [*events[half:], *wishes(rng, events)]:
        here.produce(event)
    here.run(rng)
    while len(here.looked) < leads:
        here.commit(("leads", rng.randrange(leads)))
    here.run(rng)
    for _ in range(2):
        here.advance(END)
        here.run(rng)
    homes = [home for shard in here.leads() for home in every_home(shard)]
    told = {
        (FIELDS[one.type], one.text): (one.version, orjson.loads(encoded(one, 0)))
        for home in homes
        for one in home.told
        if one.said is not None
    }
    stands = here.standing()
    assert sum(map(len, stands.values())) == len(told), "each has one record"
    for partition, values in stands.items():
        keys = [orjson.dumps(("s1", *key)).decode() for key in values]
        assert placed(keys, here.count) == [partition] * len(keys), "and lies where its key says"
    together = {key: value for values in stands.values() for key, value in values.items()}
    assert said(together) == said({key: value for key, (_, value) in told.items()})
    assert risen(here.partitions)


def risen(partitions: dict[int, Partition]) -> bool:
    """Tell whether versions of a key rise from record to record, wherever they lie, until it is over."""
    highest: dict[bytes | None, int] = {}
    for _, _, key, value, _ in sorted(chain(*partitions.values()), key=itemgetter(1)):
        if value is None:
            highest.pop(key, None)
            continue
        version = orjson.loads(value)["version"]
        if version <= highest.get(key, 0):
            return False
        highest[key] = version
    return True
