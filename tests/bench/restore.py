"""Restore: how long a shard of leads takes to be itself again, from the rows in its log.

Run:  python -m tests.bench restore [--leads N]
Out:  CPU seconds from the first record to the moment at which the first commit is ready, and what it takes in memory.

Some thousand leads are made by the real fold; each of their rows is then in the log many times, under another id each
time. Records come as the broker gives them, in batches, by the client's reader; no broker takes part, and nothing but
the restore is timed.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from itertools import chain
from typing import Any, Final, cast

import uvloop
from aiokafka import TopicPartition
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from stream.contract.records import TOUCHES, Record
from stream.engine.shard import ShardFold
from stream.kafka.state_log import BATCH_BYTES, StateLog
from stream.stages.leads.rows import head_of
from stream.state.keys import LEAD_DEALS, LEAD_HOMES, LEAD_PARTS
from stream.worker.position import Restoring
from tests.bench import figures, leads, usage
from tests.bench.fold import unpacked
from tests.integration.supervisor import python

BAR_S: Final = 30
MADE_OF: Final = 200_000  # events
#: Rows by id: these stand in the log for each lead, all else once.
_BY_ID: Final = frozenset(stored.prefix for stored in (LEAD_DEALS, LEAD_HOMES, LEAD_PARTS))

Rows = dict[bytes, bytes]


def run(count: int) -> None:
    """Measure in a process of its own, and print."""
    done = subprocess.run([*python("-m"), "tests.bench.restore", str(count)], stdout=subprocess.PIPE, check=True)
    print(done.stdout.decode(), end="")


def measure(count: int) -> None:
    """Make rows, restore a shard from them until its first commit is ready, and print."""
    rows = _rows(MADE_OF)
    made = sum(head_of(row).leads for key, row in rows.items() if key[:1] == LEAD_HOMES.prefix)
    log = Log(rows, -(-count // made))
    fold = leads.shard()
    found = Restoring(fold.load, "the log of this bench", fold.stored)
    gc.collect()
    before_mb = usage.memory_mb(os.getpid(), "VmRSS")
    began = time.process_time()
    read = uvloop.run(StateLog(cast(Any, None), log.tp.topic, 0, None).read_all(cast(Any, log), found.take_all))
    found.position()  # raises what went wrong
    read_s = time.process_time() - began - log.building_s
    began = time.process_time()
    fold.changes(1, leads.REPORT)
    first_s = time.process_time() - began
    print(f"restore: {made * log.times:,} leads, {read.records:,} rows of {log.row_bytes / read.records:.0f} bytes")
    print(f"restore: {read_s:.1f} s to read the log, {first_s:.1f} s to the first commit (CPU)")
    print(f"restore: {(usage.memory_mb(os.getpid(), 'VmRSS') - before_mb) / 1e3:.1f} GB resident more than before")
    print(f"seconds to restore {made * log.times:,} leads: {read_s + first_s:.1f} (bar: {BAR_S} a million)")
    figures.keep("restore", {"cpu_s": read_s + first_s, "leads": made * log.times, "rows": read.records})


class Log:
    """A log of a shard that gives its records as a reader does, and does its part of the broker's work."""

    def __init__(self, rows: Rows, times: int) -> None:
        self.tp, self.times = TopicPartition("bench", 0), times
        self._rows = rows
        self._by_id = {key: row for key, row in rows.items() if key[:1] in _BY_ID}
        self.building_s, self.row_bytes = 0.0, 0

    async def bounds(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, tuple[int, int]]:
        """Give the number of all rows as the end."""
        end = len(self._rows) + len(self._by_id) * (self.times - 1)
        return dict.fromkeys(partitions, (0, end))

    async def scan(self, tp: TopicPartition, start: int, end: int) -> AsyncIterator[list[Record]]:
        """Give all records, a fetched batch at a time."""
        batches = self._batches()
        while True:
            began = time.process_time()
            raw = next(batches, None)
            self.building_s += time.process_time() - began
            if raw is None:
                return
            yield unpacked(raw)

    def _batches(self) -> Iterator[bytes]:
        builder, at = _builder(), 0
        for key, row in chain(self._rows.items(), self._copies()):
            self.row_bytes += len(row)
            if builder.append(at, 1, key, row, []) is None:
                yield bytes(builder.build())
                builder, at = _builder(), 0
                builder.append(at, 1, key, row, [])
            at += 1
        yield bytes(builder.build())

    def _copies(self) -> Iterator[tuple[bytes, bytes]]:
        """Give rows again, under ids that are nobody's: the hash begins behind the prefix and the type."""
        for nth in range(1, self.times):
            for key, row in self._by_id.items():
                number = int.from_bytes(key[2:10]) ^ (nth << 32)
                yield key[:2] + number.to_bytes(8) + key[10:], row


def _builder() -> DefaultRecordBatchBuilder:
    return DefaultRecordBatchBuilder(2, 0, 1, 1, 1, 1, BATCH_BYTES)


def _rows(events: int) -> Rows:
    """Let a shard hear of people, and give what its log holds of them."""
    fold: ShardFold = leads.shard()
    rows: Rows = {}
    for seq, touches in enumerate(leads.told(events), 1):
        fold.fold([(TOUCHES, [(0, 0, None, value, ()) for value in touches])])
        for key, row in fold.changes(seq, leads.REPORT).state:
            if row is None:
                rows.pop(key, None)
            else:
                rows[key] = row
    return rows


if __name__ == "__main__":
    measure(int(sys.argv[1]))
