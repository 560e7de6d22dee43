"""Packed: facts come back as they went, and what is known already is left out."""

from __future__ import annotations

import pytest

from stream.identity.facts import Fact, Mailed, Visit
from stream.identity.packed import encode_fact, many, parted, tag, unknown

FACTS: list[Fact] = [Mailed("m1", "opened", 5), Visit("v1", 7, "email", "june"), Mailed("m2", "opened", 5)]
RAW = [encode_fact(fact) for fact in FACTS]


@pytest.mark.parametrize("times", [1, 6, 30_000])
def test_facts_come_back(times: int) -> None:
    n, lying = len(RAW) * times, b"".join(RAW) * times
    assert many(n, lying) == FACTS * times
    assert [bytes(one) for one in parted(n, lying)] == RAW * times
    assert [chr(tag(one)) for one in RAW] == ["m", "s", "m"]


@pytest.mark.parametrize(
    ("told", "known", "new"),
    [([0], [], [0]), ([0], [1, 0], []), ([0], [2], [0]), ([0, 0, 1], [], [0, 1]), ([2, 1, 0], [1], [2, 0]), ([1, 2], [2, 1], [])],
)  # fmt: skip
def test_only_what_is_not_known_is_new(told: list[int], known: list[int], new: list[int]) -> None:
    lying, others = (b"".join(RAW[at] for at in some) for some in (told, known))
    assert unknown(len(told), lying, others) == (len(new), b"".join(RAW[at] for at in new))
