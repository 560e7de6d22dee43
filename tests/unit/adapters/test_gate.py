"""Gate: depth, size and Unicode of a batch in one look, the same as of each record alone."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.adapters.gate import shut_out
from stream.kernels.gate import depth_of, with_doubtful_ids


@pytest.mark.parametrize(
    ("value", "depth"),
    [
        (b"", 0),
        (b"1", 0),
        (b"{}", 1),
        (b'{"a":[1,{"b":2}],"c":{}}', 3),
        (b"[[[[", 4),
        (b"]]]][", 0),
        (b'"[[[["', 0),
        (rb'"\"[[" [', 1),
        (rb'"\\"[[', 2),
        (b'["[[', 1),
        (b'["\\', 1),
        (b'{"[":"{","]":["}"]}', 2),
    ],
)
def test_depth_counts_brackets_outside_of_texts(value: bytes, depth: int) -> None:
    assert depth_of(value) == depth


JSON = st.recursive(
    st.none() | st.integers() | st.text(alphabet='[]{}"\\aü', max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(alphabet='[{"\\', max_size=4), inner, max_size=3)
    ),
)


def levels(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(levels, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(levels, value), default=0)
    return 0


@given(JSON, st.booleans())
def test_depth_is_that_of_the_parsed_value(value: Any, ascii_only: bool) -> None:
    assert depth_of(json.dumps(value, ensure_ascii=ascii_only).encode()) == levels(value)


@given(st.lists(JSON, min_size=1, max_size=20), st.integers(1, 4), st.integers(5, 80))
def test_a_batch_is_shut_out_as_each_record_would_be(values: list[Any], max_depth: int, max_bytes: int) -> None:
    encoded = [json.dumps(value).encode() for value in values]
    wanted = {
        i: "too_large" if len(text) > max_bytes else "too_deep"
        for i, (text, value) in enumerate(zip(encoded, values, strict=True))
        if len(text) > max_bytes or levels(value) > max_depth
    }
    assert shut_out(encoded, max_bytes, max_depth) == wanted


def test_neighbours_in_a_word_do_not_shut_a_record_out() -> None:
    assert shut_out([b"[[[]]]", b"[]", b"[[[]]]"], 99, 3) == {}


def test_broken_unicode_is_found_among_sound_one() -> None:
    sound = '{"a":"ü😀"}'.encode()
    broken = b'{"a":"\xff"}'
    assert shut_out([sound, broken, b"{}", sound], 99, 9) == {1: "not_json"}


def test_doubtful_ids_are_looked_for_in_slices_and_found_one_by_one() -> None:
    values = [b"{}"] * 200
    values[3], values[64], values[199] = b"a@b", rb"\u0040", b"\\"
    assert with_doubtful_ids(values) == [3, 64, 199]
    assert with_doubtful_ids([]) == []
