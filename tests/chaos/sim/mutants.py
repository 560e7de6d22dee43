"""Mutants: faults planted in the protocol, each of which the simulation must see.

In:  a name.
Out: the product with this fault, as long as the context lasts.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from aiokafka import TopicPartition
from msgspec.structs import replace

from stream.changes.deltas import unpack
from stream.changes.holds import Holds
from stream.kafka.state_log import StateLog
from stream.rollup.rollup import Rollup
from stream.rollup.standing import Standings
from stream.state.keys import BIRTH
from stream.worker.inbox import Batch
from stream.worker.rollup_shard import RollupShard
from stream.worker.shard import Shard
from tests.chaos.sim.broker import Ack
from tests.chaos.sim.clients import Producer

Swap = tuple[type, str, Any]


def _position_before_rows() -> list[Swap]:
    """The position is committed first, and what it covers after it."""
    write = StateLog.write

    async def apart(self: StateLog, parts: Any) -> None:
        parts = [(topic, partition, list(rows)) for topic, partition, rows in parts]
        topic, partition, rows = parts[-1]
        if rows[0][0] == BIRTH.prefix:  # a log without its birth would be refused, and nothing be counted at all
            await write(self, parts)
            return
        await write(self, [(topic, partition, rows[-1:])])
        await write(self, [*parts[:-1], (topic, partition, rows[:-1])])

    return [(StateLog, "write", apart)]


def _no_fencing() -> list[Swap]:
    """Each owner of a shard writes under a name of its own."""
    init, numbers = StateLog.__init__, itertools.count()

    def other(self: StateLog, link: Any, topic: str, partition: int, name: str | None, *rest: Any, **more: Any) -> None:
        init(self, link, topic, partition, name and f"{name}-{next(numbers)}", *rest, **more)

    return [(StateLog, "__init__", other)]


def _fenced_too_late() -> list[Swap]:
    """The log is read before the former owner is fenced."""
    fence, write = StateLog.fence, StateLog.write

    async def later(self: StateLog) -> None:
        self.unfenced = True  # type: ignore[attr-defined]

    async def first(self: StateLog, parts: Any) -> None:
        if self.__dict__.pop("unfenced", False):
            await fence(self)
        await write(self, parts)

    return [(StateLog, "fence", later), (StateLog, "write", first)]


def _failure_ignored() -> list[Swap]:
    """A write that failed is taken for done."""
    write = StateLog.write

    async def anyway(self: StateLog, parts: Any) -> None:
        try:
            await write(self, parts)
        except Exception:
            self._producer._failed, self._producer._open = None, False  # type: ignore[union-attr]

    return [(StateLog, "write", anyway)]


def _flush_forgotten() -> list[Swap]:
    """A commit waits for nothing of what was sent before it."""
    send = Producer.send_batch

    async def told_at_once(self: Producer, batch: Any, topic: str, *, partition: int) -> asyncio.Future[Any]:
        await send(self, batch, topic, partition=partition)
        done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        done.set_result(Ack(TopicPartition(topic, partition), -1, -1, 0, 0))
        return done

    async def at_once(self: Producer) -> None:
        self._failed, self._open = None, False
        name, epoch = self._id or "", self._epoch
        await self._wire.call(lambda: self._wire.broker.commit(name, epoch))

    return [(Producer, "send_batch", told_at_once), (Producer, "commit_transaction", at_once)]


def _stale_batches() -> list[Swap]:
    """What was fetched before the last seek is folded all the same."""

    def any_of_them(self: Shard, batch: Batch) -> None:
        if self.state == "running":
            self._expected[batch.source] = batch.next
            self._inbox.add(batch)

    return [(Shard, "feed", any_of_them)]


def _deltas_twice() -> list[Swap]:
    """A new owner of the rollup adds what its snapshot already holds."""
    apply = Rollup.apply

    def again(self: Rollup, value: bytes, *when: int, **how: bool) -> None:
        self._restore()
        delta = unpack(value)
        known = self._standings.of.get((delta.group, delta.shard))
        if known is not None:
            known.seq = delta.seq - 1
        apply(self, value, *when, **how)

    def from_the_beginning(*found: Any) -> int:
        return int(found[-3])

    return [(Rollup, "apply", again), (RollupShard, "_checked", staticmethod(from_the_beginning))]


def _position_without_snapshot() -> list[Swap]:
    """The rollup's position goes on although every other snapshot is forgotten."""
    snapshot, numbers = Rollup.snapshot, itertools.count()

    def forgotten(self: Rollup, full: bool) -> list[tuple[bytes, bytes | None]]:
        rows = snapshot(self, full)
        return rows if next(numbers) % 2 else []

    return [(Rollup, "snapshot", forgotten)]


def _any_heartbeat() -> list[Swap]:
    """A heartbeat counts for shards whose newest report it does not name."""
    hold = Standings.hold

    def all_of_them(self: Standings, holds: Holds, *when: Any) -> None:
        shards = [
            replace(held, seq=known.seq, life=known.life)
            for held in holds.shards
            if (known := self.of.get((held.group, held.shard))) is not None
        ]
        hold(self, replace(holds, shards=shards), *when)

    return [(Standings, "hold", all_of_them)]


MUTANTS: Final[dict[str, Callable[[], list[Swap]]]] = {
    "position-before-rows": _position_before_rows,
    "no-fencing": _no_fencing,
    "fenced-too-late": _fenced_too_late,
    "failure-ignored": _failure_ignored,
    "flush-forgotten": _flush_forgotten,
    "stale-batches": _stale_batches,
    "deltas-twice": _deltas_twice,
    "position-without-snapshot": _position_without_snapshot,
    "any-heartbeat": _any_heartbeat,
}


@contextmanager
def planted(name: str) -> Iterator[None]:
    """Run with a fault of this name; with none if the name is empty."""
    swaps = MUTANTS[name]() if name else []
    before = [(owner, attribute, owner.__dict__[attribute]) for owner, attribute, _ in swaps]
    for owner, attribute, value in swaps:
        setattr(owner, attribute, value)
    try:
        yield
    finally:
        for owner, attribute, value in before:
            setattr(owner, attribute, value)
