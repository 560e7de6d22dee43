"""Rollup: what the one process that adds everything up pays, by changes and readings.

Run:  python -m tests.bench rollup
Out:  by rate: changes of cells an event, µs a report of a shard and of each change in it; µs of an empty report; ms a second of publishing.

The standard mix as it happens, a commit of every shard each second; reports are those of real shards, the rollup is that of a worker.
Fewer changes are told an event the more events of a shard one commit has: the second column is what counts, not the rate itself. The
cost of a change is the slope between the reports of the least and the greatest rate; reading them from Kafka is not in it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

from stream.changes.deltas import unpack
from stream.contract.results import encode
from stream.engine.commit import ShardReport
from stream.engine.groups import chosen
from stream.engine.options import FoldOptions
from stream.engine.shard import ShardFold
from stream.rollup.budget import most_readings
from stream.rollup.rollup import Rollup, RollupOptions
from stream.worker.published import Published
from stream.worker.rollup_shard import ALL_WINDOWS_S, FAST_WINDOWS, SNAPSHOT_S
from tests.bench import figures, usage
from tests.bench.fold import commits, unpacked
from tests.bench.mix import Mix, Options
from tests.bench.site import PARTITIONS

#: Events a second → seconds of them. Series are made in the first two thirds, which are not counted.
RATES: Final = {1_000: 30, 10_000: 15, 50_000: 12}
EMPTY: Final = 100  # reports a shard in which nothing has changed


@dataclass(frozen=True, slots=True)
class Point:
    """What was measured at a rate."""

    rate: int
    events: float  # of a shard and commit
    changes: float  # an event
    report_us: float
    a_report: float  # changes in it
    publish_ms: float  # a second
    readings: int


def run() -> None:
    """Measure and print."""
    points = [_measure(rate, seconds) for rate, seconds in RATES.items()]
    print(
        f"{'events/s':>9}{'a shard and commit':>20}{'changes/event':>15}{'µs a report':>13}{'its changes':>13}", end=""
    )
    print(f"{'publish ms/s':>14}{'readings':>10}")
    for one in points:
        print(
            f"{one.rate:>9,}{one.events:>20,.0f}{one.changes:>15.2f}{one.report_us:>13.0f}{one.a_report:>13.0f}", end=""
        )
        print(f"{one.publish_ms:>14.1f}{one.readings:>10,}")
    low, high = points[0], points[-1]
    change_us = (high.report_us - low.report_us) / (high.a_report - low.a_report)
    empty_us = _empty()
    print(
        f"rollup: {empty_us:.0f} µs an empty report, {change_us:.2f} µs a change; fixed loop {usage.loop_ms():.0f} ms"
    )
    found = {
        "empty_us": empty_us,
        "change_us": change_us,
        "report_us": max(empty_us, low.report_us - change_us * low.a_report),
        "publish_ms": max(one.publish_ms for one in points),
        "readings": max(one.readings for one in points),
        "changes": [[one.events, one.changes] for one in points],
    }
    figures.keep("rollup", found)


def _parts() -> tuple[dict[tuple[str, int], ShardFold], Rollup]:
    groups = chosen("off")
    counts = dict.fromkeys(groups, PARTITIONS)
    shards = {
        (name, number): ShardFold(name, number, PARTITIONS, FoldOptions())
        for name in groups
        for number in range(PARTITIONS)
    }
    return shards, Rollup(RollupOptions(counts, most_readings=most_readings(None, followed=False)))


def _measure(rate: int, seconds: int) -> Point:
    count = rate * seconds
    mix = Mix(Options(events=count, visitors=max(200, count // 5), span_ms=seconds * 1_000, gap_ms=3_000))
    shards, rollup = _parts()
    published = Published(encode)
    now_ms, first = mix.options.end_ms, seconds * 2 // 3 + 1
    events = reports = changes = readings = 0
    apply_s = fast_s = 0.0
    for turn, commit in enumerate(commits(mix, rate), 1):
        report = ShardReport(caught_up=True, now_ms=now_ms + turn * 1_000, lag_records={})
        deltas: list[bytes] = []
        for (group, number), shard in shards.items():
            batches = [(kind, unpacked(raw)) for kind, raw in commit.get((group, number), ())]
            shard.fold(batches)
            deltas += shard.changes(turn, report).deltas
            if turn >= first:
                events += sum(len(records) for _, records in batches)
        if turn >= first:
            reports += len(deltas)
            changes += sum(len(unpack(delta).panes) // 8 for delta in deltas)
        began = time.process_time()
        for delta in deltas:
            rollup.apply(delta)
        rollup._settle()  # else the first reading would pay for it
        rollup.advance(now_ms + turn * 1_000)
        between = time.process_time()
        windows = None if turn == first - 1 else FAST_WINDOWS
        published.rows(rollup.readings(windows), windows)
        published.confirm()
        if turn >= first:
            apply_s += between - began
            fast_s += time.process_time() - between
    began = time.process_time()
    readings = len(every := rollup.readings(None))
    published.rows(every, None)
    published.confirm()
    all_s = time.process_time() - began
    began = time.process_time()
    rollup.snapshot(False)
    kept_s = time.process_time() - began
    counted = seconds - first + 1
    publish_ms = (fast_s / counted + all_s / ALL_WINDOWS_S + kept_s / SNAPSHOT_S) * 1e3
    return Point(
        rate,
        events / counted / len(shards),
        changes / events,
        apply_s / reports * 1e6,
        changes / reports,
        publish_ms,
        readings,
    )


def _empty() -> float:
    """Give the µs of a report in which nothing has changed."""
    shards, rollup = _parts()
    now_ms = int(time.time() * 1000)
    spent_s = 0.0
    for turn in range(1, EMPTY + 1):
        report = ShardReport(caught_up=True, now_ms=now_ms + turn * 1_000, lag_records={})
        deltas = [delta for shard in shards.values() for delta in shard.changes(turn, report).deltas]
        began = time.process_time()
        for delta in deltas:
            rollup.apply(delta)
        spent_s += time.process_time() - began
    return spent_s / (EMPTY * len(shards)) * 1e6
