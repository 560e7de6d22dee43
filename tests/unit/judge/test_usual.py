"""Usual: low, level, and the lower of pool and median, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from stream.judge.history import History
from stream.judge.past import Line
from stream.judge.usual import Examples, count_of, level_of, put_together, share_of
from tests.unit.judge.made import NOON_MS, WEEK, past, remember, rows


def test_low_is_the_second_lowest_week_at_the_lowest_of_three_hours() -> None:
    # at noon of the last weeks 40, 10, 30, 20; an hour before always 25, an hour after always 22
    noons = {WEEK: 40.0, 2 * WEEK: 10.0, 3 * WEEK: 30.0, 4 * WEEK: 20.0}

    def was(lag: int) -> float:
        return noons.get(lag, 25.0 if lag - 1 in noons else 22.0)

    history = History()
    row, day = remember(history, "visitors", "1h", {}, was), remember(history, "visitors", "24h", {}, lambda _: 500.0)
    time = past(history)
    volume = count_of(time, time.counts(rows("1h", row)), time.counts(rows("24h", day)), "1h")
    assert volume.low(Line(time, np.array([NOON_MS]))).tolist() == [[20.0]]
    assert volume.level.tolist() == [[1.0]]
    assert volume.weeks.tolist() == [[4.0]]


def test_one_week_is_too_few() -> None:
    history = History()
    row = remember(history, "visitors", "1h", {}, lambda lag: 30.0 if lag <= WEEK + 2 else None)
    time = past(history)
    counts = time.counts(rows("1h", row))
    assert np.isnan(count_of(time, counts, counts, "1h").lower).all()


@pytest.mark.parametrize(
    ("yesterday", "level"),
    [(500.0, 1.0), (450.0, 0.9), (100.0, 0.5), (900.0, 1.0), (None, 1.0)],
)
def test_the_day_before_only_lowers_and_halves_at_most(yesterday: float | None, level: float) -> None:
    history = History()
    day = remember(history, "visitors", "24h", {}, lambda lag: 500.0 if lag > 100 else yesterday)
    time = past(history)
    assert level_of(time, time.counts(rows("24h", day)), "1h").tolist() == [[level]]


def test_the_pool_is_swayed_by_a_busy_week_and_the_median_is_not() -> None:
    successes = np.array([5.0, 5.0, 300.0, 5.0])[:, None, None]
    trials = np.array([100.0, 100.0, 1_000.0, 100.0])[:, None, None]
    how = Examples(least=200, each=20)
    assert put_together(successes, trials, how, 2).item() == pytest.approx(0.05)  # pool 315 / 1,300
    rises = Examples(least=200, each=20, rises=True)
    assert put_together(successes, trials, rises, 2).item() == pytest.approx(315 / 1_300)
    assert np.isnan(put_together(successes, trials, Examples(2_000, 20), 2)).all()


def test_weeks_that_are_missing_are_left_out_and_not_added_as_nothing() -> None:
    successes = np.array([10.0, np.nan, 12.0, np.nan])[:, None, None]
    trials = np.array([200.0, np.nan, 200.0, np.nan])[:, None, None]
    assert put_together(successes, trials, Examples(200, 20), 2).item() == pytest.approx(0.055)
    assert np.isnan(put_together(successes, trials, Examples(200, 20), 3)).all()


def test_a_young_share_is_held_against_the_last_days() -> None:
    history = History()
    row = remember(history, "opt_in_ratio", "1h", {}, lambda lag: (6.0, 100.0) if lag <= 90 else None)
    time = past(history)
    share = share_of(time, lambda hours: time.read(rows("1h", row), hours), "1h", Examples(200, 20))
    assert share.at(Line(time, np.array([NOON_MS]))).item() == pytest.approx(0.06)
    assert share.weeks.item() == 0


def test_two_days_are_too_few_for_a_young_share() -> None:
    history = History()
    row = remember(history, "opt_in_ratio", "1h", {}, lambda lag: (6.0, 100.0) if lag <= 60 else None)
    time = past(history)
    share = share_of(time, lambda hours: time.read(rows("1h", row), hours), "1h", Examples(200, 20))
    assert np.isnan(share.usual).all()
