"""Inbox: what a shard has received and not folded yet.

In:  batches as the fetch cut them.
Out: everything at once, as the fold wants it.
"""

from __future__ import annotations

from typing import NamedTuple

from stream.model.records import Record


class Batch(NamedTuple):
    """Consecutive records of one partition, and where they begin and end."""

    group: str
    shard: int
    source: str
    epoch: int  # which seek this batch follows
    start: int  # position before it
    next: int  # and after it: past control records and compacted holes too
    records: list[Record]
    size: int  # bytes of keys and values


class Inbox:
    """Collect batches until they are folded together."""

    def __init__(self) -> None:
        self.bytes = 0
        self._batches: list[Batch] = []

    def __bool__(self) -> bool:
        return bool(self._batches)

    def add(self, batch: Batch) -> None:
        """Keep a batch behind those that came before it."""
        self._batches.append(batch)
        self.bytes += batch.size

    def take(self) -> list[Batch]:
        """Give all batches in the order they came in, and forget them."""
        taken, self._batches, self.bytes = self._batches, [], 0
        return taken
