"""Whatever a batch unpacks to, it comes in pieces of a bounded size, and each of its records is accounted for."""

from __future__ import annotations

import time
import tracemalloc

import pytest
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from stream.contract.oversize import HEADERS_MOST, VALUE_MOST, Cut
from stream.kafka import expand, pieces
from stream.kafka.fetch import Slices
from tests.unit.kafka.test_fetch import batch, parts, rebase

PLAIN, GZIP, SNAPPY, LZ4, ZSTD = range(5)
ALL = pytest.mark.parametrize("codec", [PLAIN, GZIP, SNAPPY, LZ4, ZSTD])
PACKED = pytest.mark.parametrize("codec", [GZIP, SNAPPY, LZ4, ZSTD])


def large(rows, codec, base=0):
    """Build a batch of any size; rows are (key, value, headers)."""
    builder = DefaultRecordBatchBuilder(2, codec, 0, -1, -1, 0, 1 << 30)
    for i, (key, value, headers) in enumerate(rows):
        builder.append(i, 1_000 + i, key, value, headers)
    return rebase(bytearray(builder.build()), base)


def sliced(raw, start=0):
    """Give each slice with the position behind it."""
    mine = parts(raw, start=start)
    slices, out = Slices(mine), []
    while not slices.ended:
        rows, size = next(slices)
        out.append((rows, size, mine.next_fetch_offset))
    return out


def values_of(found):
    return [row[3] for rows, _, _ in found for row in rows]


@ALL
def test_a_hundred_thousand_tiny_records_come_in_many_slices(codec):
    found = sliced(large([(None, b"{}", [])] * 100_000, codec, base=7))
    assert [row[0] for rows, _, _ in found for row in rows] == list(range(7, 100_007))
    assert max(len(rows) for rows, _, _ in found) <= 2 * pieces.MOST_RECORDS
    assert all(behind == rows[-1][0] + 1 for rows, _, behind in found if rows)
    assert all(size >= 256 * len(rows) for rows, size, _ in found)


@ALL
def test_reading_goes_on_in_the_middle_of_a_large_batch(codec):
    raw = large([(None, b"%d" % i, []) for i in range(50_000)], codec) + batch(50_000, [(None, b"last", [])])
    assert values_of(sliced(raw, start=43_210)) == [b"%d" % i for i in range(43_210, 50_000)] + [b"last"]


@ALL
def test_of_a_record_of_thirty_megabytes_only_the_beginning_is_carried(codec):
    rows = [(b"k", b"a", []), (b"k", b"x" * (30 << 20), [("h", b"1")]), (b"k", b"b", [])]
    before, huge, after = values_of(sliced(large(rows, codec)))
    assert (before, after) == (b"a", b"b")
    assert isinstance(huge, Cut)
    assert huge.whole_bytes == 30 << 20
    assert huge.head == b"x" * (512 << 10)


def test_a_value_that_a_setting_may_allow_is_carried_whole():
    assert values_of(sliced(large([(None, b"x" * VALUE_MOST, [])], ZSTD))) == [b"x" * VALUE_MOST]


@PACKED
def test_a_batch_over_the_bound_is_accounted_for_by_its_header(codec):
    raw = large([(None, b"x" * (8 << 20), [])] * 9, codec, base=5) + batch(14, [(None, b"next", [])])
    tracemalloc.start()
    found = sliced(raw)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    *unread, following = values_of(found)
    assert all(isinstance(value, Cut) and value.unread for value in unread)
    assert len(unread) == 9
    assert following == b"next"
    assert [row[0] for rows, _, _ in found for row in rows] == list(range(5, 15))
    assert most < expand.MOST_BYTES + (24 << 20)


@PACKED
def test_bytes_that_are_not_of_their_codec_stand_nothing_still(codec):
    raw = bytearray(large([(None, b"value %d" % i, []) for i in range(50)], codec))
    raw[61:] = b"\xff" * (len(raw) - 61)
    found = sliced(rebase(raw, 3) + batch(53, [(None, b"next", [])]))
    assert [row[0] for rows, _, _ in found for row in rows] == list(range(3, 54))
    assert [value.unread for value in values_of(found)[:-1]] == [True] * 50


def test_a_batch_with_fewer_records_than_it_says_is_accounted_for_to_its_end():
    raw = bytearray(large([(None, b"x" * 300, [])] * 20_000, PLAIN))
    del raw[-3_000_000:]
    raw[8:12] = (len(raw) - 12).to_bytes(4, "big")
    values = values_of(sliced(rebase(raw, 0)))
    assert len(values) == 20_000
    assert values[0] == b"x" * 300
    assert values[-1].unread


@pytest.mark.parametrize("count", [HEADERS_MOST, HEADERS_MOST + 1, 3_000_000])
def test_of_too_many_headers_a_few_are_carried(count):
    body = b"\x02h\x02v" * count
    mine = large([(b"k", b"{}", [("h", b"v")] * min(count, HEADERS_MOST + 1))], PLAIN)
    if count > HEADERS_MOST + 1:
        mine = with_headers(body, count)
    began = time.perf_counter()
    [(rows, size, behind)] = sliced(mine)
    assert behind == 1
    assert time.perf_counter() - began < 2
    *_, value, headers = rows[0]
    if count <= HEADERS_MOST:
        assert value == b"{}"
        assert len(headers) == count
    else:
        assert isinstance(value, Cut)
        assert value.head == b"{}"
        assert (len(headers), value.headers_left_out) == (1_000, count - 1_000)
    assert size >= 256 * len(headers)


def with_headers(body, count):
    """Make one record of headers that no client would build one by one."""
    from aiokafka.record.util import encode_varint

    def number(value):
        out = bytearray()
        encode_varint(value, out.append)
        return bytes(out)

    record = b"\x00" + number(0) + number(0) + number(1) + b"k" + number(2) + b"{}" + number(count) + body
    raw = bytearray(large([(None, b"", [])], PLAIN)[:61]) + number(len(record)) + record
    raw[8:12] = (len(raw) - 12).to_bytes(4, "big")
    return rebase(raw, 0)


def test_the_same_megabytes_are_unpacked_once_while_they_are_read(monkeypatch):
    calls = []
    monkeypatch.setattr(pieces, "expand", lambda codec, packed: calls.append(1) or expand.expand(codec, packed))
    sliced(large([(None, b"{}", [])] * 100_000, ZSTD))
    assert len(calls) == 1


def test_of_many_large_batches_that_are_read_in_turn_two_are_held_at_a_time(monkeypatch):
    calls = []
    monkeypatch.setattr(pieces, "expand", lambda codec, packed: calls.append(1) or expand.expand(codec, packed))
    mine = [parts(large([(None, b"%d" % nth, [])] * 60_000, ZSTD)) for nth in range(3)]
    readers, values = [Slices(one) for one in mine], [[], [], []]
    while not all(reader.ended for reader in readers):
        for reader, found in zip(readers, values, strict=True):
            if not reader.ended:
                found += [row[3] for row in next(reader)[0]]
    assert values == [[b"%d" % nth] * 60_000 for nth in range(3)]
    assert len(calls) > 3
    assert len(pieces._bodies._kept) == 0
