"""Conversion within channels: rates, surges, what is expected, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from stream.judge.conversion import WINDOWS, Channels, Mix, judge, steady_of, usual_of
from stream.judge.history import History, Pairs
from stream.judge.past import Line
from tests.unit.judge.made import NOON_MS, WEEK, Was, past, remember, rows

STEADY: dict[str, Was] = {
    "direct": lambda lag: (5.0, 100.0),
    "email": lambda lag: (20.0, 200.0),
}


def channels(history: History, was: dict[str, Was]) -> Channels:
    """Fill channels: the hour as given, 6 h, 24 h and 7 d as so many of them."""
    of: dict[str, list[int]] = {}
    for window, times in (("1h", 1), ("6h", 6), ("24h", 24), ("7d", 168)):
        for channel, one in was.items():

            def scaled(lag: int, one: Was = one, times: int = times) -> tuple[float, float] | None:
                pair = one(lag)
                return None if pair is None else (pair[0] * times, pair[1] * times)  # type: ignore[index]

            row = remember(history, "channel_visit_to_lead_ratio", window, {"channel": channel}, scaled)
            of.setdefault(window, []).append(row)
    return Channels({window: rows(window, *some) for window, some in of.items()}, np.array([0]))


def test_expected_are_the_visitors_at_their_channels_rates() -> None:
    now = Pairs(np.array([[4.0], [30.0]]), np.array([[100.0], [300.0]]))
    rate = np.array([[0.05], [0.1]])
    nowhere, surge = np.zeros((2, 1), bool), np.array([[False], [True]])
    assert [each.item() for each in steady_of(now, rate, nowhere, np.array([0]))] == [34, 35, 400]
    assert [each.item() for each in steady_of(now, rate, surge, np.array([0]))] == [4, 5, 100]


def test_rate_is_a_third_of_the_way_up_four_weeks_of_seven_days() -> None:
    history = History()
    rates = {25: 0.05, 25 + WEEK: 0.08, 25 + 2 * WEEK: 0.02, 25 + 3 * WEEK: 0.04}

    def was(lag: int) -> tuple[float, float]:
        week = min(rates, key=lambda at: abs(at - lag))
        return (100 * rates[week], 100.0)

    mix = Mix(past(history), channels(history, {"direct": was}))
    assert mix.rate(past(history).hours()).item() == pytest.approx(0.04)


def verdict(
    now: dict[str, tuple[tuple[float, float], ...]], was: dict[str, Was]
) -> dict[str, tuple[bool, float, float]]:
    history = History()
    known = channels(history, was)
    time = past(history, hours=2)
    line = Line(time, np.array([NOON_MS]))
    figures = {window: Pairs(*np.array(pairs).T[:, :, None]) for window, pairs in now.items()}
    nowhere = {window: np.zeros((1, 1), bool) for window in WINDOWS}
    with np.errstate(all="ignore"):
        usual = usual_of(time, known)
        page, _ = judge(
            figures, nowhere, line, known.starts, usual, 2.8, {"1h": 0.85, "6h": 0.9, "24h": 0.9}, 0.9
        )  # fmt: skip
    return {
        w: (bool(one.holds.item()), one.figure.item() / one.over.item(), one.usual.item()) for w, one in page.items()
    }


def windows(hour: tuple[tuple[float, float], ...]) -> dict[str, tuple[tuple[float, float], ...]]:
    times = {"1h": 1, "6h": 6, "24h": 24}
    return {window: tuple((k * many, n * many) for k, n in hour) for window, many in times.items()}


def test_a_usual_hour_is_as_usual() -> None:
    found = verdict(windows(((5, 100), (20, 200))), STEADY)
    assert found["1h"] == (False, pytest.approx(25 / 300), pytest.approx(25 / 300))
    assert not any(holds for holds, _, _ in found.values())


def test_a_dead_form_is_told_in_an_hour_that_expects_25() -> None:
    found = verdict(windows(((0, 100), (0, 200))), STEADY)
    assert all(holds for holds, _, _ in found.values())


def test_other_visitors_are_no_drop() -> None:
    # half as many by mail, who convert better: the plain ratio falls from 8.3 to 7.5 %, and nothing is broken
    found = verdict(windows(((5, 100), (10, 100))), STEADY)
    assert not any(holds for holds, _, _ in found.values())
    assert found["6h"][2] == pytest.approx(0.075)


def test_a_channel_that_surges_is_not_judged() -> None:
    # 3,000 by mail, of whom hardly anybody converts; the others convert as usual
    found = verdict(windows(((15, 300), (20, 3_000))), {**STEADY, "direct": lambda lag: (15.0, 300.0)})
    assert not any(holds for holds, _, _ in found.values())
    assert found["1h"][1] == pytest.approx(0.05)


def test_where_all_surge_all_are_held_against_half_of_their_rates() -> None:
    well = verdict(windows(((30, 1_000), (160, 2_000))), STEADY)  # 190 of 250 at their rates: a promotion
    assert not any(holds for holds, _, _ in well.values())
    dead = verdict(windows(((0, 1_000), (2, 2_000))), STEADY)
    assert all(holds for holds, _, _ in dead.values())
    assert dead["1h"][2] == pytest.approx(0.5 * 250 / 3_000)
