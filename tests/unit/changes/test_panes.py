"""Panes and windows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.changes.panes import DAY_MS, Grid, end_pane, window_ms


@pytest.mark.parametrize(("name", "length_ms"), [
    ("1ms", 1), ("90s", 90_000), ("5m", 300_000), ("24h", DAY_MS), ("7d", 7 * DAY_MS), ("400d", 400 * DAY_MS),
    ("2w", 14 * DAY_MS),
])  # fmt: skip
def test_a_window_is_a_number_and_a_unit(name: str, length_ms: int) -> None:
    assert window_ms(name) == length_ms


@pytest.mark.parametrize(
    "name", ["", "5", "m", "0m", "-5m", "05m", "5 m", "5M", "1.5h", "1h30m", "5m\n", "\u0665m", "9" * 10 + "d"]
)
def test_anything_else_is_no_window_and_the_message_says_how_to_write_one(name: str) -> None:
    with pytest.raises(ValueError, match="write a whole number and a unit"):
        window_ms(name)


@pytest.mark.parametrize(("time_ms", "pane"), [
    #   -100      0      100     200
    #     |-------|-------|-------|
    (-1, -1),
    (0, 0),      # the left edge is inside
    (99, 0),
    (100, 1),    # the right edge opens the next pane
])  # fmt: skip
def test_a_pane_owns_its_left_edge(time_ms: int, pane: int) -> None:
    assert Grid(100).pane(time_ms) == pane


def test_panes_can_begin_anywhere() -> None:
    grid = Grid(100, origin_ms=30)
    assert [grid.pane(t) for t in (29, 30, 129, 130)] == [-1, 0, 0, 1]
    assert grid.start_ms(1) == 130


@pytest.mark.parametrize(("now_ms", "end"), [(0, 0), (1, 1), (100, 1), (101, 2), (-1, 0)])
def test_a_window_ends_at_now_rounded_up_to_an_edge(now_ms: int, end: int) -> None:
    assert end_pane(now_ms, 100) == end


@given(st.integers(-(10**14), 10**14), st.integers(1, DAY_MS), st.integers(0, DAY_MS))
def test_whatever_happened_before_now_is_inside(now_ms: int, pane_ms: int, origin_ms: int) -> None:
    grid, end = Grid(pane_ms, origin_ms), end_pane(now_ms, pane_ms, origin_ms)
    assert grid.pane(now_ms - 1) < end
    assert grid.start_ms(end) - now_ms in range(pane_ms)
