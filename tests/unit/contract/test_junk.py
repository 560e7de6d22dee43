"""Junk: whatever stands around a word, and however long it is, the word decides."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from stream.contract.junk import WORDS, is_junk

PARTS = st.sampled_from([*sorted(WORDS), "0", "-", " ", "\t", "'", '"', "a", "9f86d081884c7d65", "0" * 20, " " * 20])


@given(st.lists(PARTS, max_size=5).map("".join))
def test_a_value_is_looked_at_without_what_stands_around_it(value: str) -> None:
    bare = value.strip().strip("'\"").strip().lower()
    assert is_junk(value) == (bare in WORDS or re.fullmatch(r"[0\-\s]*", bare) is not None)


def test_a_word_amid_white_space_is_junk_however_long_it_is() -> None:
    assert is_junk("test" + " " * 40)
    assert is_junk(" " * 40 + "'Undefined'")
    assert is_junk("0" * 64)
    assert not is_junk("0" * 63 + "1")
    assert not is_junk("test" * 16)
