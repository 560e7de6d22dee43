"""Deltas: packed and unpacked again, whatever was counted."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from stream.changes.accumulator import Accumulator, Spread
from stream.changes.deltas import Delta, UnknownDelta, pack, unpack, unpack_coded


def test_a_delta_comes_back_as_it_was_packed() -> None:
    accumulator = Accumulator()
    accumulator.add(("session", "s1", "direct", None, 3), 5, -2)
    accumulator.spreads.append(Spread(("ad_spend", "s1"), 0, 10, 1 << 60, -1))
    names, index, panes, amounts, spreads = accumulator.take()
    accumulator.stand(("open_all", "s1", None), 4)
    standing, stands = accumulator.take_standing()
    delta = Delta(
        "visitors", 3, 9, names, index.tobytes(), panes.tobytes(), amounts.tobytes(), spreads,
        {"form": 5}, None, True, 7, {"form": 1}, ["chatbot"], {"form/counted": 2}, {"g": 1.5}, {"spend/x": 4},
        sent={1: 8}, taken={"emails/0": 2}, standing=standing, stands=stands.tobytes(),
    )  # fmt: skip
    (packed,) = pack(delta)
    again = unpack(packed)
    assert again == delta
    assert again.names == [("session", "s1", "direct", None, 3)]  # tuples, so that they can be looked up
    assert isinstance(again.spreads[0].cell, tuple)
    assert np.frombuffer(again.amounts, np.int64).tolist() == [-2]
    assert again.standing == [("open_all", "s1", None)]
    assert np.frombuffer(again.stands, np.int64).tolist() == [4]


def test_a_delta_of_the_release_before_has_nothing_that_stands() -> None:
    empty = b""
    old = [
        *msgspec.structs.astuple(Delta("ads", 0, 1, [], empty, empty, empty, [], {}, 7, True, 7, {}, [], {}, {}, {}))
    ]
    coded = msgspec.msgpack.encode([*old[:17], "life", 2])
    delta, _ = unpack_coded(coded)
    assert (delta.life, delta.standing, delta.stands, delta.sent) == ("life", [], b"", {})


def test_a_delta_too_large_for_a_record_goes_in_several_that_add_up_to_it() -> None:
    accumulator = Accumulator()
    for pane in range(60_000):
        accumulator.add(("view", "s1"), pane, pane + 1)
        accumulator.add(("view", f"s{pane % 700}", "x" * 80), pane)
    accumulator.spreads += [Spread(("ad_spend", f"s{n}"), 0, 10, n, 1) for n in range(3_000)]
    names, index, panes, amounts, spreads = accumulator.take()
    delta = Delta(
        "ads", 3, 9, names, index.tobytes(), panes.tobytes(), amounts.tobytes(), spreads,
        {"ad": 5}, None, True, 7, {}, [], {"ad/counted": 2}, {}, {},
    )  # fmt: skip
    packed = pack(delta)
    assert len(packed) > 2
    assert max(map(len, packed)) < 1 << 20
    parts = [unpack(record) for record in packed]
    assert [part.seq for part in parts] == list(range(9, 9 + len(parts)))
    assert [part.caught_up for part in parts] == [False] * (len(parts) - 1) + [True]
    assert all(part.account == delta.account for part in parts)
    found: dict[tuple[object, ...], int] = {}
    for part in parts:
        rows = (np.frombuffer(column, kind).tolist() for column, kind in (
            (part.name_index, np.int32), (part.panes, np.int64), (part.amounts, np.int64),
        ))  # fmt: skip
        for i, pane, n in zip(*rows, strict=True):
            found[(*part.names[i], pane)] = found.get((*part.names[i], pane), 0) + n
    assert len(found) == 120_000
    assert all(found["view", "s1", pane] == pane + 1 for pane in range(60_000))
    assert [spread for part in parts for spread in part.spreads] == spreads


def test_what_stands_is_parted_like_all_else_and_told_once() -> None:
    standing: list[tuple[str | int | None, ...]] = [
        ("open_all", "s1", f"{number}{'x' * 300}") for number in range(6_000)
    ]
    empty = np.zeros(0, np.int64).tobytes()
    delta = Delta(
        "leads", 0, 1, [], empty, empty, empty, [], {}, None, True, 7, {}, [], {}, {}, {},
        standing=standing, stands=np.arange(6_000).tobytes(),
    )  # fmt: skip
    packed = pack(delta)
    assert max(map(len, packed)) < 768 << 10
    parts = [unpack(record) for record in packed]
    assert [cell for part in parts for cell in part.standing] == standing
    assert [n for part in parts for n in np.frombuffer(part.stands, np.int64).tolist()] == list(range(6_000))


def test_marks_are_parted_like_all_else_and_none_is_told_twice() -> None:
    marks = {f"total/{'x' * 300}{number}": number for number in range(6_000)}
    empty = np.zeros(0, np.int64).tobytes()
    delta = Delta("ads", 0, 1, [], empty, empty, empty, [], {}, None, True, 7, {}, [], {}, {}, marks)
    packed = pack(delta)
    assert max(map(len, packed)) < 768 << 10
    told = [mark for record in packed for mark in unpack(record).marks.items()]
    assert told == list(marks.items())


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (msgspec.msgpack.encode([{"new": 1}] * 18 + [4]), r"newer release \(format 4; this one reads 3\)"),
        (msgspec.msgpack.encode([1, 2]), "cannot be read"),
        (b"\xc1", "cannot be read"),
        (
            msgspec.msgpack.encode(["ads", 0, 1, {}, b"", b"", b"", [], {}, 7, True, 7, {}, [], {}, {}, {}]),
            "no list of names",
        ),
    ],
)
def test_a_delta_of_another_release_says_so_whatever_else_is_in_it(value: bytes, why: str) -> None:
    with pytest.raises(UnknownDelta, match=why):
        unpack_coded(value)
