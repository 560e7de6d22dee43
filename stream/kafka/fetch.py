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
import logging
import time
from collections.abc import Collection, Mapping
from typing import Any, Final, NamedTuple

from aiokafka import TopicPartition
from aiokafka.consumer import fetcher as stock
from aiokafka.errors import CorruptRecordException, NoOffsetForPartitionError
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.record.memory_records import MemoryRecords

from stream.contract.records import Record
from stream.kafka import salvage

log = logging.getLogger("leadpulse.fetch")

#: What aiokafka raises for a batch that it cannot read; its compiled and its Python form differ.
UNREADABLE: Final = (CorruptRecordException, UnicodeDecodeError)


class Unpacked(NamedTuple):
    """Records of one partition and the position behind the last of them."""

    records: list[Record]
    size: int
    next: int


async def read(fetcher: Any, wanted: Collection[TopicPartition], timeout_s: float) -> dict[TopicPartition, Unpacked]:
    """Wait for records of the wanted partitions; an empty answer after the timeout or during a rebalance."""
    until = time.monotonic() + timeout_s
    while not (fetcher._closed or fetcher._subscriptions.reassignment_in_progress):
        broken: list[TopicPartition] = []
        drained = drain(fetcher, wanted, broken)
        for tp in broken:
            if saved := await _salvaged(fetcher, tp):
                drained[tp] = saved
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


def drain(
    fetcher: Any, wanted: Collection[TopicPartition], broken: list[TopicPartition]
) -> dict[TopicPartition, Unpacked]:
    """Take what has been fetched; what is not wanted stays where it is, or goes when it is no longer ours.

    Partitions whose batches aiokafka calls corrupt are named in `broken`; their positions have not moved.
    """
    out: dict[TopicPartition, Unpacked] = {}
    fetched = fetcher._records
    for tp in list(fetched):
        if tp not in wanted:
            if not fetcher._subscriptions.is_assigned(tp):
                del fetched[tp]
            continue
        result = fetched[tp]
        if type(result) is stock.FetchResult:
            unpacked = None
            try:
                unpacked = _take(result)
            except UNREADABLE:
                broken.append(tp)
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
    parts._records_iterator = (
        None  # it and its owner hold each other, and with them a megabyte until the collector runs
    )
    return Unpacked(records, size, parts.next_fetch_offset)


async def _salvaged(fetcher: Any, tp: TopicPartition) -> Unpacked | None:
    """Fetch a partition's next batches once more, as raw bytes, and read by our own means what aiokafka cannot."""
    assignment = fetcher._subscriptions.subscription.assignment
    if assignment is None or tp not in assignment.tps:
        return None
    state = assignment.state_value(tp)
    offset, size, isolation = state.position, fetcher._max_partition_fetch_bytes, fetcher._isolation_level
    request = FetchRequest(100, 1, size, isolation, [(tp.topic, [(tp.partition, offset, size)])])
    node = fetcher._client.cluster.leader_for_partition(tp)
    response = await fetcher._client.send(node, request)
    _, code, _, *told = response.topics[0][1][0]
    if code or not assignment.active or state.position != offset:
        return None  # whatever it is, the next fetch meets it too
    aborted = told[2] if response.API_VERSION >= 11 else told[-2]
    parts = stock.PartitionRecords(tp, MemoryRecords(told[-1]), aborted, offset, None, None, True, isolation)
    records, size = unpack(parts, dict(salvage.batches(told[-1])))
    state.consumed_to(parts.next_fetch_offset)
    log.warning("%s partition %d: read records that break the format, from offset %d", tp.topic, tp.partition, offset)
    return Unpacked(records, size, parts.next_fetch_offset)


def unpack(parts: Any, raw: Mapping[int, bytes] | None = None) -> tuple[list[Record], int]:
    """Read all record batches of aiokafka's PartitionRecords and move its `next_fetch_offset` behind them.

    With `raw` (base offset → batch) a batch that is whole by its check sum and still unreadable is salvaged.
    """
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
        try:
            rows = [(r.offset, r.timestamp, r.key, r.value, r.headers or ()) for r in batch]
        except UNREADABLE:
            if raw is None:
                raise
            rows = salvage.records(raw[batch.base_offset])
        if rows and rows[0][0] < parts.next_fetch_offset:  # a fetch from the middle of a batch gives all of it
            wanted = parts.next_fetch_offset
            rows = [row for row in rows if row[0] >= wanted]
        out += rows
        size += sum([len(row[3]) for row in rows if row[3] is not None])  # 0.04 µs a record
        parts.next_fetch_offset = batch.next_offset
    return out, size


class Ends(NamedTuple):
    """Where a partition ends: for who reads committed records only, and at all."""

    stable: int
    high: int


def ends(fetcher: Any, wanted: Collection[TopicPartition]) -> dict[TopicPartition, Ends]:
    """Give both ends of the wanted partitions, as the broker told them with its last answers."""
    subscription = fetcher._subscriptions.subscription
    if subscription is None or subscription.assignment is None:
        return {}
    found: dict[TopicPartition, Ends] = {}
    for tp in subscription.assignment.tps.intersection(wanted):
        state = subscription.assignment.state_value(tp)
        if state.highwater is not None:
            stable = state.highwater if state.lso is None or state.lso < 0 else state.lso
            found[tp] = Ends(stable, state.highwater)
    return found
