"""Routing: the same partition that the producers' clients would have chosen."""

from __future__ import annotations

import zlib

import msgspec
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from kafka.partitioner.default import murmur2 as kafka_python_murmur2

from stream.contract.kinds import KINDS
from stream.ingest.route import canonical_keys, partitions_of
from stream.kernels.murmur2 import murmur2
from tests.events import data_of, event

KEYS = st.lists(st.text(max_size=80), min_size=1, max_size=60)


@given(KEYS)
@example([""])
@example(["", "a", "ab", "abc", "abcd", "abcde"])
@example(["é", "日本語", "😀" * 5, "plain"])
@example(["x" * n for n in range(70)])
@example(["y" * 4_096, "z"])
def test_murmur2_equals_kafka_pythons_on_every_length_and_alphabet(keys: list[str]) -> None:
    assert murmur2(keys).tolist() == [kafka_python_murmur2(key.encode()) for key in keys]


@given(KEYS, st.integers(1, 1_000))
def test_murmur2_partitions_are_the_positive_hash_modulo_the_number(keys: list[str], n: int) -> None:
    expected = [(kafka_python_murmur2(key.encode()) & 0x7FFFFFFF) % n for key in keys]
    assert partitions_of(keys, n, "murmur2").tolist() == expected


@given(KEYS, st.integers(1, 1_000))
def test_crc32_partitions_are_the_unsigned_checksum_modulo_the_number(keys: list[str], n: int) -> None:
    assert partitions_of(keys, n, "crc32").tolist() == [zlib.crc32(key.encode()) % n for key in keys]


@pytest.mark.parametrize(
    ("key", "hash_"),
    # values that Kafka's own tests of Utils.murmur2 state, as unsigned numbers
    [
        ("21", -973932308 % (1 << 32)),
        ("foobar", -790332482 % (1 << 32)),
        ("a-little-bit-long-string", -985981536 % (1 << 32)),
        ("a-little-bit-longer-string", -1486304829 % (1 << 32)),
        ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971 % (1 << 32)),
        ("abc", 479470107),
    ],
)
def test_murmur2_gives_the_values_of_kafkas_own_tests(key: str, hash_: int) -> None:
    assert murmur2([key]).tolist() == [hash_]


def test_no_key_gives_no_partition() -> None:
    assert partitions_of([], 12).tolist() == []


def test_a_partitioner_that_does_not_exist_is_named_in_the_error() -> None:
    with pytest.raises(ValueError, match="'random' is not one of murmur2, crc32"):
        partitions_of(["a"], 12, "random")


def test_partitions_are_32_bit_numbers_within_range() -> None:
    partitions = partitions_of([f"v{i}" for i in range(10_000)], 12)
    assert partitions.dtype == np.int32
    assert set(partitions.tolist()) == set(range(12))


@pytest.mark.parametrize(
    ("kind", "data", "key"),
    [
        ("page_view", {"visitor_id": "v1"}, "v1"),
        ("chatbot", {"visitor_id": "v2", "conversation_id": "c"}, "v2"),
        ("form", {"visitor_id": "v3", "lead_id": "l"}, "v3"),
        ("form", {"visitor_id": None, "platform": "meta", "lead_id": "l1", "email_hash": "ab" * 32}, "l1"),
        ("form", {"visitor_id": "v", "platform": "google", "email_hash": "ab" * 32}, "ab" * 32),
        ("email", {"message_id": "m1"}, "m1"),
        ("ad", {"campaign_id": "brand"}, "brand"),
    ],
)
def test_the_canonical_key_is_the_one_of_the_event_contract(kind: str, data: dict, key: str) -> None:
    made = msgspec.convert(event(kind, data_of(kind, **data)), KINDS[kind].struct)
    assert canonical_keys(kind, [made, made]) == [key, key]
