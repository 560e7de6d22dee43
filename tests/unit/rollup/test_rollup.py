"""Rollup: sequence, the moment T, what it restores, what goes on its log."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from stream import catalog
from stream.changes import deltas
from stream.changes.accumulator import Spread
from stream.changes.cells import Cell
from stream.changes.deltas import Delta
from stream.changes.panes import DAY_MS, HOUR_MS, MINUTE_MS, Grid
from stream.contract.readings import Reading
from stream.rollup.rollup import Rollup, RollupOptions
from stream.rollup.standing import SILENT_AFTER_MS, SequenceGap

NOW_MS = 1_750_000_000_000 // DAY_MS * DAY_MS
VIEW: Cell = ("view", "s1", "direct")


def pack(delta: Delta) -> bytes:
    """Encode a delta that fits into a record."""
    (record,) = deltas.pack(delta)
    return record


def delta(seq: int, time_ms: int | None = None, shard: int = 0, caught_up: bool = True, n: int = 1) -> Delta:
    """Make the report of a shard: a page view at a moment, or nothing."""
    panes = [] if time_ms is None else [Grid().pane(time_ms)]
    return Delta(
        "visitors", shard, seq, [VIEW] * len(panes), np.zeros(len(panes), np.int32).tobytes(),
        np.array(panes, np.int64).tobytes(), np.full(len(panes), n, np.int64).tobytes(), [],
        {} if time_ms is None else {"page_view": time_ms}, time_ms, caught_up, 0, {}, [], {}, {}, {},
    )  # fmt: skip


def rollup(shards: int = 1, **options: object) -> Rollup:
    return Rollup(RollupOptions({"visitors": shards}, **options))  # type: ignore[arg-type]


def value(made: Rollup, metric: str = "page_views", window: str | None = "24h") -> object:
    found = [reading for reading in made.readings(None) if (reading.metric, reading.window) == (metric, window)]
    return found[0].value if found else None


def test_reports_are_added_in_their_sequence() -> None:
    made = rollup()
    for seq in (1, 2, 3):
        made.apply(pack(delta(seq, NOW_MS)))
    assert value(made) == 3


def test_a_first_report_that_is_not_the_first_is_refused_because_earlier_ones_are_not_in_the_totals() -> None:
    with pytest.raises(SequenceGap, match="visitors/0 reported number 7 after nothing"):
        rollup().apply(pack(delta(7, NOW_MS)))


def test_with_transactions_a_number_that_comes_again_is_refused() -> None:
    made = rollup(once=True)
    made.apply(pack(delta(1, NOW_MS)))
    with pytest.raises(SequenceGap, match="number 1 again after 1: its log has lost its end"):
        made.apply(pack(delta(1, NOW_MS)))


def test_a_new_life_of_a_shard_is_never_added_to_the_totals_of_its_former_one() -> None:
    made = rollup()
    for seq, life in ((1, ""), (2, "a"), (3, "a"), (4, "")):  # an older release says none
        made.apply(pack(replace(delta(seq, NOW_MS), life=life)))
    for seq in (1, 4, 5):
        with pytest.raises(SequenceGap, match=r"began anew \(life b\), but what its former life a reported"):
            made.apply(pack(replace(delta(seq, NOW_MS), life="b")))
    assert value(made) == 4


def test_a_life_is_stored_with_what_was_added_in_it() -> None:
    made, later = rollup(), rollup()
    made.apply(pack(replace(delta(1, NOW_MS), life="a")))
    for key, stored in made.snapshot(False):
        later.load(key, stored)
    with pytest.raises(SequenceGap, match="life b"):
        later.apply(pack(replace(delta(2, NOW_MS), life="b")))


def test_a_report_that_was_seen_changes_nothing() -> None:
    made = rollup()
    for seq in (1, 2, 2, 1, 2):
        made.apply(pack(delta(seq, NOW_MS)))
    assert value(made) == 2


def test_a_missing_report_stops_the_rollup_and_is_named() -> None:
    made = rollup(2)
    made.apply(pack(delta(1, NOW_MS)))
    made.apply(pack(delta(1, NOW_MS, shard=1)))  # each shard has a sequence of its own
    with pytest.raises(SequenceGap, match="visitors/0 reported number 3 after 1"):
        made.apply(pack(delta(3, NOW_MS)))


def test_t_is_the_newest_event_while_a_backlog_is_worked_off() -> None:
    made = rollup()
    made.advance(NOW_MS + DAY_MS)
    made.apply(pack(delta(1, NOW_MS, caught_up=False)))
    made.advance(NOW_MS + DAY_MS)
    assert made.now_ms == NOW_MS + 1
    assert value(made, "complete", None) == 0
    assert value(made, window="5m") == 1


def test_t_is_the_wall_clock_once_every_shard_is_caught_up() -> None:
    made = rollup(2)
    made.advance(NOW_MS + HOUR_MS)
    made.apply(pack(delta(1, NOW_MS)))
    made.advance(NOW_MS + HOUR_MS)
    assert made.now_ms == NOW_MS + 1  # one shard was never heard of
    made.apply(pack(delta(1, shard=1)))
    made.advance(NOW_MS + HOUR_MS)
    assert made.now_ms == NOW_MS + HOUR_MS
    assert value(made, "complete", None) == 1
    assert value(made, window="5m") == 0
    assert value(made, window="24h") == 1


def test_silence_is_seen_as_falling_values() -> None:
    made = rollup()
    made.apply(pack(delta(1, NOW_MS)))
    seen = []
    for minutes in range(8):
        made.advance(NOW_MS + minutes * MINUTE_MS)
        made.apply(pack(delta(2 + minutes)))  # an idle shard reports all the same
        made.advance(NOW_MS + minutes * MINUTE_MS)
        seen.append(value(made, window="5m"))
    assert seen == [1, 1, 1, 1, 1, 1, 0, 0]  # of panes that cover 5 minutes, rounded up


def test_a_shard_that_reports_no_more_makes_it_incomplete_and_time_stand() -> None:
    made = rollup(2)
    made.advance(NOW_MS)
    made.apply(pack(delta(1, NOW_MS - 1)))
    made.apply(pack(delta(1, NOW_MS - 1, shard=1)))
    made.advance(NOW_MS + SILENT_AFTER_MS - 1)
    assert value(made, "complete", None) == 1
    made.apply(pack(delta(2)))
    made.advance(NOW_MS + SILENT_AFTER_MS)
    assert value(made, "complete", None) == 0
    assert made.now_ms == NOW_MS + SILENT_AFTER_MS - 1


def test_with_the_clock_of_events_the_wall_clock_moves_nothing() -> None:
    made = rollup(clock="events")
    made.apply(pack(delta(1, NOW_MS)))
    made.advance(NOW_MS + 90 * DAY_MS)
    made.apply(pack(delta(2)))
    assert made.now_ms == NOW_MS + 1
    assert value(made, "complete", None) == 0 or value(made, window="5m") == 1


def test_t_never_goes_back() -> None:
    made = rollup()
    made.apply(pack(delta(1, NOW_MS)))
    made.apply(pack(delta(2, NOW_MS - DAY_MS)))
    made.advance(NOW_MS - 2 * DAY_MS)
    assert made.now_ms == NOW_MS + 1
    assert value(made, window="7d") == 2


def test_what_is_counted_by_arrival_may_run_ahead_of_the_events() -> None:
    made = rollup()
    report = delta(1, NOW_MS)
    ahead = replace(
        report,
        names=[VIEW, ("refused", "s1", "page_view")],
        name_index=np.array([0, 1], np.int32).tobytes(),
        panes=np.array([Grid().pane(NOW_MS), Grid().pane(NOW_MS + 5 * HOUR_MS)], np.int64).tobytes(),
        amounts=np.array([1, 1], np.int64).tobytes(),
    )
    made.apply(pack(ahead))
    found = [r for r in made.readings(None) if (r.metric, r.window) == ("valid_event_ratio", "5m")]
    assert [(r.numerator, r.denominator) for r in found] == [(0, 1)]


def test_readings_say_what_they_rest_on() -> None:
    made = rollup()
    made.apply(pack(delta(1, NOW_MS + 3_000)))
    (first,) = [r for r in made.readings(None) if (r.metric, r.window) == ("page_views", "1h")]
    assert first == Reading(
        "page_views", {"site": "s1"}, "1h", 1, None, None, 1, NOW_MS + MINUTE_MS - HOUR_MS, NOW_MS + MINUTE_MS,
        NOW_MS + 3_001, True, NOW_MS + 3_000, 1, catalog.version(),
    )  # fmt: skip
    (later,) = [r for r in made.readings(None) if (r.metric, r.window) == ("page_views", "1h")]
    assert later.seq == 2


def test_nothing_reported_gives_no_business_reading() -> None:
    made = rollup()
    made.advance(NOW_MS)
    names = {reading.metric for reading in made.readings(None)}
    assert names == {"conservation_error", "complete", "catalog_info"}


def test_a_rollup_restored_before_any_report_goes_on_as_a_new_one() -> None:
    made, again = rollup(), rollup()
    for key, record in made.snapshot(True):
        again.load(key, record)
    again.apply(pack(delta(1, NOW_MS)))
    assert value(again) == 1


def test_a_snapshot_writes_what_changed_and_buries_panes_that_left() -> None:
    made = rollup()
    made.apply(pack(delta(1, NOW_MS)))
    first = made.snapshot(True)
    assert {key[:1] for key, _ in first} == {b"x", b"s", b"d", b"b", b"q"}
    again = made.snapshot(False)
    assert not [key for key, _ in again if key[:1] in (b"x", b"d", b"b")]
    made.apply(pack(delta(2, NOW_MS + 100 * DAY_MS)))
    buried = {key for key, record in made.snapshot(False) if record is None}
    assert {key for key, record in first if key[:1] == b"x" and record is not None} >= buried
    assert len(buried) == 3  # the pane of 90 days and of figures that end in the past is there still


def test_the_pieces_of_a_snapshot_stay_small() -> None:
    made = rollup(label_limit=10_000, most_readings=10_000_000)
    many = delta(1, NOW_MS)
    names: list[Cell] = [("view", "s1", f"a{n:060d}") for n in range(3_000)]
    many = replace(
        many,
        names=names,
        name_index=np.arange(3_000, dtype=np.int32).tobytes(),
        panes=np.full(3_000, Grid().pane(NOW_MS), np.int64).tobytes(),
        amounts=np.ones(3_000, np.int64).tobytes(),
    )
    made.apply(pack(many))
    records = made.snapshot(True)
    assert max(len(record or b"") for _, record in records) < 800_000
    again = rollup(label_limit=10_000, most_readings=10_000_000)
    for key, record in records:
        again.load(key, record)
    assert value(again) == 3_000


def test_one_event_of_the_far_future_leaves_the_windows_where_they_are() -> None:
    """With CreateTime an arrival is what a producer says, and so is the moment that windows are read at."""
    made = rollup()
    made.apply(pack(replace(delta(1, NOW_MS), now_ms=NOW_MS)))
    made.apply(pack(replace(delta(2, 253_402_300_799_999), now_ms=NOW_MS)))
    made.advance(NOW_MS + 1)
    assert made.now_ms <= NOW_MS + DAY_MS + 1
    assert value(made, window="7d") == 2


@pytest.mark.parametrize("wrong_ms", [0, HOUR_MS, -HOUR_MS, 900 * DAY_MS])
@pytest.mark.parametrize("clock", ["wall", "events"])
def test_what_a_worker_takes_for_the_time_moves_no_window(wrong_ms: int, clock: str) -> None:
    """The broker's stamps say when; `now_ms` in a report is what its worker believed."""
    made = rollup(2, clock=clock)
    for seq in range(1, 4):
        at_ms = NOW_MS + seq * 1_000
        made.apply(pack(replace(delta(seq, at_ms - 500), now_ms=at_ms + wrong_ms)), at_ms)
        made.apply(pack(replace(delta(seq, at_ms - 500, shard=1), now_ms=at_ms)), at_ms)
        made.advance(at_ms + 300)
        assert made.complete
        assert made.now_ms == (at_ms + 300 if clock == "wall" else at_ms - 499)
    assert value(made, window="5m") == 6


def test_a_report_is_as_old_as_its_stamp_and_not_as_the_moment_at_which_it_is_read() -> None:
    """Who takes the rollup over reads what was reported while nobody had it."""
    made = rollup()
    made.advance(NOW_MS)
    made.apply(pack(delta(1, NOW_MS - HOUR_MS)), NOW_MS - HOUR_MS, live=False)
    made.advance(NOW_MS)
    assert not made.complete
    assert made.now_ms == NOW_MS - HOUR_MS + 1
    made.apply(pack(delta(2)), NOW_MS - 900, live=False)
    assert made.complete


def test_one_stamp_that_is_far_ahead_moves_nothing() -> None:
    made = rollup(3)
    for seq, ahead_ms in ((1, 0), (2, DAY_MS), (3, 0)):
        for shard in range(3):
            at_ms = NOW_MS + seq * 1_000 + (ahead_ms if shard == 2 else 0)
            made.apply(pack(delta(seq, NOW_MS if seq == 1 else None, shard=shard)), at_ms)
        made.advance(NOW_MS + seq * 1_000)
        assert made.now_ms == NOW_MS + seq * 1_000


@pytest.mark.parametrize(("reader_ms", "latest_ms"), [(DAY_MS, SILENT_AFTER_MS), (0, 0), (-DAY_MS, 0)])
def test_a_broker_whose_clock_is_wrong_moves_no_window_far_where_the_others_are_right(
    reader_ms: int, latest_ms: int
) -> None:
    """One of three leads the rollup's own log, the others the deltas of a shard each."""
    made = rollup(3)
    for seq in range(1, 4):
        at_ms = NOW_MS + seq * 1_000
        for shard in range(3):
            made.apply(pack(delta(seq, NOW_MS if seq == 1 else None, shard=shard)), at_ms + (shard == 2) * reader_ms)
        made.advance(at_ms + reader_ms)
        if seq > 1:
            assert made.complete, "all are heard of, whatever their clocks say of each other"
    assert made.now_ms <= NOW_MS + 3_000 + latest_ms
    assert value(made, window="5m") == 3


def test_rejects_before_the_first_event_are_accepted_records_too() -> None:
    made = rollup()
    accepted: Cell = ("refused", "s1", "page_view")
    made.apply(pack(replace(delta(1, NOW_MS), names=[accepted], newest_ms={}, oldest_ms=None, now_ms=NOW_MS + 1)))
    made.apply(pack(replace(delta(2, NOW_MS), names=[accepted])))
    found = [r for r in made.readings(None) if (r.metric, r.window) == ("valid_event_ratio", "5m")]
    assert [(r.numerator, r.denominator) for r in found] == [(0, 2)]


@pytest.mark.parametrize("full", [True, False])
def test_what_is_left_of_a_total_still_comes_in_after_a_restart(full: bool) -> None:
    """A total that was reported before its period is over waits for its panes, in the log as well."""
    cell: Cell = ("ad_click", "s1", "google", "brand", "search", "unknown", "unknown")
    spread = Spread(cell, NOW_MS - DAY_MS, NOW_MS + DAY_MS, 2_000_000_000, 1)  # in millionths
    made, again = rollup(), rollup()
    made.apply(pack(replace(delta(1, NOW_MS - 1), spreads=[spread])))
    for key, record in made.snapshot(full):
        again.load(key, record)
    for later, clicks in ((0, 1_000), (DAY_MS // 2, 1_000), (DAY_MS, 1_000), (2 * DAY_MS, 0)):
        for one in (made, again):
            one.read_at(NOW_MS + later)
            assert value(one, "ad_clicks", "24h") == clicks
            assert value(one, "ad_clicks", "7d") == min(2_000, 1_000 + 1_000 * later // DAY_MS)
