"""Retention: nothing is forgotten that a record still to come may need."""

from __future__ import annotations

import pytest

from stream.changes.panes import DAY_MS, HOUR_MS
from stream.engine.commit import ShardReport
from stream.engine.retention import Retention

NOW = 100 * DAY_MS
KINDS = ("page_view", "form")


def oldest(
    newest_ms: dict[str, int], *, caught_up: bool = True, lag: dict[str, int] | None = None, now_ms: int = NOW
) -> int | None:
    """Ask as of a commit in which records of every kind came; lateness is a day."""
    retention = Retention(KINDS, DAY_MS)
    for kind in newest_ms:
        retention.heard(kind)
    return retention.oldest_ms(newest_ms, ShardReport(caught_up, now_ms, lag or {}))


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
    assert retention.oldest_ms(newest, ShardReport(True, NOW)) == NOW - 10 * DAY_MS
    retention.heard("page_view")
    assert retention.oldest_ms(newest, ShardReport(caught_up, NOW + after_ms)) == expected
