"""Steps in order of arrival: each reads what was known then, one after another, and keeps nothing of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from stream.__main__ import run
from stream.contract.results import encode
from stream.contract.times import format_ms, parse_ms
from stream.replay.replay import Account, replay
from stream.replay.steps import Steps, Stepwise
from stream.serve.prometheus import Snapshot
from tests.unit.golden.events import Envelope, at_ms, view
from tests.unit.golden.story import lines
from tests.unit.replay.test_backfill import HOUR_MS, MINUTE_MS, NOW_MS, OPTIONS, same, simulated


def arrived(event: Envelope, time: str) -> Envelope:
    """Let an event come later than it happened."""
    return event | {"recordedtime": format_ms(at_ms(time))}


def stepped(
    events: list[bytes], every_ms: int, *, from_ms: int | None = None, metrics: tuple[str, ...] = (), **options: Any
) -> list[Snapshot]:
    steps = Steps(every_ms, from_ms)
    return list(Stepwise(replace(OPTIONS, **options), steps, metrics, order="arrival").snapshots(events))


def came_by(events: list[bytes], at: int) -> list[bytes]:
    """Give the lines that had come before a moment, by what they say themselves; and those that say nothing."""
    return [line for line in events if (_arrival_ms(line) or 0) < at]


def _arrival_ms(line: bytes) -> int | None:
    try:
        event = orjson.loads(line)
    except ValueError:
        return None
    time_ms, recorded_ms = (
        parse_ms(event[name]) if isinstance(event.get(name), str) else None for name in ("time", "recordedtime")
    )
    return (
        None
        if time_ms is None
        else max(time_ms if recorded_ms is None else recorded_ms, min(time_ms, recorded_ms or time_ms))
    )


def visitors(snapshots: list[Snapshot], window: str = "1h") -> list[tuple[str, Any]]:
    return [
        (format_ms(snapshot.as_of_ms)[11:16], next((r.value for r in snapshot.readings if r.window == window), None))
        for snapshot in snapshots
    ]


@pytest.mark.parametrize("every_ms", [10 * MINUTE_MS, 30 * MINUTE_MS, HOUR_MS])
def test_each_step_reads_what_a_replay_of_all_that_had_come_reads(every_ms: int) -> None:
    events = list(simulated())
    snapshots = stepped(events, every_ms)
    assert [snapshot.as_of_ms for snapshot in snapshots] == list(
        range(snapshots[0].as_of_ms, snapshots[-1].as_of_ms + 1, every_ms)
    )
    assert snapshots[-1].as_of_ms >= NOW_MS - every_ms
    for snapshot in snapshots[:: max(1, len(snapshots) // 3)]:
        same(snapshot, came_by(events, snapshot.as_of_ms), OPTIONS)


def test_steps_longer_than_an_hour_read_the_same_as_short_ones() -> None:
    events = lines([view(f"{hour:02d}:{minute}", f"v{hour}") for hour in range(1, 12) for minute in (10, 40)])
    short, long = (stepped(events, every_ms, metrics=("visitors",)) for every_ms in (HOUR_MS, 3 * HOUR_MS))
    by_moment = dict(visitors(short, "6h"))
    assert [(time, by_moment[time]) for time, _ in visitors(long, "6h")] == visitors(long, "6h")
    assert len(long) == 3


def test_who_came_late_is_in_no_step_before() -> None:
    #   time     10:10  10:20        11:20
    #   arrival  10:10         11:05 11:20      the second is told of after the step at 11:00
    events = lines([view("10:10", "a"), arrived(view("10:20", "b"), "11:05"), view("11:20", "c")])
    assert visitors(stepped(events, 30 * MINUTE_MS, metrics=("visitors",))) == [("10:30", 1), ("11:00", 1)]
    assert visitors(stepped(events, 15 * MINUTE_MS, metrics=("visitors",))) == [
        ("10:15", 1),
        ("10:30", 1),
        ("10:45", 1),
        ("11:00", 1),
        ("11:15", 1),  # b has come; a has left the window
    ]
    late = stepped(events, 5 * MINUTE_MS, metrics=("visitors",), from_ms=at_ms("11:05"))
    assert visitors(late)[:2] == [
        ("11:05", 1),
        ("11:10", 2),
    ]  # at 11:05 it has not come before; later it counts where it belongs


def test_the_last_step_is_the_one_that_is_asked_for() -> None:
    events = lines([view("10:10", "a"), arrived(view("10:20", "b"), "11:05")])
    asked = stepped(events, 30 * MINUTE_MS, metrics=("visitors",), at_ms=at_ms("11:00"))
    assert visitors(asked) == [("10:30", 1), ("11:00", 1)]
    further = stepped(events, 30 * MINUTE_MS, metrics=("visitors",), at_ms=at_ms("12:00"))
    assert [time for time, _ in visitors(further)] == ["10:30", "11:00", "11:30", "12:00"]


def test_an_arrival_in_the_far_future_moves_no_step() -> None:
    wrong = view("10:30", "b") | {"recordedtime": "2036-06-15T10:00:00.000Z"}
    assert [
        time for time, _ in visitors(stepped(lines([view("10:10", "a"), wrong, view("11:10", "c")]), 30 * MINUTE_MS))
    ] == [
        "10:30",
        "11:00",
    ]


def test_the_account_is_that_of_a_replay() -> None:
    for at in (None, NOW_MS - HOUR_MS):
        stepwise = Stepwise(replace(OPTIONS, at_ms=at), Steps(HOUR_MS), order="arrival")
        for _ in stepwise.snapshots(simulated()):
            pass
        account = replay(simulated(), replace(OPTIONS, at_ms=at)).account
        if at is None:
            assert stepwise.account == account
        else:  # what happened before the moment and came after it is left out here
            assert stepwise.account.left_out >= account.left_out
            assert _all(stepwise.account) == _all(account)


def _all(account: Account) -> int:
    return account.accepted + account.left_out


def test_readings_are_given_one_step_after_another() -> None:
    """Nothing of a step is held once the next one is read: output begins before all is folded."""
    events = lines([view("10:10", "a"), view("11:10", "b"), view("12:10", "c")])
    folded: list[int] = []
    snapshots = Stepwise(OPTIONS, Steps(HOUR_MS), order="arrival").snapshots(events, folded.append)
    assert isinstance(snapshots, Iterator)
    next(snapshots)
    assert folded == [1]


def test_the_command_writes_records_of_the_result_topic(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    events = lines([view("10:10", "a"), arrived(view("10:20", "b"), "11:05"), view("11:40", "c")])
    path = tmp_path / "events.ndjson"
    path.write_bytes(b"\n".join(events) + b"\n")
    argv = ["replay", "--format", "ndjson", "--every", "30m", "--metric", "visitors", "--window", "1h", str(path)]
    assert run(argv) == 0
    out, err = capsysbinary.readouterr()
    expected = [
        encode(reading)
        for snapshot in stepped(events, 30 * MINUTE_MS, metrics=("visitors",), windows=("1h",))
        for reading in snapshot.readings
    ]
    assert out.splitlines() == expected
    assert [orjson.loads(line)["as_of"][11:16] for line in out.splitlines()] == ["10:30", "11:00", "11:30"]
    assert b"3  steps of 30m" in err
    assert b"accepted" in err
