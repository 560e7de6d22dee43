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
from collections import defaultdict
from typing import Final

from stream.model.records import Record, ShardReport
from stream.pipeline import ShardFold
from tests.bench import usage
from tests.bench.mix import Mix, Options
from tests.bench.site import PARTITIONS, Shards
from tests.integration.supervisor import python

BAR_BYTES: Final = 1_536
EVENTS_A_VISITOR: Final = 5  # of all kinds; four of them are of visitors
_STEP: Final = 20_000
_PEOPLE: Final = ("page_view", "form", "chatbot")


def run(visitors: int) -> None:
    """Measure in a process of its own, and print."""
    done = subprocess.run([*python("-m"), "tests.bench.memory", str(visitors)], stdout=subprocess.PIPE, check=True)
    print(done.stdout.decode(), end="")


def measure(visitors: int) -> None:
    """Fold visits of more and more visitors, and print the slope."""
    shards = [ShardFold("visitors", n, PARTITIONS) for n in range(PARTITIONS)]
    first = visitors // 10
    points: list[tuple[int, float, float]] = []
    for part in range(10):
        _fold(shards, part, first)
        gc.collect()
        people = sum(len(shard.visitors.rows) for shard in shards)
        ids = sum(shard.known_ids.nbytes for shard in shards)
        points.append((people, usage.memory_mb(os.getpid(), "VmRSS") * 1e6, ids))
    (few, low, ids_low), (many, high, ids_high) = points[0], points[-1]
    slope = (high - low - (ids_high - ids_low)) / (many - few)
    rows = sum(len(row) for shard in shards for row in shard.visitors.rows.encoded.values()) / many
    print(f"memory: {few:,} visitors {low / 1e6:.0f} MB, {many:,} visitors {high / 1e6:.0f} MB resident")
    print(
        f"memory: known ids {ids_low / 1e6:.0f} and {ids_high / 1e6:.0f} MB of these; encoded rows {rows:.0f} bytes each"
    )
    print(f"bytes a remembered visitor: {slope:.0f} (bar {BAR_BYTES})")


def _fold(shards: list[ShardFold], part: int, visitors: int) -> None:
    """Fold the visits of some more visitors, commit by commit, as a worker does."""
    mix = Mix(Options(events=visitors * EVENTS_A_VISITOR, visitors=visitors, seed=part))
    prefix = b'"visitor_id":"%d-' % part  # other people in each part
    shard_of, waiting = Shards(), defaultdict[int, dict[str, list[Record]]](lambda: defaultdict(list))
    report = ShardReport(caught_up=False, now_ms=0, lag_records={})
    count = 0

    def commit() -> None:
        for number, shard in enumerate(shards):
            shard.fold(list(waiting[number].items()))
            shard.changes(0, report)
        waiting.clear()

    for kind, key, value, arrival_ms in mix:
        if kind in _PEOPLE:
            key = b"%d-%b" % (part, key)
            value = value.replace(b'"visitor_id":"', prefix, 1).replace(b'"id":"', b'"id":"%d-' % part, 1)
            waiting[shard_of[key]][kind].append((count, max(arrival_ms, mix.options.end_ms), key, value, ()))
            count += 1
            if count % _STEP == 0:
                commit()
    commit()


if __name__ == "__main__":
    measure(int(sys.argv[1]))
