"""Standing: what shards report of themselves, and when the whole is complete."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from stream.changes.deltas import Delta
from stream.rollup.standing import SILENT_AFTER_MS, Standings

EMPTY = Delta("ads", 0, 1, [], b"", b"", b"", [], {}, None, True, 0, {}, [], {}, {}, {})


def reported(*deltas: Delta, at_ms: int = 1_000) -> Standings:
    standings = Standings({"ads": 1, "emails": 2})
    for delta in deltas:
        standings.take(delta, at_ms)
    return standings


ALL = (EMPTY, replace(EMPTY, group="emails"), replace(EMPTY, group="emails", shard=1))


def test_complete_needs_every_shard() -> None:
    assert not reported().complete(1_000)
    assert not reported(*ALL[:2]).complete(1_000)
    assert reported(*ALL).complete(1_000)


def test_complete_needs_every_shard_caught_up() -> None:
    behind = replace(ALL[1], seq=2, caught_up=False)
    assert not reported(*ALL, behind).complete(1_000)
    assert reported(*ALL, behind, replace(behind, seq=3, caught_up=True)).complete(1_000)


@pytest.mark.parametrize(("later_ms", "complete"), [(0, True), (SILENT_AFTER_MS - 1, True), (SILENT_AFTER_MS, False)])
def test_a_shard_that_has_gone_silent_is_not_caught_up(later_ms: int, complete: bool) -> None:
    standings = reported(*ALL)
    for delta in ALL[1:]:
        standings.take(replace(delta, seq=2), 1_000 + later_ms)
    assert standings.complete(1_000 + later_ms) is complete


def test_the_newest_report_replaces_what_was_said_and_keeps_what_was_highest() -> None:
    first = replace(
        EMPTY, newest_ms={"ad": 90}, oldest_ms=50, account={"ad/accepted": 3}, lag_records={"ad": 5}, missing=["ad"]
    )
    then = replace(EMPTY, seq=2, newest_ms={"ad": 80}, oldest_ms=60, account={"ad/accepted": 4})
    standings = reported(first, then)
    assert standings.newest_ms() == {"ad": 90}
    assert standings.data_since_ms() == 50
    assert standings.account() == {"ad/accepted": 4}
    assert standings.lag_records() == {}
    assert standings.missing() == set()


def test_accounts_lags_and_gauges_of_all_shards_come_together() -> None:
    one = replace(ALL[1], account={"email/counted": 2}, lag_records={"email": 3}, gauges={"g": 1.5})
    two = replace(ALL[2], account={"email/counted": 5}, lag_records={"email": 4}, gauges={"g": 2.5}, missing=["email"])
    standings = reported(one, two)
    assert standings.account() == {"email/counted": 7}
    assert standings.lag_records() == {"email": 7}
    assert sorted(standings.gauges("g")) == [1.5, 2.5]
    assert standings.missing() == {"email"}


def test_nothing_reported_says_nothing() -> None:
    standings = reported()
    assert standings.data_since_ms() is None
    assert standings.newest_ms() == {}
    assert standings.account() == {}


def test_kinds_of_groups_that_do_not_run_are_missing_beside_those_that_shards_miss() -> None:
    standings = Standings({"ads": 1}, ("lead", "deal"))
    assert standings.missing() == {"lead", "deal"}
    standings.take(replace(EMPTY, missing=["ad"]), 1_000)
    assert standings.missing() == {"lead", "deal", "ad"}
    assert standings.complete(1_000), "nobody waits for them"
