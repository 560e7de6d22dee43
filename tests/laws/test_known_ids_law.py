"""Known ids equal a plain set of ids, at any cut of the batches and any point of restart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.state import known_ids as module
from stream.state.known_ids import KnownIds
from tests.examples import examples

#: an id and the hour of its event time; few of each, so that repeats and late ones are common
EVENTS = st.lists(st.tuples(st.integers(0, 120), st.integers(0, 5)), max_size=200)


@pytest.fixture(autouse=True)
def _small_records(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every merge happen at sizes that a test reaches."""
    monkeypatch.setattr(module, "MERGE_IDS", 8)
    monkeypatch.setattr(module, "MERGE_PIECES", 3)


def spread(number: int) -> int:
    """Make a small number as random as a hash: the filter looks at the top bits."""
    return number * 0x9E3779B97F4A7C15 % (1 << 64)


@settings(max_examples=examples(300), deadline=None)
@given(EVENTS, st.data())
def test_known_ids_equal_a_set_at_any_cut_and_any_restart(events: list[tuple[int, int]], data: st.DataObject) -> None:
    known = KnownIds()
    log: dict[bytes, bytes] = {}
    seen: set[int] = set()
    committed: set[int] = set()
    at = 0
    while at < len(events):
        size = data.draw(st.integers(1, 60), label="batch")
        batch = events[at : at + size]
        at += size
        expected = []
        for number, _ in batch:
            expected.append(number in seen)
            seen.add(number)
        hashes = np.array([spread(number) for number, _ in batch], dtype=np.uint64)
        hours = np.array([hour for _, hour in batch], dtype=np.int64)
        assert known.check(hashes, hours).tolist() == expected
        step = data.draw(st.sampled_from(["go on", "commit", "commit", "crash"]), label="then")
        if step == "commit":
            for key, value in known.changes():
                if value is None:
                    log.pop(key, None)
                else:
                    log[key] = value
            committed = set(seen)
            assert len(known) == len(seen)
        elif step == "crash":
            # what was not committed is read again by the next owner: for the set it never happened
            known = KnownIds()
            for key, value in data.draw(st.permutations(sorted(log.items())), label="order of the log"):
                known.load(key, value)
            seen = set(committed)
    assert len(known) == len(seen)


@settings(max_examples=examples(200), deadline=None)
@given(EVENTS, st.data())
def test_expiry_forgets_whole_hours_and_nothing_else(events: list[tuple[int, int]], data: st.DataObject) -> None:
    known = KnownIds()
    log: dict[bytes, bytes] = {}
    hour_of: dict[int, int] = {}
    for number, hour in events:
        repeat = known.check(np.array([spread(number)], dtype=np.uint64), np.array([hour], dtype=np.int64))
        assert repeat.tolist() == [number in hour_of]
        hour_of.setdefault(number, hour)
        if data.draw(st.integers(0, 9)) == 0:
            before = data.draw(st.integers(0, 6))
            for now_ms in (0, module.KEPT_MS):
                known.expire(before, now_ms)
            hour_of = {number: hour for number, hour in hour_of.items() if hour >= before}
        if data.draw(st.booleans()):
            for key, value in known.changes():
                if value is None:
                    log.pop(key, None)
                else:
                    log[key] = value
    assert len(known) == len(hour_of)
    for key, value in known.changes():
        if value is None:
            log.pop(key, None)
        else:
            log[key] = value
    again = KnownIds()
    for key, value in log.items():
        again.load(key, value)
    assert len(again) == len(hour_of)


@settings(max_examples=examples(200), deadline=None)
@given(EVENTS, st.integers(1, 40))
def test_over_the_cap_the_oldest_hours_go_and_the_two_newest_stay(events: list[tuple[int, int]], cap_ids: int) -> None:
    known = KnownIds(cap_ids * 8)
    ids_of: dict[int, set[int]] = {}
    dropped_before: int | None = None
    for number, hour in events:
        if dropped_before is not None and hour < dropped_before:
            continue  # too late: the caller turns it away
        expected = any(number in ids for ids in ids_of.values())
        repeat = known.check(np.array([spread(number)], dtype=np.uint64), np.array([hour], dtype=np.int64))
        assert repeat.tolist() == [expected]
        if not expected:
            ids_of.setdefault(hour, set()).add(number)
        while sum(map(len, ids_of.values())) > cap_ids and len(ids_of) > module.KEPT_HOURS:
            oldest = min(ids_of)
            del ids_of[oldest]
            dropped_before = oldest + 1
        assert known.dropped_before_hour == dropped_before
        assert len(known) == sum(map(len, ids_of.values()))
