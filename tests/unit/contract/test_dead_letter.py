"""Dead letter: what is kept of a rejected record, and what never is."""

from __future__ import annotations

import msgspec
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.contract.dead_letter import DeadLetter, decode, encode
from stream.contract.oversize import UNREAD, Cut
from stream.contract.records import Record
from stream.contract.rejects import REASONS, Reject

ROOM = 1_000_000  # what a broker takes, less than its 1,048,588


def letter(record: Record, reject: Reject | None = None) -> DeadLetter:
    return decode(encode(reject or Reject(0, "not_json"), record, "form", "eu.form", 3)[1])


def test_key_headers_and_origin_name_the_record() -> None:
    reject = Reject(4, "wrong_type", "data.page", "shop")
    key, value, headers = encode(
        reject, (17, 1_750_000_000_000, b"k", b"v", (("h", b"1"),)), "page_view", "page_view", 2
    )
    assert key == b"page_view-2-17"
    assert headers == [("reason", b"wrong_type"), ("path", b"data.page"), ("kind", b"page_view")]
    assert decode(value) == DeadLetter(
        topic="page_view",
        partition=2,
        offset=17,
        timestamp_ms=1_750_000_000_000,
        kind="page_view",
        reason="wrong_type",
        path="data.page",
        site="shop",
        key=b"k",
        value=b"v",
        value_bytes=1,
        headers=(("h", b"1"),),
    )


@given(
    st.none() | st.binary(max_size=99),
    st.none() | st.binary(max_size=999),
    st.lists(st.tuples(st.text(max_size=9).filter(str.isascii), st.binary(max_size=9)), max_size=5),
)
def test_the_original_bytes_come_back(key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes]]) -> None:
    back = letter((0, 0, key, value, tuple(headers)))
    assert (back.key, back.value, back.headers) == (key, value, tuple(headers))
    assert back.is_whole


def test_a_tombstone_stays_one() -> None:
    back = letter((0, -1, None, None, ()))
    assert (back.key, back.value, back.value_bytes, back.is_whole) == (None, None, 0, True)
    assert letter((0, -1, b"", b"", ())).value == b""


@pytest.mark.parametrize(
    "record",
    [
        (0, 0, None, b"\xff" * 10_000_000, ()),
        (0, 0, b"k" * 1_000_000, b"v", ()),
        (0, 0, None, b"v", tuple((f"h{i}", b"x") for i in range(100_000))),
        (0, 0, None, b"v", (("h", b"x" * 1_000_000),)),
        (0, 0, None, b"v", (("h" * 1_000_000, b"x"),)),
        (0, 0, b"k" * 500_000, b"v" * 900_000, tuple(("\x00" * 50, b"x" * 50) for _ in range(9_000))),
    ],
)
def test_no_letter_is_larger_than_a_broker_takes(record: Record) -> None:
    key, value, headers = encode(Reject(0, "too_large", "data.page.title"), record, "form", "x" * 249, 9)
    assert len(key) + len(value) + sum(len(name) + len(text) for name, text in headers) < ROOM
    back = decode(value)
    assert not back.is_whole
    assert back.value_bytes == len(record[3] or b"")


def test_a_record_within_the_limits_is_kept_whole() -> None:
    back = letter((0, 0, b"k" * 200, b"v" * (256 << 10), (("trace", b"t" * 60),) * 20))
    assert back.is_whole
    assert len(back.value or b"") == 256 << 10


@pytest.mark.parametrize("reason", REASONS)
def test_nothing_of_the_event_is_outside_of_its_original_bytes(reason: str) -> None:
    canary = b"canary-7f3a"
    record = (0, 0, canary, b'{"data":{"visitor_id":"' + canary + b'"}}', (("h", canary),))
    key, value, headers = encode(Reject(0, reason, "data.x"), record, "form", "form", 0)  # type: ignore[arg-type]
    told = orjson.loads(value)
    del told["value"], told["key"], told["headers"]
    assert canary not in key + orjson.dumps(told) + b"".join(text for _, text in headers)


@pytest.mark.parametrize("value", [b"", b"{}", b"[]", b'{"topic":1}', b"\xff"])
def test_what_is_no_letter_is_an_error_of_its_own(value: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode(value)


def test_a_header_name_that_is_no_unicode_is_kept_readable() -> None:
    assert letter((0, 0, None, b"", (("a\ud800", b"x"),))).headers == (("a?", b"x"),)


def test_of_a_value_that_was_cut_on_the_way_the_beginning_and_the_length_are_kept() -> None:
    cut = letter((0, 0, None, Cut(b"begin", 30 << 20, 7), (("h", b"1"),)))
    assert (cut.value, cut.value_bytes, cut.headers_left_out, cut.unread) == (b"begin", 30 << 20, 7, False)
    assert not cut.is_whole


def test_of_a_record_that_was_never_read_its_place_is_kept() -> None:
    unread = letter((5, 9, None, UNREAD, ()))
    assert (unread.offset, unread.timestamp_ms, unread.value, unread.unread) == (5, 9, None, True)
    assert not unread.is_whole
