"""Scaling: what so many workers carry, from unit costs that were measured.

In:  costs of an event, a worker, a shard, a report to the rollup and a change in it.
Out: events a second, and what is full first.

A worker is one process on one core. Shards are dealt out evenly, and one worker adds everything up (the rollup) beside its shards: it is
full first, however many there are. What a worker has to do each second is

    events × cost of an event  +  fixed cost of a worker and its shards  (+ the rollup: reports, changes, publishing)

and the changes an event become fewer the more events of a shard one commit has, as was measured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

WORKERS: Final = (1, 4, 16, 64)
FED: Final = 3  # groups that read events: visitors, emails, ads; each has as many shards as its topics have partitions
GROUPS: Final = 4  # with leads, to whose shards the others tell of people
PARTITIONS_A_WORKER: Final = 4
LEAST_PARTITIONS: Final = 12
COMMIT_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Costs:
    """Unit costs; `changes` are (events of a shard and commit, changes an event), in order."""

    event_us: float
    worker_ms: float  # a second, of an idle one without shards
    shard_ms: float  # a second
    report_us: float
    change_us: float
    publish_ms: float  # a second
    changes: Sequence[tuple[float, float]]

    def changes_of(self, events: float) -> float:
        """Give the changes an event, between the measured points by powers, beyond the last one as there.

        >>> Costs(1, 1, 1, 1, 1, 1, [(10, 4.0), (1_000, 0.4)]).changes_of(100)
        1.26...
        """
        xs, ys = (np.log([point[at] for point in self.changes]) for at in (0, 1))
        return float(np.exp(np.interp(np.log(max(events, 1e-9)), xs, ys)))


@dataclass(frozen=True, slots=True)
class Capacity:
    """What a number of workers carries."""

    workers: int
    partitions: int
    events_per_s: float
    rollup: float  # share of a core
    fixed: float  # share of each core
    alone: float  # events a second at which one core of nothing but the rollup is full


def rollup_core(costs: Costs, partitions: int, rate: float) -> float:
    """Give the share of a core that the rollup takes.

    >>> rollup_core(Costs(10, 5, 1, 50, 0.5, 20, [(1, 1.0)]), 25, 200_000)
    0.125
    """
    changes = rate * costs.changes_of(rate * COMMIT_S / (FED * partitions))
    return (GROUPS * partitions / COMMIT_S * costs.report_us + changes * costs.change_us) / 1e6 + costs.publish_ms / 1e3


def capacity(costs: Costs, workers: int) -> Capacity:
    """Find the rate at which the worker with the rollup is full."""
    partitions = max(LEAST_PARTITIONS, PARTITIONS_A_WORKER * workers)
    shards = GROUPS * partitions

    fixed = costs.worker_ms / 1e3 + shards / workers * costs.shard_ms / 1e3

    def busy(rate: float) -> float:
        return rate * costs.event_us / 1e6 / workers + fixed + rollup_core(costs, partitions, rate)

    rate = _full(busy)
    return Capacity(
        workers,
        partitions,
        rate,
        rollup_core(costs, partitions, rate),
        fixed,
        _full(lambda one: rollup_core(costs, partitions, one)),
    )


def _full(busy: Any) -> float:
    """Find where a growing share of a core comes to one."""
    low, high = 0.0, 1e9
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if busy(middle) < 1 else (low, middle)
    return low


def costs_of(told: Mapping[str, Any]) -> Costs | None:
    """Take the costs from what the bench has kept; None while something is missing."""
    if not {"drain", "rollup", "fixed"} <= told.keys():
        return None
    idle = [(row["shards"], row["core"]) for row in told["fixed"]["rows"] if not row["rate"]]
    if len(idle) < 2:
        return None
    slope, base = np.polyfit(*zip(*idle, strict=True), 1)
    rollup = told["rollup"]
    changes = sorted((events, each) for events, each in rollup["changes"])
    return Costs(
        1e6 / told["drain"]["per_cpu_s"],
        max(0.0, float(base)) * 1e3,
        float(slope) * 1e3,
        rollup["report_us"],
        rollup["change_us"],
        rollup["publish_ms"],
        changes,
    )


def table(costs: Costs) -> str:
    """Write what 1 to 64 workers carry."""
    lines = [
        "| workers, a core each | partitions | events/s | of each core: fixed | of one core: the rollup | the rollup alone would fill a core at |",
        "|---|---|---|---|---|---|",
    ]
    for one in (capacity(costs, workers) for workers in WORKERS):
        lines.append(
            f"| {one.workers} | {one.partitions} | {round(one.events_per_s, -3):,.0f} | {one.fixed:.1%} | {one.rollup:.0%} | "
            f"{round(one.alone, -4):,.0f} events/s |"
        )
    return "\n".join(lines)
