"""Pages: the same sums as a table of all cells, whatever comes and goes, in a fraction of its memory."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stream.windows.pages import PANES, Pages

RING, ROWS = 3 * PANES + 5, 4
STEPS = st.lists(
    st.tuples(
        st.sampled_from(("add", "add", "add", "advance", "pour", "drop")),
        st.integers(0, ROWS - 1),
        st.integers(0, ROWS - 1),
        st.integers(0, RING - 1),
        st.integers(-5, 9),
    ),
    max_size=40,
)


@given(STEPS)
def test_pages_hold_what_a_table_of_all_cells_holds(steps: list[tuple[str, int, int, int, int]]) -> None:
    pages, table = Pages(RING), np.zeros((ROWS, 100_000), np.int64)
    end = RING
    pages.advance(end)
    for step, row, other, ago, n in steps:
        if step == "add":
            panes = np.array([end - 1 - ago, end - 1])
            pages.add(np.array([row, other]), panes, np.array([n, 1]))
            table[row, panes[0]] += n
            table[other, panes[1]] += 1
        elif step == "advance":
            end += ago * (1 if n < 5 else 4)
            pages.advance(end)
            table[:, : end - RING] = 0
        elif step == "pour" and row != other:
            pages.pour(row, other)
            table[other] += table[row]
        elif step == "drop":
            pages.drop(row)
            table[row] = 0
        first = end - RING
        for low, high in ((first, end), (first + ago, end), (first, end - ago), (end - 1, end)):
            assert pages.sum(low, high, ROWS).tolist() == table[:, low:high].sum(axis=1).tolist()
            some = np.array([row, other])
            assert pages.sum_of(some, low, high).tolist() == table[some, low:high].sum(axis=1).tolist()
        assert pages.of_pane(end - 1 - ago, ROWS).tolist() == table[:, end - 1 - ago].tolist()
        assert pages.holding(row) == np.flatnonzero(table[row]).tolist()


def test_a_series_that_holds_little_takes_little_and_gives_it_back() -> None:
    pages = Pages(1_000)
    pages.advance(1_000)
    pages.make_room(5_000)
    rows = np.arange(5_000)
    pages.add(rows, np.full(5_000, 500), np.ones(5_000, np.int64))
    size = len(pages._pool)
    assert size < 8_000
    for end in range(2_000, 20_000, 1_000):
        pages.advance(end)
        pages.add(rows, np.full(5_000, end - 1), np.ones(5_000, np.int64))
    assert len(pages._pool) < 2 * size, "pages of what has left are given again"
