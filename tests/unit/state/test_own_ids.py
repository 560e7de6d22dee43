"""Own ids: each kind knows its own, and forgets by itself."""

from __future__ import annotations

import numpy as np

from stream.state.known_ids import hash_ids
from stream.state.own_ids import OwnIds


def seen(ids: OwnIds, kind: str, *names: str, hour: int = 10) -> list[bool]:
    found = ids.of[kind].check(hash_ids(names), np.full(len(names), hour, np.int64), kind)
    return [bool(one) for one in found]


def restored(ids: OwnIds, kinds: tuple[str, ...] = ("crm", "privacy")) -> OwnIds:
    again = OwnIds(kinds)
    for key, value in ids.changes():
        assert key.startswith(OwnIds.prefix)
        again.load(key, value)
    return again


def test_an_id_is_known_to_its_kind_alone() -> None:
    ids = OwnIds(["crm", "privacy"])
    assert seen(ids, "crm", "a", "b", "a") == [False, False, True]
    assert seen(ids, "privacy", "a") == [False]


def test_what_the_log_holds_is_what_was_known() -> None:
    ids = OwnIds(["crm", "privacy"])
    seen(ids, "crm", "a", hour=10)
    seen(ids, "privacy", "p", hour=3)
    for now_ms in (0, 200_000):
        ids.of["crm"].expire(11, now_ms)
    seen(ids, "crm", "b", hour=12)
    again = restored(ids)
    assert (again.of["crm"].forgotten_before_hour("crm"), again.of["privacy"].forgotten_before_hour("privacy")) == (
        11,
        None,
    )
    assert seen(again, "crm", "a", "b", hour=12) == [False, True]
    assert seen(again, "privacy", "p") == [True]
    assert ids.changes() == []


def test_ids_of_a_kind_that_is_followed_no_more_say_nothing() -> None:
    ids = OwnIds(["crm", "privacy"])
    seen(ids, "privacy", "p")
    assert seen(restored(ids, ("crm",)), "crm", "p") == [False]
