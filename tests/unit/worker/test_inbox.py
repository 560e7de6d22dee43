"""Inbox: what is folded first of what came."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from stream.worker.inbox import Batch, Inbox


def batch(source: str, start: int, times: list[int]) -> Batch:
    records = [(start + at, time_ms, b"k", b"v", ()) for at, time_ms in enumerate(times)]
    return Batch("visitors", 0, source, 1, start, start + len(times), records, 10 * len(times))


def times(taken: dict[str, list[Batch]]) -> dict[str, list[int]]:
    return {source: [record[1] for one in some for record in one.records] for source, some in taken.items()}


def full() -> Inbox:
    """A long source, fetched in four batches, and a short one that reaches as far in one."""
    inbox = Inbox()
    for start in range(0, 400, 100):
        inbox.add(batch("page_view", start, list(range(start, start + 100))))
    inbox.add(batch("form", 0, list(range(0, 400, 20))))
    return inbox


def test_of_a_full_inbox_what_arrived_first_is_folded_first_whatever_it_is_of() -> None:
    inbox = full()
    assert times(inbox.take(None, 250)) == {"page_view": list(range(200)), "form": list(range(0, 200, 20))}
    assert (inbox.more, inbox.early) == (True, False)
    assert inbox.bytes == sum(inbox.waiting.values()) == 2_100
    assert times(inbox.take(None, 250)) == {"page_view": list(range(200, 400)), "form": list(range(200, 400, 20))}
    assert (inbox.more, inbox.early, bool(inbox)) == (False, False, False)


def test_a_moment_bounds_what_is_taken_of_a_full_inbox() -> None:
    inbox = full()
    assert times(inbox.take(149, 250)) == {"page_view": list(range(150)), "form": list(range(0, 150, 20))}
    assert inbox.early


def test_in_turn_each_source_has_its_share_and_at_least_a_batch() -> None:
    inbox = full()
    taken = inbox.take(None, 250, in_turn=True)
    assert {source: len(some) for source, some in times(taken).items()} == {"page_view": 100, "form": 20}
    assert inbox.more


def test_a_source_of_which_all_lies_ahead_waits_and_is_seen_to() -> None:
    inbox = full()
    inbox.add(batch("chatbot", 0, [9_999]))
    assert "chatbot" not in inbox.take(None, 250)
    assert inbox.early


def test_what_came_at_the_same_moment_is_folded_in_parts_all_the_same() -> None:
    inbox = Inbox()
    for start in range(0, 1_000, 100):
        inbox.add(batch("page_view", start, [5] * 100))
    assert {source: len(some) for source, some in times(inbox.take(None, 150)).items()} == {"page_view": 100}
    assert inbox.more


SOURCES = st.dictionaries(
    st.sampled_from(["page_view", "form", "chatbot"]),
    st.lists(st.lists(st.integers(0, 50), max_size=9), min_size=1, max_size=6),
    min_size=1,
)


@given(SOURCES, st.none() | st.integers(0, 50), st.integers(1, 40), st.booleans())
def test_everything_is_given_once_and_in_order(
    sources: dict[str, list[list[int]]], until_ms: int | None, most: int, in_turn: bool
) -> None:
    inbox, came = Inbox(), dict[str, list[Any]]()
    for source, some in sources.items():
        start = 0
        for one in some:
            made = batch(source, start, one)
            inbox.add(made)
            came.setdefault(source, []).extend(made.records)
            start = made.next
    given_: dict[str, list[Any]] = {source: [] for source in came}
    nexts = dict.fromkeys(came, 0)
    while inbox:
        before = inbox.bytes, sum(len(some) for some in inbox._batches.values())
        for source, taken in inbox.take(until_ms, most, in_turn=in_turn).items():
            for one in taken:
                assert one.start == nexts[source]
                nexts[source] = one.next
                given_[source] += one.records
        after = inbox.bytes, sum(len(some) for some in inbox._batches.values())
        assert after < before or until_ms is not None
        until_ms = None if after == before else until_ms
    assert given_ == came
    assert inbox.bytes == 0
