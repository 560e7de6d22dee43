"""Volumes: what a page on visitors needs, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from stream.judge.history import History
from stream.judge.past import Line
from stream.judge.usual import Volume
from stream.judge.volumes import MAILING_DAYS, Visitors, mailing, mailing_of, visitors
from tests.unit.judge.made import NOON_MS, past, remember, rows

NOWHERE = np.zeros((1, 1), bool)


def volume(low: float, level: float = 1.0) -> Volume:
    return Volume(np.full((1, 4), low), np.full((1, 2), level), np.full((1, 2), 4.0), (0,))


def judged(count: float, pulled: float, usual: Visitors) -> tuple[bool, bool]:
    line = Line(past(History(), hours=2), np.array([NOON_MS]))
    with np.errstate(all="ignore"):
        page, ticket = visitors(np.array([[count]]), np.array([[pulled]]), NOWHERE, line, usual, 0.55, 0.55)
    return bool(page.holds.item()), bool(ticket.holds.item())


@pytest.mark.parametrize(
    ("count", "pulled", "told"),
    [
        (54, 30, (True, False)),  # below 0.55 · 100 and 100 − 4·10, pulled below 0.7 · 60
        (56, 30, (False, False)),
        (54, 43, (False, True)),  # those who come by themselves are there
        (100, 0, (False, False)),
    ],
)
def test_visitors_of_whom_a_hundred_are_expected(count: float, pulled: float, told: tuple[bool, bool]) -> None:
    assert judged(count, pulled, Visitors(volume(100), volume(60), None)) == told


def test_where_few_come_by_themselves_their_number_says_nothing() -> None:
    assert judged(40, 15, Visitors(volume(100), volume(19), None)) == (True, False)


def test_of_twenty_visitors_two_still_page() -> None:
    # 20 − 4·√20 = 2.1
    assert judged(2, 0, Visitors(volume(20), volume(12), None)) == (True, False)
    assert judged(3, 0, Visitors(volume(20), volume(12), None)) == (False, False)


def test_a_young_site_is_told_only_when_nobody_comes() -> None:
    young = Visitors(volume(np.nan), volume(np.nan), np.array([[50.0, 50.0]]))
    assert judged(0, 0, young) == (True, False)
    assert judged(1, 0, young) == (False, False)
    assert judged(0, 0, young._replace(days=np.array([[49.0, 49.0]]))) == (False, False)


@pytest.mark.parametrize(("went_out", "holds"), [(True, False), (False, True)])
def test_the_mailing_of_the_week(went_out: bool, holds: bool) -> None:
    # 5,000 each week: seven days hold 5,000 whenever they are looked at, until it does not go out
    history = History()
    row = remember(
        history, "emails_sent", "7d", {"purpose": "p"}, lambda lag: 5_000.0 if went_out or lag > 40 else 90.0
    )
    assert min(MAILING_DAYS) * 24 > 40
    time = past(history, hours=2)
    line = Line(time, np.array([NOON_MS]))
    usual = mailing_of(time, time.counts(rows("7d", row)))
    now = np.array([[5_000.0 if went_out else 90.0]])
    assert mailing(now, NOWHERE, line, usual).holds.item() is holds
