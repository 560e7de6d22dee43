"""Whatever happens to shards, rollup and consumer group: when it is over, four witnesses say the same whole numbers."""

from __future__ import annotations

import pytest

from tests.chaos.sim import mutants
from tests.chaos.sim.faults import Plan
from tests.chaos.sim.world import World
from tests.chaos.simulate import failures
from tests.examples import examples

PARTS = 6  # so that processes of tests can share them


@pytest.mark.parametrize("part", range(PARTS))
def test_state_reference_topic_and_gauges_agree_after_any_faults(part: int) -> None:
    each = examples(400) // PARTS
    found = failures(range(1 + part * each, 1 + part * each + each))
    assert not found, f"{found}\nagain: python -m tests.chaos.simulate --seed {next(iter(found))}"


@pytest.mark.parametrize("name", mutants.MUTANTS)
def test_a_fault_planted_in_the_protocol_is_seen(name: str) -> None:
    with mutants.planted(name):
        assert any(World(seed).run() for seed in range(1, 400))


@pytest.mark.parametrize("name", mutants.MUTANTS)
def test_a_planted_fault_does_no_harm_where_nothing_else_happens(name: str) -> None:
    with mutants.planted(name):  # one that breaks whatever it touches would be seen for that alone
        assert [World(seed, Plan()).run() for seed in range(1, 4)] == [[]] * 3


def test_a_seed_gives_the_same_run_each_time() -> None:
    runs = [World(11) for _ in range(2)]
    for run in runs:
        run.run()
    one, other = ({tp: part.entries for tp, part in run.broker.partitions.items()} for run in runs)
    assert one.keys() == other.keys()
    for tp, entries in one.items():
        assert [record for record, _ in entries] == [record for record, _ in other[tp]], tp
