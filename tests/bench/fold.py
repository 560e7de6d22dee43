"""What the steps of a fold cost: µs of CPU an event for each, without Kafka.

Run:  python -m tests.bench.fold [--events N] [--visitors N] [--rounds N] [--scattered] [--leads]
Out:  one line a step with its µs over all events of the mix, and over those that it handles; the sum; the loop.
      With --leads rounds in which people are followed take turns with those in which nobody is, and the last line
      says what that costs.

The mix goes through the shards of all groups and the rollup as in a worker that drains a backlog: some thousand
records a shard and commit. Steps are timed by batch, each without the steps inside it; of several rounds over the
same records the best of each step counts, because other programs on the machine only ever make it slower. The last
column is in multiples of the fixed loop of `usage` (µs an event / ms of the loop): compare runs by it.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from aiokafka import TopicPartition
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from stream.contract.packed import joined
from stream.contract.records import TOUCHES, Record
from stream.contract.results import encode
from stream.engine import repeats
from stream.engine import shard as pipeline
from stream.engine.account import Account
from stream.engine.chain import Chain
from stream.engine.commit import ShardReport
from stream.engine.groups import GROUPS, chosen, following
from stream.engine.options import FoldOptions
from stream.engine.routing import Router
from stream.engine.shard import ShardFold
from stream.ingest.native import Native
from stream.ingest.touches import Channels
from stream.kafka import fetch as lean
from stream.kafka.pieces import keep_packed
from stream.kernels import native
from stream.rollup.budget import most_readings
from stream.rollup.rollup import Rollup, RollupOptions
from stream.stages.ads.fold import Ads
from stream.stages.emails.fold import Emails
from stream.stages.leads.stage import Leads
from stream.stages.visitors.facts import Facts
from stream.stages.visitors.fold import PeopleFold
from stream.stages.visitors.stage import Visitors
from stream.state.known_ids import KnownIds
from stream.state.rows import Rows
from stream.windows.levels import Levels
from stream.worker.inbox import Batch
from stream.worker.position import SourcePosition
from stream.worker.published import Published
from stream.worker.rollup_shard import FAST_WINDOWS
from stream.worker.run import tame_collector
from tests.bench import figures, usage
from tests.bench.mix import Mix, Options
from tests.bench.site import PARTITIONS, shards_of

A_BATCH = 180  # records, some 64 KB: what busy producers send at once
REPORT = ShardReport(caught_up=False, now_ms=0, lag_records={})
#: Step → what is replaced by a timed twin: the owner, the name of the call.
STEPS: dict[str, list[tuple[Any, str]]] = {
    "native: decode": [(Native, "take")],
    "native: settle": [(Native, "settle")],
    "decode": [(pipeline, "decode")],
    "route": [(Router, "part")],
    "hash ids": [(repeats, "hash_ids")],
    "known ids": [(KnownIds, "check")],
    "classify": [(pipeline, "classify")],
    "touches": [(Channels, "touches")],
    "facts by person": [(Facts, "views"), (Facts, "others")],
    "fold visitors": [(PeopleFold, "fold")],
    "fold emails": [(Emails, "take"), (Emails, "fold")],
    "fold ads": [(Ads, "take"), (Ads, "fold")],
    "chain": [(Chain, "take"), (Chain, "tell"), (Chain, "clock_ms")],
    "fold leads": [(Leads, "fold")],
    "leads by the clock": [(Leads, "advance")],
    "account": [(Account, name) for name in ("accept", "reject", "repeat", "filter", "take", "close")],
    "ingest, the rest": [(ShardFold, "fold"), (Visitors, "take"), (Visitors, "fold")],
    "known ids to the log": [(KnownIds, "changes")],
    "rows to the log": [(Rows, "changes")],
    "delta": [(ShardFold, "_delta"), (pipeline, "pack")],
    "changes, the rest": [(ShardFold, "changes")],
    "rollup: levels": [(Levels, "apply")],
    "rollup: apply, the rest": [(Rollup, "apply")],
    "rollup: readings": [(Rollup, "readings")],
    "rollup: publish": [(Published, "rows"), (Published, "confirm")],
    "rollup: snapshot": [(Rollup, "snapshot")],
}


class Steps:
    """Times calls, each without the calls inside it."""

    def __init__(self) -> None:
        self.spent_s: dict[str, float] = defaultdict(float)
        self._inside: list[float] = []

    def timed(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """Give a twin of a call that books its time under a name."""

        def twin(*args: Any, **named: Any) -> Any:
            self._inside.append(0.0)
            began = time.thread_time()
            try:
                return call(*args, **named)
            finally:
                took = time.thread_time() - began
                self.spent_s[name] += took - self._inside.pop()
                if self._inside:
                    self._inside[-1] += took

        return twin

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Put the twins in place, and the calls themselves back at the end."""
        kept = [(owner, name, getattr(owner, name)) for calls in STEPS.values() for owner, name in calls]
        for step, calls in STEPS.items():
            for owner, name in calls:
                setattr(owner, name, self.timed(step, getattr(owner, name)))
        try:
            yield
        finally:
            for owner, name, call in kept:
                setattr(owner, name, call)


#: (group, shard) → (kind, record batches as a broker gives them).
Commit = dict[tuple[str, int], list[tuple[str, bytes]]]


def commits(mix: Mix, a_commit: int) -> list[Commit]:
    """Cut the mix into commits of all shards."""
    group_of = {kind: group for group, made in GROUPS.items() for kind in made.kinds}
    shard_of = shards_of(mix.keys)
    offsets: dict[tuple[str, int], int] = defaultdict(int)
    arrival_ms = mix.options.end_ms + 1_000
    out: list[Commit] = []
    for start in range(0, len(mix), a_commit):
        fetched: dict[tuple[str, int], list[tuple[bytes, bytes]]] = defaultdict(list)
        for kind, key, value, _ in mix.records(start, a_commit):
            fetched[kind, shard_of[key]].append((key, value))
        commit: Commit = defaultdict(list)
        for (kind, shard), events in fetched.items():
            raw = b"".join(
                batch_of(events[at : at + A_BATCH], offsets[kind, shard] + at, arrival_ms)
                for at in range(0, len(events), A_BATCH)
            )
            offsets[kind, shard] += len(events)
            commit[group_of[kind], shard].append((kind, raw))
        out.append(commit)
    return out


def batch_of(events: list[tuple[bytes, bytes]], offset: int, arrival_ms: int) -> bytes:
    """Write a record batch as it lies in a topic."""
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, 1 << 20)
    for at, (key, value) in enumerate(events):
        builder.append(at, arrival_ms, key, value, [])
    return offset.to_bytes(8, "big") + bytes(builder.build())[8:]


class _Parts:
    """What the lean fetch needs of aiokafka's PartitionRecords."""

    _tp = TopicPartition("bench", 0)
    _check_crcs = True
    _isolation_level = 1  # read_committed
    _aborted_producers = frozenset[int]()
    next_fetch_offset = 0

    def __init__(self, raw: bytes) -> None:
        self._records = lean.Kept(raw)

    def _consume_aborted_up_to(self, offset: int) -> None:
        """Nothing was aborted."""


def unpacked(raw: bytes) -> Sequence[Record]:
    """Read record batches as the consumer does."""
    slices, parts = lean.Slices(_Parts(raw)), list[Sequence[Record]]()
    while not slices.ended:
        parts.append(next(slices)[0])
    return joined(parts)


def appended(rows: list[tuple[bytes | None, bytes | None]]) -> int:
    """Write rows into record batches as the state log does."""
    builder = DefaultRecordBatchBuilder(2, 0, 1, 1, 1, 1, 768 << 10)
    at = size = 0
    for key, value in rows:
        if builder.append(at, 1, key, value, []) is None:
            size += len(builder.build())
            builder, at = DefaultRecordBatchBuilder(2, 0, 1, 1, 1, 1, 768 << 10), 0
            builder.append(at, 1, key, value, [])
        at += 1
    return size + len(builder.build())


def drain(
    cut: list[Commit], steps: Steps, *, leads: bool = False, before: Callable[[int], None] = lambda turn: None
) -> tuple[int, Rollup, int]:
    """Run everything once, people followed or not; give the rows written, the rollup, and the bytes written.

    `before` is told the number of each commit, from 1 on, before it begins.
    """
    groups = chosen("on" if leads else "off")
    counts = dict.fromkeys(groups, PARTITIONS)
    options = following(FoldOptions(), counts)
    shards = {(g, n): ShardFold(g, n, PARTITIONS, options) for g in groups for n in range(PARTITIONS)}
    told = tuple(name for name, group in groups.items() if group.told_by)
    rollup = Rollup(RollupOptions(counts, told=told, most_readings=most_readings(None, followed=leads)))
    on_their_way: dict[tuple[str, int], list[Record]] = defaultdict(list)
    published = Published(encode)
    unpack, append = steps.timed("lean fetch", unpacked), steps.timed("rows into batches", appended)
    position = SourcePosition(0)
    cover = steps.timed("position", position.cover)
    reported = dict.fromkeys(shards, 0)
    rows = size = 0
    for turn, commit in enumerate(cut, 1):
        before(turn)
        for (group, number), shard in shards.items():
            batches = []
            for kind, raw in commit.get((group, number), ()):
                records = unpack(raw)
                cover(Batch(group, number, kind, 0, 0, 0, records, 0))
                batches.append((kind, records))
            if touches := on_their_way.pop((group, number), None):
                batches.append((TOUCHES, touches))
            shard.fold(batches)
            changes = shard.changes(reported[group, number] + 1, REPORT)
            reported[group, number] += len(changes.deltas)
            rows += len(changes.state)
            size += append(changes.state) + append([(None, delta) for delta in changes.deltas])
            if changes.touches or changes.results:
                size += append([(None, record) for _, record in changes.touches])
                size += append([(one.key.encode(), one.value) for one in changes.results])
            for receiver, record in changes.touches:
                on_their_way[told[0], receiver].append((0, 0, None, record, ()))
            for delta in changes.deltas:
                rollup.apply(delta)
        rollup.advance(0)
        windows = None if turn % 15 == 1 else FAST_WINDOWS
        append(published.rows(rollup.readings(windows), windows))
        published.confirm()
        if turn % 30 == 29:
            append(rollup.snapshot(False))
    return rows, rollup, size


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.fold")
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--visitors", type=int, default=40_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--commit", type=int, default=50_000, help="records of all shards between two commits")
    parser.add_argument("--leads", action="store_true", help="with people followed, beside rounds without")
    parser.add_argument("--scattered", action="store_true", help="spread each visitor's events over the whole time")
    args = parser.parse_args()
    mix = Mix(Options(events=args.events, visitors=args.visitors, scattered=args.scattered))
    cut = commits(mix, args.commit)
    tame_collector()
    keep_packed(native.found()[0])
    best: dict[str, float] = {}
    whole, without, loop = float("inf"), float("inf"), float("inf")
    for _ in range(args.rounds):
        if args.leads:
            began = time.process_time()
            with Steps().watching():
                drain(cut, Steps())
            without = min(without, time.process_time() - began)
        steps = Steps()
        loop = min(loop, usage.loop_ms(3))
        began = time.process_time()
        with steps.watching():
            rows, rollup, size = drain(cut, steps, leads=args.leads)
        whole = min(whole, time.process_time() - began)
        for name, spent_s in steps.spent_s.items():
            best[name] = min(best.get(name, spent_s), spent_s)
    people = sum(mix.uniques[kind] for kind in GROUPS["visitors"].kinds)
    owns = {"fold emails": mix.uniques["email"], "fold ads": mix.uniques["ad"]}
    owns |= {"facts by person": people, "fold visitors": people}
    total = len(mix)
    print(f"{'step':<26}{'µs/event':>10}{'µs/its own':>12}{'x loop':>9}")
    for name in ("lean fetch", "position", *STEPS, "rows into batches"):
        spent_us = best.get(name, 0.0) * 1e6
        own = f"{spent_us / owns[name]:.2f}" if name in owns else ""
        print(f"{name:<26}{spent_us / total:>10.2f}{own:>12}{spent_us / total / loop:>9.3f}")
    summed = sum(best.values()) * 1e6 / total
    print(f"{'sum of the best':<26}{summed:>10.2f}{'':>12}{summed / loop:>9.3f}")
    print(f"best whole round: {whole * 1e6 / total:.2f} µs/event; fixed loop {loop:.1f} ms;")
    print(f"{total} events in {len(cut)} commits;", end=" ")
    print(f"{rows / total:.3f} rows and {size / total:.0f} bytes written an event; {rollup._table.series} series")
    if not (args.leads or args.scattered):
        steps_us = {name: spent_s * 1e6 / total for name, spent_s in best.items()}
        figures.keep("steps", {"commit": args.commit, "whole_us": whole * 1e6 / total, "steps_us": steps_us})
    if args.leads:
        print(f"best whole round without people followed: {without * 1e6 / total:.2f} µs/event;", end=" ")
        print(f"events a CPU-second with them: {without / whole:.3f} of that")


if __name__ == "__main__":
    main()
