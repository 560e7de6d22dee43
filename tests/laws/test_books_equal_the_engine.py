"""The engine and the simulator's books say the same: every metric, label set and window, and the account.

Hours of traffic with all its faults go through folds of several shards (wrong keys are forwarded) and the
rollup, in batches that cut anywhere; the books know the truth and no code of the engine.
"""

from __future__ import annotations

from collections import defaultdict
from random import Random

import pytest

from stream.changes.panes import Grid
from stream.contract.readings import Reading
from stream.demo.compare import Seen, agrees
from stream.demo.traffic import Options, Record, Traffic
from stream.engine.commit import ShardReport
from stream.engine.groups import GROUPS
from stream.engine.options import FoldOptions
from stream.engine.shard import ShardFold
from stream.ingest.route import partitions_of
from stream.reference.account import Reference, Window
from stream.rollup.rollup import Rollup, RollupOptions

SHARDS = 3
START_MS = 1_767_254_400_000


def queues_of(records: list[Record], rng: Random) -> list[list[Record]]:
    """Put records where their keys lead, right or wrong; without a key anywhere."""
    queues: list[list[Record]] = [[] for _ in range(SHARDS)]
    for record in records:
        shard = rng.randrange(SHARDS)
        if record.key is not None:
            shard = int(partitions_of([record.key.decode()], SHARDS, "murmur2")[0])
        queues[shard].append(record)
    return queues


class Group:
    """The folds of one group of topics, and the records that they forward to each other."""

    def __init__(self, name: str, rollup: Rollup, grid: Grid, now_ms: int) -> None:
        self.folds = [ShardFold(name, shard, SHARDS, FoldOptions(grid=grid)) for shard in range(SHARDS)]
        self.numbers = [0] * SHARDS
        self.inbox = defaultdict(list)
        self.rollup, self.report = rollup, ShardReport(True, now_ms)

    def fold(self, shard: int, batches: list[tuple[str, list]]) -> None:
        """Fold and commit."""
        self.folds[shard].fold(batches)
        self.numbers[shard] += 1
        changes = self.folds[shard].changes(self.numbers[shard], self.report)
        for sent in changes.forwards:
            record = (0, self.report.now_ms, sent.key, sent.value, tuple(sent.headers))
            self.inbox[sent.partition].append(record)
        self.rollup.apply(changes.deltas[0])


def engine(records: list[Record], *, exact: bool, seed: int) -> list[Reading]:
    """Fold records in batches of chance, shards in turns, as several workers would."""
    grid = Grid(1) if exact else Grid()
    rollup = Rollup(RollupOptions(dict.fromkeys(GROUPS, SHARDS), exact=exact, grid=grid))
    rng = Random(seed)
    for name, kinds in ((group.name, group.kinds) for group in GROUPS.values()):
        group = Group(name, rollup, grid, records[-1].time_ms)
        queues = queues_of([record for record in records if record.kind in kinds], rng)
        while any(queues):
            shard = rng.choice([at for at, queue in enumerate(queues) if queue])
            size = rng.randrange(1, 900)
            by_kind = defaultdict(list)
            for record in queues[shard][:size]:
                by_kind[record.kind].append((0, record.time_ms, record.key, record.value, ()))
            del queues[shard][:size]
            group.fold(shard, list(by_kind.items()))
        for shard in range(SHARDS):
            group.fold(shard, [("reroute", group.inbox[shard])])
    at_ms = records[-1].time_ms + 1_234
    rollup.advance(at_ms)
    rollup.read_at(at_ms)
    return rollup.readings(None)


@pytest.mark.parametrize(("exact", "seed"), [(False, 4), (True, 5)])
def test_every_reading_of_the_engine_is_in_the_books(exact: bool, seed: int) -> None:
    records = list(Traffic(Options(seed=seed, start_ms=START_MS, length_ms=5 * 3_600_000, rate=0.7)))
    books = Reference()
    for record in records:
        books.tell(record.kind, record.truth, record.time_ms)
    readings = engine(records, exact=exact, seed=seed)

    wrong, seen, account = [], set(), {}
    figures: dict[tuple[str, Window], dict] = {}
    for reading in readings:
        if reading.metric == "events_total":
            account[tuple(reading.labels.get(name, "") for name in ("kind", "outcome", "reason"))] = reading.value
        if reading.window is None:
            continue
        span = Window(reading.window, reading.window_start_ms, reading.window_end_ms)
        if (reading.metric, span) not in figures:
            figures[reading.metric, span] = books.between(reading.metric, span)
        labels = tuple(sorted(reading.labels.items()))
        expected = figures[reading.metric, span].get(labels)
        side = Seen(reading.value, reading.numerator, reading.denominator, reading.n, *span[1:], reading.seq)
        seen.add((reading.metric, labels, reading.window))
        if expected is None:
            # what it held was taken back, since an earlier event came later; the series stays and says nothing
            wrong += [(reading, None)] if reading.value else []
        elif not agrees(reading.metric, side, expected):
            wrong.append((reading, expected))
    assert not wrong[:3], f"{len(wrong)} of {len(seen)}"
    assert not set(books.readings(records[-1].time_ms + 1_234)) - seen
    assert account == {key: n for key, n in books.outcomes.items() if n}
