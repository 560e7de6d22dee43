"""Bytewax: state by visitor, then windows of a minute by channel, which wait two hours for what is late; nothing is recovered."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import Any

import bytewax.operators as op
import bytewax.operators.windowing as windowing
import orjson
from bytewax.connectors.kafka import KafkaSource
from bytewax.dataflow import Dataflow
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from bytewax.testing import run_main
from j1 import BROKER, EVENTS, LIVE, TOPIC, Cells, Meter, Visitor, ms, step

Row = tuple[str, datetime, list[int]]  # channel, time, what it adds
WAIT = timedelta(hours=2)
BEGIN = datetime(2020, 1, 1, tzinfo=UTC)
BEGIN_MINUTE = int(BEGIN.timestamp()) // 60

meter = Meter()
cells: Cells = {}
read = late = 0


def parse(message: Any) -> tuple[str, tuple[datetime, int, str, bool]]:
    global read
    meter.first()
    read += 1
    event = orjson.loads(message.value)
    data = event["data"]
    time = datetime.fromisoformat(event["time"])
    return data["visitor_id"], (time, ms(event["time"]), data["campaign"]["medium"], event["type"] == "form")


def by_visitor(visitor: Visitor | None, event: tuple[datetime, int, str, bool]) -> tuple[Visitor, Row]:
    time, time_ms, channel, form = event
    visitor, added = step(visitor, time_ms, form)
    if LIVE and read >= EVENTS:  # windows stay open for two hours
        meter.tell({})
    return visitor, (channel, time, added)


def more(counts: list[int], row: Row) -> list[int]:
    return both(counts, row[2])


def both(one: list[int], other: list[int]) -> list[int]:
    return [a + b for a, b in zip(one, other, strict=True)]


class Windows(StatelessSinkPartition[Any]):
    def write_batch(self, items: list[Any]) -> None:
        for channel, (window, counts) in items:
            place = BEGIN_MINUTE + window, channel
            cells[place] = both(cells[place], counts) if place in cells else counts


class Late(StatelessSinkPartition[Any]):
    def write_batch(self, items: list[Any]) -> None:
        global late
        late += len(items)


class Sink(DynamicSink[Any]):
    def __init__(self, part: type[StatelessSinkPartition[Any]]) -> None:
        self._part = part

    def build(self, *_: object) -> StatelessSinkPartition[Any]:
        return self._part()


flow = Dataflow("j1")
records = op.input("records", flow, KafkaSource([BROKER], [TOPIC], tail=LIVE, batch_size=1_000))
rows = op.stateful_map("visitor", op.map("parse", records, parse), by_visitor)
channels = op.map("channel", rows, lambda pair: (pair[1][0], pair[1]))
windows = windowing.fold_window(
    "windows",
    channels,
    windowing.EventClock(ts_getter=lambda row: row[1], wait_for_system_duration=WAIT),
    windowing.TumblingWindower(length=timedelta(minutes=1), align_to=BEGIN),
    lambda: [0] * 4,
    more,
    both,
    ordered=False,
)
op.output("out", windows.down, Sink(Windows))
op.output("late", windows.late, Sink(Late))

if __name__ == "__main__":
    os.environ.setdefault("RUST_LOG", "error")
    run_main(flow, epoch_interval=timedelta(seconds=10))
    meter.last()
    meter.tell(cells, late=late)
