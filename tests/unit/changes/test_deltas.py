"""Deltas: gathered, packed and unpacked again, whatever was counted."""

from __future__ import annotations

import numpy as np
import pytest

from stream import catalog
from stream.changes import deltas
from stream.changes.deltas import Delta, Sink, Spread, pack, unpack
from stream.changes.panes import COARSER, DAY_MS, HOUR_MS, MINUTE_MS, Grid
from stream.rollup.series import windows_of
from stream.windows.levels import Levels


def gathered(sink: Sink) -> list[tuple[object, ...]]:
    names, index, panes, amounts, _ = sink.take()
    return sorted((*names[i], p, n) for i, p, n in zip(index.tolist(), panes.tolist(), amounts.tolist(), strict=True))


def test_changes_of_one_cell_and_pane_add_up_and_what_comes_to_nothing_is_left_out() -> None:
    sink = Sink()
    sink.add(("view", "s1"), 7)
    sink.add(("view", "s1"), 7, 2)
    sink.add(("view", "s1"), 8)
    sink.add(("view", "s1"), 8, -1)
    sink.add(("view", "s2"), 7, -4)
    assert gathered(sink) == [("view", "s1", 7, 3), ("view", "s2", 7, -4)]


def test_taking_empties() -> None:
    sink = Sink()
    sink.add(("view", "s1"), 7)
    sink.spreads.append(Spread(("ad_click",), 0, 10, 5, 1))
    sink.take()
    assert gathered(sink) == []
    assert sink.take()[4] == []


def test_the_hot_way_writes_the_same_as_add() -> None:
    sink = Sink()
    sink.up(sink.ids["view", "s1"] + 7)
    sink.up(sink.ids["view", "s1"] + 7)
    sink.down(sink.ids["view", "s1"] + 8)
    sink.add(("view", "s1"), 7, 5)
    assert gathered(sink) == [("view", "s1", 7, 7), ("view", "s1", 8, -1)]


@pytest.mark.parametrize(("pane", "kept"), [
    (-1, 0), (0, 0), (4_398_046_511_103, 4_398_046_511_103), (4_398_046_511_104, 4_398_046_511_103),
    (1 << 62, 4_398_046_511_103), (-(1 << 62), 0),
])  # fmt: skip
def test_a_pane_that_no_key_holds_becomes_the_nearest_one_and_no_other_cell(pane: int, kept: int) -> None:
    """Arrivals are what the broker or a producer says they are."""
    sink = Sink()
    for name in "abc":
        sink.add((name,), 5)
    sink.add(("b",), pane)
    assert sorted([("a", 5, 1), ("b", 5, 1), ("c", 5, 1), ("b", kept, 1)]) == gathered(sink)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_sum_too_large_for_a_record_is_held_at_the_largest(sign: int) -> None:
    sink = Sink()
    for _ in range(2_000):
        sink.add(("ad_click", "s1"), 5, sign * ((1 << 53) - 1))
    sink.add(("ad_click", "s2"), 5, 3)
    (one, other) = gathered(sink)
    assert other == ("ad_click", "s2", 5, 3)
    assert 1 << 61 < sign * int(str(one[3])) < 1 << 63


def test_names_are_forgotten_when_they_become_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deltas, "_MOST_NAMES", 10)
    sink = Sink()
    for number in range(25):
        sink.add(("view", f"s{number}"), 1)
    assert len(gathered(sink)) == 25
    assert len(sink.ids) == 0
    sink.add(("view", "s3"), 1)
    assert gathered(sink) == [("view", "s3", 1, 1)]


def test_a_delta_comes_back_as_it_was_packed() -> None:
    sink = Sink()
    sink.add(("session", "s1", "direct", None, 3), 5, -2)
    sink.spreads.append(Spread(("ad_spend", "s1"), 0, 10, 1 << 60, -1))
    names, index, panes, amounts, spreads = sink.take()
    delta = Delta(
        "visitors", 3, 9, names, index.tobytes(), panes.tobytes(), amounts.tobytes(), spreads,
        {"form": 5}, None, True, 7, {"form": 1}, ["chatbot"], {"form/counted": 2}, {"g": 1.5}, {"spend/x": 4},
    )  # fmt: skip
    (packed,) = pack(delta)
    again = unpack(packed)
    assert again == delta
    assert again.names == [("session", "s1", "direct", None, 3)]  # tuples, so that they can be looked up
    assert isinstance(again.spreads[0].cell, tuple)
    assert np.frombuffer(again.amounts, np.int64).tolist() == [-2]


def test_a_delta_too_large_for_a_record_goes_in_several_that_add_up_to_it() -> None:
    sink = Sink()
    for pane in range(60_000):
        sink.add(("view", "s1"), pane, pane + 1)
        sink.add(("view", f"s{pane % 700}", "x" * 80), pane)
    sink.spreads += [Spread(("ad_spend", f"s{n}"), 0, 10, n, 1) for n in range(3_000)]
    names, index, panes, amounts, spreads = sink.take()
    delta = Delta(
        "ads", 3, 9, names, index.tobytes(), panes.tobytes(), amounts.tobytes(), spreads,
        {"ad": 5}, None, True, 7, {}, [], {"ad/counted": 2}, {}, {},
    )  # fmt: skip
    packed = pack(delta)
    assert len(packed) > 2
    assert max(map(len, packed)) < 1 << 20
    parts = [unpack(record) for record in packed]
    assert [part.seq for part in parts] == list(range(9, 9 + len(parts)))
    assert [part.caught_up for part in parts] == [False] * (len(parts) - 1) + [True]
    assert all(part.account == delta.account for part in parts)
    found: dict[tuple[object, ...], int] = {}
    for part in parts:
        rows = (np.frombuffer(column, kind).tolist() for column, kind in (
            (part.name_index, np.int32), (part.panes, np.int64), (part.amounts, np.int64),
        ))  # fmt: skip
        for i, pane, n in zip(*rows, strict=True):
            found[(*part.names[i], pane)] = found.get((*part.names[i], pane), 0) + n
    assert len(found) == 120_000
    assert all(found["view", "s1", pane] == pane + 1 for pane in range(60_000))
    assert [spread for part in parts for spread in part.spreads] == spreads


def test_old_changes_are_gathered_by_the_panes_that_windows_see_them_in() -> None:
    grid, newest_ms = Grid(), 100 * DAY_MS + 7 * MINUTE_MS
    sink = Sink()
    for age_ms in (
        0,
        50 * MINUTE_MS,
        62 * MINUTE_MS,
        62 * MINUTE_MS - 5_000,
        9 * HOUR_MS,
        9 * HOUR_MS + 60_000,
        12 * DAY_MS,
    ):
        sink.add(("view", "s1"), grid.pane(newest_ms - age_ms))
    names, _, panes, amounts, _ = sink.take(grid, newest_ms)
    assert names == [("view", "s1")]
    starts = [(newest_ms - grid.start_ms(pane), n) for pane, n in zip(panes.tolist(), amounts.tolist(), strict=True)]
    assert sorted(starts) == [
        (0, 1), (50 * MINUTE_MS, 1), (62 * MINUTE_MS, 2), (9 * HOUR_MS + 7 * MINUTE_MS, 2), (12 * DAY_MS + 7 * MINUTE_MS, 1),
    ]  # fmt: skip


def test_no_level_remembers_changes_that_come_gathered_by_longer_panes_than_its_own() -> None:
    every = {window for windows in windows_of(catalog.METRICS).values() for window in windows}
    levels = Levels(every, Grid()).levels
    assert sorted(levels) == list(range(len(COARSER) + 1))
    for number, (age_ms, pane_ms) in enumerate(COARSER):
        assert levels[number].ring * levels[number].pane_ms < age_ms
        assert levels[number + 1].pane_ms == pane_ms


def test_a_cell_that_only_long_windows_show_comes_gathered_by_their_panes() -> None:
    grid, sink = Grid(), Sink({"content_view": 180})
    now_ms = 20_000 * DAY_MS
    for minute in (1, 2, 14, 15):
        for kind in ("view", "content_view"):
            sink.add((kind, "s1"), grid.pane(now_ms + minute * MINUTE_MS))
    names, index, panes, amounts, _ = sink.take(grid, now_ms)
    found = [
        (names[i][0], (grid.start_ms(pane) - now_ms) // MINUTE_MS, n)
        for i, pane, n in zip(index.tolist(), panes.tolist(), amounts.tolist(), strict=True)
    ]
    assert sorted(found) == [
        ("content_view", 0, 3), ("content_view", 15, 1), ("view", 1, 1), ("view", 2, 1), ("view", 14, 1), ("view", 15, 1),
    ]  # fmt: skip
