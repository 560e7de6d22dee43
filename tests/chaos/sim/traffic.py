"""Traffic: what producers send in one run; a few records of the simulator, some again, some elsewhere.

In:  the groups and how many shards each has, a number.
Out: records with the moment at which, and the partition to which, they are sent.

There are a few streams for each set of shards, and many runs share each of them: what differs from run to run is what
happens to it.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from random import Random
from typing import Final, NamedTuple

from aiokafka import TopicPartition

from stream.demo.traffic import Options, Record, Traffic
from stream.engine.groups import GROUPS
from stream.ingest.route import partitions_of
from tests.chaos.sim.clock import START_MS
from tests.chaos.sim.faults import ENDS_S
from tests.chaos.sim.installation import Shards

_BEFORE_MS: Final = 40 * 60_000  # all of it lies in the windows of an hour that are read at the end


class Sending(NamedTuple):
    """One record on its way."""

    at_s: float
    tp: TopicPartition
    key: bytes | None
    value: bytes | None

    @property
    def time_ms(self) -> int:
        """The time that its topic gives it."""
        return START_MS + round(self.at_s * 1000)


@cache
def _stock(leads: bool) -> tuple[Record, ...]:
    options = Options(seed=7, start_ms=START_MS - _BEFORE_MS, length_ms=_BEFORE_MS, rate=1.5, rhythm=False, leads=leads)
    return tuple(Traffic(options))


@cache
def _of(kinds: tuple[str, ...], leads: bool) -> tuple[Record, ...]:
    return tuple(record for record in _stock(leads) if record.kind in kinds)


@cache
def _place(key: bytes, shards: int) -> int:
    return int(partitions_of([key.decode("utf-8", "surrogateescape")], shards, "murmur2")[0])


def sendings(shards: Shards, number: int) -> tuple[Sending, ...]:
    """Draw what is sent, in the order of time."""
    rng, out = Random(f"{sorted(shards.items())} {number}"), list[Sending]()
    leads = any(GROUPS[group].told_by for group in shards)
    for group, count in shards.items():
        stock = _of(GROUPS[group].kinds, leads)
        first = rng.randrange(max(1, len(stock) - 60))
        size = rng.randrange(4, 11) if len(shards) == 1 else rng.randrange(3, 8)
        for record in stock[first : first + size]:
            out += _sent(rng, record, count)
    return tuple(sorted(out, key=lambda one: (one.at_s, one.tp.topic, one.tp.partition)))


def _sent(rng: Random, record: Record, shards: int) -> Iterable[Sending]:
    began = rng.uniform(0, ENDS_S - 0.3)
    for again in range(1 if rng.random() < 0.8 else rng.randrange(2, 5)):
        at_s = began if not again else min(ENDS_S, began + rng.choice((0.01, 0.3, 1.2)))
        key, right = record.key, rng.random() < 0.9
        place = _place(key, shards) if right and key is not None else rng.randrange(shards)
        yield Sending(at_s, TopicPartition(record.kind, place), key, record.value)
