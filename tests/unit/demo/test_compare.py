"""Readings beside the books: what may be compared, when, and what counts as equal."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from stream.demo.adverts import stamp
from stream.demo.compare import Board, Seen, agrees, compare
from stream.demo.traffic import Truth
from stream.reference.account import Expected, Reference
from stream.reference.events import series

T = 1_767_225_600_000
VISITORS = ("visitors", series("visitors", site="s1")[1], "1h")


def books(people: int) -> Reference:
    kept = Reference()
    for n in range(people):
        data = {"site_id": "s1", "visitor_id": f"v{n}", "page": {"path": "/"}}
        kept.tell("page_view", Truth("counted", "", "s1", T - 60_000, f"{n}", data, None), T - 60_000)
    return kept


def reading(metric: str, value: Any, seq: int, window: str | None = "1h", end_ms: int = T, **labels: str) -> bytes:
    edges = {"window_start": stamp(end_ms - 3_600_000), "window_end": stamp(end_ms)}
    row = {
        "metric": metric, "labels": labels or {"site": "s1"}, "window": window, "value": value, "n": value,
        "numerator": None, "denominator": None, "as_of": stamp(T), "complete": True, "data_since": stamp(T),
        "seq": seq,
    }  # fmt: skip
    return orjson.dumps(row | (edges if window else {"window_start": None, "window_end": None}))


def account(n: int, seq: int) -> bytes:
    return reading("events_total", n, seq, None, kind="page_view", outcome="counted", reason="")


def board(*values: bytes) -> Board:
    told = Board()
    for value in values:
        told.take(b"", value)
    return told


def state(told: Board, kept: Reference) -> str:
    return compare(told, kept, [VISITORS])[0].state


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], "waiting"),
        ([reading("visitors", 2, 1)], "waiting"),  # no account yet
        ([account(1, 1), reading("visitors", 2, 1)], "waiting"),  # one record is still on its way
        ([account(2, 1), reading("visitors", 2, 1)], "equal"),
        ([account(2, 1), reading("visitors", 3, 1)], "wrong"),
        ([reading("visitors", 2, 1), account(2, 2)], "waiting"),  # older than the account
        # a reading that did not change stands for the newest edges of its window
        ([reading("visitors", 2, 1), account(2, 2), reading("page_views", 2, 2)], "equal"),
        # ... where it may be wrong: at T + 2 h both visitors have left the window
        (
            [reading("visitors", 2, 1), account(2, 2), reading("page_views", 0, 3, end_ms=T + 7_200_000)],
            "wrong",
        ),
        ([account(2, 2), reading("page_views", 2, 2)], "wrong"),  # a series that should be there
    ],
)
def test_a_reading_is_compared_only_when_both_sides_know_the_same_records(values: list[bytes], expected: str) -> None:
    assert state(board(*values), books(2)) == expected


AD = {"platform": "google", "campaign": "c", "channel_type": "search", "audience_type": "", "variant": ""}
CLICKS = ("click_through_ratio", series("click_through_ratio", site="s1", **AD)[1], "1h")


@pytest.mark.parametrize(
    ("as_of_ms", "expected"),
    [
        (T, "equal"),  # whole when it was published, and unchanged since: it stands for the newest edges
        (T - 60_000, "wrong"),  # it ended early, and the impression of an hour ago lay inside
    ],
)
def test_a_figure_that_may_end_early_stands_for_its_own_edges_only_if_it_does(as_of_ms: int, expected: str) -> None:
    kept = Reference()
    for n, (action, minutes) in enumerate([("impression", 59), ("impression", 50), ("click", 50)]):
        data = {"site_id": "s1", "platform": "google", "campaign_id": "c", "channel_type": "search", "action": action}
        ms = T - minutes * 60_000
        kept.tell("ad", Truth("counted", "", "s1", ms, f"{n}", data, None), ms)
    row = orjson.loads(reading("click_through_ratio", 1.0, 2, end_ms=as_of_ms, **dict(CLICKS[1])))
    row |= {"numerator": 1, "denominator": 1, "as_of": stamp(as_of_ms)}
    told = board(
        reading("events_total", 3, 1, None, kind="ad", outcome="counted", reason=""),
        reading("page_views", 0, 2),
        orjson.dumps(row),
        reading("page_views", 0, 3, end_ms=T + 300_000),
    )
    line = compare(told, kept, [CLICKS])[0]
    assert line.state == expected, line


def test_a_lost_series_is_noticed_without_being_asked_for() -> None:
    told = board(account(2, 1), reading("page_views", 2, 1))
    wrong = {line.key[0] for line in compare(told, books(2)) if line.state == "wrong"}
    assert "visitors" in wrong
    assert "page_views" not in wrong


def test_a_tombstone_takes_a_reading_away_whichever_way_its_key_is_written() -> None:
    for key in (
        ["visitors", {"site": "s1"}, "1h"],
        {"metric": "visitors", "labels": {"site": "s1"}, "window": "1h"},
    ):
        told = board(reading("visitors", 2, 1))
        told.take(orjson.dumps(key), None)
        assert not told.seen


def test_what_is_no_reading_is_counted_and_passed_over() -> None:
    told = board(b"{", b"[]", b'{"metric": 1}')
    assert told.missed == 3


@pytest.mark.parametrize(
    ("metric", "seen", "expected", "equal"),
    [
        ("visitors", Seen(3, None, None, 3, 0, 1, 1), Expected(3), True),
        ("visitors", Seen(3, None, None, 3, 0, 1, 1), Expected(4), False),
        ("opt_in_ratio", Seen(None, 0, 0, 0, 0, 1, 1), Expected(None, 0, 0), True),
        ("opt_in_ratio", Seen(0.5, 2, 4, 4, 0, 1, 1), Expected(0.5, 1, 2), False),  # the same by chance
        ("ad_spend", Seen(0.1 + 0.2, None, None, 0.3, 0, 1, 1), Expected(0.3), True),
        ("funnel_step_seconds", Seen(101.5, 5, 3, 3, 0, 1, 1), Expected(100.0, 5, 3), True),
        ("funnel_step_seconds", Seen(103.0, 5, 3, 3, 0, 1, 1), Expected(100.0, 5, 3), False),
        ("funnel_step_seconds", Seen(100.0, 5, 2, 2, 0, 1, 1), Expected(100.0, 5, 3), False),
    ],
)
def test_equal_means_equal_and_durations_within_two_percent(
    metric: str, seen: Seen, expected: Expected, equal: bool
) -> None:
    assert agrees(metric, seen, expected) is equal


EVENTS = ("traffic_events", series("traffic_events", site="s1", kind="page_view", **{"class": "human"})[1], "1h")


@pytest.mark.parametrize(
    ("skew_ms", "value", "expected"),
    [
        (0, 1, "wrong"),
        (120_000, 1, "equal"),  # the first of both may count two minutes earlier, before the window
        (120_000, 3, "wrong"),  # and no other is there
        (30_000, 1, "wrong"),  # which is more than shards lie apart
    ],
)
def test_what_is_counted_by_arrival_may_leave_its_window_as_much_earlier_as_shards_lie_apart(
    skew_ms: int, value: int, expected: str
) -> None:
    kept = Reference()
    for n, ms in enumerate((T - 3_600_000 + 60_000, T - 60_000)):
        data = {"site_id": "s1", "visitor_id": f"v{n}", "page": {"path": "/"}}
        kept.tell("page_view", Truth("counted", "", "s1", ms, f"{n}", data, None), ms)
    told = board(account(2, 1), reading("traffic_events", value, 1, **dict(EVENTS[1])))
    told.skew_ms = skew_ms
    assert compare(told, kept, [EVENTS])[0].state == expected
