"""Ages: what windows hold by how long ago it was equals brute force, in levels to a pane, in exact ones to the ms."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stream.changes.panes import DAY_MS, HOUR_MS, MINUTE_MS, Grid, window_ms
from stream.rollup.series import Windows
from stream.windows.exact import ExactWindows
from stream.windows.level import Window
from stream.windows.levels import Levels
from stream.windows.sliding import SlidingWindows

WINDOWS: tuple[Window, ...] = (("24h", 0), ("7d", 0), ("30d", 0), ("90d", 0), ("365d", 0))
SIDS = np.array([1, -1, 0, 2], np.int64)
NOW_MS = 20_000 * DAY_MS + 7 * HOUR_MS + 11 * MINUTE_MS
#: (series, age, amount): many young ones, and some at every age.
CHANGES = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.one_of(st.integers(1, 2 * HOUR_MS), st.integers(1, 8 * DAY_MS), st.integers(1, 400 * DAY_MS)),
        st.integers(-2, 5),
    ),
    max_size=40,
)


def filled(table: Windows, changes: list[tuple[int, int, int]], pane_ms: int) -> None:
    for _ in range(3):
        table.add_series(WINDOWS)
    table.advance(NOW_MS)
    sids, ages, amounts = np.array(changes, np.int64).reshape(-1, 3).T
    table.apply(sids.copy(), (NOW_MS - ages) // pane_ms, amounts.copy())


@given(CHANGES)
def test_by_age_all_that_a_window_holds_is_there_once_and_as_old_as_it_is(changes: list[tuple[int, int, int]]) -> None:
    levels = Levels(WINDOWS, Grid())
    filled(levels, changes, Grid().pane_ms)
    for window in WINDOWS:
        at, ages, amounts = levels.by_age(window, SIDS)
        for place, sid in enumerate(SIDS.tolist()):
            mine = at == place
            assert amounts[mine].sum() == (levels.total(window)[sid] if sid >= 0 else 0), window
            found = sorted(np.repeat(ages[mine], np.abs(amounts[mine])).tolist())
            if all(n > 0 for one, _, n in changes if one == sid) and sid >= 0:
                start_ms = levels.span(window)[0]
                wanted = sorted(
                    age for one, age, n in changes for _ in range(n) if one == sid and NOW_MS - age >= start_ms
                )
                for one, other in zip(found, wanted, strict=True):
                    assert abs(one - other) <= max(15 * MINUTE_MS, other * 0.04)


@given(CHANGES)
def test_exact_ages_are_those_of_each_change(changes: list[tuple[int, int, int]]) -> None:
    for table in (ExactWindows(), SlidingWindows()):
        filled(table, changes, 1)
        for window in WINDOWS:
            at, ages, amounts = table.by_age(window, SIDS)
            found = Counter[tuple[int, int]]()
            for place, age, n in zip(at.tolist(), ages.tolist(), amounts.tolist(), strict=True):
                found[int(SIDS[place]), age] += n
            wanted = Counter[tuple[int, int]]()
            for sid, age, n in changes:
                if age <= window_ms(window[0]):
                    wanted[sid, age] += n
            assert {key: n for key, n in found.items() if n} == {key: n for key, n in wanted.items() if n}


@given(CHANGES, st.lists(st.integers(0, 90 * DAY_MS), min_size=4, max_size=4))
def test_what_is_younger_than_a_length_of_ones_own(changes: list[tuple[int, int, int]], lengths: list[int]) -> None:
    levels, lines = Levels(WINDOWS, Grid()), (ExactWindows(), SlidingWindows())
    filled(levels, changes, Grid().pane_ms)
    for table in lines:
        filled(table, changes, 1)
    exact = [
        sum(n for one, age, n in changes if one == sid and age <= length)
        for sid, length in zip(SIDS.tolist(), lengths, strict=True)
    ]
    for table in lines:
        assert table.recent(SIDS, np.array(lengths)).tolist() == exact
    for found, sid, length in zip(levels.recent(SIDS, np.array(lengths)).tolist(), SIDS.tolist(), lengths, strict=True):
        slack = 15 * MINUTE_MS if length <= 7 * DAY_MS else 6 * HOUR_MS
        between = [n for one, age, n in changes if one == sid and length < age <= length + slack]
        surely = sum(n for one, age, n in changes if one == sid and age <= length)
        low, high = sum(n for n in between if n < 0), sum(n for n in between if n > 0)
        assert surely + low <= found <= surely + high


@given(CHANGES)
def test_the_oldest_is_where_the_first_pane_that_holds_anything_begins(changes: list[tuple[int, int, int]]) -> None:
    kept = [(sid, age, abs(n)) for sid, age, n in changes if n]
    levels, lines = Levels(WINDOWS, Grid()), (ExactWindows(), SlidingWindows())
    filled(levels, kept, Grid().pane_ms)
    for table in lines:
        filled(table, kept, 1)
    for place, sid in enumerate(SIDS.tolist()):
        ages = [age for one, age, _ in kept if one == sid]
        for table in lines:
            assert table.oldest_ms(SIDS)[place] == (NOW_MS - max(ages) if ages else -1)
        found = int(levels.oldest_ms(SIDS)[place])
        seen = [age for age in ages if NOW_MS - age >= levels.remembered_ms()]
        assert found == -1 if not seen else 0 <= NOW_MS - max(seen) - found < DAY_MS
        if seen and max(seen) < 7 * DAY_MS:
            assert NOW_MS - max(seen) - found < 15 * MINUTE_MS
