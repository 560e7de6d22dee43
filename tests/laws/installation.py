"""Installation: all groups in several shards, the topics between them, and the rollup, in memory.

In:  records of the simulator.
Out: readings, once nothing is on its way any more.

Records go where their keys lead, right or wrong; shards take turns as chance will have it, in batches that cut
anywhere, and some crash before they have written. What a commit writes goes through the same order as on a broker.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from random import Random

from stream.changes.panes import Grid
from stream.contract.readings import Reading
from stream.contract.records import Record as Fetched
from stream.demo.traffic import Record
from stream.engine.commit import ShardReport
from stream.engine.groups import GROUPS, chosen, following
from stream.engine.options import FoldOptions
from stream.engine.shard import ShardFold
from stream.ingest.route import partitions_of
from stream.kafka.layout import Layout, ShardId
from stream.rollup.rollup import Rollup, RollupOptions
from stream.state.table import load_into
from stream.worker.outputs import Outputs


class Installation:
    """Everything that a cluster of workers would do, in one process."""

    def __init__(self, shards: int, *, exact: bool, seed: int, now_ms: int, crash: float = 0.0) -> None:
        """Take `crash`, how often a shard folds and does not come to write."""
        grid = Grid(1) if exact else Grid()
        groups = chosen("on", GROUPS)
        self._random, self._now_ms, self._crash = Random(seed), now_ms, crash
        self._counts = dict.fromkeys(groups, shards)
        self._layout = Layout("", groups.values())
        self._options, self._groups = following(FoldOptions(grid=grid), self._counts, groups), groups
        self._ids = [ShardId(name, number) for name in groups for number in range(shards)]
        self._logs: dict[ShardId, dict[bytes, bytes | None]] = {id: {} for id in self._ids}
        self._folds = {id: self._restored(id) for id in self._ids}
        self._outputs = {id: Outputs(self._layout, id, self._counts) for id in self._ids}
        self._topics: dict[tuple[str, int], list[Fetched]] = defaultdict(list)
        self._seqs = dict.fromkeys(self._ids, 0)
        told = tuple(name for name, group in groups.items() if group.told_by)
        #: All that shards report, as it is written.
        self.deltas: list[bytes] = []
        self._rollup = Rollup(RollupOptions(self._counts, exact=exact, grid=grid, told=told, most_readings=50_000))

    def _restored(self, id: ShardId) -> ShardFold:
        fold = ShardFold(id.group, id.shard, self._counts[id.group], self._options, self._groups)
        load_into(fold.stored, self._logs[id].items())
        return fold

    def produce(self, records: Iterable[Record]) -> None:
        """Put records on their topics; without a key anywhere."""
        shards = len(self._ids) // len(self._counts)
        for record in records:
            at = self._random.randrange(shards)
            if record.key is not None:
                at = int(partitions_of([record.key.decode()], shards, "murmur2")[0])
            self._topics[record.kind, at].append((0, record.time_ms, record.key, record.value, ()))

    def run(self) -> None:
        """Let shards take turns until nothing is left."""
        while waiting := [id for id in self._ids if any(self._waiting(id).values())]:
            self._turn(self._random.choice(waiting), self._random.randrange(1, 900))
        self._crash = 0.0
        for _ in range(4):  # those who have nothing to say say up to when they read; then time goes on for leads
            for id in self._ids:
                self._turn(id, 10**9)
            self._now_ms += 11_000

    def read(self, at_ms: int) -> list[Reading]:
        """Read all metrics at a moment."""
        self._rollup.advance(at_ms)
        self._rollup.read_at(at_ms)
        return self._rollup.readings(None)

    @property
    def options(self) -> FoldOptions:
        """Give what the folds depend on."""
        return self._options

    def log(self, group: str, shard: int) -> dict[bytes, bytes | None]:
        """Give the state log of a shard, newest by key."""
        return self._logs[ShardId(group, shard)]

    def _waiting(self, id: ShardId) -> dict[str, list[Fetched]]:
        return {name: self._topics[topic, id.shard] for name, topic in self._layout.sources[id.group].items()}

    def _turn(self, id: ShardId, most: int) -> None:
        """Let a shard read, fold and commit."""
        inputs = [(name, there[:most]) for name, there in self._waiting(id).items()]
        fold = self._folds[id]
        fold.fold([(name, some) for name, some in inputs if some])
        if self._random.random() < self._crash:
            self._folds[id] = self._restored(id)
            return
        for there in self._waiting(id).values():
            del there[:most]
        lag = {name: len(there) for name, there in self._waiting(id).items()}
        self._seqs[id] += 1
        commit = fold.changes(self._seqs[id], ShardReport(not any(lag.values()), self._now_ms, lag, life="a"))
        self._logs[id].update(commit.state)
        for topic, partition, rows in self._outputs[id].parts(commit, (b"\x00", b"", None, [])):
            if topic == self._layout.deltas(id.group):
                for _, value, _, _ in rows:
                    self._rollup.apply(value)
                    self.deltas.append(value)
            else:
                written = [(0, self._now_ms, key, value, tuple(headers)) for key, value, _, headers in rows]
                self._topics[topic, partition] += written
