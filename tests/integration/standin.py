"""A worker with a fold of a few lines, to test the shell by itself.

In:  LEADPULSE_* settings; events made by `produce` below.
Out: per key how many records of each kind it had and the sum of their amounts; deltas of the same; readings of totals.

Run as a program it is the worker: `python tests/integration/standin.py`.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

import msgspec
import orjson

from stream.changes.holds import Holds
from stream.contract.readings import Reading
from stream.contract.records import Record
from stream.engine.commit import Commit, ShardReport
from stream.rollup.standing import SequenceGap

_value = msgspec.json.Decoder(dict[str, int]).decode


class CountingFold:
    """Count records and add up amounts, per key."""

    def __init__(self, group: str, shard: int, shards: Mapping[str, int]) -> None:
        self.group, self.shard = group, shard
        self.rows: dict[bytes, dict[str, int]] = {}
        self.dirty: set[bytes] = set()
        self.delta: Counter[str] = Counter()
        self.poison: list[tuple[bytes, bytes, list[tuple[str, bytes]]]] = []

    def load(self, key: bytes, value: bytes | None) -> None:
        if value is None:
            self.rows.pop(key, None)
        else:
            self.rows[key] = _value(value)

    def fold(self, batches: list[tuple[str, list[Record]]]) -> None:
        for source, records in batches:
            for _, _, key, value, _ in records:
                try:
                    amount = _value(value or b"")["amount"]
                except (msgspec.MsgspecError, KeyError):
                    self.poison.append((key or b"", value or b"", [("reason", b"poison")]))
                    self.delta["poison"] += 1
                    continue
                row = self.rows.setdefault(key or b"", {})
                row[source] = row.get(source, 0) + 1
                row["sum"] = row.get("sum", 0) + amount
                self.dirty.add(key or b"")
                self.delta[source] += 1
                self.delta["sum"] += amount

    @property
    def pending_bytes(self) -> int:
        """Nothing that would not wait."""
        return 0

    def changes(self, seq: int, report: ShardReport) -> Commit:
        delta = {
            "group": self.group,
            "shard": self.shard,
            "seq": seq,
            "counts": dict(self.delta),
            "caught_up": report.caught_up,
        }
        out = Commit(
            state=[(key, orjson.dumps(self.rows[key])) for key in self.dirty],
            deltas=[orjson.dumps(delta)],
            dead_letters=self.poison,
        )
        self.dirty, self.delta, self.poison = set(), Counter(), []
        return out


class CountingRollup:
    """Add up what the shards counted."""

    def __init__(self, shards: Mapping[str, int]) -> None:
        self.expected = {
            (group, shard) for group, count in shards.items() for shard in range(count) if group != "rollup"
        }
        self.seqs: dict[str, int] = {}
        self.totals: Counter[str] = Counter()
        self.caught_up: dict[str, bool] = {}
        self.published = self.now_ms = 0

    def load(self, key: bytes, value: bytes | None) -> None:
        state = orjson.loads(value or b"{}")
        self.seqs, self.totals, self.caught_up = state["seqs"], Counter(state["totals"]), state["caught_up"]

    def apply(self, delta: bytes, stamp_ms: int, *, live: bool) -> None:
        told = orjson.loads(delta)
        name, seq = f"{told['group']}/{told['shard']}", told["seq"]
        last = self.seqs.get(name, 0)
        if seq <= last:
            return
        if seq != last + 1:
            raise SequenceGap(f"{name} reported number {seq} after {last or 'nothing'}: what lies between is gone")
        self.seqs[name] = seq
        self.totals.update(told["counts"])
        self.caught_up[name] = told["caught_up"]

    def hear(self, holds: Holds, stamp_ms: int, *, live: bool) -> None:
        """Nothing here grows old."""

    def advance(self, now_ms: int, until_ms: int | None = None) -> None:
        self.now_ms = now_ms if until_ms is None else min(now_ms, until_ms)

    @property
    def behind(self) -> tuple[str, ...]:
        return tuple(sorted({group for group, _ in self.expected} if not self.complete else ()))

    @property
    def complete(self) -> bool:
        return len(self.caught_up) == len(self.expected) and all(self.caught_up.values())

    @property
    def complete_along(self) -> bool:
        return self.complete

    @property
    def records(self) -> int:
        return sum(self.totals.values())

    def readings(self, windows: Collection[str] | None) -> list[Reading]:
        self.published += 1
        complete = self.complete
        return [
            Reading(
                metric="records",
                labels={"kind": kind},
                window="5m",
                value=count,
                numerator=None,
                denominator=None,
                n=count,
                window_start_ms=None,
                window_end_ms=None,
                as_of_ms=int(time.time() * 1000),
                complete=complete,
                data_since_ms=None,
                seq=self.published,
                catalog_version="t",
            )
            for kind, count in sorted(self.totals.items())
        ]

    def snapshot(self, full: bool) -> list[tuple[bytes, bytes | None]]:
        state = {"seqs": self.seqs, "totals": dict(self.totals), "caught_up": self.caught_up}
        return [(b"all", orjson.dumps(state))]


class NothingFold(CountingFold):
    """Only touch each batch: what is left is the price of the shell."""

    def fold(self, batches: list[tuple[str, list[Record]]]) -> None:
        for source, records in batches:
            self.delta[source] += len(records)


class Printed:
    """Show on standard output, one JSON line a second."""

    def __init__(self) -> None:
        self.rollup: Any = None

    def show_rollup(self, view: Any) -> None:
        self.rollup = view

    def show_alerts(self, view: Any) -> None:
        """Show nothing: of alerts other tests tell."""

    def show_judged(self, figures: Any) -> None:
        """Show nothing of verdicts, either."""

    def show_followed(self, view: Any) -> None:
        """Show nothing of what others publish."""

    def show_past(self, view: Any) -> None:
        """Show nothing of the past."""

    def wants_letters(self) -> bool:
        return False

    def show_letters(self, letters: Any) -> None:
        """Show nothing of rejected records."""

    def show_worker(self, view: Any) -> None:
        usage = os.times()
        line = {
            "t": round(time.time(), 3),
            "cpu_s": round(usage.user + usage.system, 2),
            "ready": view.ready,
            "records": sum(shard.records for shard in view.shards if shard.group != "rollup"),
            "lag": sum(sum(shard.lag_records.values()) for shard in view.shards if shard.group != "rollup"),
            "owned": len(view.shards),
            "commits": sum(shard.commits for shard in view.shards),
            "inbox": sum(shard.inbox_bytes for shard in view.shards),
            "fold_s": round(sum(shard.fold_s for shard in view.shards), 2),
            "rollup": None
            if self.rollup is None
            else {reading.labels["kind"]: reading.value for reading in self.rollup.readings},
            "complete": self.rollup is not None and all(reading.complete for reading in self.rollup.readings),
        }
        print(json.dumps(line), flush=True)


def encode(reading: Reading) -> bytes:
    return msgspec.json.encode(reading)


def main() -> None:
    from stream.engine.groups import chosen
    from stream.errors import LeadpulseError
    from stream.settings.fields import Settings
    from stream.worker.run import run

    logging.basicConfig(
        level=os.environ.get("STANDIN_LOG", "INFO"), format="%(asctime)s %(process)d %(name)s %(levelname)s %(message)s"
    )
    values = {
        name[len("LEADPULSE_") :].lower(): value
        for name, value in os.environ.items()
        if name.startswith("LEADPULSE_")
        and name != "LEADPULSE_REQUIRE"
        and name != "LEADPULSE_SHARED"
        and not name.startswith("LEADPULSE_TEST_")
    }
    fold = NothingFold if os.environ.get("STANDIN_FOLD") == "nothing" else CountingFold
    settings = Settings(**values)  # type: ignore[arg-type]
    try:
        run(
            settings,
            groups=chosen(settings.leads).values(),
            make_fold=fold,
            make_rollup=CountingRollup,
            encode_reading=encode,
            exporter=Printed(),
            reset="--reset" in sys.argv,
        )
    except LeadpulseError as error:
        print(error, file=sys.stderr)
        raise SystemExit(error.exit_code) from None


if __name__ == "__main__":
    main()
