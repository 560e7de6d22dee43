"""A batch that aiokafka cannot read is read by our own means, record by record."""

from __future__ import annotations

import pytest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from hypothesis import given
from hypothesis import strategies as st

from stream.kafka import salvage
from stream.kafka.expand import expand
from stream.kafka.pieces import UNREADABLE
from tests.unit.kafka.test_fetch import batch, lean, rebase, rows_of, stock

ROWS = [(b"k", b"v", [("good", b"1")]), (None, b"x", [("name", b"2")]), (b"", None, [])]


def broken(base, compression=0):
    """Build a batch with a header name that is not UTF-8; the check sum is right."""
    builder = DefaultRecordBatchBuilder(2, compression, 0, -1, -1, 0, 1 << 20)
    for i, row in enumerate(ROWS):
        builder.append(i, 1_000 + i, *row)
    raw = bytearray(builder.build()).replace(b"name", b"n\xff\xfee")
    return rebase(raw, base)


def salvaged(one):
    """Read one batch by our own means alone."""
    header = salvage.header_of(one)
    return salvage.records(header, expand(header.codec, one[salvage.HEADER_BYTES :]), header.records)


@given(st.lists(rows_of, min_size=1, max_size=3), st.sampled_from([0, 1, 2, 3, 4]))
def test_what_aiokafka_can_read_is_read_the_same(log, compression):
    raw, base = b"", 0
    for rows in log:
        raw += batch(base, rows, compression=compression)
        base += len(rows)
    mine = [row for one in salvage.batches(raw) for row in salvaged(one)]
    theirs, source = [], MemoryRecords(raw)
    while source.has_next():
        theirs += [(r.offset, r.timestamp, r.key, r.value, tuple(r.headers)) for r in source.next_batch()]
    assert mine == theirs


def test_a_header_name_that_is_not_utf8_stands_nothing_still():
    raw = batch(0, ROWS) + broken(3) + batch(6, ROWS)
    with pytest.raises(UNREADABLE):
        stock(raw)
    rows, following = lean(raw)
    assert following == 9
    assert [row[0] for row in rows] == list(range(9))
    assert tuple(rows[4][4]) == (("n\ufffd\ufffde", b"2"),)
    assert [row[3] for row in rows[3:6]] == [b"v", b"x", None]


@given(st.binary(min_size=61, max_size=200))
def test_bytes_of_any_kind_end_in_records_or_in_a_value_or_index_error(noise):
    raw = bytearray(batch(0, ROWS))
    raw[61 : 61 + len(noise)] = noise
    for one in salvage.batches(bytes(raw)):
        try:
            salvaged(one)
        except (ValueError, IndexError):
            continue
