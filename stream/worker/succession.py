"""Succession: when a generation may publish, and how the one before it learns that it may not any more.

In:  the layout of this generation, and of the one before it.
Out: whether the result topic and the business gauges are this generation's.

A generation counts in topics, a group and transactions of its own, beside the one that runs. The result topic is one
for all. When the newer one has read everything and no worker of the older one runs, it writes a mark into the older
one's rollup log, as the owner of that log: whoever believed to own it is fenced, and whoever restores it finds the
mark.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Collection
from typing import Final

from aiokafka import TopicPartition

from stream.errors import StartError
from stream.kafka import rebuild, topics
from stream.kafka.layout import ROLLUP, Layout, ShardId
from stream.kafka.reader import Reader
from stream.kafka.security import Link
from stream.kafka.state_log import Row, StateLog
from stream.state.keys import ROLLUP_SUCCESSOR
from stream.worker.position import Restoring

log = logging.getLogger("leadpulse.succession")

LOOK_S: Final = 5.0
#: Behind the mark lie at most a few markers of transactions.
TAIL: Final = 16
TELL_S: Final = 60.0


class RestoringUnlessSucceeded(Restoring):
    """Take the records of the rollup's log, and refuse it where a newer generation has taken over."""

    def take(self, key: bytes, value: bytes | None) -> None:
        """Take one record, in the order of the log."""
        refuse_succeeded(key, value, self.where)
        super().take(key, value)


def refuse_succeeded(key: bytes, value: bytes | None, topic: str) -> None:
    """Raise where a log says that a newer generation has taken over."""
    if key == ROLLUP_SUCCESSOR.prefix and value:
        newer = int(value)
        raise StartError(
            f"Generation {newer} has taken over the figures; this one publishes no more.",
            where=topic,
            do=f"Set LEADPULSE_GENERATION={newer} for all workers; to count anew once more, {newer + 1}.",
        )


class Succession:
    """Know whether this generation publishes."""

    def __init__(self, link: Link, layout: Layout, group_id: str, *, fences: bool) -> None:
        """Take `fences` as false for a broker without transactions."""
        self._link, self._layout, self._fences = link, layout, fences
        self._former = layout.former()
        self._group = "" if self._former is None else self._former.consumer_group(group_id)
        self.open = self._former is None
        self._look_at = self._told_at = 0.0

    async def begin(self, reader: Reader) -> None:
        """Learn at a take-over whether this generation publishes already, or has none before it."""
        former = self._former
        if former is None:
            return
        if not await reader.has(former.rollup):
            self.open = True
            return
        marks: list[int] = []
        await self._log(former).read(reader, lambda key, value: _note(marks, key, value))
        self.open = bool(marks) and marks[-1] >= self._layout.generation

    async def take_over(self) -> bool:
        """Take over if no worker of the former generation runs; looks at most every few seconds."""
        now, former = time.monotonic(), self._former
        if former is None or now < self._look_at:
            return False
        self._look_at = now + LOOK_S
        workers = await asyncio.to_thread(_workers, self._link, self._group)
        if workers:
            if now - self._told_at > TELL_S:
                self._told_at = now
                log.info(
                    "generation %d has caught up and publishes as soon as the workers of generation %d are stopped: %s",
                    self._layout.generation, former.generation, ", ".join(workers),
                )  # fmt: skip
            return False
        mark: Row = ROLLUP_SUCCESSOR.prefix, b"%d" % self._layout.generation, None, []
        its = self._log(former)
        await its.fence()
        try:
            await its.write([(former.rollup, 0, [mark])])
        finally:
            await its.close()
        self.open = True
        log.info("generation %d has taken over from %d", self._layout.generation, former.generation)
        return True

    def _log(self, former: Layout) -> StateLog:
        name = former.transactional_id(ShardId(ROLLUP, 0)) if self._fences else None
        return StateLog(self._link, former.rollup, 0, name)


async def taken_over(link: Link, layout: Layout) -> bool:
    """Say whether a generation publishes, seen from any worker: its mark is the last record of the one before it."""
    former = layout.former()
    if former is None:
        return True
    async with Reader(link) as reader:
        if not await reader.has(former.rollup):
            return True
        tp = TopicPartition(former.rollup, 0)
        begin, end = (await reader.bounds([tp]))[tp]
        marks: list[int] = []
        async for records in reader.scan(tp, max(begin, end - TAIL), end):
            for record in records:
                _note(marks, record[2] or b"", record[3])
    return bool(marks) and marks[-1] >= layout.generation


def _note(marks: list[int], key: bytes, value: bytes | None) -> None:
    if key == ROLLUP_SUCCESSOR.prefix and value:
        marks.append(int(value))


def _workers(link: Link, group: str) -> Collection[str]:
    with topics.admin(link) as client:
        return rebuild.members(client, group)
