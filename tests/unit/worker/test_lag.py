"""Lag: what is not read, and whether what is read can be believed."""

from __future__ import annotations

import pytest

from stream.kafka.fetch import Ends
from stream.worker.lag import READ_WITHIN_S, Lag

TPS = ("page_view", "form")


def lag(**ends: tuple[int, int]) -> Lag:
    made = Lag()
    for name, (stable, high) in ends.items():
        made.see(name, Ends(stable, high), 0.0)
    return made


def test_what_waits_for_the_end_of_a_transaction_is_not_read_either() -> None:
    made = lag(page_view=(10, 14), form=(5, 5))
    assert made.records({"page_view": 10, "form": 5}) == {"page_view": 4, "form": 0}


def test_a_source_whose_end_is_not_known_has_no_lag_and_is_not_read() -> None:
    made = lag(page_view=(10, 10))
    assert made.records({"page_view": 10, "form": 5}) == {"page_view": 0}
    assert not made.caught_up({"page_view": 10, "form": 5}, TPS, 0.0)


def test_a_report_behind_is_caught_up() -> None:
    made, at = lag(page_view=(10, 10), form=(0, 0)), {"form": 0}
    assert made.caught_up({**at, "page_view": 10}, TPS, 0.0)
    made.see("page_view", Ends(12, 12), 1.0)
    assert made.caught_up({**at, "page_view": 10}, TPS, 1.0), "what has just arrived"
    made.see("page_view", Ends(13, 13), 2.0)
    assert not made.caught_up({**at, "page_view": 11}, TPS, 2.0), "it was there a report ago"


def story(opens_s: float, ends_s: float, until_s: int = 60) -> list[bool]:
    """Read a partition that grows by one record a second; for a while a transaction hides what comes.

    records   ----------|=========|----------
                      opens      ends
    """
    made, out = Lag(), []
    made.see("form", Ends(0, 0), 0.0)
    for second in range(until_s):
        hidden = opens_s <= second < ends_s
        made.see("page_view", Ends(int(opens_s) if hidden else second, second), float(second))
        made.see("form", Ends(0, 0), float(second))
        position = int(opens_s) if hidden else second
        out.append(made.caught_up({"page_view": position, "form": 0}, TPS, float(second)))
    return out


@pytest.mark.parametrize(("opens_s", "ends_s"), [(5, 7), (5, 20), (5, 5)])
def test_a_transaction_of_some_seconds_changes_nothing(opens_s: int, ends_s: int) -> None:
    assert all(story(opens_s, ends_s))


def test_one_that_stays_open_makes_it_incomplete_after_a_while_and_its_end_complete() -> None:
    told = story(opens_s=5, ends_s=40)
    assert told == [True] * 21 + [False] * 19 + [True] * 20


def test_one_that_is_open_from_the_beginning_is_not_let_pass() -> None:
    made = lag(page_view=(3, 9), form=(0, 0))
    assert not made.caught_up({"page_view": 3, "form": 0}, TPS, 0.0)


def test_one_transaction_after_the_other_is_read_all_the_time() -> None:
    made = Lag()
    for second in range(1, 100):  # each takes three seconds: there is always an open one
        made.see("page_view", Ends(second - second % 3, second), float(second))
        made.see("form", Ends(0, 0), float(second))
        assert made.caught_up({"page_view": second - second % 3, "form": 0}, TPS, float(second)) or second < 3


def test_ends_that_are_not_told_any_more_are_not_believed_for_ever() -> None:
    made, at = lag(page_view=(3, 3), form=(0, 0)), {"page_view": 3, "form": 0}
    assert made.is_read(at, TPS, READ_WITHIN_S)
    assert not made.is_read(at, TPS, READ_WITHIN_S + 0.1)


def test_partitions_that_are_nobodys_count_with_the_others() -> None:
    made, at = lag(page_view=(3, 3), form=(0, 0)), {"page_view": 3, "form": 0}
    made.unread = {"page_view": 7}
    assert made.records(at) == {"page_view": 7, "form": 0}
    assert not made.caught_up(at, TPS, 0.0)


def test_after_a_seek_all_ends_are_learned_anew() -> None:
    made, at = lag(page_view=(3, 3), form=(0, 0)), {"page_view": 3, "form": 0}
    made.clear()
    assert made.records(at) == {}
    assert not made.caught_up(at, TPS, 0.0)
