"""Wrappers: what is around a record is taken off, a bomb is not unpacked, and what is no JSON has a name."""

from __future__ import annotations

import gzip

import pytest

from stream.adapters.wrappers import attributes, unwrap

JSON = b'{"id":"a"}'
PREFIX = b"\x00\x00\x00\x00\x07"
MARK = b"\xef\xbb\xbf"


@pytest.mark.parametrize(
    "value",
    [
        JSON,
        MARK + JSON,
        PREFIX + JSON,
        PREFIX + MARK + JSON,
        gzip.compress(JSON, mtime=0),
        PREFIX + gzip.compress(MARK + JSON, mtime=0),
        gzip.compress(gzip.compress(gzip.compress(JSON, mtime=0), mtime=0), mtime=0),
    ],
)
def test_wrappers_are_taken_off_in_any_order(value: bytes) -> None:
    assert unwrap(value, (), 99) == (JSON, None, "")


def test_a_bomb_is_unpacked_no_further_than_the_bound() -> None:
    bomb = gzip.compress(gzip.compress(b" " * 50_000_000), mtime=0)
    assert unwrap(bomb, (), 100_000) == (b"", "too_large", "")
    assert unwrap(gzip.compress(b"x" * 100, mtime=0), (), 100).value == b"x" * 100
    assert unwrap(gzip.compress(b"x" * 101, mtime=0), (), 100).reason == "too_large"


@pytest.mark.parametrize(
    ("value", "said", "named"),
    [
        (b"Obj\x01...", b"", "(avro)"),
        (b"\xc3\x01........", b"", "(avro)"),
        (PREFIX + b"\x02\x0a", b"", "(avro or protobuf)"),
        (b"\x0a\x02ab", b"application/protobuf; x=y", "(protobuf)"),
        (b"\x0a\x02ab", b"avro/binary", "(avro)"),
        (gzip.compress(JSON, mtime=0)[:-9], b"", "(gzip)"),
        (JSON, b"application/avro", ""),  # the value is what it is, whatever is said of it
    ],
)
def test_what_is_no_json_is_named(value: bytes, said: bytes, named: str) -> None:
    found = unwrap(value, (("content-type", said),), 99)
    assert (found.reason, found.format) == (("not_json", named) if named else (None, ""))


def test_attributes_are_read_from_headers_of_the_binary_mode_only() -> None:
    headers = (("CE_id", b"1"), ("ce_source", b"s\xff"), ("trace", b"t"), ("ce_subject", None))
    assert attributes(headers) == {}
    assert attributes((*headers, ("ce_specversion", b"1.0"))) == {"id": "1", "source": "s\ufffd", "specversion": "1.0"}
