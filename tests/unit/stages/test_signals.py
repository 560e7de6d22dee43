"""Signals: the latest observation stands, whatever order records come in."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.changes.panes import DAY_MS
from stream.contract.times import format_ms, parse_ms
from tests.examples import examples
from tests.unit.stages.told import Teller, Told

NOON = parse_ms("2025-06-15T12:00:00Z") or 0
RANK = ("shop", "keyword_rank", "searchbox", "crm software")
OTHER = ("shop", "keyword_rank", "searchbox", "crm")


def rank(time_ms: int, observed_ms: int, value: float, revision: int = 0, **more: Any) -> Told:
    """Tell of a rank."""
    data = {
        "name": "keyword_rank", "provider": "searchbox", "entity": "crm software", "value": value,
        "observed_at": format_ms(observed_ms), "revision": revision,
    }  # fmt: skip
    return "signal", time_ms, data | more


def followers(value: int, entity: str = "shop", provider: str = "linkedin", **more: Any) -> Told:
    """Tell of the followers of an account."""
    return "signal", NOON, {"value": value, "entity": entity, "provider": provider, **more}


def standing(teller: Teller, *labels: str) -> tuple[float, int, int]:
    """Give value, time of observation and whether it was restated."""
    value, at, restated = (teller.stands[kind, *labels] for kind in ("signal", "signal_at", "signal_restated"))
    return value / 1_000_000, at, restated


@pytest.mark.parametrize(
    ("told", "right"),
    [
        ([rank(NOON, NOON - 9, 3)], (3, NOON - 9, 0)),
        ([rank(NOON, NOON - 9, 3), rank(NOON + 1, NOON - 5, 4)], (4, NOON - 5, 0)),
        ([rank(NOON + 9, NOON - 9, 3, 7), rank(NOON, NOON - 5, 4)], (4, NOON - 5, 0)),  # newer, however late it is told
        ([rank(NOON, NOON - 9, 3), rank(NOON + 1, NOON - 9, 5, 1)], (5, NOON - 9, 1)),  # a revision took its place
        ([rank(NOON, NOON - 9, 3), rank(NOON + 1, NOON - 9, 5)], (5, NOON - 9, 0)),  # told again, by no revision
        ([rank(NOON + 1, NOON - 9, 3), rank(NOON, NOON - 9, 5, 2)], (5, NOON - 9, 1)),
        ([rank(NOON, NOON - 9, 3, 1), rank(NOON, NOON - 9, 3, 2), rank(NOON, NOON - 5, 8, 1)], (8, NOON - 5, 0)),
        ([rank(NOON, NOON - 9, 2.25)], (2.25, NOON - 9, 0)),
    ],
)
def test_the_latest_stands_whatever_the_order(told: list[Told], right: tuple[float, int, int]) -> None:
    for order in permutations(told):
        teller = Teller()
        for one in order:
            teller.tell(one)
        assert standing(teller, *RANK) == right


def test_of_the_same_moment_and_revision_the_greatest_id_stands() -> None:
    for names in ("ab", "ba"):
        teller = Teller()
        for name in names:
            teller.tell(rank(NOON, NOON - 9, 3 if name == "a" else 4), named=name)
        assert standing(teller, *RANK) == (4, NOON - 9, 0)


def test_each_name_provider_and_entity_stands_by_itself() -> None:
    teller = Teller()
    teller.tell(rank(NOON, NOON - 9, 3), rank(NOON, NOON - 8, 7, entity="crm"), rank(NOON, NOON - 9, 1, provider="x"))
    assert standing(teller, *RANK) == (3, NOON - 9, 0)
    assert standing(teller, *OTHER) == (7, NOON - 8, 0)


@pytest.mark.parametrize(
    ("wanted", "right"),
    [((), 35), ((("linkedin", "shop"),), 10), ((("x", "shop"), ("linkedin", "blog")), 25), ((("x", "blog"),), 0)],
)
def test_followers_of_the_accounts_that_are_wanted_are_added_up(
    wanted: tuple[tuple[str, str], ...], right: int
) -> None:
    teller = Teller(wanted)
    teller.tell(followers(9), followers(10, revision=1), followers(20, "blog"), followers(5, provider="x"))
    teller.tell(rank(NOON, NOON - 9, 3))
    assert teller.stands["follower", "shop"] == right * 1_000_000


def test_other_rules_count_what_is_stored_by_other_accounts_once() -> None:
    teller = Teller()
    teller.tell(followers(10), followers(20, "blog"))
    again = teller.restarted((("linkedin", "blog"),))
    for _ in range(2):
        again.ads.advance(NOON, again.accumulator)
        again.note()
        assert again.stands["follower", "shop"] == 20_000_000
    again.tell(followers(11, revision=1))
    assert again.stands["follower", "shop"] == 20_000_000
    assert again.stands["signal", "shop", "social_followers", "linkedin", "shop"] == 11_000_000


def test_after_a_restart_what_stands_goes_on() -> None:
    teller = Teller()
    teller.tell(rank(NOON, NOON - 9, 3))
    again = teller.restarted()
    again.tell(rank(NOON + 1, NOON - 9, 5, 1))
    assert standing(again, *RANK) == (5, NOON - 9, 1)


def test_what_stands_is_not_forgotten() -> None:
    teller = Teller()
    teller.tell(rank(NOON, NOON - 9, 3))
    teller.tell(rank(NOON + 900 * DAY_MS, NOON + 900 * DAY_MS, 4, entity="crm"))
    for table in teller.ads.tables:
        for _ in range(3):
            table.expire(NOON + 900 * DAY_MS)
    assert standing(teller.restarted(), *RANK) == (3, NOON - 9, 0)
    assert len(teller.ads.signals.rows) == 2


def test_no_sum_is_shown_of_values_that_no_label_is_left_for() -> None:
    teller = Teller(most=1)
    teller.tell(followers(10), followers(20, "blog"), rank(NOON, NOON - 9, 3, entity="shop", provider="linkedin"))
    assert {cell for cell in teller.stands if "(other)" in cell} == set()
    assert teller.stands["signal", "shop", "social_followers", "linkedin", "shop"] == 10_000_000
    assert teller.stands["follower", "shop"] == 30_000_000  # a sum as it is
    assert len(teller.ads.signals.rows) == 2  # the rank would be a row because of which nothing stands


@settings(max_examples=examples(40))
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 2), st.integers(-5, 5), st.sampled_from("ab")),
        max_size=8,
    )
)
def test_what_stands_is_what_a_list_of_all_records_says(records: list[tuple[int, int, int, int, str]]) -> None:
    teller = Teller()
    for number, (observed, revision, time, value, entity) in enumerate(records):
        teller.tell(rank(NOON + time, NOON - 9 + observed, value, revision, entity=entity), named=f"e{number}")
    for entity in "ab":
        mine = [
            (observed, revision, time, f"e{number}", value)
            for number, (observed, revision, time, value, of) in enumerate(records)
            if of == entity
        ]
        if mine:
            observed, revision, _, _, value = max(mine)
            restated = revision > min(one[1] for one in mine if one[0] == observed)
            right = (value, NOON - 9 + observed, int(restated))
        else:
            right = (0, 0, 0)
        assert standing(teller, "shop", "keyword_rank", "searchbox", entity) == right
