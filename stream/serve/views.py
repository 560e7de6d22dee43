"""Views: what a worker shows of itself, and what it published last.

In:  nothing; these are the types between the worker and whoever shows the numbers.
Out: plain values, and the protocol of an exporter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from stream.contract.alert import AlertRecord, Verdict
from stream.contract.readings import Reading
from stream.judge.history import History
from stream.judge.settings import Settings


@dataclass(frozen=True, slots=True)
class RollupView:
    """What was published last: every number here is the last one on the result topic."""

    readings: tuple[Reading, ...]
    as_of_ms: int
    committed_ms: int  # wall clock of the commit that published it

    def stale(self) -> RollupView:
        """Give the same figures as the last ones that are known: nothing says that they still hold."""
        readings = (
            msgspec.structs.replace(one, complete=False, value=0 if one.metric == "complete" else one.value)
            for one in self.readings
        )
        return RollupView(tuple(readings), self.as_of_ms, self.committed_ms)


@dataclass(frozen=True, slots=True)
class ShardView:
    """One shard of this worker."""

    group: str
    shard: int
    state: str  # restoring, running, paused (a rebalance), closed
    caught_up: bool = False
    lag_records: Mapping[str, int] = field(default_factory=dict)
    records: int = 0  # folded by this process
    dead_letters: int = 0  # written by this process
    commits: int = 0
    committed_ms: int = 0  # wall clock of the last commit
    commit_s: float = 0.0  # how long it took
    fold_s: float = 0.0  # spent in the fold by this process
    inbox_bytes: int = 0
    held: bool = False
    restore_s: float = 0.0
    restored_records: int = 0
    #: Kind → records that might have gone the native way, and those that went, in this process.
    native: Mapping[str, Sequence[int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WorkerView:
    """This worker as it is now."""

    shards: tuple[ShardView, ...]
    owns_rollup: bool
    rebalances: int
    ready: bool  # in the group, and all of its shards run
    unread: Mapping[str, int] = field(default_factory=dict)  # topic → partitions that were added and nobody reads
    silent_s: float | None = None  # how long no broker has answered; None: one does
    clock_skew_ms: int | None = None  # how far its clock is ahead of the broker's; None: not known


@dataclass(frozen=True, slots=True)
class AlertsView:
    """Alerts as every worker knows them from their topic: the newest record of each spell.

    `sites` are those with figures, none on a worker that does not own the rollup. `now_ms` is the moment of the look.
    """

    records: tuple[AlertRecord, ...]
    sites: tuple[str, ...]
    settings: Settings
    now_ms: int


@dataclass(frozen=True, slots=True)
class JudgedFigure:
    """A figure in a window that is judged; `by` and `value` are labels beside site, joined by commas."""

    metric: str
    site: str
    by: str
    value: str
    window: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class FollowedView:
    """What the result topic says now, as a worker reads it that does not own the rollup; verdicts of the last look.

    `live` is false of what was found there, as long as nothing was heard of whoever publishes.
    """

    readings: tuple[Reading, ...]
    as_of_ms: int
    judged: tuple[JudgedFigure, ...] = ()
    live: bool = True


@dataclass(frozen=True, slots=True)
class PastView:
    """What figures were: by full hours of six weeks, and what the page showed, by ten minutes of two days.

    `shown` is what the page showed at full hours where `hours` has no numbers. All three go on changing on the worker's
    loop. Others may read: a row that is added between two looks of theirs is only not seen yet.
    """

    hours: History
    tens: History
    shown: History


@dataclass(frozen=True, slots=True)
class LetterView:
    """One rejected record, as an example of its reason: where it lies and why, in the contract's own words.

    Nothing of what the record says is in it.
    """

    topic: str
    partition: int
    offset: int
    at_ms: int  # arrival of the record
    kind: str
    site: str
    reason: str
    path: str


class Exporter(Protocol):
    """Who shows the numbers; called on the event loop, must return at once."""

    def show_rollup(self, view: RollupView | None) -> None:
        """Replace the business gauges; None when another worker owns them now."""

    def show_worker(self, view: WorkerView) -> None:
        """Replace the operational gauges of this process."""

    def show_alerts(self, view: AlertsView) -> None:
        """Replace the gauges of alerts."""

    def show_judged(self, figures: tuple[JudgedFigure, ...]) -> None:
        """Replace the gauges of verdicts; none when another worker owns the rollup now."""

    def show_followed(self, view: FollowedView) -> None:
        """Replace what another worker publishes: for the page, which every worker has, and for no gauge."""

    def show_past(self, view: PastView) -> None:
        """Replace what the past is read from."""

    def wants_letters(self) -> bool:
        """Say whether anybody looks at examples of rejected records, and wants them read."""

    def show_letters(self, letters: tuple[LetterView, ...]) -> None:
        """Replace the examples, the newest of each kind and reason."""
