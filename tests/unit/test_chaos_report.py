"""The table of the fault suite: each scenario once, and no verdict better than what ran."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.chaos import nodes, report
from tests.chaos.__main__ import _one
from tests.chaos.ground import Ground
from tests.chaos.outcome import NotHere, Outcome, Row, Scenario
from tests.chaos.table import SCENARIOS

ROOT = Path(__file__).resolve().parents[2]


def test_each_scenario_has_one_row_and_something_that_runs_it() -> None:
    assert len({one.id for one in SCENARIOS}) == len(SCENARIOS)
    assert [one.id for one in SCENARIOS if one.run is None and not one.nodes and not one.why_not] == []


def test_every_test_that_is_named_is_there() -> None:
    lost = []
    for one in SCENARIOS:
        for node in one.nodes:
            path, _, name = node.partition("::")
            source = (ROOT / path).read_text(encoding="utf-8")
            if name and f"def {name.partition('[')[0]}(" not in source:
                lost.append((one.id, node))
    assert lost == []


def test_the_page_shows_every_scenario_as_the_table_has_it() -> None:
    page = report.PAGE.read_text(encoding="utf-8")
    assert [one.id for one in SCENARIOS if f"| {one.id} | {one.what} | {one.passes} |" not in page] == []


def lacks(ground: Ground, long: bool) -> Outcome:
    raise NotHere("no Java")


def breaks(ground: Ground, long: bool) -> Outcome:
    raise ValueError("oh")


@pytest.mark.parametrize(
    ("run", "verdict", "why"),
    [
        (lambda ground, long: Outcome([], 3, 4.0, 30.0), "passed", ""),
        (lambda ground, long: Outcome(["one too many"], 3), "failed", "one too many"),
        (lambda ground, long: Outcome([], 3, 31.0, 30.0), "failed", "right again after 31 s, and not within 30 s"),
        (lacks, "not run", "no Java"),
        (breaks, "failed", "ValueError: oh"),
    ],
)
def test_a_verdict_says_what_ran(run, verdict: str, why: str) -> None:  # type: ignore[no-untyped-def]
    row = _one(Scenario("T1", "", "", run), Ground(), False)
    assert (row.verdict, row.why) == (verdict, why)


def test_a_test_that_is_not_there_is_not_run() -> None:
    with pytest.raises(NotHere, match="no such test"):
        nodes.run(Scenario("T1", "", "", nodes=("tests/unit/test_of_nothing.py",)), False)


def test_a_later_run_takes_the_place_of_a_former_one_and_leaves_the_others(tmp_path: Path) -> None:
    path, scenarios = tmp_path / "chaos.json", [Scenario(id, "", "") for id in ("A", "B", "C")]
    report.write([Row("B", "failed", why="x"), Row("A", "passed", 2, 1.5)], scenarios, path)
    report.write([Row("B", "passed", 1)], scenarios, path)
    assert json.loads(path.read_text()) == [
        {"id": "A", "verdict": "passed", "injected": 2, "rto_s": 1.5, "why": ""},
        {"id": "B", "verdict": "passed", "injected": 1, "rto_s": None, "why": ""},
        {"id": "C", "verdict": "not run", "injected": 0, "rto_s": None, "why": "not asked for"},
    ]
