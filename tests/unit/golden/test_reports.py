"""Golden cases of what shards report of their sources: no file of events can show it."""

from __future__ import annotations

import orjson
from msgspec.structs import replace

from stream.changes.deltas import Delta, pack
from stream.contract.records import Record
from stream.engine.commit import ShardReport
from stream.engine.shard import ShardFold
from stream.ingest.route import partitions_of
from stream.rollup.rollup import Rollup, RollupOptions
from tests.unit.golden.events import at_ms, view

NOON = at_ms("12:00")


def totals(rollup: Rollup, metric: str) -> dict[tuple[str, ...], object]:
    return {tuple(r.labels.values()): r.value for r in rollup.readings(None) if r.metric == metric}


def test_lag_and_missing_topics_of_all_shards_come_together() -> None:
    rollup = Rollup(RollupOptions({"visitors": 2}))
    reports = (
        ShardReport(False, NOON, {"page_view": 10, "form": 0}),
        ShardReport(True, NOON, {"page_view": 5}, ("chatbot",)),
    )
    for shard, report in enumerate(reports):
        rollup.apply(ShardFold("visitors", shard, 2).changes(1, report).deltas[0])
    assert totals(rollup, "source_lag_records") == {("page_view",): 15, ("form",): 0}
    assert totals(rollup, "source_missing") == {("chatbot",): 1}
    assert totals(rollup, "complete") == {(): 0}


def test_a_record_on_the_wrong_partition_is_forwarded_and_counted_as_that() -> None:
    names = [f"v{n}" for n in range(20)]
    homes = partitions_of(names, 2, "murmur2").tolist()
    records: list[Record] = [
        (n, NOON, None, orjson.dumps({**view("11:00", name), "id": name}), ()) for n, name in enumerate(names)
    ]
    here, there = ShardFold("visitors", 0, 2), ShardFold("visitors", 1, 2)
    here.fold([("page_view", records)])
    changes = here.changes(1, ShardReport(True, NOON))
    assert [forward.partition for forward in changes.forwards] == [1] * sum(homes)
    there.fold([("reroute", [(0, 0, f.key, f.value, tuple(f.headers)) for f in changes.forwards])])
    rollup = Rollup(RollupOptions({"visitors": 2}))
    rollup.apply(changes.deltas[0])
    rollup.apply(there.changes(1, ShardReport(True, NOON)).deltas[0])
    assert totals(rollup, "rerouted_total") == {("page_view",): sum(homes)}
    assert totals(rollup, "events_total") == {("page_view", "counted", ""): 20}
    assert totals(rollup, "conservation_error") == {(): 0}


def test_a_group_that_does_not_run_is_shown_as_missing() -> None:
    rollup = Rollup(RollupOptions({"visitors": 1}, absent=("ad",)))
    rollup.apply(ShardFold("visitors", 0, 1).changes(1, ShardReport(True, NOON)).deltas[0])
    assert totals(rollup, "source_missing") == {("ad",): 1}


def test_figures_of_leads_are_complete_once_what_was_told_of_people_is_taken_in() -> None:
    empty = Delta("visitors", 0, 1, [], b"", b"", b"", [], {}, None, True, 0, {}, [], {}, {}, {})
    rollup = Rollup(RollupOptions({"visitors": 1, "leads": 1}, told=("leads",)))
    for delta in (replace(empty, sent={0: 4}), replace(empty, group="leads", taken={"visitors/0": 3})):
        rollup.apply(pack(delta)[0], NOON)
    rollup.advance(NOON)
    assert (totals(rollup, "complete"), totals(rollup, "leads_complete")) == ({(): 1}, {(): 1})  # it is on its way
    for delta in (empty, replace(empty, group="leads", taken={"visitors/0": 3})):
        rollup.apply(pack(replace(delta, seq=2, sent={0: 4} if delta is empty else {}))[0], NOON + 15_000)
    rollup.advance(NOON + 15_000)
    assert (totals(rollup, "complete"), totals(rollup, "leads_complete")) == ({(): 1}, {(): 0})
    rollup.apply(pack(replace(empty, group="leads", seq=3, taken={"visitors/0": 4}))[0], NOON + 15_000)
    assert totals(rollup, "leads_complete") == {(): 1}


def test_what_is_still_counted_by_former_rules_is_added_up_over_the_shards_of_leads() -> None:
    empty = Delta("leads", 0, 1, [], b"", b"", b"", [], {}, None, True, 0, {}, [], {}, {}, {})
    rollup = Rollup(RollupOptions({"visitors": 1, "leads": 2}, told=("leads",)))
    for shard, behind in enumerate((20_000, 7)):
        rollup.apply(pack(replace(empty, shard=shard, gauges={"leads_behind": behind}))[0], NOON)
    assert totals(rollup, "leads_behind") == {(): 20_007}
    for shard in range(2):
        rollup.apply(pack(replace(empty, shard=shard, seq=2, gauges={"leads_behind": 0}))[0], NOON)
    assert totals(rollup, "leads_behind") == {(): 0}
    alone = Rollup(RollupOptions({"visitors": 1}))
    assert totals(alone, "leads_behind") == {}, "who follows no leads has none"


def test_what_became_of_topics_of_others_is_added_up_over_the_shards_that_map_them() -> None:
    empty = Delta("sources", 0, 1, [], b"", b"", b"", [], {}, None, True, 0, {}, [], {}, {}, {})
    rollup = Rollup(RollupOptions({"visitors": 1, "sources": 2}))
    told = {
        "source/items/calls/mapped": 5, "source/items/calls/unmapped": 2, "source/events/calls/page_view": 4,
        "source/events/calls/form": 1, "source/unmapped/calls/identify": 2, "source/redacted/calls": 1,
    }  # fmt: skip
    for shard in range(2):
        rollup.apply(pack(replace(empty, shard=shard, account=told))[0], NOON)
    assert totals(rollup, "source_items_total") == {("calls", "mapped"): 10, ("calls", "unmapped"): 4}
    assert totals(rollup, "source_events_total") == {("calls", "form"): 2, ("calls", "page_view"): 8}
    assert totals(rollup, "source_unmapped_total") == {("calls", "identify"): 4}
    assert totals(rollup, "source_redacted_total") == {("calls",): 2}
    assert totals(rollup, "conservation_error") == {(): 0}, "they are no events of ours yet"
