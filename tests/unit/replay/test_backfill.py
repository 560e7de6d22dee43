"""Back-fill: the readings of each step, and the text that they become."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from stream.__main__ import run
from stream.catalog import BY_NAME
from stream.contract.readings import Reading
from stream.contract.times import format_ms
from stream.demo.simulate import Plan
from stream.demo.simulate import run as simulate
from stream.errors import InputError, UsageError
from stream.replay.openmetrics import History
from stream.replay.replay import ReplayOptions, replay
from stream.replay.steps import Backfill, Steps
from stream.serve.prometheus import Exposition, Snapshot
from tests.unit.golden.events import Envelope, at_ms, view
from tests.unit.golden.story import Story, lines
from tests.unit.golden.test_golden import STORIES

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
NOW_MS = at_ms("12:00")
#: Room for all that this traffic shows: what is folded for want of it depends on when it came.
OPTIONS = ReplayOptions(now_ms=NOW_MS, most_readings=100_000)


class Watched(History):
    """A history that also keeps what it is given."""

    def __init__(self, **options: Any) -> None:
        super().__init__(BY_NAME, **options)
        self.snapshots: list[Snapshot] = []

    def add(self, snapshot: Snapshot) -> None:
        self.snapshots.append(snapshot)
        super().add(snapshot)

    def text(self) -> str:
        out = io.BytesIO()
        self.write(out)
        return out.getvalue().decode()


def filled(
    events: list[bytes], every_ms: int, options: ReplayOptions = OPTIONS, from_ms: int | None = None,
    metrics: tuple[str, ...] = (), **more: Any,
) -> Watched:  # fmt: skip
    history = Watched(**more)
    Backfill(options, Steps(every_ms, from_ms), metrics).fill(events, history)
    return history


def steps_of(events: list[Envelope], every_ms: int = 5 * MINUTE_MS, **more: Any) -> list[str]:
    """Give the steps as times of the day."""
    history = filled(lines(events), every_ms, metrics=("visitors",), **more)
    stamps = re.findall(r"^leadpulse_visitors\{.*\} \S+ (\d+)$", history.text(), re.MULTILINE)
    return [format_ms(int(stamp) * 1_000)[11:16] for stamp in dict.fromkeys(stamps)]


def same(snapshot: Snapshot, events: Iterable[bytes], options: ReplayOptions) -> None:
    """Compare a step with a replay of its moment, but for the number of the reading.

    A step may show some series more, at 0: in a replay that folds all at once, an event that changes what an earlier
    one stands for leaves nothing behind.
    """
    replayed = replay(events, replace(options, at_ms=snapshot.as_of_ms)).readings
    found, expected = (
        {(r.metric, r.window, *sorted(r.labels.items())): msgspec.structs.replace(r, seq=0) for r in readings}
        for readings in (snapshot.readings, replayed)
    )
    assert {key: found.get(key) for key in expected} == expected, format_ms(snapshot.as_of_ms)
    more = [found[key] for key in found.keys() - expected.keys()]
    assert [r for r in more if r.denominator or (r.denominator is None and r.value)] == []


@cache
def simulated() -> tuple[bytes, ...]:
    """Give two hours of traffic with everything in it: totals, repeats, late, broken and clock-ahead events."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.ndjson"
        simulate(Plan(rate=0.5, seed=5, length_ms=2 * HOUR_MS, out=str(path), end_ms=NOW_MS), lambda _: None)
        return tuple(path.read_bytes().splitlines())


# -- figures


@pytest.mark.parametrize("story", [story for story in STORIES if "label_limit" not in story.options], ids=str)
def test_each_step_reads_what_a_replay_of_that_moment_reads(story: Story) -> None:
    events, options = lines(story.events), replace(OPTIONS, **story.options, at_ms=at_ms(story.at))
    every_ms = 20 * MINUTE_MS
    last_ms = at_ms(story.at) // every_ms * every_ms
    history = filled(events, every_ms, options, from_ms=last_ms - 6 * every_ms)
    if not history.snapshots:  # nothing is counted in this story
        assert replay(events, options).account.counted == 0
        return
    assert history.snapshots[-1].as_of_ms == last_ms
    for snapshot in history.snapshots[::3]:
        same(snapshot, events, options)


def test_each_step_over_simulated_traffic_reads_what_a_replay_of_that_moment_reads() -> None:
    events = list(simulated())
    history = filled(events, 5 * MINUTE_MS)
    assert len(history.snapshots) == 23
    for snapshot in history.snapshots[1::7]:
        same(snapshot, events, OPTIONS)


def test_the_account_is_that_of_a_replay() -> None:
    for at in (None, NOW_MS - HOUR_MS):
        options = replace(OPTIONS, at_ms=at)
        history = Watched()
        account = Backfill(options, Steps(7 * MINUTE_MS)).fill(simulated(), history)
        assert account == replay(simulated(), options).account


# -- steps


@pytest.mark.parametrize(
    ("times", "at", "since", "steps"),
    [
        # the first step after the first event; no step after the newest event
        (["10:01", "10:11"], None, None, ["10:05", "10:10"]),
        # an event at a step is not before it, so that step shows nothing of it
        (["10:05", "10:15"], None, None, ["10:10", "10:15"]),
        # just before a step: a replay would read 1 ms later, and that is the step
        (["10:01", "10:09:59.999"], None, None, ["10:05", "10:10"]),
        # --at is the last step; windows run empty up to it
        (["10:01"], "10:16", None, ["10:05", "10:10", "10:15"]),
        (["10:01"], "10:15", None, ["10:05", "10:10", "10:15"]),
        # --from is the first, rounded up
        (["10:01", "10:31"], None, "10:20", ["10:20", "10:25", "10:30"]),
        (["10:01", "10:31"], None, "10:21", ["10:25", "10:30"]),
        (["10:01", "10:11"], None, "09:00", ["10:05", "10:10"]),
        # nothing to show
        (["10:01", "10:02"], None, None, []),
        (["10:01", "10:11"], None, "11:00", []),
        ([], "11:00", None, []),
    ],
)
def test_steps_are_multiples_of_their_length(times, at, since, steps) -> None:
    events = [view(time, f"v{number}") for number, time in enumerate(times)]
    options = replace(OPTIONS, at_ms=None if at is None else at_ms(at))
    assert steps_of(events, options=options, from_ms=None if since is None else at_ms(since)) == steps


def test_a_time_after_the_arrival_is_the_arrival() -> None:
    ahead = {**view("10:31", "v1"), "recordedtime": format_ms(at_ms("10:11"))}
    history = filled(lines([view("10:01", "v0"), ahead, view("10:21", "v2")]), 5 * MINUTE_MS, metrics=("visitors",))
    seen = re.findall(r'^leadpulse_visitors\{site="s1",window="1h"\} (\S+)', history.text(), re.MULTILINE)
    assert seen == ["1.0", "1.0", "2.0", "2.0"]  # 10:05, 10:10, 10:15, 10:20


@pytest.mark.parametrize("time", ["1999-01-01T00:00:00Z", "2099-01-01T00:00:00Z", "2025-06-15T11:00:00Z"])
def test_a_line_that_counts_for_nothing_makes_no_steps(time: str) -> None:
    wrong = {**view("10:06", None), "time": time}
    wrong["data"] = {"site_id": "s1"}
    assert steps_of([view("10:01", "v0"), view("10:11", "v1"), wrong]) == ["10:05", "10:10"]


def test_a_history_of_decades_is_refused_before_it_is_read() -> None:
    old = {**view("10:01", "v0"), "time": "2001-01-01T00:00:00Z"}
    with pytest.raises(UsageError, match=r"2,\d\d\d,\d\d\d steps of 5m; 300,000 is the most"):
        steps_of([old, view("10:11", "v1")])


def test_a_window_of_its_own_need_not_fit_the_steps() -> None:
    options = replace(OPTIONS, windows=("7m", "400d"))
    events = lines([view("10:01", "v0"), view("10:04", "v1"), view("10:21", "v2")])
    found = filled(events, 5 * MINUTE_MS, options, metrics=("visitors",)).text()
    seen = re.findall(r'window="(\w+)"\} (\S+) (\d+)', found)
    begin_s = at_ms("10:00") // 1_000
    shown = {window: [(v, (int(at) - begin_s) // 60) for w, v, at in seen if w == window] for window in ("7m", "400d")}
    assert shown == {
        "7m": [("2.0", 5), ("1.0", 10), ("0.0", 15), ("0.0", 20)],
        "400d": [("2.0", 5), ("2.0", 10), ("2.0", 15), ("2.0", 20)],
    }


# -- text


def test_a_history_is_written_as() -> None:
    events = lines([view("10:01", "v0"), view("10:11", "v1")])
    options = replace(OPTIONS, windows=("1h",))
    text = filled(events, 5 * MINUTE_MS, options, metrics=("visitors", "complete"), as_of=False).text()
    assert text.splitlines() == [
        "# TYPE leadpulse_complete gauge",
        f"# HELP leadpulse_complete {BY_NAME['complete'].help}",
        "leadpulse_complete 1.0 1749981900",
        "leadpulse_complete 1.0 1749982200",
        "# TYPE leadpulse_visitors gauge",
        f"# HELP leadpulse_visitors {BY_NAME['visitors'].help}",
        'leadpulse_visitors{site="s1",window="1h"} 1.0 1749981900',
        'leadpulse_visitors{site="s1",window="1h"} 1.0 1749982200',
        "# EOF",
    ]


def test_openmetrics_reads_it_and_finds_what_the_metrics_page_shows() -> None:
    """The parser refuses families and metrics that are not together, times that fall, and names that clash."""
    history = filled(list(simulated()), 20 * MINUTE_MS)
    text = history.text()
    assert text.endswith("\n# EOF\n")
    assert all(family.samples for family in text_string_to_metric_families(text))
    written = [line.rsplit(" ", 2) for line in text.splitlines() if not line.startswith("#")]
    exposition = Exposition(BY_NAME)
    shown = [
        [sample.text.rstrip(), repr(float(sample.value)), str(snapshot.as_of_ms // 1_000)]
        for snapshot in history.snapshots
        for family in exposition.families(snapshot)
        for sample in family.samples
    ]
    assert sorted(written) == sorted(shown)
    kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))
    assert kinds["leadpulse_events"] == "counter"
    assert kinds["leadpulse_funnel_step_seconds"] == "summary"
    assert kinds["leadpulse_visit_to_lead_ratio_numerator"] == "gauge"


def test_what_went_through_a_temporary_file_is_the_same() -> None:
    small, large = (filled(list(simulated()), 10 * MINUTE_MS, most_held=held) for held in (1_000, 10**9))
    with small, large:
        assert small.text() == large.text()


def test_a_temporary_file_that_cannot_be_written_is_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/nowhere")
    with pytest.raises(InputError, match="temporary file cannot be written: No such file or directory"):
        filled(list(simulated()), 10 * MINUTE_MS, most_held=1_000)


HOSTILE = ('quoted "x"', "back\\slash", "line\nbreak", "é ✓ 漢", "a{b}=c,d # EOF", "x" * 64)


def hostile(tmp_path: Path) -> Path:
    readings = tuple(
        Reading("sessions", {"site": site}, "1h", 1.5, None, None, None, 0, 1, 1, True, 0, 1, "v") for site in HOSTILE
    )
    history = Watched()
    for minute in range(0, 20, 5):
        history.add(Snapshot(readings, NOW_MS + minute * MINUTE_MS))
    path = tmp_path / "history.om"
    with path.open("wb") as out:
        assert history.write(out) == 4 * (len(HOSTILE) + 1)
    return path


def test_label_values_of_any_kind_come_back(tmp_path: Path) -> None:
    families = text_string_to_metric_families(hostile(tmp_path).read_text())
    sites = {sample.labels["site"] for family in families for sample in family.samples if sample.labels}
    assert sites == set(HOSTILE)


@pytest.mark.prometheus
def test_promtool_takes_label_values_of_any_kind(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    assert promtool is not None
    command = [promtool, "tsdb", "create-blocks-from", "openmetrics", str(hostile(tmp_path)), str(tmp_path / "data")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (tmp_path / "data" / "wal").mkdir()  # without one promtool dumps nothing
    dumped = subprocess.run([promtool, "tsdb", "dump", str(tmp_path / "data")], capture_output=True, check=True)
    assert len(re.findall(rb"leadpulse_sessions", dumped.stdout)) == 4 * len(HOSTILE)


# -- the command


@pytest.fixture
def events(tmp_path: Path) -> Path:
    path = tmp_path / "events.ndjson"
    path.write_bytes(b"\n".join(lines([view("10:01", "v0"), view("10:11", "v1"), {**view("10:12", "v2"), "time": 5}])))
    return path


def test_the_command_writes_the_history_and_says_what_it_holds(events: Path, capfd) -> None:
    assert run(["replay", "--format", "openmetrics", "--metric", "visitors", "--window", "1h", str(events)]) == 0
    out, err = capfd.readouterr()
    assert out.splitlines()[2:] == [
        'leadpulse_visitors{site="s1",window="1h"} 1.0 1749981900',
        'leadpulse_visitors{site="s1",window="1h"} 1.0 1749982200',
        "# EOF",
    ]
    assert re.search(r"^accepted +3$", err, re.MULTILINE)
    assert re.search(r"^counted +2$", err, re.MULTILINE)
    assert "2  steps of 5m, 2025-06-15T10:05:00.000Z to 2025-06-15T10:10:00.000Z; 1 series, 2 samples" in err


def test_a_history_without_a_step_says_so(events: Path, capfd) -> None:
    assert run(["replay", "--format", "openmetrics", "--every", "1h", str(events)]) == 0
    out, err = capfd.readouterr()
    assert out == "# EOF\n"
    assert "No multiple of 1h lies between the first event and the last" in err


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("--every 5m", "Add --format ndjson or openmetrics"),
        ("--from 2026-03-01T00:00:00Z", "Add --every with --format ndjson, or --format openmetrics"),
        ("--format ndjson --from 2026-03-01T00:00:00Z", "Add --every, or leave it out"),
        ("--format ndjson --every 0s", "is not whole seconds"),
        ("--format openmetrics --every 5", "is not a duration"),
        ("--format openmetrics --every 0s", "is not whole seconds"),
        ("--format openmetrics --every 1500ms", "is not whole seconds"),
        ("--format openmetrics --from 2026-03-01", "a time with its zone"),
        ("--format openmetrics --from 2026-03-02T00:00:00Z --at 2026-03-01T00:00:00Z", "would end before it begins"),
        ("--format openmetrics --metric visitor", "Did you mean visitors?"),
        ("--format prometheus", "'openmetrics'"),
    ],
)
def test_wrong_input_is_one_message(options: str, says: str, events: Path, capfd) -> None:
    assert run(["replay", *options.split(), str(events)]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert says in err
    assert len(err.splitlines()) <= 8
    assert orjson.loads(events.read_bytes().splitlines()[0])  # the file is as it was
