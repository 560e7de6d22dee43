"""What `leadpulse status` calls wrong, and what it says of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stream.changes.deltas import Delta, pack
from stream.cli import status as command
from stream.cli.status_model import status
from stream.engine.groups import GROUPS
from stream.kafka.inspect import Inspection, Newest
from stream.kafka.layout import Layout
from stream.kafka.topic_plan import TopicPlan
from stream.kafka.topic_spec import Found

NOW_MS = 1_000_000
LAYOUT = Layout("", GROUPS.values())
PLAN = TopicPlan(LAYOUT, 1)
ACCOUNT = {"ad/accepted": 5, "ad/counted": 3, "ad/duplicate": 1, "ad/dead_lettered/not_json": 1}


def delta(group: str, **changed: object) -> Newest:
    told = Delta(
        group, 0, 7, [], b"", b"", b"", [], {}, None, True, NOW_MS, {}, [], ACCOUNT if group == "ads" else {}, {}, {}
    )
    for name, value in changed.items():
        setattr(told, name, value)
    return Newest(NOW_MS - 1_000, pack(told)[0], NOW_MS)


def healthy() -> Inspection:
    names = [spec.name for spec in PLAN.specs]
    newest = {(LAYOUT.deltas(group), 0): delta(group) for group in GROUPS}
    return Inspection(
        PLAN.specs,
        {spec.name: Found(spec.partitions) for spec in PLAN.specs},
        "Stable",
        {(topic, 0): "w1@host" for topics in LAYOUT.assigned().values() for topic in topics},
        ("w1@host",),
        {(name, 0): 10 for name in names},
        {(name, 0): 0 for name in names},
        {(name, 0): 10 for name in names},
        {**newest, (LAYOUT.metrics, 0): Newest(NOW_MS - 500, b'{"complete":true,"as_of":"x"}', NOW_MS)},
        0.4,
    )


def problems(seen: Inspection, at_ms: int = NOW_MS) -> list[str]:
    return [problem.what for problem in status(seen, LAYOUT, "leadpulse", at_ms).problems]


def test_an_installation_that_runs_has_no_problem_and_says_how_it_is():
    found = status(healthy(), LAYOUT, "leadpulse", NOW_MS)
    assert found.healthy
    assert found.table["account"]["conservation_error"] == 0
    assert found.table["dead_letters"]["by_reason"] == {"not_json": 1}
    shown = "\n".join(command.lines(found.table))
    assert "account: 5 accepted = 3 counted, 1 duplicate, 0 filtered, 1 dead-lettered; off by 0" in shown
    assert "rollup: complete, published 0.5 s ago, w1@host; history is kept" in shown


def test_an_installation_without_history_is_healthy_and_says_so() -> None:
    seen = healthy()
    there = {name: one for name, one in seen.found.items() if name != LAYOUT.history}
    found = status(replace(seen, found=there), LAYOUT.running(there), "leadpulse", NOW_MS)
    assert found.healthy
    assert "; history is not kept" in "\n".join(command.lines(found.table))


def test_a_source_whose_topic_may_be_missing_is_said_to_be_and_is_no_problem():
    there = {name: found for name, found in healthy().found.items() if name not in ("cost", "crm", LAYOUT.touches)}
    running = LAYOUT.running(there)
    table = status(replace(healthy(), found=there), running, "leadpulse", NOW_MS, LAYOUT).table
    assert {source["kind"] for source in table["sources"] if source["missing"]} == {"cost", "crm", "privacy"}
    shown = {line.split()[0]: line for line in command.lines(table) if "source missing" in line}
    assert set(shown) == {"cost", "crm", "privacy"}


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"members": ()}, "No worker runs."),
        ({"found": {}}, "topic(s) are missing"),
        ({"ahead_s": 1_800.0}, "clock is 1800 s ahead"),
        ({"ahead_s": -30.0}, "clock is 30 s behind"),
        ({"newest": {}}, "have not committed"),
        ({"found": {spec.name: Found(2 if spec.name == "form" else 1) for spec in PLAN.specs}}, "1 partition(s) were"),
    ],
)
def test_each_thing_that_is_wrong_is_told(changed, says):
    assert any(says in what for what in problems(replace(healthy(), **changed)))


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"caught_up": False, "lag_records": {"ad": 400}}, "1 shard(s) are behind: 400 records"),
        ({"account": {"ad/accepted": 5, "ad/counted": 3}}, "do not balance: 2 record(s)"),
    ],
)
def test_what_a_shard_reports_of_itself_is_judged(told, says):
    seen = healthy()
    newest = {**seen.newest, (LAYOUT.deltas("ads"), 0): delta("ads", **told)}
    assert any(says in what for what in problems(replace(seen, newest=newest)))


def test_a_shard_that_has_just_committed_is_not_silent():
    assert problems(healthy(), NOW_MS - 1_000) == []


def test_a_shard_that_is_silent_is_no_longer_believed():
    assert problems(healthy(), NOW_MS + 60_000) == [
        "4 shard(s) have not committed for 15 s.",
        "Nothing was published lately: the figures are the last ones.",
    ]
