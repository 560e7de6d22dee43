"""Pathway: a stateful reducer of its own for each visitor, counts by minute and channel; nothing is persisted.

Its session windows are not used: with `min` or `argmin` in them, windows that a later commit merges stay alive.
"""

from __future__ import annotations

import os
from typing import Any

from j1 import BROKER, EVENTS, GAP_MS, GROUP, LIVE, TOPIC, Cells, Meter

os.environ.setdefault("PATHWAY_TELEMETRY_SERVER", "")
import pathway as pw

meter = Meter()
cells: Cells = {}
counted, last_commit = 0, None


class Event(pw.Schema):
    type: str
    time: str
    visitor: str
    channel: str


@pw.reducers.stateful_many
def visit(state: Any, rows: Any) -> Any:
    """State: first, last, pages, is a lead, what began as (minute, channel, 0 session or 1 lead); rows: events with their numbers."""
    first, last, pages, lead, begun = state if state is not None else (None, 0, 0, False, ())
    new = list(begun)
    for (time_ms, channel, form), times in sorted(rows):
        for _ in range(times):
            if first is None:
                first = last = time_ms
                new.append((time_ms // 60_000, channel, 0))
            else:
                if time_ms - last > GAP_MS:
                    new.append((time_ms // 60_000, channel, 0))
                first, last = min(first, time_ms), max(last, time_ms)
            if not form:
                pages += 1
            elif not lead:
                lead = True
                new.append((time_ms // 60_000, channel, 1))
    return first, last, pages, lead, tuple(new)


source = pw.io.kafka.read(
    {"bootstrap.servers": BROKER, "group.id": GROUP, "auto.offset.reset": "earliest", "session.timeout.ms": "6000"},
    topic=TOPIC,
    schema=Event,
    format="json",
    json_field_paths={"visitor": "/data/visitor_id", "channel": "/data/campaign/medium"},
    autocommit_duration_ms=1_000,
)
moment = pw.this.time.dt.strptime("%Y-%m-%dT%H:%M:%S%.fZ", contains_timezone=False).dt.timestamp(unit="ms")
events = source.select(
    pw.this.visitor, pw.this.channel, form=pw.if_else(pw.this.type == "form", 1, 0), time_ms=pw.cast(int, moment)
)
events = events.with_columns(minute=pw.this.time_ms // 60_000)
views = events.groupby(pw.this.minute, pw.this.channel).reduce(
    pw.this.minute, pw.this.channel, n=pw.reducers.count(), forms=pw.reducers.sum(pw.this.form)
)
visitors = events.groupby(pw.this.visitor).reduce(
    pw.this.visitor, seen=visit(pw.this.time_ms, pw.this.channel, pw.this.form)
)
begun = visitors.select(one=pw.apply_with_type(lambda seen: seen[4], tuple, pw.this.seen)).flatten(pw.this.one)
begun = begun.select(
    minute=pw.apply_with_type(lambda one: one[0], int, pw.this.one),
    channel=pw.apply_with_type(lambda one: one[1], str, pw.this.one),
    lead=pw.apply_with_type(lambda one: one[2], int, pw.this.one),
)


def number_of(table: Any) -> Any:
    return table.groupby(pw.this.minute, pw.this.channel).reduce(pw.this.minute, pw.this.channel, n=pw.reducers.count())


# The run is over when the commit that brings the last event has come through every output.
ended = dict.fromkeys(("views", "sessions", "leads", "visitors"), -1)


def ends(name: str) -> Any:
    def at_end(time: int) -> None:
        global last_commit
        ended[name] = time
        if name == "views" and counted >= EVENTS and last_commit is None:
            last_commit = time
        if last_commit is not None and min(ended.values()) >= last_commit:
            meter.last()
            meter.tell({} if LIVE else {place: counts for place, counts in cells.items() if any(counts)})

    return at_end


def put(place: int) -> Any:
    def change(key: Any, row: dict[str, Any], time: int, is_addition: bool) -> None:
        counts = cells.setdefault((row["minute"], row["channel"]), [0] * 4)
        counts[place] += row["n"] if is_addition else -row["n"]

    return change


def on_views(key: Any, row: dict[str, Any], time: int, is_addition: bool) -> None:
    global counted
    sign = 1 if is_addition else -1
    counts = cells.setdefault((row["minute"], row["channel"]), [0] * 4)
    counts[0] += sign * (row["n"] - row["forms"])
    counts[2] += sign * row["forms"]
    counted += sign * row["n"]


def on_visitor(key: Any, row: dict[str, Any], time: int, is_addition: bool) -> None:
    """Hear of visitors as whoever uses them would."""


pw.io.subscribe(views, on_change=on_views, on_time_end=ends("views"))
pw.io.subscribe(number_of(begun.filter(pw.this.lead == 0)), on_change=put(1), on_time_end=ends("sessions"))
pw.io.subscribe(number_of(begun.filter(pw.this.lead == 1)), on_change=put(3), on_time_end=ends("leads"))
pw.io.subscribe(visitors, on_change=on_visitor, on_time_end=ends("visitors"))

if __name__ == "__main__":
    meter.first()
    pw.run(monitoring_level=pw.MonitoringLevel.NONE)
