"""Leads: what a lead costs, as the slope of resident memory while their number grows.

Run:  python -m tests.bench leads [--events N]
Out:  bytes a lead from a tenth of the events to all of them, with the ids of those who were mailed and are no leads yet.

The shards of visitors and emails fold the standard mix in one process; that of leads lives in another one with nothing
else in it, and is told what they tell of people.
"""

from __future__ import annotations

import gc
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, Final

from stream.contract.records import TOUCHES, Record
from stream.engine.commit import ShardReport
from stream.engine.groups import GROUPS, following
from stream.engine.options import FoldOptions
from stream.engine.shard import ShardFold
from stream.stages.leads.rows import head_of
from tests.bench import figures, usage
from tests.bench.mix import Mix, Options
from tests.integration.supervisor import python

BAR_BYTES: Final = 4_096
EVENTS_A_VISITOR: Final = 5
PARTS: Final = 10
A_COMMIT: Final = 20_000  # records
REPORT: Final = ShardReport(caught_up=False, now_ms=0)


def run(events: int) -> None:
    """Measure in a process of its own, and print."""
    done = subprocess.run([*python("-m"), "tests.bench.leads", str(events)], stdout=subprocess.PIPE, check=True)
    print(done.stdout.decode(), end="")


def measure(events: int) -> None:
    """Let one shard of leads hear of more and more people, and print the slope."""
    leads = shard()
    points: list[tuple[int, float]] = []
    seq = 0
    with subprocess.Popen([*python("-m"), "tests.bench.leads", str(events), "tell"], stdout=subprocess.PIPE) as teller:
        assert teller.stdout is not None
        for _ in range(PARTS):
            while touches := pickle.load(teller.stdout):
                seq += 1
                leads.fold([(TOUCHES, [(0, 0, None, value, ()) for value in touches])])
                leads.changes(seq, REPORT)
            gc.collect()
            points.append((_counted(leads), usage.memory_mb(os.getpid(), "VmRSS") * 1e6))
    (few, low), (many, high) = points[0], points[-1]
    rows = _rows(leads)
    encoded = sum(map(len, rows.values()))
    print(f"leads: {events:,} events, {many:,} leads, {len(rows):,} ids in {encoded / 1e6:.0f} MB of rows")
    print(f"leads: {few:,} leads {low / 1e6:.0f} MB, {many:,} leads {high / 1e6:.0f} MB resident")
    print(f"bytes a lead, all ids with it: {(high - low) / (many - few):.0f} (bar: {BAR_BYTES})")
    figures.keep("leads", {"bytes": (high - low) / (many - few), "leads": many})


def tell(events: int) -> None:
    """Write what visitors and emails tell of people, commit by commit; nothing ends a part."""
    shards = {name: ShardFold(name, 0, 1, _options()) for name in ("visitors", "emails")}
    for part in range(PARTS):
        for touches in _touches(shards, part, events // PARTS):
            pickle.dump(touches, sys.stdout.buffer)
        pickle.dump([], sys.stdout.buffer)


def _touches(shards: dict[str, ShardFold], part: int, events: int) -> Iterator[list[bytes]]:
    visitors = events // EVENTS_A_VISITOR
    options = Options(events, visitors, first_visitor=part * visitors, seed=part)
    mix = Mix(options)
    arrival_ms = options.end_ms + 1_000
    for number, start in enumerate(range(0, len(mix), A_COMMIT)):
        batches: dict[str, dict[str, list[Record]]] = {name: {} for name in shards}
        for at, (kind, key, value, _) in enumerate(mix.records(start, A_COMMIT), start):
            for name in shards:
                if kind in GROUPS[name].kinds:
                    batches[name].setdefault(kind, []).append((at, arrival_ms, key, value, ()))
        for name, shard in shards.items():
            shard.fold(list(batches[name].items()))
            told = [value for _, value in shard.changes(number, REPORT).touches]
            if told:
                yield told


def shard() -> ShardFold:
    """Make the only shard of leads."""
    return ShardFold("leads", 0, 1, _options())


def told(events: int) -> Iterator[list[bytes]]:
    """Give what visitors and emails tell of people, commit by commit."""
    shards = {name: ShardFold(name, 0, 1, _options()) for name in ("visitors", "emails")}
    for part in range(PARTS):
        yield from _touches(shards, part, events // PARTS)


def _options() -> FoldOptions:
    return following(FoldOptions(), dict.fromkeys(GROUPS, 1))


def _rows(leads: ShardFold) -> dict[bytes, bytes]:
    stage: Any = leads.stage
    rows: dict[bytes, bytes] = stage._store.homes.rows
    return rows


def _counted(leads: ShardFold) -> int:
    return sum(head_of(raw).leads for raw in _rows(leads).values())


if __name__ == "__main__":
    (tell if sys.argv[2:] == ["tell"] else measure)(int(sys.argv[1]))
