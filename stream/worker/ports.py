"""Ports: what the shell asks of the pure centre.

In:  nothing; these are the types between the shell and the folds that it drives.
Out: protocols, so that a test can run the shell with a fold of ten lines.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from stream.changes.holds import Holds
from stream.contract.readings import Reading
from stream.contract.records import Record
from stream.engine.commit import Commit, ShardReport


class Fold(Protocol):
    """The state of one shard."""

    @property
    def pending_bytes(self) -> int:
        """What dead letters and forwards wait for the next commit."""

    def load(self, key: bytes, value: bytes | None) -> None:
        """Take one record of the state log, oldest first; None is a tombstone."""

    def fold(self, inputs: Sequence[tuple[str, Sequence[Record]]]) -> None:
        """Take records of any of its sources; bad input is data, an exception is a bug."""

    def changes(self, seq: int, report: ShardReport) -> Commit:
        """Give what this commit must write, and forget it; its deltas are numbered from `seq` on."""


class Rollup(Protocol):
    """The cells of all shards."""

    def load(self, key: bytes, value: bytes | None) -> None:
        """Take one record of the rollup's own log."""

    def apply(self, delta: bytes, stamp_ms: int, *, live: bool) -> None:
        """Add what one shard reported, and the broker stamped then; a gap in its numbers raises.

        It is `live` unless it was there before the rollup was taken over.
        """

    def hear(self, holds: Holds, stamp_ms: int, *, live: bool) -> None:
        """Learn that what some shards reported last still held when a worker looked."""

    def advance(self, now_ms: int, until_ms: int | None = None) -> None:
        """Move the windows to the broker's time, 0 where it is not known; no further than `until_ms` by it."""

    @property
    def now_ms(self) -> int:
        """The moment that windows are read at, 0 before the first event."""

    @property
    def complete(self) -> bool:
        """Whether all that there is was read, as of the last call of `advance` and what was added since."""

    @property
    def complete_along(self) -> bool:
        """Whether shards that are told something by others have taken it in, too."""

    @property
    def behind(self) -> Collection[str]:
        """Name the groups of which a shard has more to read, or was not heard of."""

    @property
    def records(self) -> int:
        """How many records the shards have told of."""

    def readings(self, windows: Collection[str] | None) -> list[Reading]:
        """Read what changed in these windows; None for every live series of all windows."""

    def snapshot(self, full: bool) -> list[tuple[bytes, bytes | None]]:
        """Give the records that bring the rollup's log up to date."""


MakeFold = Callable[[str, int, Mapping[str, int]], Fold]  # group, shard, group → number of shards
MakeRollup = Callable[[Mapping[str, int]], Rollup]  # group → number of shards
EncodeReading = Callable[[Reading], bytes]
