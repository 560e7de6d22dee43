"""Amounts: what stands adds up by series, whatever time it is, and is kept in slices."""

from __future__ import annotations

import numpy as np
import pytest

from stream.changes.panes import DAY_MS, NOW, Grid
from stream.rollup.series import Windows
from stream.windows.amounts import A_SLICE, Amounts
from stream.windows.exact import ExactWindows
from stream.windows.levels import Levels
from stream.windows.sliding import SlidingWindows


def some(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.int64)


@pytest.mark.parametrize("table", [Levels([(NOW, 0), ("24h", 0)], Grid()), ExactWindows(), SlidingWindows()])
def test_what_stands_stands_until_it_is_taken_back(table: Windows) -> None:
    first, other = table.add_series([(NOW, 0)]), table.add_series([("24h", 0)])
    table.advance(DAY_MS)
    table.stand(some(first, first), some(3, 2))
    table.apply(some(other), some(0), some(7))
    assert table.total((NOW, 0)).tolist() == [5, 0, 0]
    table.advance(900 * DAY_MS)
    assert table.total((NOW, 0)).tolist() == [5, 0, 0]
    table.stand(some(first), some(-5))
    assert table.total((NOW, 0)).tolist() == [0, 0, 0]


def test_the_number_of_a_series_that_stood_becomes_anothers_and_nothing_stands_of_it() -> None:
    levels = Levels([(NOW, 0)], Grid())
    first, other = levels.add_series([(NOW, 0)]), levels.add_series([(NOW, 0)])
    levels.stand(some(first, other), some(3, 4))
    assert levels.holds(first)
    levels.pour(first, other)
    levels.drop(first)
    assert not levels.holds(first)
    assert levels.add_series([(NOW, 0)]) == first
    assert levels.total((NOW, 0)).tolist() == [0, 7, 0]


def test_only_slices_that_changed_are_told_and_only_what_stands_in_them() -> None:
    amounts = Amounts()
    amounts.add(some(2, A_SLICE + 1, A_SLICE + 2), some(5, 6, 7))
    assert amounts.changed == {0, 1}
    amounts.changed.clear()
    amounts.drop(A_SLICE + 1)
    amounts.drop(3)
    assert amounts.changed == {1}
    assert [column.tolist() for column in amounts.slice(1)] == [[A_SLICE + 2], [7]]
    assert amounts.total(4).tolist() == [0, 0, 5, 0]
    assert amounts.total(3 * A_SLICE).sum() == 12
