"""Accumulator: changes of cells add up by pane, and old ones by the panes that windows see them in."""

from __future__ import annotations

import msgspec
import pytest

from stream import catalog
from stream.changes import accumulator as accumulator_module
from stream.changes.accumulator import Accumulator, Spread
from stream.changes.panes import COARSER, DAY_MS, HOUR_MS, MINUTE_MS, Grid
from stream.rollup.wanted import windows_of
from stream.windows.levels import Levels


def gathered(accumulator: Accumulator) -> list[tuple[object, ...]]:
    names, index, panes, amounts, _ = accumulator.take()
    return sorted((*names[i], p, n) for i, p, n in zip(index.tolist(), panes.tolist(), amounts.tolist(), strict=True))


def test_changes_of_one_cell_and_pane_add_up_and_what_comes_to_nothing_is_left_out() -> None:
    accumulator = Accumulator()
    accumulator.add(("view", "s1"), 7)
    accumulator.add(("view", "s1"), 7, 2)
    accumulator.add(("view", "s1"), 8)
    accumulator.add(("view", "s1"), 8, -1)
    accumulator.add(("view", "s2"), 7, -4)
    assert gathered(accumulator) == [("view", "s1", 7, 3), ("view", "s2", 7, -4)]


def test_names_are_given_as_a_delta_encodes_them() -> None:
    accumulator = Accumulator()
    cells: list[tuple[str | int | None, ...]] = [("view", "s1"), ("email", "s1", None, 70_000), ("view", "s2")]
    for turn in range(2):
        for cell in cells[turn:]:
            accumulator.add(cell, 7)
        names, *_ = accumulator.take(coded=True)
        assert list(map(bytes, names)) == list(map(msgspec.msgpack.encode, cells[turn:]))


def test_taking_empties() -> None:
    accumulator = Accumulator()
    accumulator.add(("view", "s1"), 7)
    accumulator.spreads.append(Spread(("ad_click",), 0, 10, 5, 1))
    accumulator.take()
    assert gathered(accumulator) == []
    assert accumulator.take()[4] == []


def test_what_stands_adds_up_without_a_pane_and_what_was_taken_back_is_left_out() -> None:
    accumulator = Accumulator()
    accumulator.stand(("open_all", "s1", "mql"), 2)
    accumulator.stand(("open_all", "s1", "sql"), 1)
    accumulator.stand(("open_all", "s1", "mql"), -3)
    accumulator.stand(("open_all", "s1", "sql"), -1)
    names, amounts = accumulator.take_standing()
    assert (names, amounts.tolist()) == ([("open_all", "s1", "mql")], [-1])
    assert accumulator.fresh == [("open_all", "s1", "mql")]
    assert gathered(accumulator) == []
    assert accumulator.take_standing()[0] == []


def test_a_cell_that_stands_is_fresh_once() -> None:
    accumulator = Accumulator()
    for _ in range(2):
        accumulator.stand(("open_all", "s1", "mql"), 1)
        accumulator.take_standing()
    assert accumulator.fresh == [("open_all", "s1", "mql")]
    accumulator.forget_fresh()
    accumulator.stand(("open_all", "s1", "mql"), -1)
    accumulator.take_standing()
    assert accumulator.fresh == [("open_all", "s1", "mql")]


def test_the_hot_way_writes_the_same_as_add() -> None:
    accumulator = Accumulator()
    accumulator.up(accumulator.ids["view", "s1"] + 7)
    accumulator.up(accumulator.ids["view", "s1"] + 7)
    accumulator.down(accumulator.ids["view", "s1"] + 8)
    accumulator.add(("view", "s1"), 7, 5)
    assert gathered(accumulator) == [("view", "s1", 7, 7), ("view", "s1", 8, -1)]


@pytest.mark.parametrize(("pane", "kept"), [
    (-1, 0), (0, 0), (4_398_046_511_103, 4_398_046_511_103), (4_398_046_511_104, 4_398_046_511_103),
    (1 << 62, 4_398_046_511_103), (-(1 << 62), 0),
])  # fmt: skip
def test_a_pane_that_no_key_holds_becomes_the_nearest_one_and_no_other_cell(pane: int, kept: int) -> None:
    """Arrivals are what the broker or a producer says they are."""
    accumulator = Accumulator()
    for name in "abc":
        accumulator.add((name,), 5)
    accumulator.add(("b",), pane)
    assert sorted([("a", 5, 1), ("b", 5, 1), ("c", 5, 1), ("b", kept, 1)]) == gathered(accumulator)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_sum_too_large_for_a_record_is_held_at_the_largest(sign: int) -> None:
    accumulator = Accumulator()
    for _ in range(2_000):
        accumulator.add(("ad_click", "s1"), 5, sign * ((1 << 53) - 1))
    accumulator.add(("ad_click", "s2"), 5, 3)
    (one, other) = gathered(accumulator)
    assert other == ("ad_click", "s2", 5, 3)
    assert 1 << 61 < sign * int(str(one[3])) < 1 << 63


def test_names_are_forgotten_when_they_become_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accumulator_module, "_MOST_NAMES", 10)
    accumulator = Accumulator()
    for number in range(25):
        accumulator.add(("view", f"s{number}"), 1)
    assert len(gathered(accumulator)) == 25
    assert len(accumulator.ids) == 0
    accumulator.add(("view", "s3"), 1)
    assert gathered(accumulator) == [("view", "s3", 1, 1)]


def test_old_changes_are_gathered_by_the_panes_that_windows_see_them_in() -> None:
    grid, newest_ms = Grid(), 100 * DAY_MS + 7 * MINUTE_MS
    accumulator = Accumulator()
    for age_ms in (
        0,
        50 * MINUTE_MS,
        62 * MINUTE_MS,
        62 * MINUTE_MS - 5_000,
        9 * HOUR_MS,
        9 * HOUR_MS + 60_000,
        12 * DAY_MS,
    ):
        accumulator.add(("view", "s1"), grid.pane(newest_ms - age_ms))
    names, _, panes, amounts, _ = accumulator.take(grid, newest_ms)
    assert names == [("view", "s1")]
    starts = [(newest_ms - grid.start_ms(pane), n) for pane, n in zip(panes.tolist(), amounts.tolist(), strict=True)]
    assert sorted(starts) == [
        (0, 1), (50 * MINUTE_MS, 1), (62 * MINUTE_MS, 2), (9 * HOUR_MS + 7 * MINUTE_MS, 2), (12 * DAY_MS + 7 * MINUTE_MS, 1),
    ]  # fmt: skip


def test_no_level_remembers_changes_that_come_gathered_by_longer_panes_than_its_own() -> None:
    every = {window for windows in windows_of(catalog.METRICS).values() for window in windows}
    levels = Levels({*every, ("365d", 0)}, Grid()).levels
    assert sorted(levels) == list(range(len(COARSER) + 1))
    for number, (age_ms, pane_ms) in enumerate(COARSER):
        assert levels[number].ring * levels[number].pane_ms < age_ms
        assert levels[number + 1].pane_ms == pane_ms


def test_a_cell_that_only_long_windows_show_comes_gathered_by_their_panes() -> None:
    grid, accumulator = Grid(), Accumulator({"content_view": 180})
    now_ms = 20_000 * DAY_MS
    for minute in (1, 2, 14, 15):
        for kind in ("view", "content_view"):
            accumulator.add((kind, "s1"), grid.pane(now_ms + minute * MINUTE_MS))
    names, index, panes, amounts, _ = accumulator.take(grid, now_ms)
    found = [
        (names[i][0], (grid.start_ms(pane) - now_ms) // MINUTE_MS, n)
        for i, pane, n in zip(index.tolist(), panes.tolist(), amounts.tolist(), strict=True)
    ]
    assert sorted(found) == [
        ("content_view", 0, 3), ("content_view", 15, 1), ("view", 1, 1), ("view", 2, 1), ("view", 14, 1), ("view", 15, 1),
    ]  # fmt: skip


def test_a_total_that_was_taken_back_before_anybody_heard_of_it_is_not_told() -> None:
    accumulator = Accumulator()
    cell = ("ad_click", "s1")
    for amount in range(1, 25):
        accumulator.spreads.append(Spread(cell, 0, 10, amount, 1))
        if amount > 1:
            accumulator.spreads.append(Spread(cell, 0, 10, amount - 1, -1))
    accumulator.spreads += [Spread(cell, 0, 20, 3, -1), Spread(cell, 0, 20, 3, -1)]
    *_, spreads = accumulator.take()
    assert spreads == [Spread(cell, 0, 10, 24, 1), Spread(cell, 0, 20, 3, -1), Spread(cell, 0, 20, 3, -1)]
