"""Folds: what a shard remembers and reports depends on the events alone.

Not on how batches are cut, in which order topics and records are read, how often a record comes, or when the shard
was restored from its log.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.changes.accumulator import Accumulator
from stream.changes.deltas import unpack
from stream.changes.panes import DAY_MS, Grid
from stream.engine.groups import GROUPS
from stream.engine.shard import ShardFold
from stream.stages.ads.totals import Total, pieces
from stream.stages.emails.copy import Copy, joined
from stream.stages.emails.message import Message, groups
from stream.stages.visitors.contribution import contribution
from stream.stages.visitors.row import decode, decode_ad_lead
from stream.state.rows import Rows
from stream.state.table import load_into
from tests.laws.sums import LONG, Sums, add_cells, add_delta, counts_of, nonzero, remembered, taken
from tests.laws.traffic import (
    REPORT,
    Envelope,
    batch,
    of_group,
    people,
    record,
    shard,
)

#: Groups that events alone are told to: what others tell has laws of its own (`leads`).
GROUP_NAMES = tuple(name for name, group in GROUPS.items() if not group.told_by)

#: Cells that events add for good, one by one: no row gives them again.
FOR_GOOD = {
    "page_views", "channel_page_views", "content_views", "content_downloads", "accepted", "counted", "traffic_events",
}  # fmt: skip


def folded(fold: ShardFold, batches: list[list[Envelope]], factor: int = 1) -> tuple[Sums, dict[str, int]]:
    """Fold batches with a commit after each; give the sum of the deltas and the account."""
    sums = Sums()
    for seq, events in enumerate(batches, 1):
        fold.fold(batch(events))
        add_delta(sums, fold.take_delta(seq, REPORT), factor)
    return sums, dict(fold.account.outcomes)


def cut(data: st.DataObject, events: list[Envelope]) -> list[list[Envelope]]:
    """Cut a list into batches."""
    edges = sorted(data.draw(st.sets(st.integers(1, max(1, len(events) - 1)), max_size=8), label="cuts"))
    return [events[a:b] for a, b in zip([0, *edges], [*edges, len(events)], strict=True) if a < b]


@pytest.mark.parametrize("group", GROUP_NAMES)
@given(data=st.data())
def test_order_and_cuts_of_batches_change_nothing(group: str, data: st.DataObject) -> None:
    events = data.draw(of_group(group), label="events")
    one, other = shard(group), shard(group)
    sums, account = folded(one, [events])
    again = cut(data, data.draw(st.permutations(events), label="order"))
    other_sums, other_account = folded(other, again)
    assert remembered(other) == remembered(one)
    assert nonzero(other_sums) == nonzero(sums)
    assert other_account == account


@pytest.mark.parametrize("group", GROUP_NAMES)
@given(data=st.data())
def test_repeats_change_nothing_but_their_own_count(group: str, data: st.DataObject) -> None:
    events = data.draw(of_group(group), label="events")
    repeats = data.draw(st.lists(st.sampled_from(events), max_size=10), label="repeats")
    mixed = data.draw(st.permutations(events + repeats), label="order")
    one, other = shard(group), shard(group)
    sums, account = folded(one, [events])
    other_sums, other_account = folded(other, cut(data, mixed))
    assert remembered(other) == remembered(one)
    assert sum(n for name, n in other_account.items() if name.endswith("/duplicate")) == len(repeats)
    for found in (sums, other_sums):
        for name in [name for name in found if name[0] == "accepted"]:
            del found[name]
    assert nonzero(other_sums) == nonzero(sums)
    assert {n: v for n, v in other_account.items() if n.endswith("/counted")} == {
        n: v for n, v in account.items() if n.endswith("/counted")
    }


@pytest.mark.parametrize("span_ms", [DAY_MS // 4, DAY_MS])
@given(data=st.data())
def test_the_fast_way_equals_the_general_way(span_ms: int, data: st.DataObject) -> None:
    events = data.draw(people(span_ms, max_size=40), label="events")
    if data.draw(st.booleans(), label="in order"):
        events = sorted(events, key=lambda event: (event["time"], event["id"]))
    batches = cut(data, events)
    fast, general = shard("visitors"), shard("visitors", general=True)
    sums, account = folded(fast, batches)
    general_sums, general_account = folded(general, batches)
    assert remembered(fast) == remembered(general)
    assert nonzero(sums) == nonzero(general_sums)
    assert account == general_account


@pytest.mark.parametrize("group", GROUP_NAMES)
@given(data=st.data())
def test_what_was_reported_is_what_the_rows_contribute(group: str, data: st.DataObject) -> None:
    fold = shard(group)
    sums, _ = folded(fold, cut(data, data.draw(of_group(group, 40), label="events")))
    reported = {name: n for name, n in nonzero(sums).items() if name[0] not in FOR_GOOD}
    if group == "ads":  # of single events no row is kept; what totals give has two times where a pane has one
        reported = {name: n for name, n in reported.items() if len(name) == 4}
    assert {name: n for name, n in contributed(fold).items() if name[0] not in FOR_GOOD} == reported


def contributed(fold: ShardFold) -> dict[tuple[Any, ...], int]:
    """Contribute every row anew."""
    sums = Sums()
    rows = {table.prefix: table.encoded for table in fold.stage.tables if isinstance(table, Rows)}
    {"visitors": _of_visitors, "emails": _of_emails, "ads": _of_ads}[fold.group](fold, rows, sums)
    return nonzero(sums)


def _of_visitors(fold: Any, rows: dict[bytes, dict[str, bytes]], sums: Sums) -> None:
    pane = Grid().pane
    for key, raw in rows[b"v"].items():
        add_cells(sums, contribution(key.split("\x1f")[0], decode(raw), pane))
    for key, raw in rows[b"w"].items():
        add_cells(sums, fold.stage.ad_leads.cells(key.split("\x1f")[0], decode_ad_lead(raw)))


def _of_emails(fold: Any, rows: dict[bytes, dict[str, bytes]], sums: Sums) -> None:
    accumulator = Accumulator()
    for key, raw in rows[b"m"].items():
        message = msgspec.msgpack.decode(raw, type=Message)
        parts = message.parts | {
            int(name.rpartition("\x1f")[2], 16): msgspec.msgpack.decode(part, type=Copy)
            for name, part in rows[b"n"].items()
            if name.startswith(f"{key}\x1f")
        }
        for group in groups(message, parts):
            copy = joined(parts[one] for one in sorted(group) if one in parts)
            fold.stage.contribute(accumulator, key.split("\x1f")[0], copy, 1)
    add_cells(sums, taken(accumulator))


def _of_ads(fold: Any, rows: dict[bytes, dict[str, bytes]], sums: Sums) -> None:
    by_key: dict[str, list[Total]] = {}
    for name, raw in rows[b"t"].items():
        by_key.setdefault(name.rsplit("\x1f", 2)[0], []).append(msgspec.msgpack.decode(raw, type=Total))
    for totals in by_key.values():
        for piece in (piece for total in totals for piece in pieces(total, totals)):
            for count in counts_of(piece.cell):
                sums[*count, piece.start_ms, piece.end_ms] += piece.amount


@pytest.mark.parametrize("group", GROUP_NAMES)
@given(data=st.data())
def test_a_shard_restored_after_any_commit_has_the_same_future(group: str, data: st.DataObject) -> None:
    events = data.draw(of_group(group), label="events")
    repeats = data.draw(st.lists(st.sampled_from(events), max_size=4), label="repeats")
    batches = cut(data, events + repeats)
    whole = shard(group)
    fold, log = shard(group), dict[bytes, bytes]()
    for seq, some in enumerate(batches, 1):
        for one in (whole, fold):
            one.fold(batch(some))
        expected, changes = whole.changes(seq, REPORT), fold.changes(seq, REPORT)
        known, found = unpack(expected.deltas[0]), unpack(changes.deltas[0])
        assert comparable(found) == comparable(known)
        for key, value in changes.state:
            assert not key.startswith(b"\x00"), "reserved for the position"
            if value is None:
                log.pop(key, None)
            else:
                log[key] = value
        if data.draw(st.booleans(), label="restart"):
            fold = shard(group)
            records = data.draw(st.permutations(sorted(log.items())), label="order of the log")
            parted = data.draw(st.integers(0, len(records)), label="read at once")
            load_into(fold.stored, records[:parted])
            for key, value in records[parted:]:
                fold.load(key, value)
        assert remembered(fold) == remembered(whole)
        assert fold.account.figures == whole.account.figures


def comparable(delta: Any) -> dict[str, Any]:
    """Give what a delta says, without what the rollup keeps the highest of by itself."""
    sums = Sums()
    add_delta(sums, delta)
    return {
        "sums": nonzero(sums),
        "account": delta.account,
        "gauges": delta.gauges,
        "newest": delta.newest_ms,
        "oldest": delta.oldest_ms,
    }


@given(data=st.data())
def test_a_record_on_a_wrong_partition_counts_as_if_it_had_come_on_the_right_one(data: st.DataObject) -> None:
    """Two shards with a reroute topic between them; the other way is one shard alone."""
    events = data.draw(people(), label="events")
    alone = shard("visitors")
    sums, account = folded(alone, [events], LONG)
    shards = [ShardFold("visitors", number, 2) for number in range(2)]
    coming: list[list[tuple[str, Any]]] = [[], []]
    found, seq = Sums(), 0
    places = data.draw(st.lists(st.integers(0, 1), min_size=len(events), max_size=len(events)), label="places")
    for event, place in zip(events, places, strict=True):
        coming[place].append(record(event))
    while any(coming):
        seq += 1
        for number, fold in enumerate(shards):
            now, coming[number] = coming[number], []
            fold.fold([(source, [made]) for source, made in now])
            changes = fold.changes(seq, REPORT)
            add_delta(found, unpack(changes.deltas[0]), LONG)
            for forward in changes.forwards:
                assert forward.partition != number
                sent = (0, 0, forward.key, forward.value, tuple(forward.headers))
                coming[forward.partition].append(("reroute", sent))
    assert seq <= 3
    assert nonzero(found) == nonzero(sums)
    both = {**remembered(shards[0]), **remembered(shards[1])}
    assert both == remembered(alone)
    total: dict[str, int] = {}
    for fold in shards:
        for name, n in fold.account.outcomes.items():
            if not name.endswith("/rerouted"):
                total[name] = total.get(name, 0) + n
    assert total == account


def test_a_clock_that_ran_ahead_is_counted_once_even_if_the_record_was_rerouted() -> None:
    event = {
        "specversion": "1.0", "id": "e", "source": "t", "type": "page_view", "time": "2025-06-16T01:00:00Z",
        "data": {"site_id": "s1", "visitor_id": "ann", "page": {"path": "/"}},
    }  # fmt: skip
    for here in (0, 1):
        one, other = ShardFold("visitors", here, 2), ShardFold("visitors", 1 - here, 2)
        source, made = record(event)
        one.fold([(source, [made])])
        forwards = one.changes(1, REPORT).forwards
        for forward in forwards:
            sent = (0, 0, forward.key, forward.value, tuple(forward.headers))
            other.fold([("reroute", [sent])])
        assert sum(fold.account.outcomes.get("page_view/clock_ahead", 0) for fold in (one, other)) == 1
