"""Installation: shards of any groups and the rollup over them in one process, with the logs that they write.

In:  events as JSON records; moments.
Out: readings; every record that would be written, by the topic that it would go to.

What a broker would do is done by lists and dictionaries here; each record is held against what topics take.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from stream.contract.readings import Reading
from stream.contract.records import Record
from stream.contract.results import encode
from stream.engine.commit import ShardReport
from stream.engine.groups import GROUPS
from stream.engine.options import FoldOptions
from stream.engine.shard import ShardFold
from stream.ingest.route import partitions_of
from stream.kafka.layout import Layout, ShardId
from stream.rollup.rollup import Rollup, RollupOptions
from stream.worker.outputs import Outputs
from stream.worker.published import Published

Log = dict[bytes, bytes]
#: Kind → the field that its events are placed by.
_KEYS = {
    "ad": "campaign_id",
    "email": "message_id",
    "page_view": "visitor_id",
    "form": "visitor_id",
    "chatbot": "visitor_id",
}


class Installation:
    """Everything between the source topics and the result topic; `shards` is group → number of shards."""

    def __init__(self, shards: dict[str, int], fold: FoldOptions = FoldOptions(), **options: Any) -> None:
        self.shards, self.options = shards, {"clock": "events", **options}
        self._fold = fold
        self.logs: dict[tuple[str, int], Log] = defaultdict(dict)
        self.seqs: dict[tuple[str, int], int] = dict.fromkeys(
            [(group, shard) for group, count in shards.items() for shard in range(count)], 0
        )
        self.folds = {shard: self._fold_of(*shard) for shard in self.seqs}
        self.rollup_log: Log = {}
        self.deltas: list[bytes] = []  # those that the log of the rollup does not cover
        self.result: Log = {}
        self.largest: dict[str, int] = defaultdict(int)  # topic → bytes of the largest record
        self.written: dict[str, int] = defaultdict(int)
        self.now_ms = 0
        self._offset = 0
        self._make_rollup()

    def _fold_of(self, group: str, shard: int) -> ShardFold:
        return ShardFold(group, shard, self.shards[group], self._fold)

    def _make_rollup(self) -> None:
        self.rollup = Rollup(RollupOptions(self.shards, **self.options))
        self.published = Published(encode)

    # in ---------------------------------------------------------------------------------------------------

    def tell(self, kind: str, events: Sequence[dict[str, Any]], arrival_ms: int) -> None:
        """Let the shards that they belong to fold events of a kind."""
        group = next(name for name, one in GROUPS.items() if kind in one.kinds)
        records: dict[int, list[Record]] = defaultdict(list)
        keys = [str(event["data"][_KEYS[kind]]) for event in events]
        for event, shard in zip(events, partitions_of(keys, self.shards[group], "murmur2").tolist(), strict=True):
            self._offset += 1
            made = {"specversion": "1.0", "source": "test", "type": kind, "id": f"e{self._offset}", **event}
            records[shard].append((self._offset, arrival_ms, None, orjson.dumps(made), ()))
        self.now_ms = max(self.now_ms, arrival_ms)
        for shard, some in records.items():
            self.folds[group, shard].fold([(kind, some)])

    def commit(self) -> None:
        """Let every shard write what changed, and the rollup read it."""
        layout = Layout("", GROUPS.values())
        for (group, shard), fold in self.folds.items():
            report = ShardReport(caught_up=True, now_ms=self.now_ms, lag_records={})
            commit = fold.changes(self.seqs[group, shard] + 1, report)
            self.seqs[group, shard] += len(commit.deltas)
            assert not commit.forwards
            outputs = Outputs(layout, ShardId(group, shard), self.shards)
            for topic, _, rows in outputs.parts(commit, (b"\x00position", b"{}", None, [])):
                for key, value, _, _ in rows:
                    self._note(topic, key, value)
            _apply(self.logs[group, shard], commit.state)
            for delta in commit.deltas:
                self.deltas.append(delta)
                self.rollup.apply(delta)

    # out --------------------------------------------------------------------------------------------------

    def publish(self, windows: Sequence[str] | None = None) -> list[Reading]:
        """Read, write what changed, and give all readings of the result topic."""
        self.rollup.advance(self.now_ms)
        readings = self.rollup.readings(windows)
        rows = self.published.rows(readings, windows)
        for key, value in rows:
            self._note("metrics", key, value)
        _apply(self.result, rows)
        return list(self.published.confirm())

    def store(self, full: bool = False) -> int:
        """Write the log of the rollup; give the bytes."""
        rows = self.rollup.snapshot(full)
        for key, value in rows:
            self._note("rollup", key, value)
        _apply(self.rollup_log, rows)
        self.deltas.clear()
        return sum(len(key) + len(value or b"") for key, value in rows)

    def restart(self) -> None:
        """Kill everything and let it come back from the logs."""
        self.folds = {shard: self._fold_of(*shard) for shard in self.seqs}
        for shard, fold in self.folds.items():
            for key, value in self.logs[shard].items():
                fold.load(key, value)
        self._make_rollup()
        for key, value in self.rollup_log.items():
            self.rollup.load(key, value)
        for delta in self.deltas:
            self.rollup.apply(delta)

    def _note(self, topic: str, key: bytes | None, value: bytes | None) -> None:
        size = len(key or b"") + len(value or b"")
        self.written[topic] += size
        self.largest[topic] = max(self.largest[topic], size)


def _apply(log: Log, rows: Iterable[tuple[bytes | None, bytes | None]]) -> None:
    for key, value in rows:
        assert key is not None
        if value is None:
            log.pop(key, None)
        else:
            log.pop(key, None)  # compaction keeps the newest record, at its own place
            log[key] = value
