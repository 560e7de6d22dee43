"""Named: the compiled table of names finds what Python's does."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.kernels import native
from stream.kernels.named import Named, named

CORE, _ = native.found()
encode = msgspec.msgpack.Encoder().encode

TABLES = [pytest.param(None, id="python"), pytest.param(CORE, id="core", marks=pytest.mark.native)]
LABEL = st.none() | st.text(max_size=40) | st.integers(-(2**63), 2**64 - 1)
NAME = st.lists(LABEL, max_size=20).map(tuple)


def found(table: Any, names: list[Any]) -> tuple[list[int], list[tuple[int, bytes]]]:
    numbers, unknown = table.find(encode(names))
    return np.frombuffer(numbers, np.int64).tolist(), unknown


@pytest.mark.parametrize("core", TABLES)
def test_names_are_found_by_their_bytes(core: Any) -> None:
    table = named(core)
    table[encode(("view", "s1"))] = 3
    table[encode(("view", "s2"))] = 0
    one, other = ("view", "s1"), ("view", "s3")
    assert found(table, [one, other, ("view", "s2"), one]) == ([3, -1, 0, 3], [(1, encode(other))])
    assert found(table, []) == ([], [])
    assert (table.pop(encode(one), None), table.pop(encode(other), None)) == (3, None)
    assert (len(table), encode(one) in table, table[encode(("view", "s2"))]) == (1, False, 0)
    table.clear()
    assert not len(table)
    with pytest.raises(KeyError):
        table[encode(one)]


@pytest.mark.parametrize("core", TABLES)
@pytest.mark.parametrize("value", [b"", b"\xa3abc", b"\x92\x01", b"\x91\xc1", b"\x91\x01\x01"])
def test_what_is_no_list_of_names_is_an_error(core: Any, value: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        named(core).find(value)


@pytest.mark.native
@given(st.lists(NAME, max_size=40), st.lists(NAME, max_size=40), st.lists(NAME, max_size=9))
def test_the_core_finds_what_python_finds(known: list[Any], asked: list[Any], gone: list[Any]) -> None:
    one, other = Named(), CORE.Named()
    for at, name in enumerate(known):
        one[encode(name)] = other[encode(name)] = at
    for name in gone:
        assert one.pop(encode(name), None) == other.pop(encode(name), None)
    assert len(one) == len(other)
    assert found(one, known + asked) == found(other, known + asked)
