"""Targets: changes of cells by number become changes of the series that were right when they came."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stream.changes.panes import Grid
from stream.rollup import targets as module
from stream.rollup.budget import ALWAYS, NEVER
from stream.rollup.targets import Part, Targets

GRID = Grid(1)


def always(*sids: int) -> list[Part]:
    return [Part(ALWAYS, NEVER, list(sids))]


def expanded(targets: Targets, *changes: tuple[int, int, int]) -> dict[tuple[int, int], int]:
    """Expand changes, each as if a shard had told it alone; give (series, pane) → sum."""
    columns = [tuple(np.array([value], np.int64) for value in change) for change in changes]
    total: Counter[tuple[int, int]] = Counter()
    for sid, pane, n in zip(*(column.tolist() for column in targets.expand(columns)), strict=True):  # type: ignore[arg-type]
        total[sid, pane] += n
    return dict(total)


def test_shards_that_change_the_same_cell_are_added_up() -> None:
    targets = Targets(GRID)
    one, none = targets.add(("view", "s1"), "view", always(3, 5)), targets.add(("view", "s2"), "view", [])
    assert expanded(targets, (one, 9, 2), (none, 9, 7), (one, 9, 4), (one, 8, 1)) == {
        (3, 9): 6, (5, 9): 6, (3, 8): 1, (5, 8): 1,
    }  # fmt: skip


def test_a_cell_may_be_named_as_a_delta_encodes_it() -> None:
    targets = Targets(GRID)
    number = targets.add(b"coded", "view", always(4))
    assert targets.coded[b"coded"] == number
    assert not targets.numbers
    assert targets.sids(number) == [4]


def test_changes_that_wait_are_of_the_series_that_were_right_when_they_came() -> None:
    targets = Targets(GRID)
    before = targets.add(("view", "s1"), "view", always(1))
    targets.forget(["view"])
    assert ("view", "s1") not in targets.numbers
    after = targets.add(("view", "s1"), "view", always(2))
    assert expanded(targets, (before, 5, 1), (after, 5, 1)) == {(1, 5): 1, (2, 5): 1}


def test_only_cells_of_the_kinds_named_are_forgotten() -> None:
    targets = Targets(GRID)
    targets.add(("view", "s1"), "view", always(1))
    targets.add(("session", "s1"), "session", always(2))
    targets.forget(["view"])
    assert list(targets.numbers) == [("session", "s1")]
    targets.forget()
    assert not targets.numbers


def test_what_lies_before_the_moment_of_a_cell_goes_to_the_series_that_it_had_then() -> None:
    targets = Targets(GRID)
    late = targets.add(("view", "s1"), "view", [Part(ALWAYS, 10, [1, 2]), Part(10, 20, [3]), Part(20, NEVER, [4])])
    other = targets.add(("view", "s2"), "view", always(9))
    assert targets.sids(late) == [4]
    assert [part.sids for part in targets.parts(late)] == [[1, 2], [3], [4]]
    assert expanded(targets, (late, 9, 1), (late, 10, 1), (late, 19, 1), (late, 20, 1), (other, 9, 1)) == {
        (1, 9): 1, (2, 9): 1, (3, 10): 1, (3, 19): 1, (4, 20): 1, (9, 9): 1,
    }  # fmt: skip


_MOMENTS = st.lists(st.integers(1, 40), unique=True, max_size=3).map(sorted)
_CHANGES = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 45), st.integers(-3, 3)), max_size=150)


@given(moments=st.lists(_MOMENTS, min_size=6, max_size=6), changes=_CHANGES)
def test_each_change_goes_to_the_series_of_its_moment(
    moments: list[list[int]], changes: list[tuple[int, int, int]]
) -> None:
    targets, parts_of = Targets(GRID), list[list[Part]]()
    for number, some in enumerate(moments):
        edges = [ALWAYS, *some, NEVER]
        parts = [Part(a, b, [10 * number + at, 100]) for at, (a, b) in enumerate(pairwise(edges))]
        assert targets.add(("view", f"s{number}"), "view", parts) == number
        parts_of.append(parts)
    wanted: Counter[tuple[int, int]] = Counter()
    for number, pane, n in changes:
        (part,) = [part for part in parts_of[number] if part.from_ms <= pane < part.to_ms]
        for sid in part.sids:
            wanted[sid, pane] += n
    found = expanded(targets, *changes) if changes else {}
    assert {place: n for place, n in found.items() if n} == {place: n for place, n in wanted.items() if n}


def test_numbers_do_not_grow_without_end(monkeypatch) -> None:
    monkeypatch.setattr(module, "_MOST_CELLS", 3)
    monkeypatch.setattr(module, "_MOST_NUMBERS", 6)
    targets = Targets(GRID)
    for turn in range(20):
        number = targets.add(("view", f"s{turn}"), "view", always(turn))
        assert number <= 6
        assert len(targets.numbers) <= 3
        assert expanded(targets, (number, 5, 1)) == {(turn, 5): 1}


@given(
    st.lists(st.lists(st.integers(0, 6), max_size=4, unique=True), min_size=1, max_size=6),
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 1 << 41), st.integers(-3, 3)), min_size=1, max_size=30),
)
def test_expanding_is_adding_each_change_to_each_series(
    series: list[list[int]], changes: list[tuple[int, int, int]]
) -> None:
    targets = Targets(GRID)
    numbers = [targets.add(("view", f"s{at}"), "view", always(*sids)) for at, sids in enumerate(series)]
    total: Counter[tuple[int, int]] = Counter()
    for at, pane, n in changes:
        for sid in series[at % len(series)]:
            total[sid, pane] += n
    found = expanded(targets, *((numbers[at % len(series)], pane, n) for at, pane, n in changes))
    assert {key: n for key, n in found.items() if n} == {key: n for key, n in total.items() if n}
