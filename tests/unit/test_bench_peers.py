"""The comparison with other engines: what is pure of it. The reference finds what is wrong, and what was not had is never counted."""

from __future__ import annotations

import re
import sys
from collections import Counter
from pathlib import Path

import orjson
import pytest

from tests.bench import page
from tests.bench.peers import environments, table
from tests.bench.peers.__main__ import tables
from tests.bench.peers.engines import ENGINES, OWN
from tests.bench.peers.environments import NotHere
from tests.bench.peers.job import PARTITIONS, Job
from tests.bench.peers.program import Program, Run, result
from tests.bench.peers.reference import Answer, People, answer, deviation, told

HERE = Path(table.__file__).parent
END_MS = 1_790_000_100_000


@pytest.fixture(scope="module")
def values() -> list[bytes]:
    return [event.value for _, event in Job(5_000, END_MS).records()]


def test_the_job_is_as_it_is_described(values: list[bytes]) -> None:
    events = [orjson.loads(value) for value in values]
    ids = Counter(event["id"] for event in events)
    assert len(events) == 5_000
    assert 30 <= 5_000 - len(ids) <= 70  # 1 % come twice
    assert 0.03 < sum(event["type"] == "form" for event in events) / 5_000 < 0.07
    assert len({event["data"]["campaign"]["medium"] for event in events}) == 12
    assert 375 < sum(map(len, values)) / 5_000 < 395


def test_the_same_seed_gives_the_same_records_and_a_visitor_stays_in_a_partition() -> None:
    one, again = (list(Job(500, END_MS).records()) for _ in range(2))
    assert one == again
    places = {(event.key, partition) for partition, event in one}
    assert len(places) == len({key for key, _ in places})
    assert {partition for _, partition in places} == set(range(PARTITIONS))


def test_the_first_events_are_out_of_order_and_the_last_are_not_later_than_the_end(values: list[bytes]) -> None:
    times = [event.time_ms for event in told(values)]
    assert times != sorted(times)
    assert END_MS - 10_000 < max(times) <= END_MS


def test_the_three_orders_agree_where_nothing_is_out_of_order_or_twice(values: list[bytes]) -> None:
    events = sorted({event.id: event for event in told(values)}.values(), key=lambda event: event.time_ms)
    assert answer(events) == answer(events, "time") == answer(events, "unique")


def test_every_number_that_is_off_by_one_is_seen(values: list[bytes]) -> None:
    right = answer(told(values))
    assert deviation(right, right) == ""
    place = next(iter(right.cells))
    for column in range(4):
        cells = {key: list(counts) for key, counts in right.cells.items()}
        cells[place][column] += 1
        assert deviation(Answer(cells, right.people), right).startswith("1 of ")
    assert right.people is not None
    for name in People._fields:
        people = right.people._replace(**{name: getattr(right.people, name) - 1})
        assert deviation(Answer(right.cells, people), right) == f"of visitors {name}"


def test_a_missing_and_a_needless_cell_are_seen() -> None:
    right = Answer({"0|qr": [1, 1, 0, 0]})
    assert "1 of 1 cells: page views 0 for 1" in deviation(Answer(), right)
    assert "1 of 1 cells: page views 2 for 1" in deviation(Answer({**right.cells, "1|qr": [1, 0, 0, 0]}), right)


def test_an_engine_that_failed_once_is_named_and_not_counted() -> None:
    own, other = ENGINES[0], ENGINES[2]
    run = Run(1_000, 1.0, 0.02, 0.1, 50.0)
    rows = [table.row(own, [run], ""), table.row(other, [run], "", "ended with code 1")]
    shown = table.costs(rows)
    assert f"| {other.title} |" not in shown
    assert f"Not had on this machine, and not counted: {other.title} (ended with code 1)." in shown


def test_a_deviation_stands_in_the_table() -> None:
    assert "| 3 of 9 cells |" in table.costs(
        [table.row(ENGINES[2], [Run(1_000, 1.0, 0.02, 0.1, 50.0)], "3 of 9 cells")]
    )


def test_the_reader_that_answers_nothing_is_not_called_right() -> None:
    reader = next(engine for engine in ENGINES if not engine.answers)
    assert table.row(reader, [Run(1_000, 1.0, 0.02, 0.1, 50.0)], "")["deviation"] == ""


def test_the_last_result_counts_and_broken_output_is_none() -> None:
    assert result('RESULT {"n": 1}\nlog RESULT {"n": 2}\n') == {"n": 2}
    assert result("Killed\n") is None


def test_what_a_machine_lacks_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environments.shutil, "which", lambda tool: None if tool == "javac" else tool)
    with pytest.raises(NotHere, match="no javac"):
        environments.java("streams", "Streams")


def test_the_reason_why_an_environment_failed_is_its_first_error() -> None:
    said = [sys.executable, "-c", "import sys; sys.exit('looking\\nERROR: no such package\\nhint: none')"]
    with pytest.raises(NotHere, match="its packages could not be installed: ERROR: no such package"):
        environments.run(said, "its packages could not be installed")


def test_a_program_that_ends_without_a_result_says_how() -> None:
    said = "print('first'); print('no memory'); raise SystemExit(3)"
    with Program([sys.executable, "-c", said], {}) as program, pytest.raises(NotHere, match="with code 3: no memory"):
        program.run(1, 60)


def test_a_program_is_told_by_variables_and_its_result_is_taken() -> None:
    told_back = """import os, json
print('RESULT ' + json.dumps({'wall_s': 2.0, 'cpu_s': 1.0, 'start_cpu_s': 0.1, 'people': None,
    'cells': {os.environ['J1_TOPIC']: [1, 1, 0, 0]}}))"""
    with Program([sys.executable, "-c", told_back], {"TOPIC": "0|qr"}) as program:
        run = program.run(10, 60)
    assert (run.events, run.cpu_s, run.answer) == (10, 1.0, Answer({"0|qr": [1, 1, 0, 0]}))


def test_only_leadpulse_runs_without_a_program() -> None:
    assert [engine.name for engine in ENGINES if engine.command is None] == [OWN]


def test_locks_hold_each_package_by_its_hashes_and_name_no_place() -> None:
    locks = sorted((HERE / "requirements").glob("*.lock"))
    assert [lock.stem for lock in locks] == sorted(path.stem for path in (HERE / "requirements").glob("*.in"))
    for lock in locks:
        text = lock.read_text(encoding="utf-8")
        pins = re.findall(r"^[\w.-]+(?:\[[\w,-]+\])?==\S+(?: ; .*)? \\$", text, re.MULTILINE)
        assert len(pins) == len(re.findall(r"^[\w]", text, re.MULTILINE)), lock
        assert "//" not in text, lock


def test_a_sitting_fills_the_page() -> None:
    sitting = {
        "at": "now", "machine": "two cores", "events": 10, "light": True, "rounds": 3, "rate": 1_000,
        "rows": [table.row(ENGINES[0], [Run(1_000, 1.0, 0.02, 0.1, 50.0)], "")],
        "loads": [{"title": "a", "idle": 1.0, "busy": 2.0, "peak_mb": 3.0, "why_not": ""}],
    }  # fmt: skip
    filled = page.filled(page.PERFORMANCE.read_text(encoding="utf-8"), tables(sitting))
    assert "| a | 1.0 % | 2.0 % | 3 |" in filled
    assert "two cores; now; medians of 3 rounds, engines in turn; slow engines with fewer events" in filled


def test_a_page_without_marks_is_an_error() -> None:
    with pytest.raises(KeyError, match="0 pairs of marks for peers"):
        page.filled("", {"peers": "x"})
