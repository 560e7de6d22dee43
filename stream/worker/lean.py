"""Lean fetch: aiokafka's fetched record batches as plain tuples.

In:  an aiokafka fetcher and the partitions that are wanted.
Out: for each partition its records as tuples, their bytes, and the position behind them.

aiokafka builds one ConsumerRecord in Python for each record, which costs as much as all the rest of the fetch
(3.9 µs a record against 2.0 µs). Everything that makes reading right stays aiokafka's own: which fetch
results are still valid, the check sums, control batches, aborted transactions, offsets skipped by compaction.
It is the same loop as `PartitionRecords._unpack_records`, one list a batch instead of one object a record; a test
holds the two together.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection
from typing import Any, NamedTuple

from aiokafka import TopicPartition
from aiokafka.consumer import fetcher as stock
from aiokafka.errors import CorruptRecordException, NoOffsetForPartitionError

from stream.model.records import Record


class Unpacked(NamedTuple):
    """Records of one partition and the position behind the last of them."""

    records: list[Record]
    size: int
    next: int


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
    """Take what has been fetched; what is not wanted stays where it is, or goes when it is no longer ours."""
    out: dict[TopicPartition, Unpacked] = {}
    fetched = fetcher._records
    for tp in list(fetched):
        if tp not in wanted:
            if not fetcher._subscriptions.is_assigned(tp):
                del fetched[tp]
            continue
        result = fetched[tp]
        if type(result) is stock.FetchResult:
            unpacked = _take(result)
            del fetched[tp]
            fetcher._notify(fetcher._wait_consume_future)
            if unpacked is not None:
                out[tp] = unpacked
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
    """Unpack one fetch result and move the position; None if a seek or a rebalance made it void."""
    if not result.has_more() or not result.check_assignment(result._topic_partition):
        return None
    parts = result._partition_records
    records, size = unpack(parts)
    result._update_position()
    result._partition_records = None
    return Unpacked(records, size, parts.next_fetch_offset)


def unpack(parts: Any) -> tuple[list[Record], int]:
    """Read all record batches of aiokafka's PartitionRecords and move its `next_fetch_offset` behind them."""
    out: list[Record] = []
    size = 0
    source = parts._records
    while source.has_next():
        batch = source.next_batch()
        if parts._check_crcs and not batch.validate_crc():
            raise CorruptRecordException(f"Invalid CRC - {parts._tp}")
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
        rows = [(r.offset, r.timestamp, r.key, r.value, r.headers or ()) for r in batch]
        if rows and rows[0][0] < parts.next_fetch_offset:  # a fetch from the middle of a batch gives all of it
            wanted = parts.next_fetch_offset
            rows = [row for row in rows if row[0] >= wanted]
        out += rows
        size += sum([len(row[3]) for row in rows if row[3] is not None])  # 0.04 µs a record
        parts.next_fetch_offset = batch.next_offset
    return out, size


def ends(fetcher: Any, wanted: Collection[TopicPartition]) -> dict[TopicPartition, int]:
    """Give the last stable offsets of the wanted partitions, as the broker told them with its last answers."""
    subscription = fetcher._subscriptions.subscription
    if subscription is None or subscription.assignment is None:
        return {}
    found: dict[TopicPartition, int] = {}
    for tp in subscription.assignment.tps.intersection(wanted):
        state = subscription.assignment.state_value(tp)
        end = state.highwater if state.lso is None or state.lso < 0 else state.lso
        if end is not None:
            found[tp] = end
    return found
