"""Standing: what shards report of themselves, and when the whole is complete."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from stream.changes.deltas import Delta
from stream.changes.holds import Held, Holds
from stream.rollup.standing import HELD_WITHIN_MS, SILENT_AFTER_MS, Standings

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


HELD_MS = 1_000 + SILENT_AFTER_MS - 1  # a moment before all of them would count as silent
OF_ALL = [Held(delta.group, delta.shard, 1, "") for delta in ALL]


@pytest.mark.parametrize(
    ("held", "said_ms", "stamp_ms", "complete"),
    [
        (OF_ALL, HELD_MS, HELD_MS, True),
        (OF_ALL, HELD_MS, HELD_MS + 5, True),
        (OF_ALL[:2], HELD_MS, HELD_MS, False),  # nobody speaks for the third
        ([*OF_ALL[:2], Held("emails", 1, 2, "")], HELD_MS, HELD_MS, False),  # a report that is still to come
        ([*OF_ALL[:2], Held("emails", 1, 0, "")], HELD_MS, HELD_MS, False),  # of somebody who owns it no more
        ([*OF_ALL[:2], Held("emails", 1, 1, "b")], HELD_MS, HELD_MS, False),  # of another life
        ([*OF_ALL, Held("ads", 7, 1, "")], HELD_MS, HELD_MS, True),  # a shard that nobody knows is nobody's
        (OF_ALL, HELD_MS - HELD_WITHIN_MS - 1, HELD_MS, False),  # too long on its way
        (OF_ALL, 1_000, 1_000 + HELD_WITHIN_MS, False),  # it counts from when it was said
        (OF_ALL, HELD_MS + 60_000, HELD_MS, True),  # of a broker whose clock is ahead
    ],
)
def test_a_heartbeat_counts_for_shards_whose_newest_report_it_names(
    held: list[Held], said_ms: int, stamp_ms: int, complete: bool
) -> None:
    standings = reported(*ALL)
    standings.hold(Holds(said_ms, held), stamp_ms)
    standings.hold(Holds(said_ms, held), stamp_ms)  # however often
    assert standings.complete(1_000 + SILENT_AFTER_MS + 5) is complete
    assert not standings.complete(HELD_MS + 5 + SILENT_AFTER_MS), "it lasts no longer than a report does"


def test_a_heartbeat_makes_nobody_caught_up_and_says_nothing_of_what_comes_later() -> None:
    behind = replace(ALL[1], seq=2, caught_up=False)
    standings = reported(*ALL, behind)
    standings.hold(Holds(1_000, [Held("emails", 0, 2, "")]), 1_000)
    assert not standings.complete(1_000)

    standings = reported(*ALL)
    standings.hold(Holds(9_000, OF_ALL), 9_000)
    for delta in ALL:
        standings.take(replace(delta, seq=2), 2_000)
    assert not standings.complete(2_000 + SILENT_AFTER_MS), "a newer report counts from when it was made"


def test_while_shards_rest_time_goes_on() -> None:
    standings = reported(*ALL)
    standings.hold(Holds(60_000, OF_ALL), 60_000)
    assert standings.reached_ms(60_500) == 60_500


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


# along the chain ----------------------------------------------------------------------------------------------

READER = Delta("visitors", 0, 1, [], b"", b"", b"", [], {}, None, True, 0, {}, [], {}, {}, {})
LEADS = replace(READER, group="leads")


def along(sent: dict[int, int], taken: dict[str, int], *later: tuple[int, dict[int, int]]) -> Standings:
    """Report at 100 s what was sent, then more of it at later seconds; and at 120 s what was taken in."""
    standings = Standings({"visitors": 1, "leads": 1}, told=("leads",))
    standings.take(replace(READER, sent=sent), 100_000)
    for at_s, more in later:
        standings.take(replace(READER, sent=more), at_s * 1_000)
    standings.take(replace(READER, sent=later[-1][1] if later else sent), 120_000)
    standings.take(replace(LEADS, taken=taken), 120_000)
    return standings


@pytest.mark.parametrize(
    ("sent", "taken", "later", "complete"),
    [
        ({}, {}, (), True),
        ({0: 7}, {"visitors/0": 7}, (), True),
        ({0: 7}, {"visitors/0": 8}, (), True),
        ({0: 7}, {"visitors/0": 6}, (), False),
        ({0: 7}, {"emails/0": 9}, (), False),
        # what was sent in the last 15 s is on its way
        ({0: 7}, {"visitors/0": 7}, ((106, {0: 9}),), True),
        ({0: 7}, {"visitors/0": 7}, ((104, {0: 9}),), False),
        ({0: 7}, {"visitors/0": 8}, ((103, {0: 8}), (104, {0: 8}), (119, {0: 30})), True),
        # of nobody who is here
        ({3: 7}, {}, (), True),
    ],
)
def test_what_was_told_must_have_been_taken_in(
    sent: dict[int, int], taken: dict[str, int], later: tuple[tuple[int, dict[int, int]], ...], complete: bool
) -> None:
    standings = along(sent, taken, *later)
    assert standings.complete_along(120_000) is complete
    assert standings.complete(120_000)  # of visitors alone all is known


def test_leads_that_are_behind_or_silent_make_nothing_else_incomplete() -> None:
    for behind in (replace(LEADS, caught_up=False), None):
        standings = Standings({"visitors": 1, "leads": 1}, told=("leads",))
        for delta in (READER, behind):
            if delta is not None:
                standings.take(delta, 100_000)
        assert standings.complete(100_000)
        assert not standings.complete_along(100_000)


def test_where_nobody_is_told_there_is_no_chain() -> None:
    assert reported(*ALL).complete_along(1_000)
    assert not reported(*ALL).any_told


def test_what_was_sent_before_a_restart_must_have_been_taken_in() -> None:
    before = along({0: 7}, {"visitors/0": 6})
    after = Standings({"visitors": 1, "leads": 1}, told=("leads",))
    after.of = dict(before.of)
    assert not after.complete_along(120_000)
    after.take(replace(READER, seq=2, sent={0: 12}), 121_000)
    after.take(replace(LEADS, seq=2, taken={"visitors/0": 7}), 121_000)
    assert after.complete_along(121_000)
