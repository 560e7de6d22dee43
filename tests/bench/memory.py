"""Memory: what a remembered visitor costs, as the slope of resident memory while their number grows.

Run:  python -m tests.bench memory [--remembered N]
Out:  bytes a visitor from a tenth of the visitors to all of them, known ids apart.

The shards of the visitors group as one worker holds them, fed with the visits of the standard mix; in a process of its
own, so that nothing else grows.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from typing import Final

from stream.contract.records import Record
from stream.engine.commit import ShardReport
from stream.engine.groups import GROUPS
from stream.engine.shard import ShardFold
from tests.bench import figures, usage
from tests.bench.mix import Mix, Options
from tests.bench.site import PARTITIONS, shards_of
from tests.integration.supervisor import python

BAR_BYTES: Final = 1_536
EVENTS_A_VISITOR: Final = 5  # of all kinds; four of them are of visitors
A_COMMIT: Final = 50_000  # records


def run(visitors: int) -> None:
    """Measure in a process of its own, and print."""
    done = subprocess.run([*python("-m"), "tests.bench.memory", str(visitors)], stdout=subprocess.PIPE, check=True)
    print(done.stdout.decode(), end="")


def measure(visitors: int) -> None:
    """Fold visits of more and more visitors, and print the slope."""
    shards = [ShardFold("visitors", number, PARTITIONS) for number in range(PARTITIONS)]
    points: list[tuple[int, float, int]] = []
    for part in range(10):
        _fold(shards, part, visitors // 10)
        gc.collect()
        people = sum(len(shard.stage.people.rows) for shard in shards)
        ids = sum(shard.known_ids.nbytes for shard in shards)
        points.append((people, usage.memory_mb(os.getpid(), "VmRSS") * 1e6, ids))
    (few, low, ids_low), (many, high, ids_high) = points[0], points[-1]
    slope = (high - low - (ids_high - ids_low)) / (many - few)
    row = sum(len(row) for shard in shards for row in shard.stage.people.rows.encoded.values()) / many
    print(f"memory: {few:,} visitors {low / 1e6:.0f} MB, {many:,} visitors {high / 1e6:.0f} MB resident")
    print(f"memory: {ids_low / 1e6:.0f} and {ids_high / 1e6:.0f} MB of these are known ids; a row has {row:.0f} bytes")
    print(f"bytes a remembered visitor: {slope:.0f} (bar: {BAR_BYTES})")
    figures.keep("memory", {"bytes": slope, "visitors": many})


def _fold(shards: list[ShardFold], part: int, visitors: int) -> None:
    """Fold the visits of some more visitors, commit by commit, as a worker does."""
    options = Options(visitors * EVENTS_A_VISITOR, visitors, first_visitor=part * visitors, seed=part)
    mix = Mix(options).only(*GROUPS["visitors"].kinds)
    shard_of = shards_of(mix.keys)
    report = ShardReport(caught_up=False, now_ms=0, lag_records={})
    arrival_ms = options.end_ms + 1_000
    for start in range(0, len(mix), A_COMMIT):
        batches: list[dict[str, list[Record]]] = [{kind: [] for kind in GROUPS["visitors"].kinds} for _ in shards]
        for at, (kind, key, value, _) in enumerate(mix.records(start, A_COMMIT), start):
            batches[shard_of[key]][kind].append((at, arrival_ms, key, value, ()))
        for shard, records in zip(shards, batches, strict=True):
            shard.fold(list(records.items()))
            shard.changes(0, report)


if __name__ == "__main__":
    measure(int(sys.argv[1]))
