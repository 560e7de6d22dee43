"""The lean fetch gives exactly what aiokafka's own unpacking gives."""

from __future__ import annotations

import asyncio
import gc
import struct
import weakref
from types import SimpleNamespace

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import READ_COMMITTED, READ_UNCOMMITTED, FetchResult, PartitionRecords
from aiokafka.consumer.subscription_state import SubscriptionState
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from hypothesis import given
from hypothesis import strategies as st

from stream.errors import TopicError
from stream.kafka.fetch import Kept, Slices, drain

TP = TopicPartition("t", 0)
CONTROL, TRANSACTIONAL = 0x20, 0x10
COMMIT, ABORT = 1, 0


def batch(base, rows, *, producer=-1, transactional=False, compression=0):
    """Build one record batch; rows are (key, value, headers)."""
    builder = DefaultRecordBatchBuilder(2, compression, int(transactional), producer, 0, 0, 1 << 20)
    for i, (key, value, headers) in enumerate(rows):
        builder.append(i, 1_000 + i, key, value, headers)
    return rebase(bytearray(builder.build()), base)


def marker(base, producer, kind):
    """Build the control batch that ends a transaction."""
    builder = DefaultRecordBatchBuilder(2, 0, 1, producer, 0, 0, 1 << 16)
    builder.append(0, 1_000, struct.pack(">hh", 0, kind), struct.pack(">hi", 0, 0), [])
    raw = bytearray(builder.build())
    (attributes,) = struct.unpack_from(">h", raw, 21)
    struct.pack_into(">h", raw, 21, attributes | CONTROL)
    return rebase(raw, base)


def rebase(raw, base):
    """Set the base offset, and the check sum over what the test changed."""
    from aiokafka.record.util import calc_crc32c

    struct.pack_into(">q", raw, 0, base)
    struct.pack_into(">I", raw, 17, calc_crc32c(bytes(raw[21:])))
    return bytes(raw)


def parts(raw, *, aborted=(), start=0, isolation=READ_COMMITTED, crc=True):
    return PartitionRecords(TP, Kept(raw), list(aborted), start, None, None, crc, isolation)


def stock(raw, **options):
    """Unpack with aiokafka; gives rows and the position behind them."""
    mine = parts(raw, **options)
    mine._records = MemoryRecords(raw)
    rows = [(r.offset, r.timestamp, r.key, r.value, tuple(r.headers)) for r in mine]
    return rows, mine.next_fetch_offset


def lean(raw, **options):
    """Unpack in slices, each of which moves the position behind its last record."""
    mine = parts(raw, **options)
    slices, rows = Slices(mine), []
    while not slices.ended:
        some, _ = next(slices)
        rows += some
        assert not some or some[-1][0] < mine.next_fetch_offset
    return [(*row[:4], tuple(row[4])) for row in rows], mine.next_fetch_offset


ROWS = [(b"k", b"v", []), (None, b"x", [("h", b"1"), ("h", None)]), (b"", None, [])]

small = st.one_of(st.none(), st.binary(max_size=6))
rows_of = st.lists(
    st.tuples(small, small, st.lists(st.tuples(st.text(max_size=3), small), max_size=2)), min_size=1, max_size=5
)
pieces = st.lists(
    st.one_of(
        st.tuples(st.just("plain"), rows_of, st.sampled_from([0, 1, 2, 3, 4])),
        st.tuples(st.just("transaction"), rows_of, st.sampled_from([7, 8])),
        st.tuples(st.just("end"), st.sampled_from([COMMIT, ABORT]), st.sampled_from([7, 8])),
    ),
    max_size=8,
)


@given(pieces, st.integers(0, 6), st.sampled_from([READ_COMMITTED, READ_UNCOMMITTED]), st.booleans())
def test_lean_and_stock_agree_on_any_log(log, start, isolation, gap):
    raw, offset, open_since, aborted = b"", 0, {}, []
    for kind, what, which in log:
        if kind == "plain":
            raw += batch(offset, what, compression=which)
            offset += len(what)
        elif kind == "transaction":
            open_since.setdefault(which, offset)
            raw += batch(offset, what, producer=which, transactional=True)
            offset += len(what)
        else:
            raw += marker(offset, which, what)
            if what == ABORT and which in open_since:
                aborted.append((which, open_since[which]))
            open_since.pop(which, None)
            offset += 1
        offset += 3 if gap else 0  # compaction leaves holes
    options = {"aborted": aborted, "start": min(start, offset), "isolation": isolation}
    assert lean(raw, **options) == stock(raw, **options)


def test_a_fetch_from_the_middle_of_a_batch_leaves_out_what_comes_before():
    rows, following = lean(batch(10, ROWS), start=11)
    assert [row[0] for row in rows] == [11, 12]
    assert following == 13


def test_records_of_an_aborted_transaction_are_passed_over():
    raw = batch(0, ROWS, producer=5, transactional=True) + marker(3, 5, ABORT) + batch(4, ROWS)
    rows, following = lean(raw, aborted=[(5, 0)])
    assert [row[0] for row in rows] == [4, 5, 6]
    assert following == 7


def test_a_broken_check_sum_is_never_read():
    raw = bytearray(batch(0, ROWS))
    raw[-1] ^= 1
    with pytest.raises(TopicError, match="check sum of the records at offset 0"):
        lean(bytes(raw))


@pytest.fixture
def no_collector():
    """Let only what nobody holds go, as between two runs of the collector."""
    gc.disable()
    yield
    gc.enable()


def fetched(raw):
    """Give a fetcher that has fetched these bytes from offset 0 on, and a reference to them that holds nothing."""
    subscriptions = SubscriptionState()
    subscriptions.assign_from_user({TP})
    subscriptions.subscription.assignment.state_value(TP).seek(0)
    mine = parts(raw)
    result = FetchResult(TP, assignment=subscriptions.subscription.assignment, partition_records=mine, backoff=0)
    fetcher = SimpleNamespace(
        _records={TP: result}, _subscriptions=subscriptions, _notify=lambda future: None, _wait_consume_future=None
    )
    return fetcher, weakref.ref(mine._records)


async def read_to_the_end():
    fetcher, kept = fetched(batch(0, ROWS) + batch(3, ROWS))
    assert len(drain(fetcher, {TP})[TP].records) == 6
    return kept


async def sought_before_it_is_read():
    fetcher, kept = fetched(batch(0, ROWS))
    return sought(fetcher, kept)


async def sought_in_the_middle():
    fetcher, kept = fetched(b"".join(batch(4_000 * nth, [(None, b"{}", [])] * 4_000) for nth in range(6)))
    assert 0 < len(drain(fetcher, {TP})[TP].records) < 24_000
    return sought(fetcher, kept)


def sought(fetcher, kept):
    assert kept() is not None
    fetcher._subscriptions.subscription.assignment.state_value(TP).seek(1)
    assert drain(fetcher, {TP}) == {}
    return kept


async def given_to_another_worker():
    fetcher, kept = fetched(batch(0, ROWS))
    assert kept() is not None
    fetcher._subscriptions.assign_from_user({TopicPartition("t", 1)})
    assert drain(fetcher, set()) == {}
    return kept


@pytest.mark.parametrize(
    "told", [read_to_the_end, sought_before_it_is_read, sought_in_the_middle, given_to_another_worker]
)
def test_bytes_that_nobody_needs_any_more_go_without_the_collector(no_collector, told):
    assert asyncio.run(told())() is None
