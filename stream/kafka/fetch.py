"""Lean fetch: aiokafka's fetched record batches as plain tuples.

In:  an aiokafka fetcher and the partitions that are wanted.
Out: for each partition its records as tuples, their bytes, and the position behind them.

aiokafka builds one ConsumerRecord in Python for each record, which costs as much as all the rest of the fetch
(3.9 µs a record against 2.0 µs). Everything that makes reading right stays aiokafka's own: which fetch
results are still valid, the check sums, control batches, aborted transactions, offsets skipped by compaction.
It is the same loop as `PartitionRecords._unpack_records`, one list for many records instead of one object for each;
a test holds the two together. What one call gives is bounded in records, bytes and time, whatever was fetched: the
heartbeats of the group wait behind it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final, NamedTuple

from aiokafka import TopicPartition
from aiokafka.consumer import fetcher as stock
from aiokafka.errors import NoOffsetForPartitionError
from aiokafka.record.memory_records import MemoryRecords

from stream.contract.packed import joined
from stream.contract.records import Record
from stream.errors import TopicError
from stream.kafka import salvage
from stream.kafka.pieces import MOST_BYTES, MOST_RECORDS, pieces

#: One call gives no more than this of all partitions, but for a last piece.
CALL_BYTES: Final = 32 << 20
CALL_S: Final = 0.2
_SLICE_S: Final = 0.1


class Unpacked(NamedTuple):
    """Records of one partition, what they take in memory, and the position behind the last of them."""

    records: Sequence[Record]
    size: int
    next: int


class Kept:
    """aiokafka's reader of fetched batches, which also gives the bytes of each."""

    def __init__(self, data: bytes) -> None:
        self._reader = MemoryRecords(data)
        self._raw = salvage.batches(data)
        self.size_in_bytes, self.has_next = self._reader.size_in_bytes, self._reader.has_next

    def next_batch(self) -> tuple[Any, bytes]:
        """Give the next batch and its bytes."""
        return self._reader.next_batch(), next(self._raw)


def install() -> None:
    """Have aiokafka keep the bytes of what it fetches, for this whole process."""
    stock.MemoryRecords = Kept


async def read(fetcher: Any, wanted: Collection[TopicPartition], timeout_s: float) -> dict[TopicPartition, Unpacked]:
    """Wait for records of the wanted partitions; an empty answer after the timeout or during a rebalance."""
    until = time.monotonic() + timeout_s
    while not (fetcher._closed or fetcher._subscriptions.reassignment_in_progress):
        drained = drain(fetcher, wanted)
        remaining = until - time.monotonic()
        if drained or remaining <= 0:
            return drained
        waiter = fetcher._create_fetch_waiter()
        await asyncio.wait([waiter], timeout=remaining)
        if not waiter.done():
            waiter.cancel()
        else:
            waiter.result()  # an authorization error of the group is raised here
    return {}


def drain(fetcher: Any, wanted: Collection[TopicPartition]) -> dict[TopicPartition, Unpacked]:
    """Take of what has been fetched as much as one call may give.

    What is not wanted, or not read to its end, stays where it is, or goes when it is no longer ours.
    """
    out: dict[TopicPartition, Unpacked] = {}
    fetched = fetcher._records
    until, size = time.monotonic() + CALL_S, 0
    for tp in list(fetched):
        if tp not in wanted:
            if not fetcher._subscriptions.is_assigned(tp):
                _untie(getattr(fetched.pop(tp), "_partition_records", None))
            continue
        result = fetched[tp]
        if type(result) is stock.FetchResult:
            unpacked = _take(result)
            if not result.has_more():
                del fetched[tp]
                fetcher._notify(fetcher._wait_consume_future)
            if unpacked is not None:
                out[tp] = unpacked
                size += unpacked.size
                if size > CALL_BYTES or time.monotonic() > until:
                    break
        elif out:
            break  # the error is raised by the next call, as aiokafka does it
        else:
            del fetched[tp]
            fetcher._notify(fetcher._wait_consume_future)
            try:
                result.check_raise()
            except NoOffsetForPartitionError:
                continue  # of an assignment whose seek has not happened yet
    return out


def _take(result: Any) -> Unpacked | None:
    """Unpack the next slice of a fetch result and move the position; None if a seek or a rebalance made it void."""
    parts = result._partition_records
    if parts is None or not result.check_assignment(result._topic_partition):
        _untie(parts)
        return None
    if not isinstance(parts._records_iterator, Slices):
        parts._records_iterator = Slices(parts)
    slices: Slices = parts._records_iterator
    records, size = next(slices)
    result._update_position()
    if slices.ended:
        result._partition_records = None
        _untie(parts)
    return Unpacked(records, size, parts.next_fetch_offset)


def _untie(parts: Any) -> None:
    """Part fetched batches from who reads them: they hold each other, and a megabyte, until the collector runs."""
    if parts is not None:
        parts._records_iterator = None


class Slices(Iterator[tuple[Sequence[Record], int]]):
    """The record batches of aiokafka's PartitionRecords, as lists of records and what each takes in memory.

    Each step moves `next_fetch_offset` behind what it gave; after the last one `ended` is true.
    """

    def __init__(self, parts: Any) -> None:
        self.ended = False
        self._steps = _steps(parts)

    def __next__(self) -> tuple[Sequence[Record], int]:
        records, size, self.ended = next(self._steps)
        return records, size


def _steps(parts: Any) -> Iterator[tuple[Sequence[Record], int, bool]]:
    """Give slices, and whether each is the last; no method of them, as it would hold its owner, and so itself."""
    out: list[Sequence[Record]] = []
    count = size = 0
    began = time.monotonic()
    source = parts._records
    where = f"{parts._tp.topic} partition {parts._tp.partition}"
    while source.has_next():
        batch, raw = source.next_batch()
        if parts._check_crcs and not batch.validate_crc():
            raise TopicError(
                f"The check sum of the records at offset {batch.base_offset} is wrong: their bytes were changed on "
                "the broker's disk or on the way.",
                where=where,
                do="If it happens again, look at the disk of the broker that leads this partition, and let "
                "another replica lead it.",
            )
        if parts._isolation_level == stock.READ_COMMITTED and batch.producer_id is not None:
            parts._consume_aborted_up_to(batch.base_offset)
            if batch.is_control_batch and parts._contains_abort_marker(batch):
                parts._aborted_producers.discard(batch.producer_id)
            if batch.is_transactional and batch.producer_id in parts._aborted_producers:
                parts.next_fetch_offset = batch.next_offset
                continue
        if batch.is_control_batch:
            parts.next_fetch_offset = batch.next_offset
            continue
        for piece in pieces(batch, raw, parts.next_fetch_offset, where):
            full = size + piece.size > MOST_BYTES * 2 or count + len(piece.records) > MOST_RECORDS * 2
            late = time.monotonic() - began > _SLICE_S
            if (count and full) or (late and (count or not piece.records)):
                yield joined(out), size, False
                out, count, size, began = [], 0, 0, time.monotonic()
            out.append(piece.records)
            count += len(piece.records)
            size += piece.size
            parts.next_fetch_offset = piece.next
    yield joined(out), size, True


def pace(fetcher: Any, wait_ms: int, min_bytes: int) -> None:
    """Have fetches from here on wait so long for so many bytes; what is on its way already stays as it is.

    Every fetch names every partition, and so does its answer: with nothing to read that is all there is to pay for.
    """
    fetcher._fetch_max_wait_ms, fetcher._fetch_min_bytes = wait_ms, min_bytes
    # it looks at all partitions as often as this; whatever it has to react to wakes it up
    fetcher._fetcher_timeout = wait_ms / 1000


class Ends(NamedTuple):
    """Where a partition ends: for who reads committed records only, and at all."""

    stable: int
    high: int


def ends(
    fetcher: Any, wanted: Collection[TopicPartition], known: dict[TopicPartition, int] | None = None
) -> dict[TopicPartition, Ends]:
    """Give both ends of the wanted partitions, as the broker told them with its last answers.

    With `known` only what was told since it was asked last: it notes which answer each partition was in.
    """
    subscription = fetcher._subscriptions.subscription
    if subscription is None or subscription.assignment is None:
        return {}
    found: dict[TopicPartition, Ends] = {}
    for tp in subscription.assignment.tps.intersection(wanted):
        state = subscription.assignment.state_value(tp)
        if state.highwater is not None and (known is None or known.get(tp) != state.timestamp):
            if known is not None:
                known[tp] = state.timestamp
            stable = state.highwater if state.lso is None or state.lso < 0 else state.lso
            found[tp] = Ends(stable, state.highwater)
    return found
