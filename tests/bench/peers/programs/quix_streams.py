"""Quix Streams, exactly once: state by visitor, then by channel (a topic between them), tumbling windows with two hours of grace."""

from __future__ import annotations

from typing import Any

from j1 import BROKER, EVENTS, GROUP, LIVE, STATE, TOPIC, Cells, Meter, ms, step
from quixstreams import Application, State

GRACE_MS = 7_200_000

meter = Meter()
cells: Cells = {}
done = late = 0
app = Application(
    broker_address=BROKER,
    consumer_group=GROUP,
    auto_offset_reset="earliest",
    state_dir=STATE,
    loglevel="WARNING",
    processing_guarantee="exactly-once",
)


def by_visitor(event: dict[str, Any], state: State) -> dict[str, Any]:
    meter.first()
    visitor, added = step(state.get("visitor"), ms(event["time"]), event["type"] == "form")
    state.set("visitor", visitor)
    return {"channel": event["data"]["campaign"]["medium"], "added": added}


def more(counts: list[int], row: dict[str, Any]) -> list[int]:
    return [a + b for a, b in zip(counts, row["added"], strict=True)]


def shown(window: dict[str, Any], channel: str, *_: object) -> None:
    """Take the running value of a window, told after each event."""
    cells[window["start"] // 60_000, channel] = window["value"]
    count()


def too_late(*_: object) -> bool:
    global late
    late += 1
    count()
    return False


def count() -> None:
    global done
    done += 1
    if done == EVENTS:
        meter.last()
        meter.tell({} if LIVE else cells, late=late)


if __name__ == "__main__":
    events = app.topic(TOPIC, value_deserializer="json", timestamp_extractor=lambda value, *_: ms(value["time"]))
    rows = app.dataframe(events).apply(by_visitor, stateful=True).group_by("channel")
    windows = rows.tumbling_window(60_000, grace_ms=GRACE_MS, on_late=too_late)
    windows.reduce(reducer=more, initializer=lambda row: row["added"]).current().update(shown, metadata=True)
    app.run()
