"""Clusters: who of those that lie together is one lead, and which of what is known is one life."""

from __future__ import annotations

import pytest

from stream.changes.panes import DAY_MS
from stream.identity.facts import Booked, Fact, Held, Mailed, PlatformForm, Settled, Told, Visit
from stream.identity.ids import EMAIL, LEAD, USER, Id
from stream.identity.packed import moment_of
from stream.stages.leads.clusters import groups, lives, visitor_of

A, B = (Id(EMAIL, bytes((n,)) * 16, 0) for n in (1, 2))
L, M = (Id(LEAD, bytes((n,)) * 16, 0) for n in (3, 4))
U = Id(USER, b"\x05" * 16, 0)


@pytest.mark.parametrize(
    ("edges", "shared", "largest", "found"),
    [
        ([], [], 64, [[A], [B], [L], [M], [U]]),
        #  A — L — B        M — U
        ([(L, A), (L, B), (U, M)], [], 64, [[A, B, L], [M, U]]),
        # a shared id joins nobody, whoever it was named with
        ([(L, A), (L, B), (U, M)], [L], 64, [[A], [B], [L], [M, U]]),
        # too many are no person: each is alone
        ([(L, A), (L, B), (U, M)], [], 2, [[A], [B], [L], [M, U]]),
        # a loop is no trouble
        ([(L, A), (U, A), (U, L)], [], 64, [[A, L, U], [B], [M]]),
    ],
)
def test_links_join_but_not_those_of_shared_ids(
    edges: list[tuple[Id, Id]], shared: list[Id], largest: int, found: list[list[Id]]
) -> None:
    assert sorted(groups([A, B, L, M, U], edges, shared, largest)) == found


def test_an_id_that_is_only_named_in_a_link_belongs_to_the_group() -> None:
    assert groups([A], [(L, A)], [], 64) == [[A, L]]


def test_after_a_silence_longer_than_the_memory_somebody_else_begins() -> None:
    facts: list[Fact] = [Mailed("m", "opened", day * DAY_MS) for day in (1, 31, 100, 120)]
    #   1 ······ 31               100 ··· 120
    assert lives(facts, 30 * DAY_MS) == [facts[:2], facts[2:]]
    assert lives(facts, 69 * DAY_MS) == [facts]
    assert lives(facts[::-1], 68 * DAY_MS) == [facts[:2], facts[2:]]


def test_a_fact_is_of_a_moment_and_of_a_visitor() -> None:
    visit = Visit("v1", 5, "direct", "")
    assert (moment_of(visit), visitor_of(visit)) == (5, "v1")
    assert (moment_of(Held(visit)), visitor_of(Held(visit))) == (5, "v1")
    assert (moment_of(Booked("v1", 7, "a1")), visitor_of(Booked("v1", 7, "a1"))) == (7, "v1")
    assert (moment_of(Settled("x", 9, newest_ms=8)), visitor_of(Settled("x", 9))) == (8, None)
    assert visitor_of(PlatformForm("x", 1, "paid_social", "")) is None
    assert visitor_of(Told("", 1, "x")) == "", "told on an ad platform by nobody who was seen"
