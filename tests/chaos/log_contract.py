"""Log contract: what the shards and the rollup rely on when they write and read a log.

In:  a side: the broker in memory, or a real one.
Out: checks, each a coroutine that takes a side; all of them hold on both.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol

import pytest
from aiokafka import TopicPartition

from stream.errors import TopicError
from stream.kafka.reader import OpenReader, Reader
from stream.kafka.state_log import Row, StateLog


class Side(Protocol):
    """A broker with two topics that this check alone writes to, on one partition."""

    rows: TopicPartition
    more: TopicPartition
    reader: OpenReader

    def log(self) -> StateLog:
        """Make one more writer with the check's transactional id."""

    def plain_log(self) -> StateLog:
        """Make a writer without transactions."""

    async def delete_before(self, tp: TopicPartition, offset: int) -> None:
        """Let retention take the beginning of a partition."""


Check = Callable[[Side], Awaitable[None]]
CHECKS: Final[dict[str, Check]] = {}


def _check(check: Check) -> Check:
    CHECKS[check.__name__] = check
    return check


def _row(key: bytes, value: bytes | None = b"v") -> Row:
    return key, value, None, []


def _parts(tp: TopicPartition, *keys: bytes) -> list[tuple[str, int, list[Row]]]:
    return [(tp.topic, tp.partition, [_row(key) for key in keys])]


async def _fenced(side: Side) -> StateLog:
    log = side.log()
    await log.fence()
    return log


async def _leave_open(log: StateLog, parts: list[Any]) -> None:
    """Write as a process does that dies before it commits."""

    async def dies() -> None:
        raise InterruptedError

    producer: Any = log._producer
    producer.commit_transaction = dies
    with pytest.raises(InterruptedError):
        await log.write(parts)


async def _keys(side: Side, tp: TopicPartition) -> list[bytes]:
    async with side.reader() as reader:
        begin, end = (await reader.bounds([tp]))[tp]
        return [row[2] or b"" async for rows in reader.scan(tp, begin, end) for row in rows]


@_check
async def what_was_committed_comes_back_in_order(side: Side) -> None:
    log = await _fenced(side)
    await log.write([(*side.rows, [(b"a", b"1", None, []), (b"b", None, None, []), (b"a", b"2", None, [])])])
    await log.write([(*side.rows, [(b"c", b"\x00\xff", None, [("h", b"x")])])])
    found: list[tuple[bytes, bytes | None]] = []
    async with side.reader() as reader:
        assert (await log.read(reader, lambda key, value: found.append((key, value)))).records == 4
    assert found == [(b"a", b"1"), (b"b", None), (b"a", b"2"), (b"c", b"\x00\xff")]
    await log.close()


@_check
async def headers_come_back(side: Side) -> None:
    log = await _fenced(side)
    await log.write([(*side.more, [(b"a", b"1", None, [("h", b"x"), ("h", b"y")])])])
    async with side.reader() as reader:
        record = await reader.record_at(side.more, 0, 1)
    assert record is not None
    assert tuple(record[4]) == (("h", b"x"), ("h", b"y"))
    await log.close()


@_check
async def nothing_of_an_open_transaction_is_read_nor_what_lies_behind_it(side: Side) -> None:
    plain = side.plain_log()
    await plain.fence()
    await plain.write(_parts(side.rows, b"before"))
    await _leave_open(await _fenced(side), _parts(side.rows, b"open"))
    await plain.write(_parts(side.rows, b"behind"))
    async with side.reader() as reader:
        assert (await reader.bounds([side.rows]))[side.rows] == (0, 1)
    assert await _keys(side, side.rows) == [b"before"]
    await plain.close()


@_check
async def fencing_takes_back_what_was_left_open(side: Side) -> None:
    await _leave_open(await _fenced(side), [*_parts(side.rows, b"open"), *_parts(side.more, b"open")])
    log = await _fenced(side)
    await log.write([*_parts(side.rows, b"mine"), *_parts(side.more, b"mine")])
    assert await _keys(side, side.rows) == [b"mine"]
    assert await _keys(side, side.more) == [b"mine"]
    await log.close()


@_check
async def a_fenced_writer_changes_nothing(side: Side) -> None:
    stale = await _fenced(side)
    await stale.write(_parts(side.rows, b"its own"))
    log = await _fenced(side)
    with pytest.raises(Exception, match=r"(?s).*"):
        await asyncio.wait_for(stale.write(_parts(side.rows, b"stale")), 20)
    await log.write(_parts(side.rows, b"mine"))
    assert await _keys(side, side.rows) == [b"its own", b"mine"]
    await log.close()


@_check
async def a_writer_has_one_write_at_a_time(side: Side) -> None:
    log = await _fenced(side)
    await _leave_open(log, _parts(side.rows, b"first"))
    with pytest.raises(Exception, match=r"transaction|TRANSACTION"):
        await asyncio.wait_for(log.write(_parts(side.rows, b"beside it")), 20)
    heir = await _fenced(side)
    await heir.write(_parts(side.rows, b"mine"))
    assert await _keys(side, side.rows) == [b"mine"]
    await heir.close()


@_check
async def a_write_to_two_topics_is_all_or_nothing(side: Side) -> None:
    log = await _fenced(side)
    await log.write([*_parts(side.rows, b"one"), *_parts(side.more, b"one")])
    await _leave_open(log, [*_parts(side.rows, b"two"), *_parts(side.more, b"two")])
    await (await _fenced(side)).close()
    assert await _keys(side, side.rows) == await _keys(side, side.more) == [b"one"]


@_check
async def whoever_follows_comes_past_the_marks_of_transactions(side: Side) -> None:
    log = await _fenced(side)
    got: list[bytes] = []
    async with side.reader() as reader:
        reader.follow({side.rows: 0})
        for number in (b"1", b"2", b"3"):
            await log.write(_parts(side.rows, number))
            got += await _next(reader, side.rows)
            assert reader.ends()[side.rows] == (await reader.bounds([side.rows]))[side.rows][1]
    assert got == [b"1", b"2", b"3"]
    await log.close()


async def _next(reader: Reader, tp: TopicPartition) -> list[bytes]:
    """Follow until the end is reached; give the keys."""
    keys: list[bytes] = []
    end = (await reader.bounds([tp]))[tp][1]
    for _ in range(100):
        for unpacked in (await reader.poll(0.2)).values():
            keys += [row[2] or b"" for row in unpacked.records]
            if unpacked.next >= end:
                return keys
    raise AssertionError(f"{tp} was not read to its end {end}")


@_check
async def a_record_is_found_by_its_offset_and_a_mark_is_none(side: Side) -> None:
    log = await _fenced(side)
    await log.write(_parts(side.rows, b"a", b"b"))
    await log.write(_parts(side.rows, b"c"))
    async with side.reader() as reader:
        end = (await reader.bounds([side.rows]))[side.rows][1]
        found = [await reader.record_at(side.rows, offset, end) for offset in range(4)]
    assert end == 5, "each of the two transactions has a mark"
    assert [record and record[2] for record in found] == [b"a", b"b", None, b"c"]
    await log.close()


@_check
async def without_transactions_what_is_written_is_seen_at_once(side: Side) -> None:
    log = side.plain_log()
    await log.fence()
    await log.write(_parts(side.rows, b"a", b"b"))
    assert await _keys(side, side.rows) == [b"a", b"b"]
    async with side.reader() as reader:
        assert (await reader.bounds([side.rows]))[side.rows] == (0, 2)
    await log.close()


@_check
async def an_acknowledgement_says_where_a_batch_went_and_where_its_partition_begins(side: Side) -> None:
    log = await _fenced(side)
    told: list[tuple[TopicPartition, int, int]] = []
    producer: Any = log._producer
    send = producer.send_batch

    async def heard(*batch: Any, **where: Any) -> Any:
        ack = await send(*batch, **where)
        ack.add_done_callback(lambda one: told.append(_place(one.result())))
        return ack

    producer.send_batch = heard
    for keys in ((b"1", b"2"), (b"3",)):
        await log.write(_parts(side.more, *keys))
    await side.delete_before(side.more, 1)
    await log.write(_parts(side.more, b"4"))
    assert told == [(side.more, 0, 0), (side.more, 3, 0), (side.more, 5, 1)]
    await log.close()


def _place(told: Any) -> tuple[TopicPartition, int, int]:
    return told.topic_partition, told.offset, told.log_start_offset


@_check
async def many_rows_are_cut_into_batches_and_stay_one_write(side: Side) -> None:
    log = await _fenced(side)
    rows = [(b"%06d" % number, b"x" * 1_000, None, []) for number in range(3_000)]
    await log.write([(*side.rows, rows)])
    assert await _keys(side, side.rows) == [row[0] for row in rows]
    await log.close()


@_check
async def what_retention_took_is_refused_by_name(side: Side) -> None:
    log = await _fenced(side)
    for number in (b"1", b"2", b"3"):
        await log.write(_parts(side.more, number))
    await side.delete_before(side.more, 2)
    assert await _keys(side, side.more) == [b"2", b"3"]
    async with side.reader() as reader:
        assert (await reader.bounds([side.more]))[side.more] == (2, 6)
        reader.follow({side.more: 0})
        with pytest.raises(TopicError, match="Offset 0 is gone"):
            await _read_on(reader)
    await log.close()


async def _read_on(reader: Reader) -> None:
    for _ in range(20):
        await reader.poll(0.5)
