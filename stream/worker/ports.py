"""Centre: what the shell asks of the pure centre, and what it tells the outside.

In:  nothing; these are the types between the shell, the folds it drives and the exporter it feeds.
Out: protocols, so that a test can run the shell with a fold of ten lines.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from stream.contract.readings import Reading
from stream.contract.records import Changes, Record, ShardReport


class Fold(Protocol):
    """The state of one shard."""

    def load(self, key: bytes, value: bytes | None) -> None:
        """Take one record of the state log, oldest first; None is a tombstone."""

    def fold(self, batches: list[tuple[str, list[Record]]]) -> None:
        """Take records of any of its sources; bad input is data, an exception is a bug."""

    def changes(self, seq: int, report: ShardReport) -> Changes:
        """Give what this commit must write, and forget it; its deltas are numbered from `seq` on."""


class Rollup(Protocol):
    """The cells of all shards."""

    def load(self, key: bytes, value: bytes | None) -> None:
        """Take one record of the rollup's own log."""

    def apply(self, delta: bytes) -> None:
        """Add what one shard reported; a gap in its numbers raises."""

    def advance(self, now_ms: int) -> None:
        """Move the windows."""

    def readings(self, windows: Collection[str] | None) -> list[Reading]:
        """Read what changed in these windows; None for every live series of all windows."""

    def snapshot(self, full: bool) -> list[tuple[bytes, bytes | None]]:
        """Give the records that bring the rollup's log up to date."""


MakeFold = Callable[[str, int, int], Fold]  # group, shard, number of shards
MakeRollup = Callable[[Mapping[str, int]], Rollup]  # group → number of shards
EncodeReading = Callable[[Reading], bytes]


@dataclass(frozen=True, slots=True)
class RollupView:
    """What was published last: every number here is the last one on the result topic."""

    readings: tuple[Reading, ...]
    as_of_ms: int
    committed_ms: int  # wall clock of the commit that published it


@dataclass(frozen=True, slots=True)
class ShardView:
    """One shard of this worker."""

    group: str
    shard: int
    state: str  # restoring, running, paused (a rebalance), closed
    caught_up: bool = False
    lag_records: Mapping[str, int] = field(default_factory=dict)
    records: int = 0  # folded by this process
    commits: int = 0
    committed_ms: int = 0  # wall clock of the last commit
    commit_s: float = 0.0  # how long it took
    fold_s: float = 0.0  # spent in the fold by this process
    inbox_bytes: int = 0
    held: bool = False
    restore_s: float = 0.0
    restored_records: int = 0


@dataclass(frozen=True, slots=True)
class WorkerView:
    """This worker as it is now."""

    shards: tuple[ShardView, ...]
    owns_rollup: bool
    rebalances: int
    ready: bool  # in the group, and all of its shards run


class Exporter(Protocol):
    """Who shows the numbers; called on the event loop, must return at once."""

    def show_rollup(self, view: RollupView | None) -> None:
        """Replace the business gauges; None when another worker owns them now."""

    def show_worker(self, view: WorkerView) -> None:
        """Replace the operational gauges of this process."""
