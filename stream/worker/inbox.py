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
        self.early = False  # whether it left records that arrived after its moment
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

    def take(self, until_ms: int | None = None, most_records: int | None = None) -> dict[str, list[Batch]]:
        """Give all batches by source, in the order they came in, and forget them.

        With a moment, of each source only what lies before its first record that arrived later. With a number, about so
        many records at most; each source gets its share, and at least one batch.
        """
        taken: dict[str, list[Batch]] = {}
        kept: dict[str, list[Batch]] = {}
        self.early = self.more = False
        share = None
        if most_records is not None and self._records() > most_records:
            share = most_records // len(self._batches)
        for source, batches in self._batches.items():
            count = 0
            for at, batch in enumerate(batches):
                before, after = (batch, None) if until_ms is None else _cut(batch, until_ms)
                if before is not None:
                    if count and share is not None and count + len(before.records) > share:
                        self.more = True
                        kept[source] = batches[at:]
                        break
                    count += len(before.records)
                    taken.setdefault(source, []).append(before)
                if after is not None:
                    self.early = True
                    kept[source] = [after, *batches[at + 1 :]]
                    break
        self._batches = kept
        self.waiting = {source: sum(batch.size for batch in batches) for source, batches in kept.items()}
        self.bytes = sum(self.waiting.values())
        return taken

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
    middle, size = records[at][0], batch.size * at // len(records)
    early = batch._replace(next=middle, records=records[:at], size=size)
    return early, batch._replace(start=middle, records=records[at:], size=batch.size - size)
