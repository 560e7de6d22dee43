"""`leadpulse history seed`: what it takes, and what it says of the rest; no broker is asked."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from stream import catalog
from stream.__main__ import run
from stream.changes.panes import HOUR_MS
from stream.cli.seeding import from_files
from stream.errors import InputError
from stream.settings.fields import Settings
from tests.unit.golden.events import ad, at_ms, view
from tests.unit.golden.story import lines
from tests.unit.history.test_kept import says

NOW_MS = at_ms("14:00")


def written(path: Path, some: list[bytes]) -> str:
    path.write_bytes(b"\n".join(some) + b"\n")
    return str(path)


def hours(tmp_path: Path, *names: str) -> list[tuple[str, int]]:
    found = from_files(tuple(str(tmp_path / name) for name in names), Settings(), NOW_MS, other_catalogs=False)
    return sorted(
        {(one.metric, hour - at_ms("00:00") // HOUR_MS) for one, hour in says(found.history) if one.window == "1h"}
    )


@pytest.mark.parametrize("arguments", [[], ["--topics", "events.ndjson"]])
def test_there_is_one_source_to_fill_in_from(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["history", "seed", *arguments]) == 2
    assert "do:" in capsys.readouterr().err


def test_what_a_replay_prints_fills_in_what_the_events_do(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    events = lines([view(f"{hour:02d}:{minute}", f"v{hour}{minute}") for hour in range(8, 14) for minute in (10, 40)])
    path = written(tmp_path / "events.ndjson", events)
    assert run(["replay", "--format", "ndjson", "--every", "1h", path]) == 0
    out, _ = capsysbinary.readouterr()
    told = [line for line in out.splitlines() if line]
    written(tmp_path / "readings.ndjson", told)
    from_events, from_readings = hours(tmp_path, "events.ndjson"), hours(tmp_path, "readings.ndjson")
    assert ("visitors", 10) in from_events
    assert set(from_events) == set(from_readings)


def test_files_of_both_are_refused(tmp_path: Path) -> None:
    written(tmp_path / "events.ndjson", lines([view("10:10", "a")]))
    reading = {"metric": "visitors", "labels": {"site": "s"}, "as_of": "2026-01-01T00:00:00Z", "seq": 1}
    written(tmp_path / "readings.ndjson", [orjson.dumps(reading)])
    with pytest.raises(InputError, match="Some files hold readings") as error:
        hours(tmp_path, "events.ndjson", "readings.ndjson")
    assert error.value.where.endswith("events.ndjson")


def test_files_that_go_back_in_time_are_refused_by_line(tmp_path: Path) -> None:
    for name, at in (("late", "12:00"), ("early", "11:00")):
        reading = {"metric": "visitors", "labels": {"site": "s"}, "as_of": f"2026-01-01T{at}:00Z", "seq": 1,
                   "catalog_version": catalog.version()}  # fmt: skip
        written(tmp_path / name, [orjson.dumps(reading)])
    with pytest.raises(InputError, match="not in order") as error:
        hours(tmp_path, "late", "early")
    assert error.value.where.endswith("early, line 1")


def test_what_is_left_out_is_told(tmp_path: Path) -> None:
    some = [view(f"{hour:02d}:30", f"v{hour}") for hour in range(8, 13)] + [ad("09:10", "click")]
    path = written(tmp_path / "events.ndjson", lines(some))
    found = from_files((path,), Settings(), NOW_MS, other_catalogs=False)
    assert any("ad: they do not say when they arrived" in notice for notice in found.notices)
