"""Heart: one heartbeat for all idle shards of a worker, within a commit that one of its shards makes anyway.

In:  the shards that run; the broker's clock.
Out: a record that goes along with a commit: what these shards reported last still holds.

A shard is idle if all is read, nothing is to be written, and it has said so. It rests then, and commits by itself only
now and then. One of the worker's shards, the pacemaker, commits each other second however idle it is, and whichever
commits first carries the heartbeat of all that rest. Whether a report still holds is asked of each shard at that very
moment; one that has news commits by itself.

That is the same word as an idle commit, but it is fenced by the transaction of another shard. So it may come from a
worker that owns a shard no more; `rollup/standing.py` takes it only where it cannot be wrong. If no heartbeat comes
through, resting shards still report often enough by themselves not to count as silent.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final, Protocol

from stream.changes.holds import Held, pack
from stream.kafka.clock import BrokerClock
from stream.kafka.layout import ShardId
from stream.kafka.state_log import Row

#: An idle shard reports so often, by itself or by the heartbeat, or silence would look like a standstill.
HEARTBEAT_S: Final = 1.0
#: Where all are idle nothing but time goes on, and so often is enough for it.
PACES_S: Final = 2.0
#: One whose report the heartbeat repeats commits by itself so often: below what counts as silent, and soon enough for
#: whatever goes by the clock.
RESTS_S: Final = 10.0


class Beating(Protocol):
    """A shard, as the heart sees it."""

    id: ShardId

    def still(self) -> Held | None:
        """Give the report that holds; None if the shard has something to do, which it then does by itself."""

    def carried(self) -> None:
        """Learn that its report was repeated."""

    def rouse(self) -> None:
        """Look at once whether something is to be done."""


class Heart:
    """The idle shards of one worker."""

    def __init__(self, clock: BrokerClock) -> None:
        self._clock = clock
        self._running: dict[ShardId, Beating] = {}
        self._beat_at = float("-inf")

    def join(self, shard: Beating) -> None:
        """Count a shard in: it runs."""
        self._running[shard.id] = shard

    def leave(self, shard: Beating) -> None:
        """Count a shard out: it is paused or closed; another one sets the pace, if it was this one."""
        paced = self.is_pacemaker(shard)
        if self._running.get(shard.id) is shard:
            del self._running[shard.id]
        if paced and self._running:
            next(iter(self._running.values())).rouse()

    def is_pacemaker(self, shard: Beating) -> bool:
        """Say whether this shard must not rest."""
        return next(iter(self._running.values()), None) is shard

    def beat(self, carrier: Beating) -> tuple[list[Row], Mapping[ShardId, Beating]]:
        """Give the record that a commit of this shard carries, if one is due, and the shards that it speaks for."""
        now, now_ms = time.monotonic(), self._clock.now_ms()
        if not now_ms or now - self._beat_at < HEARTBEAT_S / 2:
            return [], {}
        self._beat_at = now
        held: list[Held] = []
        resting: dict[ShardId, Beating] = {}
        for id, shard in self._running.items():
            if shard is not carrier and (one := shard.still()) is not None:
                held.append(one)
                resting[id] = shard
        return ([(pack(now_ms, held), None, None, [])] if held else []), resting
