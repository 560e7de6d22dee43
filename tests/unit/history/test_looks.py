"""Looks: what the judge remembers comes back from the log, whatever compaction left of it, or not at all."""

from __future__ import annotations

import os

from stream.contract.alert import AlertRecord
from stream.history.looks import Looks
from stream.judge.spells import Spell
from stream.judge.state import Condition, Remembered

TOLD = AlertRecord(
    alert="bounce_rise", site="shop", by="channel", value="email", state="firing", severity="ticket",
    since="2026-11-28T08:10:00Z", at="2026-11-28T08:20:00Z", metric="bounce_ratio", window="1h",
)  # fmt: skip
SPELL = Condition("shop", "bounce_rise", "channel", "email", "1h"), Spell(600_000, True, 1_200_000, 1_200_000)
SOME = Remembered([600_000, 1_200_000], [SPELL], [TOLD], [("shop", "email", 5)], [("shop", "visitors", 7)])
NONE = Remembered([1_800_000], [], [], [], [])


def large() -> Remembered:
    """Give so much that no record takes it, and that does not pack."""
    told = [
        AlertRecord(alert="a", site=os.urandom(8).hex(), by="", value="", state="firing", severity="info", since="x",
                    at="y", metric="", text=os.urandom(1_000).hex())
        for _ in range(1_500)
    ]  # fmt: skip
    return Remembered([2_400_000], [], told, [], [])


def log_of(*said: Remembered) -> dict[bytes, bytes]:
    looks, log = Looks(), dict[bytes, bytes]()
    for one in said:
        for key, value in looks.rows(one):
            log.pop(key, None)
            if value is not None:
                log[key] = value
    return log


def found(log: dict[bytes, bytes]) -> Remembered | None:
    looks = Looks()
    assert all(looks.load(key, value) for key, value in log.items())
    return looks.remembered()


def test_what_is_remembered_comes_back() -> None:
    assert found(log_of(SOME)) == SOME
    assert found(log_of(SOME, NONE)) == NONE
    assert found({}) is None


def test_much_goes_in_pieces_and_what_is_left_over_is_taken_back() -> None:
    whole = large()
    log = log_of(whole)
    assert len(log) > 1
    assert max(map(len, log.values())) < 1_000_000
    assert found(log) == whole
    assert len(log_of(whole, SOME)) == 1


def test_what_is_torn_or_of_others_is_as_good_as_lost() -> None:
    log = log_of(large())
    first, *_ = log
    assert found({key: value for key, value in log.items() if key != first}) is None
    assert found({**log, first: log_of(large())[first]}) is None, "pieces of two looks"
    assert found({first: b"\xc1"}) is None
    looks = Looks()
    assert not looks.load(b"hour/1/0", b"x"), "history of the same log"
    assert not looks.is_there
