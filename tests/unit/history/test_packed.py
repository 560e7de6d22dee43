"""Packed: an hour is read back as it was written, in few bytes; and what is no record says so."""

from __future__ import annotations

import zlib
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.history.packed import (
    SLICE,
    Unreadable,
    hour_packed,
    hour_unpacked,
    names_packed,
    names_unpacked,
)
from stream.judge.history import Figure

FIGURES = [Figure("visitors", (("site", f"s{n}"),), "1h", "abcd0123") for n in range(5)]
COUNT = np.nan

numbers = st.one_of(
    st.integers(0, 300).map(float),
    st.integers(0, 2**53).map(float),
    st.floats(allow_nan=False),
    st.just(-0.0),
)


def slices_of(
    drawn: list[dict[int, tuple[float, float]]],
) -> list[tuple[bytes, int, np.ndarray, np.ndarray, np.ndarray]]:
    out = []
    for number, pairs in enumerate(drawn):
        places = sorted(pairs)
        out.append(
            (
                bytes([number]) * 7 + b"\0",
                SLICE,
                np.array(places, np.int64),
                np.array([pairs[place][0] for place in places]),
                np.array([pairs[place][1] for place in places]),
            )
        )
    return out


@given(
    st.lists(
        st.dictionaries(st.integers(0, SLICE - 1), st.tuples(numbers, st.one_of(numbers, st.just(COUNT))), max_size=20),
        max_size=4,
    )
)
def test_an_hour_is_read_as_it_was_written(drawn: list[dict[int, tuple[float, float]]]) -> None:
    slices = slices_of(drawn)
    hour = hour_unpacked(hour_packed(slices))
    assert hour.digests == tuple(digest for digest, *_ in slices)
    assert hour.sizes == (SLICE,) * len(slices)
    flat = [SLICE * at + place for at, (_, _, places, *_) in enumerate(slices) for place in places.tolist()]
    assert hour.places.tolist() == flat
    successes, trials = (np.concatenate([np.zeros(0), *(one[at] for one in slices)]) for at in (3, 4))
    assert hour.successes.tobytes() == successes.tobytes()
    assert np.array_equal(hour.trials, trials, equal_nan=True)


def test_names_are_found_by_what_they_say() -> None:
    digest, record = names_packed(FIGURES)
    assert names_unpacked(digest, record) == tuple(FIGURES)
    assert names_packed(FIGURES[:4])[0] != digest
    other, _ = names_packed(list(reversed(FIGURES)))
    with pytest.raises(Unreadable, match="not those of their key"):
        names_unpacked(other, record)


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"\x02" + zlib.compress(b""),
        b"\x01",
        b"\x01no record",
        b"\x01" + zlib.compress(b""),
        b"\x01" + zlib.compress(b"\xff" * 40),
        b"\x01" + zlib.compress(bytes(12) + b"more"),
    ],
)
def test_what_is_no_record_is_unreadable(value: bytes) -> None:
    with pytest.raises(Unreadable):
        hour_unpacked(value)


def test_a_record_that_was_cut_or_changed_says_so_or_is_another_hour_and_never_fails() -> None:
    rng = Random(5)
    record = hour_packed(slices_of([{n: (float(n), 2.0 * n) for n in range(100)}]))
    for _ in range(300):
        broken = bytearray(record[: rng.randrange(1, len(record) + 1)])
        broken[rng.randrange(len(broken))] = rng.randrange(256)
        try:
            hour_unpacked(bytes(broken))
        except Unreadable:
            pass


def test_a_bomb_is_not_unpacked() -> None:
    with pytest.raises(Unreadable, match="larger than any of ours"):
        hour_unpacked(b"\x01" + zlib.compress(bytes(80 << 20)))
