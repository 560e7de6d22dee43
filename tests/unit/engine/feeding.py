"""Feeding: two small groups, of which one tells the other what it needs.

In:  email events.
Out: `mails` keeps the messages of a campaign and hands every click over to `clicks`, by campaign; `clicks` counts them.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Any, Final

import msgspec

from stream.changes.accumulator import Accumulator
from stream.contract.records import UNIT, Record
from stream.engine.groups import Group, by_name
from stream.stages.stage import Batch, HandOver, Refused, Shared, Stage
from stream.state.keys import Stored
from stream.state.rows import Rows
from stream.state.table import Table

#: Test-only tables; a real one stands in the list.
SEEN: Final = Stored("seen", "shard", b"e", "builtins.list")
CLICKED: Final = Stored("clicked", "shard", b"k", "builtins.list")


class Mails(Stage):
    """Remembers messages, refuses those of a campaign of spam, and hands clicks over."""

    def __init__(self, shared: Shared) -> None:
        self.rows = Rows(SEEN, shared.memory_ms)
        self._waiting: list[tuple[str, Any, int, int]] = []
        self._told: list[HandOver] = []

    @property
    def tables(self) -> Sequence[Table]:
        return (self.rows,)

    @property
    def known(self) -> Container[str]:
        return self.rows.encoded

    def take(self, batch: Batch) -> None:
        rows = zip(batch.keys, batch.events, batch.times.tolist(), batch.arrivals.tolist(), strict=True)
        self._waiting += list(rows)

    def fold(self, accumulator: Accumulator) -> Sequence[Refused]:
        waiting, self._waiting = self._waiting, []
        refused = []
        for key, event, time_ms, arrival_ms in waiting:
            data = event.data
            if data.campaign_id == "spam":
                refused.append(Refused("email", data.site_id, arrival_ms, "spam"))
                continue
            self.rows.put(key, msgspec.msgpack.encode([time_ms]))
            if data.action == "clicked":
                key = data.site_id + UNIT + data.campaign_id
                self._told.append(
                    HandOver("clicks", key.encode(), msgspec.msgpack.encode(time_ms), None, (("v", b"1"),))
                )
        return refused

    def hand_over(self) -> Sequence[HandOver]:
        told, self._told = self._told, []
        return told


class Clicks(Stage):
    """Counts what it is told, by campaign; says by the clock that it is alive."""

    known = None

    def __init__(self, shared: Shared) -> None:
        self.rows = Rows(CLICKED, shared.memory_ms)
        self._grid = shared.grid
        self._waiting: list[tuple[str, int]] = []
        self.advanced_ms = 0

    @property
    def tables(self) -> Sequence[Table]:
        return (self.rows,)

    def take(self, batch: Batch) -> None:
        raise AssertionError("no kind is of this group")

    def receive(self, records: Sequence[Record]) -> None:
        for _, _, key, value, headers in records:
            assert key is not None
            assert value is not None
            assert tuple(headers) == (("v", b"1"),)
            self._waiting.append((key.decode(), msgspec.msgpack.decode(value)))

    def fold(self, accumulator: Accumulator) -> Sequence[Refused]:
        waiting, self._waiting = self._waiting, []
        for key, time_ms in waiting:
            site, campaign = key.split(UNIT)
            _, clicks = msgspec.msgpack.decode(self.rows.encoded[key]) if key in self.rows.encoded else (0, 0)
            self.rows.put(key, msgspec.msgpack.encode([time_ms, clicks + 1]))
            accumulator.add(("email_clicks", site, campaign, "unknown", "unknown"), self._grid.pane(time_ms))
        return ()

    def advance(self, now_ms: int, accumulator: Accumulator) -> None:
        self.advanced_ms = now_ms

    def gauges(self) -> dict[str, float]:
        return {"campaigns": len(self.rows)}

    def marks(self) -> dict[str, int]:
        return {"advanced": self.advanced_ms}


GROUPS: Final = by_name((
    Group("mails", ("email",), lambda shared, options: Mails(shared)),
    Group("clicks", (), lambda shared, options: Clicks(shared), optional=True, partitions=3, fed_by=("mails",)),
))  # fmt: skip
