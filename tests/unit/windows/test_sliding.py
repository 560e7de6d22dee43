"""Sliding windows: whatever comes in whatever order, they hold what exact windows hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.changes.accumulator import Spread
from stream.changes.panes import DAY_MS, HOUR_MS, MINUTE_MS
from stream.windows.exact import ExactWindows
from stream.windows.sliding import SlidingWindows

SERIES = 4
WINDOWS = [("1ms", 0), ("5m", 0), ("1h", 30 * MINUTE_MS), ("24h", 0), ("7d", 0)]
START_MS = 1_772_323_200_000

#: (series, time, amount): mostly of the last hours, some days back, some not here yet
changes = st.lists(
    st.tuples(
        st.integers(0, SERIES - 1),
        st.integers(-8 * DAY_MS, 3 * HOUR_MS) | st.integers(-HOUR_MS, HOUR_MS),
        st.integers(-3, 3),
    ),
    max_size=30,
)
totals = st.lists(
    st.tuples(
        st.integers(0, SERIES - 1), st.integers(-8 * DAY_MS, DAY_MS), st.integers(0, 3 * DAY_MS),
        st.integers(0, 10**12), st.sampled_from([1, -1]),
    ),
    max_size=3,
)  # fmt: skip
steps = st.lists(st.tuples(st.integers(1, 2 * DAY_MS) | st.just(5 * MINUTE_MS), changes, totals), max_size=8)


@given(steps)
def test_they_hold_what_exact_windows_hold(steps) -> None:
    sliding, exact = SlidingWindows(), ExactWindows()
    now_ms = START_MS
    for table in (sliding, exact):
        for _ in range(SERIES):
            table.add_series(WINDOWS)
    for later_ms, some, spreads in steps:
        columns = np.array(some, np.int64).reshape(-1, 3).T
        for table in (sliding, exact):
            table.apply(columns[0], columns[1] + now_ms, columns[2])
            for sid, start_ms, length_ms, amount, sign in spreads:
                start_ms += now_ms
                table.spread(sid, Spread(("ad_click",), start_ms, start_ms + length_ms, amount, sign))
            table.advance(now_ms)
        for window in WINDOWS:
            assert sliding.span(window) == exact.span(window)
            assert sliding.total(window).tolist() == exact.total(window).tolist()
            for end_ms in (now_ms, now_ms - 1, now_ms - 2 * HOUR_MS):
                sids = np.array([0, 1, 0])
                found, wanted = (table.between(window, sids, end_ms) for table in (sliding, exact))
                assert found is not None
                assert wanted is not None
                assert found.tolist() == wanted.tolist()
        now_ms += later_ms


def test_a_window_may_be_read_at_an_earlier_moment() -> None:
    table = SlidingWindows()
    table.add_series(WINDOWS)
    table.apply(np.array([0, 0]), np.array([START_MS, START_MS + HOUR_MS]), np.array([1, 10]))
    read = []
    for now_ms in (START_MS + 2, START_MS + HOUR_MS + 2, START_MS + 2):
        table.advance(now_ms)
        read.append(int(table.total(("5m", 0))[0]))
    assert read == [1, 10, 1]


def test_series_that_come_later_begin_at_nothing() -> None:
    table = SlidingWindows()
    table.advance(START_MS)
    for sid in range(1_000):
        table.add_series(WINDOWS)
        table.apply(np.array([sid]), np.array([START_MS - 1]), np.array([sid]))
        if sid % 100 == 0:
            assert table.total(("5m", 0)).tolist() == [*range(sid + 1), 0]


def test_more_series_than_a_key_has_room_for_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    table = SlidingWindows()
    monkeypatch.setattr("stream.windows.sliding.MOST_SERIES", 1)
    table.add_series(())
    with pytest.raises(ValueError, match="1 series and no more"):
        table.add_series(())
