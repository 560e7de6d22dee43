"""Retention: nothing is forgotten that a record still to come may need."""

from __future__ import annotations

import pytest

from stream.changes.panes import DAY_MS, HOUR_MS
from stream.contract.privacy import NEVER_LATE_MS
from stream.contract.records import FROM_HEADER, Record
from stream.engine.commit import ShardReport
from stream.engine.retention import Oldest, Retention

NOW = 100 * DAY_MS
KINDS = ("page_view", "form")


def alike(found: Oldest) -> int | None:
    """Give the moment of kinds that may all be late alike: what holds for ids holds for rows."""
    assert found.rows_ms == found.common_ms
    assert not found.own_ms
    return found.common_ms


def oldest(
    newest_ms: dict[str, int], *, caught_up: bool = True, lag: dict[str, int] | None = None, now_ms: int = NOW
) -> int | None:
    """Ask as of a commit in which records of every kind came; lateness is a day."""
    retention = Retention(KINDS, DAY_MS)
    for kind in newest_ms:
        retention.heard(kind)
    return alike(retention.oldest(newest_ms, ShardReport(caught_up, now_ms, lag or {})))


@pytest.mark.parametrize(
    ("newest_ms", "lag", "expected"),
    [
        ({}, {}, None),  # nothing came yet
        ({"page_view": NOW}, {}, NOW - DAY_MS),
        ({"page_view": NOW, "form": NOW - 9 * DAY_MS}, {}, NOW - 10 * DAY_MS),  # the slowest decides
        ({"page_view": NOW}, {"form": 1}, None),  # has records, and none of them was read
        ({"page_view": NOW}, {"page_view": 5}, NOW - DAY_MS),  # its own newest event says how far it is
        ({"page_view": NOW + 50 * DAY_MS}, {}, NOW + 2 * HOUR_MS - DAY_MS),  # says it is of the far future
    ],
)
def test_the_slowest_kind_decides(newest_ms: dict[str, int], lag: dict[str, int], expected: int | None) -> None:
    assert oldest(newest_ms, lag=lag) == expected


def test_a_source_whose_end_is_not_known_yet_holds_everything_back() -> None:
    told = {"page_view": 5}
    assert oldest({"page_view": NOW}, caught_up=False, lag=told) is None
    assert oldest({"page_view": NOW}, caught_up=False, lag={**told, "form": 0}) == NOW - DAY_MS


def test_nothing_is_forgotten_while_the_time_is_not_known() -> None:
    assert oldest({"page_view": NOW}, now_ms=0) is None


@pytest.mark.parametrize(
    ("caught_up", "after_ms", "expected"),
    [
        (True, DAY_MS, NOW - 10 * DAY_MS),  # not silent for long enough
        (True, DAY_MS + 1, NOW - DAY_MS),  # silent, and has nothing to read
        (False, 9 * DAY_MS, NOW - 10 * DAY_MS),  # may have something to read
    ],
)
def test_a_kind_that_fell_silent_holds_nobody_back_once_all_is_read(
    caught_up: bool, after_ms: int, expected: int
) -> None:
    retention = Retention(KINDS, DAY_MS)
    newest = {"page_view": NOW, "form": NOW - 9 * DAY_MS}
    for kind in newest:
        retention.heard(kind)
    assert alike(retention.oldest(newest, ShardReport(True, NOW))) == NOW - 10 * DAY_MS
    retention.heard("page_view")
    assert alike(retention.oldest(newest, ShardReport(caught_up, NOW + after_ms))) == expected


# -- kinds that may come later than others

OWN = {"cost": 35 * DAY_MS, "privacy": NEVER_LATE_MS}


def of_each(newest_ms: dict[str, int], silent: tuple[str, ...] = (), after_ms: int = 0) -> Oldest:
    retention = Retention(("ad", *OWN), DAY_MS, OWN)
    for kind in newest_ms:
        retention.heard(kind)
    retention.oldest(newest_ms, ShardReport(True, NOW))
    for kind in newest_ms.keys() - set(silent):
        retention.heard(kind)
    return retention.oldest(newest_ms, ShardReport(True, NOW + after_ms))


def test_each_kind_of_its_own_lateness_forgets_by_itself() -> None:
    found = of_each({"ad": NOW, "cost": NOW - 9 * DAY_MS, "privacy": NOW})
    assert found.common_ms == NOW - DAY_MS  # a month of costs keeps no month of clicks
    assert found.own_ms == {"cost": NOW - 44 * DAY_MS, "privacy": NOW - NEVER_LATE_MS}
    assert found.rows_ms == NOW - 44 * DAY_MS  # rows wait for the slowest, but not for what is never too late


def test_a_kind_that_never_came_holds_back_only_itself() -> None:
    found = of_each({"ad": NOW})
    assert (found.common_ms, found.own_ms) == (NOW - DAY_MS, {"cost": None, "privacy": None})
    assert found.rows_ms == NOW - DAY_MS


@pytest.mark.parametrize(("after_ms", "rows_ms"), [(35 * DAY_MS, NOW - 44 * DAY_MS), (36 * DAY_MS, NOW - DAY_MS)])
def test_a_kind_is_silent_only_after_its_own_lateness(after_ms: int, rows_ms: int) -> None:
    found = of_each({"ad": NOW, "cost": NOW - 9 * DAY_MS}, silent=("cost",), after_ms=after_ms)
    assert found.rows_ms == rows_ms
    assert found.own_ms["cost"] == NOW - 44 * DAY_MS


def test_what_another_shard_forwards_of_one_kind_holds_back_that_kind_alone() -> None:
    retention = Retention(("ad", "cost"), DAY_MS, {"cost": 35 * DAY_MS})
    records: list[Record] = [(0, NOW, None, b"", ((FROM_HEADER, b"3"),))]
    retention.forwarded("cost", records, [(0, NOW - 20 * DAY_MS)])
    found = retention.oldest({"ad": NOW, "cost": NOW}, ShardReport(True, NOW))
    assert found == Oldest(NOW - 55 * DAY_MS, NOW - DAY_MS, {"cost": NOW - 55 * DAY_MS})
