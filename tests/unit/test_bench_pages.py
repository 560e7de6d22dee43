"""What the bench writes: the arithmetic of scaling, and tables of what was measured and of nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.bench import figures, overview, page, scaling
from tests.bench.__main__ import STAGES
from tests.bench.peers.engines import ENGINES, OWN

COSTS = scaling.Costs(12.0, 20.0, 1.0, 100.0, 0.8, 25.0, [(28, 3.4), (278, 1.1), (1_389, 0.4)])
AT = {"at": "2026-01-01 00:00 UTC", "machine": "two cores"}
TOLD = {
    "drain": {**AT, "events": 10, "per_cpu_s": 80_000, "per_s": 70_000, "peak_mb": 500, "reader_per_cpu_s": 240_000},
    "rollup": {
        **AT, "empty_us": 6, "report_us": 100, "change_us": 0.8, "publish_ms": 25, "readings": 7_000,
        "changes": [[28, 3.4], [1_389, 0.4]],
    },
    "fixed": {**AT, "rows": [{"shards": n, "rate": rate, "core": 0.02 + n / 1_000 + rate / 1e5} for n in (12, 36) for rate in (0, 1_000)]},
}  # fmt: skip


def test_more_workers_carry_more_and_never_more_than_each_alone() -> None:
    found = [scaling.capacity(COSTS, workers) for workers in scaling.WORKERS]
    rates = [one.events_per_s for one in found]
    assert rates == sorted(rates)
    assert all(one.events_per_s <= one.workers * 1e6 / COSTS.event_us for one in found)


def test_the_worker_with_the_rollup_is_exactly_full() -> None:
    one = scaling.capacity(COSTS, 16)
    assert one.events_per_s * COSTS.event_us / 1e6 / 16 + one.fixed + one.rollup == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("cost", ["event_us", "worker_ms", "shard_ms", "report_us", "change_us", "publish_ms"])
def test_each_cost_that_doubles_leaves_less(cost: str) -> None:
    dearer = replace(COSTS, **{cost: 2 * getattr(COSTS, cost)})
    assert scaling.capacity(dearer, 16).events_per_s < scaling.capacity(COSTS, 16).events_per_s


def test_unit_costs_come_from_what_was_measured() -> None:
    costs = scaling.costs_of(TOLD)
    assert costs is not None
    assert (costs.event_us, costs.worker_ms, costs.shard_ms) == pytest.approx((12.5, 20, 1))


@pytest.mark.parametrize("stage", TOLD)
def test_nothing_is_computed_from_what_was_not_measured(stage: str) -> None:
    told = {name: found for name, found in TOLD.items() if name != stage}
    assert scaling.costs_of(told) is None
    assert overview.workers(told).startswith("Not measured here")


def test_what_was_not_measured_says_so() -> None:
    assert overview.overview({}).count("not measured here") == len(overview.ROWS)


def test_fixed_costs_are_a_row_a_number_of_shards() -> None:
    assert "| 36 | 5.6% | 6.6% |" in overview.fixed(TOLD)


def test_what_the_readme_says_of_speed_leaves_it_short_enough() -> None:
    rows = [
        {
            "name": engine.name,
            "title": engine.title,
            "why_not": "",
            "cpu_s_per_million": 17.2 * (1 + 40 * (engine.name != OWN)),
        }
        for engine in ENGINES
    ]
    said = overview.speed(TOLD, {"rows": rows})
    assert said.startswith(
        "One core works off 80,000 events a second (`make bench ARGS=drain`). On one job Flink takes 41 times"
    )
    filled = page.filled(page.README.read_text(encoding="utf-8"), {"speed": said})
    assert len(filled.splitlines()) <= 150


def test_every_row_of_the_overview_is_of_a_stage_that_can_be_asked_for() -> None:
    assert {stage.split()[0] for _, stage, _, _ in overview.ROWS} <= set(STAGES)


def test_both_pages_have_a_place_for_each_table() -> None:
    for path, tables in ((page.PERFORMANCE, overview.of_performance(TOLD)), (page.SCALING, overview.of_scaling(TOLD))):
        filled = page.filled(path.read_text(encoding="utf-8"), tables)
        assert all(text in filled for text in tables.values())


def test_a_stage_replaces_its_own_figures_alone(tmp_path: Path) -> None:
    path = tmp_path / "build" / "bench.json"
    figures.keep("a", {"n": 1}, path)
    figures.keep("b", {"n": 2}, path)
    figures.keep("a", {"n": 3}, path)
    assert {stage: found["n"] for stage, found in figures.read(path).items()} == {"a": 3, "b": 2}
