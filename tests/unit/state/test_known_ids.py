"""Known ids: one event counts once, whatever the batches, the hours and the restarts."""

from __future__ import annotations

import numpy as np

from stream.state import known_ids as module
from stream.state.known_ids import KnownIds, hash_ids


def ids(*numbers: int) -> np.ndarray:
    return np.array(numbers, dtype=np.uint64)


def hours(*numbers: int) -> np.ndarray:
    return np.array(numbers, dtype=np.int64)


def restored(log: dict[bytes, bytes], cap_bytes: int = module.DEFAULT_CAP_BYTES) -> KnownIds:
    known = KnownIds(cap_bytes)
    for key, value in log.items():
        known.load(key, value)
    return known


def commit(known: KnownIds, log: dict[bytes, bytes]) -> list[tuple[bytes, bytes | None]]:
    """Write the changes as a compacted log keeps them."""
    changes = known.changes()
    for key, value in changes:
        if value is None:
            log.pop(key, None)
        else:
            log[key] = value
    return changes


def test_of_repeats_within_a_call_the_first_stays() -> None:
    assert KnownIds().check(ids(7, 8, 7, 7), hours(1, 1, 1, 2)).tolist() == [False, False, True, True]


def test_a_repeat_is_found_in_another_hour_than_its_first_copy() -> None:
    known = KnownIds()
    known.check(ids(7), hours(10))
    assert known.check(ids(7, 8), hours(11, 11)).tolist() == [True, False]
    assert known.check(ids(8), hours(3)).tolist() == [True]


def test_an_empty_call_changes_nothing() -> None:
    known = KnownIds()
    assert known.check(ids(), hours()).tolist() == []
    assert known.changes() == []


def test_what_was_written_is_not_written_again() -> None:
    known, log = KnownIds(), {}
    known.check(ids(1, 2), hours(5, 5))
    assert len(commit(known, log)) == 1
    assert commit(known, log) == []


def test_ids_that_were_not_committed_are_new_again_after_a_restart() -> None:
    known, log = KnownIds(), {}
    known.check(ids(1), hours(5))
    commit(known, log)
    known.check(ids(2), hours(5))
    assert restored(log).check(ids(1, 2), hours(5, 5)).tolist() == [True, False]


def test_an_hour_that_is_closed_becomes_one_record_and_its_pieces_are_tombstones() -> None:
    known, log = KnownIds(), {}
    for n in range(5):
        known.check(ids(n), hours(1))
        commit(known, log)
    assert len(log) == 5
    known.check(ids(99), hours(2))
    changes = commit(known, log)
    assert len(log) == 2
    # merged first, then tombstones: no prefix of the log lacks an id
    values = [value is None for _, value in changes]
    assert values == sorted(values)
    assert restored(log).check(ids(0, 1, 2, 3, 4, 99), hours(1, 1, 1, 1, 1, 2)).all()


def test_a_full_hour_is_merged_while_it_is_open(monkeypatch) -> None:
    monkeypatch.setattr(module, "MERGE_IDS", 10)
    known, log = KnownIds(), {}
    for n in range(40):
        known.check(ids(n), hours(1))
        commit(known, log)
        assert len(log) <= n // 10 + 10
        assert all(len(value) <= 10 * 8 for value in log.values())
    assert restored(log).check(np.arange(41, dtype=np.uint64), np.ones(41, np.int64)).tolist() == [
        *[True] * 40,
        False,
    ]


def test_late_ids_of_a_closed_hour_are_merged_only_when_there_are_many(monkeypatch) -> None:
    monkeypatch.setattr(module, "MERGE_PIECES", 4)
    known, log = KnownIds(), {}
    known.check(ids(1_000), hours(2))
    sizes = []
    for n in range(12):
        known.check(ids(n), hours(1))
        commit(known, log)
        sizes.append(len(log) - 1)
    assert sizes == [1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4]
    assert restored(log).check(np.arange(12, dtype=np.uint64), np.ones(12, np.int64)).all()


def test_an_expired_hour_is_forgotten_and_leaves_no_record() -> None:
    known, log = KnownIds(), {}
    known.check(ids(1, 2, 3), hours(1, 2, 3))
    commit(known, log)
    known.expire(before_hour=3)
    assert len(known) == 1
    commit(known, log)
    assert len(log) == 2  # the hour that is left, and how far was forgotten
    assert known.forgotten_before_hour == restored(log).forgotten_before_hour == 3
    assert known.check(ids(1, 3), hours(3, 3)).tolist() == [False, True]


def test_an_hour_that_comes_back_after_it_expired_is_kept_by_the_log() -> None:
    known, log = KnownIds(), {}
    known.check(ids(1, 9), hours(1, 9))
    commit(known, log)
    known.expire(before_hour=2)
    known.check(ids(2), hours(1))
    commit(known, log)
    assert restored(log).check(ids(1, 2), hours(1, 1)).tolist() == [False, True]


def test_over_the_cap_the_oldest_hour_goes_and_it_is_said() -> None:
    #   cap: 3 ids      hour 1: 1 2 | hour 2: 3 | hour 3: 4
    known, log = KnownIds(cap_bytes=3 * 8), {}
    known.check(ids(1, 2, 3), hours(1, 1, 2))
    assert known.dropped_before_hour is None
    known.check(ids(4), hours(3))
    assert known.dropped_before_hour == 2
    assert len(known) == 2
    commit(known, log)
    again = restored(log, 3 * 8)
    assert again.dropped_before_hour == 2
    assert again.check(ids(3, 4), hours(2, 3)).all()


def test_the_cap_never_takes_the_hour_in_progress_or_the_one_before_it() -> None:
    known = KnownIds(cap_bytes=8)
    known.check(ids(1, 2, 3, 4), hours(1, 1, 2, 2))
    assert known.dropped_before_hour is None
    assert known.check(ids(1, 2, 3, 4), hours(1, 1, 2, 2)).all()


def test_dropping_is_written_before_a_restart_can_forget_it() -> None:
    known, log = KnownIds(cap_bytes=8), {}
    known.check(ids(1, 2, 3), hours(1, 2, 3))
    commit(known, log)
    known.check(ids(4), hours(4))
    changes = dict(commit(known, log))
    assert changes[b"i"] == (3).to_bytes(8, "big")


def test_memory_stays_near_eight_bytes_an_id() -> None:
    known = KnownIds()
    rng = np.random.default_rng(3)
    for hour in range(10):
        for _ in range(10):
            known.check(rng.integers(0, 1 << 64, 5_000, dtype=np.uint64), np.full(5_000, hour))
            known.changes()
    assert len(known) == 500_000
    assert known.nbytes / len(known) < 14


def test_a_hash_tells_the_source_from_the_id() -> None:
    hashes = hash_ids(["a\x1fb", "ab\x1f", "\x1fab", "a\x1fb"])
    assert hashes.dtype == np.uint64
    assert len(set(hashes.tolist())) == 3
    assert hashes[0] == hashes[3]
    assert hash_ids([]).tolist() == []
