"""Known ids: one event counts once, whatever the batches, the hours and the restarts."""

from __future__ import annotations

import numpy as np

from stream.state import known_ids as module
from stream.state.known_ids import KEPT_MS, KnownIds, hash_ids

NOW_MS = 1_750_000_000_000


def ids(*numbers: int) -> np.ndarray:
    return np.array(numbers, dtype=np.uint64)


def hours(*numbers: int) -> np.ndarray:
    return np.array(numbers, dtype=np.int64)


def restored(log: dict[bytes, bytes], cap_bytes: int = module.DEFAULT_CAP_BYTES) -> KnownIds:
    known = KnownIds(cap_bytes)
    for key, value in log.items():
        (known.horizon if key == known.horizon.prefix else known).load(key, value)
    return known


def pieces(log: dict[bytes, bytes]) -> int:
    """Count the records that hold ids."""
    return sum(len(key) > 2 for key in log)


def forget(known: KnownIds, before_hour: int) -> None:
    """Forget what rests by now."""
    known.expire(before_hour, NOW_MS)
    known.expire(before_hour, NOW_MS + KEPT_MS)


def commit(known: KnownIds, log: dict[bytes, bytes]) -> list[tuple[bytes, bytes | None]]:
    """Write the changes as a compacted log keeps them."""
    changes = known.changes()
    for key, value in [*known.horizon.changes(), *changes]:
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
    assert pieces(log) == 5
    known.check(ids(99), hours(2))
    changes = commit(known, log)
    assert pieces(log) == 2
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
        assert pieces(log) <= n // 10 + 10
        assert all(len(value) <= 10 * 8 for key, value in log.items() if key != known.horizon.prefix)
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
        sizes.append(pieces(log) - 1)
    assert sizes == [1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4]
    assert restored(log).check(np.arange(12, dtype=np.uint64), np.ones(12, np.int64)).all()


def test_an_expired_hour_is_forgotten_and_leaves_no_record() -> None:
    known, log = KnownIds(), {}
    known.check(ids(1, 2, 3), hours(1, 2, 3), "form")
    commit(known, log)
    known.expire(before_hour=3, now_ms=NOW_MS)
    assert len(known) == 3, "not at the first look"
    known.expire(before_hour=3, now_ms=NOW_MS + KEPT_MS)
    assert len(known) == 1
    commit(known, log)
    assert pieces(log) == 1
    assert known.forgotten_before_hour("form") == restored(log).forgotten_before_hour("form") == 3
    assert known.check(ids(1, 3), hours(3, 3)).tolist() == [False, True]


def test_an_hour_is_forgotten_only_after_no_id_came_for_a_while() -> None:
    known = KnownIds()
    known.check(ids(1, 2), hours(1, 2))
    for step in range(1, 4):  # an id of the first hour comes each minute
        known.expire(before_hour=9, now_ms=NOW_MS + step * 60_000)
        known.check(ids(10 + step), hours(1))
    assert len(known) == 4
    assert known.forgotten_before_hour("") == 3, "the second one rests since the first look"
    for step in range(4, 7):
        known.expire(before_hour=9, now_ms=NOW_MS + step * 60_000)
    assert len(known) == 0


def test_a_clock_that_goes_back_forgets_nothing_sooner() -> None:
    known = KnownIds()
    known.check(ids(1), hours(1))
    for now_ms in (NOW_MS + 60 * KEPT_MS, NOW_MS, NOW_MS + KEPT_MS - 1):
        known.expire(before_hour=9, now_ms=now_ms)
    assert len(known) == 1
    known.expire(before_hour=9, now_ms=NOW_MS + KEPT_MS)
    assert len(known) == 0


def test_each_kind_has_a_horizon_of_its_own_and_one_that_never_came_has_none() -> None:
    known, log = KnownIds(), {}
    known.check(ids(1, 2), hours(5, 30), "page_view")
    known.check(ids(3), hours(2), "chatbot")
    forget(known, before_hour=10)
    commit(known, log)
    for one in (known, restored(log)):
        horizons = [one.forgotten_before_hour(kind) for kind in ("page_view", "chatbot", "form")]
        assert horizons == [6, 3, None]


def test_a_first_reading_in_order_of_time_is_new_and_a_second_one_is_known_or_too_late() -> None:
    known = KnownIds()
    first, second = [], []
    for seen in (first, second):
        for hour in range(100, 172):
            before = known.forgotten_before_hour("page_view")
            if before is not None and hour < before:
                seen.append("too late")
            else:
                seen.append("known" if known.check(ids(hour), hours(hour), "page_view")[0] else "new")
            forget(known, before_hour=hour - 25)
    assert set(first) == {"new"}
    assert second == ["too late"] * 46 + ["known"] * 26


def test_what_a_former_release_left_is_of_any_kind() -> None:
    log = {}
    former = KnownIds()
    former.check(ids(1, 2), hours(5, 30))
    commit(former, log)
    del log[former.horizon.prefix]
    known = restored({**log, b"if": (4).to_bytes(8, "big")})
    assert known.forgotten_before_hour("form") == 4
    known.check(ids(3), hours(40), "page_view")
    forget(known, before_hour=20)
    assert known.forgotten_before_hour("form") == 6, "nobody knows what kind the ids were of"
    forget(known, before_hour=50)
    assert known.forgotten_before_hour("form") == 31
    assert known.forgotten_before_hour("page_view") == 41


def test_an_hour_that_comes_back_after_it_expired_is_kept_by_the_log() -> None:
    known, log = KnownIds(), {}
    known.check(ids(1, 9), hours(1, 9))
    commit(known, log)
    forget(known, before_hour=2)
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
