"""Inbox: what a shard has received and not folded yet.

In:  batches as the fetch cut them.
Out: everything at once, as the fold wants it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import NamedTuple

from stream.contract.records import REROUTE, Record, arrival_ms


class Batch(NamedTuple):
    """Consecutive records of one partition, and where they begin and end."""

    group: str
    shard: int
    source: str
    epoch: int  # which seek this batch follows
    start: int  # position before it
    next: int  # and after it: past control records and compacted holes too
    records: Sequence[Record]
    size: int  # bytes that they take, about

    @property
    def newest_ms(self) -> int:
        """When its last record arrived; 0 without records."""
        if not self.records:
            return 0
        return arrival_ms(self.records[-1]) if self.source == REROUTE else self.records[-1][1]


_own_time: Callable[[Record], int] = itemgetter(1)


class Inbox:
    """Collect batches until they are folded together."""

    def __init__(self) -> None:
        self.bytes = 0
        self.waiting: dict[str, int] = {}  # source → bytes that the last `take` left
        self.early = False  # whether it left records of a source that arrived after its moment, or all of a source
        self.more = False  # whether it left records for which there was no room
        self._batches: dict[str, list[Batch]] = {}  # by source

    @property
    def fresh(self) -> int:
        """Give the bytes that came since the last `take`."""
        return self.bytes - sum(self.waiting.values())

    def __bool__(self) -> bool:
        return any(self._batches.values())

    def add(self, batch: Batch) -> None:
        """Keep a batch behind those that came before it."""
        self._batches.setdefault(batch.source, []).append(batch)
        self.bytes += batch.size

    def take(
        self, until_ms: int | None = None, most_records: int | None = None, *, in_turn: bool = False
    ) -> dict[str, list[Batch]]:
        """Give all batches by source, in the order they came in, and forget them.

        With a moment, of each source only what lies before its first record that arrived later. With a number, about so
        many records at most: those of all sources that arrived first; `in_turn` each source gets its share instead, and
        at least one batch.
        """
        taken: dict[str, list[Batch]] = {}
        kept: dict[str, list[Batch]] = {}
        self.early = self.more = False
        share = first_ms = None
        if most_records is not None and self._records() > most_records:
            first_ms = None if in_turn else self._first(most_records)
            if first_ms is None:
                share = most_records // len(self._batches)
        for source, batches in self._batches.items():
            count = 0
            for at, batch in enumerate(batches):
                before, after = (batch, None) if until_ms is None else _cut(batch, until_ms)
                self.early |= after is not None
                if before is not None and first_ms is not None:
                    before, rest = _cut(before, first_ms)
                    if rest is not None:
                        self.more, after = True, batch if before is None else _behind(batch, before)
                if before is not None:
                    if count and share is not None and count + len(before.records) > share:
                        self.more = True
                        kept[source] = batches[at:]
                        break
                    count += len(before.records)
                    taken.setdefault(source, []).append(before)
                if after is not None:
                    kept[source] = [after, *batches[at + 1 :]]
                    break
        self.early |= any(source not in taken for source in kept)
        self._batches = kept
        self.waiting = {source: sum(batch.size for batch in batches) for source, batches in kept.items()}
        self.bytes = sum(self.waiting.values())
        return taken

    def _first(self, most_records: int) -> int | None:
        """Give the arrival up to which about so many records lie, and at least one batch; None if all came at once."""
        ends: list[tuple[int, int]] = []
        for batches in self._batches.values():
            newest_ms = 0
            for batch in batches:
                newest_ms = max(newest_ms, batch.newest_ms)
                ends.append((newest_ms, len(batch.records)))
        ends.sort()
        first_ms, count = ends[0]
        for newest_ms, many in ends[1:]:
            count += many
            if count <= most_records:
                first_ms = newest_ms
            elif newest_ms > first_ms:
                break
            elif count > 2 * most_records:
                return None
        return first_ms

    def waiting_records(self) -> list[tuple[str, Sequence[Record]]]:
        """Give what waits, by source, and leave it there."""
        return [(source, batch.records) for source, batches in self._batches.items() for batch in batches]

    def _records(self) -> int:
        return sum(len(batch.records) for batches in self._batches.values() for batch in batches)


def _cut(batch: Batch, until_ms: int) -> tuple[Batch | None, Batch | None]:
    """Part a batch before its first record that arrived after a moment."""
    records = batch.records
    arrived = arrival_ms if batch.source == REROUTE else _own_time
    if not records or arrived(records[-1]) <= until_ms:
        return batch, None
    at = next((at for at, record in enumerate(records) if arrived(record) > until_ms), len(records))
    if at == 0:
        return None, batch
    early = batch._replace(next=records[at][0], records=records[:at], size=batch.size * at // len(records))
    return early, _behind(batch, early)


def _behind(batch: Batch, early: Batch) -> Batch:
    """Give what lies of a batch behind its beginning."""
    records = batch.records[len(early.records) :]
    return batch._replace(start=early.next, records=records, size=batch.size - early.size)
