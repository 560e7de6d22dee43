"""Results of leads are written by the generation that publishes, all of them once it does, and where their keys say."""

from __future__ import annotations

import asyncio

import pytest

from stream.engine.commit import Commit, ShardReport
from stream.engine.groups import GROUPS
from stream.kafka.layout import Layout, ShardId
from stream.kafka.reader import OpenReader
from stream.stages.stage import Stands
from stream.worker import look_through
from stream.worker.look_through import LookThrough, Slice
from stream.worker.outputs import Outputs, placed
from stream.worker.position import Position
from stream.worker.results import Publishes, Results
from tests.laws.leads.partitions import TOPIC, Partition, Reader


def told(results: Results, told_before: bool, untold: bool = False) -> tuple[str, bool]:
    """Let a shard commit: what becomes of its results, and what its position says then."""
    report = ShardReport(True, 0, results=results.now(told=told_before))
    return report.results, results.told(report, Commit(untold=untold))


def test_a_first_generation_writes_what_it_has_and_says_nothing_of_it() -> None:
    assert told(Results(None), False) == ("written", False)


def test_a_second_one_keeps_its_results_until_it_publishes_and_then_tells_all_of_them_once() -> None:
    published = [False]
    results = Results(lambda: published[0])
    assert told(results, False) == ("kept", False)
    published[0] = True
    assert told(results, False, untold=True) == ("all", False)  # the first part
    assert told(results, False, untold=True) == ("written", False)
    assert told(results, False) == ("written", True)
    assert told(results, True) == ("written", True)


def test_who_goes_on_from_a_shard_that_had_not_told_all_begins_with_that_again() -> None:
    published = Results(lambda: True)
    assert told(published, False, untold=True) == ("all", False)
    assert told(Results(lambda: True), False) == ("all", True)
    assert told(Results(lambda: True), True) == ("written", True)


# what stands ------------------------------------------------------------------------------------------------

LAYOUT = Layout("", GROUPS.values())
SHARDS = {"leads": 2}


def key(lead: str) -> str:
    return f'["s1","lead_id","{lead}"]'


def looking(
    partitions: dict[int, Partition], count: int = 2, *, publishes: Publishes = None
) -> tuple[Results, OpenReader]:
    """Give what shard 1 of leads has to look through, and the reader of it."""
    outputs = Outputs(LAYOUT, ShardId("leads", 1), SHARDS, results_in={TOPIC: count})
    return Results(publishes, LookThrough.of(outputs)), lambda **_: Reader(partitions)  # type: ignore[return-value]


def records(*rows: tuple[bytes | None, bytes | None]) -> Partition:
    return [(at, 0, name, value, ()) for at, (name, value) in enumerate(rows)]


def by_place(count: int, *leads: str) -> list[list[str]]:
    """Share leads out over partitions as their keys say."""
    where = placed([key(lead) for lead in leads], count)
    return [[lead for lead, at in zip(leads, where, strict=True) if at == place] for place in range(count)]


def test_a_shard_looks_once_through_its_share_and_ends_what_lies_elsewhere() -> None:
    (elsewhere, *_), (here, over, *_) = by_place(2, *(f"l{n}" for n in range(12)))
    mine = records(
        (key(elsewhere).encode(), b'{"version":7}'), (key(here).encode(), b'{"version":3}'), (b"\xff", b"foreign"),
        (key(over).encode(), b'{"version":2}'), (key(over).encode(), None), (None, b"foreign"),
    )  # fmt: skip
    results, reader = looking({1: mine})
    position = Position({})
    assert results.slice(position, "written") == Slice(), "not read yet"
    asyncio.run(results.read(position, reader))
    some = results.slice(position, "written")
    assert some.stands == (Stands(key(elsewhere), 7), Stands(key(here), 3))
    assert some.ended == ((TOPIC, 1, [(key(elsewhere).encode(), None, None, [])]),)
    assert position.placed == 2
    assert results.slice(position, "written") == Slice()


def test_who_goes_on_looks_again_only_if_the_topic_has_other_partitions_by_now() -> None:
    seen = {1: records(), 3: records((key("l1").encode(), b'{"version":7}'))}
    results, reader = looking(seen)
    position = Position({}, placed=2)
    asyncio.run(results.read(position, reader))
    assert results.slice(position, "written") == Slice()
    results, reader = looking(seen, 5)
    asyncio.run(results.read(position, reader))
    assert [one.key for one in results.slice(position, "written").stands] == [key("l1")], "of partitions 1 and 3"
    assert position.placed == 5


def test_a_part_is_taken_with_each_commit_and_the_position_says_when_all_is_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(look_through, "SLICE", 2)
    results, reader = looking({1: records(*((key(f"l{n}").encode(), b"?") for n in range(5)))})
    position = Position({})
    asyncio.run(results.read(position, reader))
    told = [(len(results.slice(position, "written").stands), position.placed) for _ in range(3)]
    assert told == [(2, 0), (2, 0), (1, 2)]


def test_another_generation_looks_when_it_publishes() -> None:
    published = [False]
    results, reader = looking({1: records((key("l1").encode(), b"?"))}, publishes=lambda: published[0])
    position = Position({})
    asyncio.run(results.read(position, reader))
    assert results.slice(position, "kept") == Slice()
    published[0] = True
    asyncio.run(results.read(position, reader))
    assert [one.key for one in results.slice(position, "all").stands] == [key("l1")]
    assert position.placed == 2


def test_shards_of_other_groups_have_nothing_to_look_through() -> None:
    assert LookThrough.of(Outputs(LAYOUT, ShardId("visitors", 1), SHARDS)) is None
