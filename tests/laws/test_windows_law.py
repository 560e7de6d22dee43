"""Windows: levels equal brute force at every moment, however changes come, and exact windows at aligned edges.

changes, out of order by up to a day ──► levels ──► sums of windows  =  a plain sum over all changes
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream import catalog
from stream.catalog.words import AGES
from stream.changes.accumulator import Spread
from stream.changes.panes import DAY_MS, HOUR_MS, MINUTE_MS, NOW, Grid, end_pane, window_ms
from stream.rollup.wanted import windows_of
from stream.windows.exact import ExactWindows
from stream.windows.level import Window
from stream.windows.levels import Levels
from stream.windows.spreads import Part, columns, in_panes

CATALOG: set[Window] = {w for some in windows_of(catalog.METRICS).values() for w in some if w[0] != NOW}
WINDOWS: list[Window] = sorted(CATALOG | {("365d", 0)})
START_MS = 1_750_000_000_000 // (6 * HOUR_MS) * (6 * HOUR_MS)


def edge_of(levels: Levels, window: Window, now_ms: int) -> int:
    """Give the moment that a window ends at: shifted ones at the last edge that lies so long before."""
    pane_ms = levels._level_of[window].pane_ms
    if window[1]:
        return (now_ms - window[1]) // pane_ms * pane_ms
    return end_pane(now_ms, pane_ms) * pane_ms


def brute(levels: Levels, window: Window, changes: np.ndarray, now_ms: int, series: int) -> list[int]:
    """Add up all changes that a window sees: those in panes of [E - W, E)."""
    end = edge_of(levels, window, now_ms)
    seen = (changes[:, 1] >= end - window_ms(window[0])) & (changes[:, 1] < end)
    sums = np.zeros(series + 1, np.int64)
    np.add.at(sums, changes[seen, 0], changes[seen, 2])
    return sums.tolist()


def apply(levels: Levels, changes: np.ndarray) -> None:
    panes = changes[:, 1] // levels.grid.pane_ms
    levels.apply(changes[:, 0].copy(), panes, changes[:, 2].copy())


def test_the_windows_are_those_that_the_catalog_asks_for() -> None:
    of_metrics = {"5m", "1h", "6h", "24h", "7d", "30d", "90d", "365d"}
    assert {name for name, _ in WINDOWS} == of_metrics | set(AGES)  # of open leads, by how long they have been
    in_time = {6 * HOUR_MS, 48 * HOUR_MS, 72 * HOUR_MS}  # mails opened and clicked, appointments, mails replied to
    targets = {target_s * 1_000 for target_s in (300, 600, 1_800, 3_600)}  # steps of funnels
    assert {shift for _, shift in WINDOWS} == {0, 30 * MINUTE_MS} | in_time | targets


def test_windows_of_all_levels_equal_brute_force_at_a_thousand_moments() -> None:
    random = np.random.default_rng(7)
    series, count = 5, 10_000
    levels = Levels(WINDOWS, Grid())
    for _ in range(series):
        levels.add_series(WINDOWS)
    span = 100 * DAY_MS
    # what happens, and when it is known: up to a day later
    happened = START_MS + np.sort(random.integers(0, span, count))
    changes = np.stack([random.integers(0, series, count), happened, random.integers(-3, 9, count)], axis=1)
    known = happened + random.integers(1, DAY_MS, count) * random.integers(0, 2, count)
    order = np.argsort(known, kind="stable")
    changes, known = changes[order], known[order]
    moments = np.sort(random.integers(START_MS, START_MS + span, 1_000))
    # bursts: many moments close together, and long silences
    moments[300:600] = moments[300] + np.arange(300) * 7_000
    moments.sort()
    done = 0
    for now_ms in moments.tolist():
        upto = int(np.searchsorted(known, now_ms))
        if upto > done:
            levels.advance(int(known[upto - 1]) + 1)
            apply(levels, changes[done:upto])
            done = upto
        levels.advance(now_ms)
        for window in WINDOWS:
            assert levels.total(window).tolist() == brute(levels, window, changes[:done], now_ms, series), window
            assert levels.span(window)[1] == edge_of(levels, window, now_ms), window


@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 40 * DAY_MS), st.integers(0, DAY_MS), st.integers(-2, 5)),
        max_size=30,
    ),
    st.lists(st.integers(1, 20 * DAY_MS), min_size=1, max_size=8),
)
def test_windows_equal_brute_force_for_any_changes(drawn: list[tuple[int, int, int, int]], steps: list[int]) -> None:
    """Moments and changes that hypothesis makes small: edges of panes, empty levels, leaps over whole rings."""
    levels = Levels(WINDOWS, Grid())
    for number in range(3):
        levels.add_series(WINDOWS if number else WINDOWS[:2])
    changes = np.array([(s, START_MS + t, n) for s, t, _, n in drawn], np.int64).reshape(-1, 3)
    known = np.array([START_MS + t + late for _, t, late, _ in drawn], np.int64)
    now_ms, seen = START_MS, np.zeros(len(changes), np.bool_)
    for step in steps:
        now_ms += step
        levels.advance(now_ms)
        new = (known < now_ms) & ~seen
        apply(levels, changes[new])
        seen |= new
        for window in WINDOWS:
            wanted = brute(levels, window, changes[seen], now_ms, 3)
            if window not in WINDOWS[:2]:
                wanted[0] = 0
            assert levels.total(window)[1:].tolist() == wanted[1:], window


@pytest.mark.parametrize("edge_ms", [6 * HOUR_MS])
@given(data=st.data())
def test_exact_windows_equal_levels_at_aligned_edges(edge_ms: int, data: st.DataObject) -> None:
    levels, exact = Levels(WINDOWS, Grid()), ExactWindows()
    for table in (levels, exact):
        for _ in range(2):
            table.add_series(WINDOWS)
    now_ms = START_MS + 40 * DAY_MS
    levels.advance(now_ms)
    exact.advance(now_ms)
    times = st.integers(START_MS, now_ms - 1)
    drawn = data.draw(st.lists(st.tuples(st.integers(0, 1), times, st.integers(-2, 5)), max_size=20))
    changes = np.array(drawn, np.int64).reshape(-1, 3)
    apply(levels, changes)
    exact.apply(changes[:, 0], changes[:, 1], changes[:, 2])
    for start, length, amount, sid in data.draw(
        st.lists(st.tuples(times, st.integers(1, 9 * DAY_MS), st.integers(0, 10**15), st.integers(0, 1)), max_size=5)
    ):
        spread = Spread(("ad_click",), start, start + length, amount, 1)
        levels.spread(sid, spread)
        exact.spread(sid, spread)
    for later in range(3):
        moment = now_ms + later * edge_ms
        levels.advance(moment)
        exact.advance(moment)
        for window in WINDOWS:
            if (moment - window[1]) % levels._level_of[window].pane_ms:
                continue  # so long before now lies no edge of its panes
            assert levels.total(window).tolist() == exact.total(window).tolist(), window
            assert levels.span(window) == exact.span(window)
        for ago in (edge_ms, 4 * edge_ms):
            for window in (("24h", 0), ("7d", 0), ("30d", 0), ("90d", 0)):
                sids = np.array([1, 0, 1])
                found, wanted = (table.between(window, sids, moment - ago) for table in (levels, exact))
                assert found is not None
                assert wanted is not None
                assert found.tolist() == wanted.tolist(), window


@given(
    st.integers(0, 10**15),
    st.integers(0, 3 * DAY_MS),
    st.integers(1, 400 * DAY_MS),
    st.lists(st.integers(0, 500 * DAY_MS), max_size=12),
)
def test_a_spread_adds_up_exactly_wherever_it_is_cut(amount: int, start: int, length: int, cuts: list[int]) -> None:
    spread = Spread(("ad_click",), start, start + length, amount, 1)
    for pane_ms in (15 * MINUTE_MS, 6 * HOUR_MS):
        last = end_pane(start + length, pane_ms)
        edges = sorted({0, last, *(min(cut // pane_ms, last) for cut in cuts)})
        table = columns([Part(0, spread, 0, 1 << 62)])
        found = [amounts for a, b in pairwise(edges) for _, _, amounts in in_panes(table, pane_ms, 0, a, b)]
        parts = [part for amounts in found for part in amounts.tolist()]
        assert sum(parts) == amount
        assert all(part > 0 for part in parts)


@given(st.integers(0, 10**12), st.integers(1, 40 * DAY_MS), st.integers(0, 40 * DAY_MS))
def test_a_spread_taken_back_leaves_nothing_however_time_went_on_between(amount: int, length: int, step: int) -> None:
    levels = Levels(WINDOWS, Grid())
    sid = levels.add_series(WINDOWS)
    levels.advance(START_MS + DAY_MS)
    period = (("ad_click",), START_MS + DAY_MS // 2, START_MS + DAY_MS // 2 + length)
    levels.spread(sid, Spread(*period, amount, 1))
    levels.advance(START_MS + DAY_MS + step)
    levels.spread(sid, Spread(*period, amount, -1))
    for moment in (step, 2 * step, step + 45 * DAY_MS):
        levels.advance(START_MS + DAY_MS + moment)
        for window in WINDOWS:
            assert levels.total(window).tolist() == [0, 0], window


@given(st.integers(1, 10**12), st.integers(1, 80 * DAY_MS), st.lists(st.integers(1, 9 * DAY_MS), max_size=6))
def test_a_total_that_ends_in_the_future_comes_in_as_its_panes_come(amount: int, length: int, steps: list[int]) -> None:
    levels, exact = Levels(WINDOWS, Grid()), ExactWindows()
    now_ms = START_MS + DAY_MS
    for table in (levels, exact):
        table.add_series(WINDOWS)
        table.advance(now_ms)
        table.spread(0, Spread(("ad_click",), START_MS, START_MS + length, amount, 1))
    for step in steps:
        now_ms = end_pane(now_ms + step, 6 * HOUR_MS) * 6 * HOUR_MS
        levels.advance(now_ms)
        exact.advance(now_ms)
        for window in (("24h", 0), ("7d", 0), ("30d", 0), ("90d", 0)):
            assert levels.total(window).tolist() == exact.total(window).tolist(), window


def test_a_week_that_ended_long_ago_is_read_from_longer_panes_where_its_own_are_gone() -> None:
    levels = Levels(WINDOWS, Grid())
    levels.add_series([window for window in WINDOWS if window[0] != "365d"])
    levels.advance(START_MS + 20 * DAY_MS)
    for day in range(20):
        apply(levels, np.array([[0, START_MS + day * DAY_MS, 1]]))
    for ago, seen in ((0, 7), (2, 7), (6, 7), (15, 5)):
        found = levels.between(("7d", 0), np.array([0]), START_MS + (20 - ago) * DAY_MS)
        assert found is not None
        assert found.tolist() == [seen], ago
    # the level of a year goes back so far, but this series is not in it
    assert levels.between(("90d", 0), np.array([0]), START_MS - 40 * DAY_MS) is None


def test_what_is_shifted_ends_no_later_than_its_shift_before_now() -> None:
    """
    a visit at 10:00, read through panes of 15 min:
    10:16 ── 10:30 ── 10:44 │ 10:45      the session may go on until 10:30; the last edge so long before is 10:00 until
    0         0         0    │ 1         10:45, when it is 10:15
    """
    levels = Levels(WINDOWS, Grid())
    levels.add_series(WINDOWS)
    seen = []
    for minute in (1, 16, 30, 44, 45):
        levels.advance(START_MS + minute * MINUTE_MS)
        if minute == 1:
            apply(levels, np.array([[0, START_MS, 1]]))
        seen.append(int(levels.total(("24h", 30 * MINUTE_MS))[0]))
    assert seen == [0, 0, 0, 0, 1]
