"""History: hours in a ring, holes, seeds, names."""

from __future__ import annotations

import numpy as np
import pytest

from stream.catalog import BY_NAME
from stream.judge.history import History, figure_of, shape_of

A = figure_of(BY_NAME["visitors"], {"site": "a"}, "1h")
B = figure_of(BY_NAME["visitors"], {"site": "b"}, "1h")


def values(history: History, row: int, *hours: int) -> list[float]:
    return history.read(np.array([row]), np.array(hours)).successes[0].tolist()


def test_an_hour_that_was_never_put_is_a_hole() -> None:
    history = History(4)
    row = history.row(A)
    history.put(10, [row], [5], [np.nan])
    history.put(12, [row], [7], [np.nan])
    assert values(history, row, 10, 11, 12) == pytest.approx([5, np.nan, 7], nan_ok=True)


def test_a_later_hour_takes_the_slot_of_one_that_is_a_round_older() -> None:
    history = History(4)
    row = history.row(A)
    history.put(10, [row], [5], [np.nan])
    history.put(14, [row], [9], [np.nan])
    assert values(history, row, 10, 14) == pytest.approx([np.nan, 9], nan_ok=True)
    assert not history.put(10, [row], [5], [np.nan])
    assert list(history.held()) == [14]


def test_what_was_measured_stands_over_a_seed_whichever_comes_first() -> None:
    history = History(4)
    row = history.row(A)
    history.put(10, [row], [1], [np.nan], seed=True)
    history.put(10, [row], [2], [np.nan])
    history.put(10, [row], [3], [np.nan], seed=True)
    history.put(11, [row], [4], [np.nan], seed=True)
    history.put(11, [row], [5], [np.nan], seed=True)
    assert values(history, row, 10, 11) == [2, 5]
    assert history.is_measured(10)
    assert not history.is_measured(11)


def test_hours_in_a_row_are_read_over_the_end_of_the_ring() -> None:
    history = History(4)
    row = history.row(A)
    for hour in range(10, 14):
        history.put(hour, [row], [hour], [np.nan])
    assert values(history, row, *range(10, 14)) == [10, 11, 12, 13]
    assert values(history, row, 13, 10) == [13, 10]


def test_rows_of_figures_that_are_gone_are_given_to_others() -> None:
    history = History(4)
    a, b = history.row(A), history.row(B)
    history.put(10, [a, b], [1, 2], [np.nan, np.nan])
    history.forget([A])
    assert history.trim() == [A]
    assert history.height == 2
    assert history.row(A) == a
    assert values(history, b, 10) == [2]


def test_a_name_changes_with_what_is_counted_and_not_with_words() -> None:
    assert shape_of("visitors") != shape_of("page_views")
    assert A.labels == (("site", "a"),)
    labels = {"channel": "direct", "site": "a"}
    assert figure_of(BY_NAME["channel_visitors"], labels, "1h") == figure_of(
        BY_NAME["channel_visitors"], dict(reversed(labels.items())), "1h"
    )
