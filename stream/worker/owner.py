"""Owner: opens, keeps and closes the shards that the consumer group gives this worker.

In:  assignments and revocations.
Out: running shards; one of them may be the rollup.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Final, Protocol

from aiokafka import TopicPartition

from stream.errors import LeadpulseError
from stream.kafka.fetch import Ends
from stream.kafka.layout import ROLLUP, Layout, ShardId
from stream.kafka.reader import OpenReader
from stream.serve.views import ShardView, WorkerView
from stream.worker.added import Unread
from stream.worker.inbox import Batch

log = logging.getLogger("leadpulse.owner")

#: A running shard commits each second, or each other one; after so long it stands still, and says so.
STANDS_STILL_S: Final = 10.0
RESTORES_AT_ONCE: Final = 8  # each waits for the broker for most of its time; more would hold more memory


class Owned(Protocol):
    """A shard or the rollup, as the owner sees it."""

    id: ShardId
    state: str
    committed: dict[TopicPartition, int]
    committed_at: float
    unread: dict[str, int]

    def start(self, open_reader: OpenReader, slots: asyncio.Semaphore, after: asyncio.Future[None] | None) -> None: ...
    async def resume(self) -> None: ...
    async def quiesce(self) -> None: ...
    async def close(self, *, stale: bool = False) -> None: ...
    def feed(self, batch: Batch) -> None: ...
    def see_end(self, source: str, end: Ends) -> None: ...
    def view(self) -> ShardView: ...


class Shards:
    """The shards of this worker."""

    def __init__(self, layout: Layout, make: Callable[[ShardId], Owned], open_reader: OpenReader) -> None:
        self.owned: dict[ShardId, Owned] = {}
        self.assignments = 0
        self._generation = -1
        self._layout, self._make, self._open_reader = layout, make, open_reader
        self._slots = asyncio.Semaphore(RESTORES_AT_ONCE)
        self._left: dict[TopicPartition, int] = {}
        self._closing: dict[ShardId, asyncio.Future[None]] = {}
        self._stopped = False
        self._silent_since: float | None = None
        self._unread: dict[str, int] = {}
        self.fetching_since: float | None = None  # the turn of the fetch that is not over yet

    def feed(self, batch: Batch) -> None:
        """Hand a batch to its shard; one that is no longer ours is read again by its owner."""
        shard = self.owned.get(ShardId(batch.group, batch.shard))
        if shard is not None:
            shard.feed(batch)

    def see_end(self, tp: TopicPartition, end: Ends) -> None:
        """Hand a source's ends to its shard."""
        group, source = self._layout.source_of(tp.topic)
        shard = self.owned.get(ShardId(group, tp.partition))
        if shard is not None:
            shard.see_end(source, end)

    def see_unread(self, records: Mapping[tuple[str, str], int], partitions: Unread) -> None:
        """Learn what lies on partitions that nobody reads; the first shard of a group reports it as its own lag."""
        self._unread = {tps[0].topic: len(tps) for tps in partitions.values()}
        for id, shard in self.owned.items():
            if id.shard == 0:
                shard.unread = {source: n for (group, source), n in records.items() if group == id.group}

    async def quiesce(self) -> None:
        """Commit everything, because a rebalance begins."""
        await asyncio.gather(*(shard.quiesce() for shard in self.owned.values()))

    async def assign(self, partitions: Iterable[TopicPartition], generation: int) -> None:
        """Close what went away, keep the state of what stayed, start what is new.

        State is kept only from one generation of the group to the next: over a generation that this worker missed,
        another one may have owned the shard and gone on from its last commit.
        """
        if self._stopped:
            return
        wanted = {ShardId(self._layout.source_of(tp.topic)[0], tp.partition) for tp in partitions}
        self.assignments += 1
        if self._silent_since is not None:
            log.warning("a broker answers again: taking over the shards anew")
            self._silent_since = None
        missed, self._generation = generation != self._generation + 1, generation
        for id in list(self.owned):
            if id not in wanted or missed:
                self._close(id)
        # the rollup first: without it nobody publishes
        for id in sorted(wanted, key=lambda id: (id.group != ROLLUP, id.shard, id.group)):
            kept = self.owned.get(id)
            if kept is not None:
                await kept.resume()
            else:
                self.owned[id] = self._make(id)
                self.owned[id].start(self._open_reader, self._slots, self._closing.get(id))
        names = ", ".join(map(str, sorted(self.owned))) or "nothing"
        log.info("assignment %d (generation %d): %s", self.assignments, generation, names)

    def give_up(self, reason: LeadpulseError) -> None:
        """Drop state and producers of all shards, because no broker answers; the next assignment begins anew."""
        if self._silent_since is not None:
            return
        self._silent_since = time.monotonic()
        what = f"{reason.what} {len(self.owned)} shards are given up; the last figures are shown as such."
        do = f"{reason.do} Then the worker takes its shards over anew by itself."
        log.error("%s", LeadpulseError(what, where=reason.where, do=do))
        for id in list(self.owned):
            self._close(id, stale=True)

    @property
    def silent(self) -> bool:
        """Say whether the shards are given up because no broker answers."""
        return self._silent_since is not None

    def _close(self, id: ShardId, *, stale: bool = False) -> asyncio.Future[None]:
        """Close in the background: a rebalance must not wait for a producer that takes its time to stop."""
        closing = self._closing[id] = asyncio.ensure_future(self.owned.pop(id).close(stale=stale))
        closing.add_done_callback(lambda done: self._closing.pop(id) if self._closing.get(id) is done else None)
        return closing

    async def stop(self) -> None:
        """Commit and close everything, because the worker stops."""
        self._stopped = True
        for id, shard in list(self.owned.items()):
            if shard.state == "restoring":
                self._close(id)  # it would come to life just now
        await self.quiesce()
        self._left = self.committed()
        for id in list(self.owned):
            self._close(id)
        if self._closing:
            await asyncio.wait(self._closing.values())

    def committed(self) -> dict[TopicPartition, int]:
        """Give the positions of the last commits, for the consumer group's advisory offsets."""
        if not self.owned:
            return self._left
        return {tp: offset for shard in self.owned.values() for tp, offset in shard.committed.items()}

    def stalled_s(self) -> float:
        """Give how long the shard that waits longest has not committed, or the fetch has not come back.

        Of idle shards it is said each other second that what they committed holds; an idle fetch comes back as often.
        """
        now, fetching_since = time.monotonic(), self.fetching_since
        waits = [now - shard.committed_at for shard in list(self.owned.values()) if shard.state == "running"]
        if fetching_since is not None:
            waits.append(now - fetching_since)
        return max(waits, default=0.0)

    def view(self) -> WorkerView:
        """Show this worker as it is now."""
        views = tuple(shard.view() for shard in self.owned.values())
        return WorkerView(
            shards=views,
            owns_rollup=any(view.group == ROLLUP for view in views),
            rebalances=self.assignments,
            ready=self.assignments > 0
            and not self.silent
            and all(view.state == "running" for view in views)
            and self.stalled_s() < STANDS_STILL_S,
            unread=self._unread,
            silent_s=None if self._silent_since is None else time.monotonic() - self._silent_since,
        )
