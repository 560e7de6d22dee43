"""Stamps: what the broker says of the times on what was written, and what follows."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest
from aiokafka import TopicPartition

from stream.errors import TopicError
from stream.kafka.clock import BrokerClock
from stream.kafka.security import Link
from stream.kafka.state_log import StateLog

STAMP_MS = 1_750_000_000_000


class Producer:
    """Answers each write with the stamps that it was given."""

    def __init__(self, *answers):
        self.answers, self.committed = list(answers), False

    async def begin_transaction(self):
        pass

    def create_batch(self):
        return SimpleNamespace(append=lambda **row: row, record_count=lambda: 1)

    async def send_batch(self, batch, topic, *, partition):
        offset, timestamp = self.answers.pop(0)
        told = asyncio.get_running_loop().create_future()
        told.set_result(
            SimpleNamespace(
                topic=topic, topic_partition=TopicPartition(topic, partition), offset=offset, timestamp=timestamp,
                timestamp_type=int(timestamp != -1), log_start_offset=0,
            )
        )  # fmt: skip
        return told

    async def commit_transaction(self):
        self.committed = True


def write(*answers, transactional_id="id"):
    """Write to as many topics as there are answers; give the clock and the producer."""
    clock, producer = BrokerClock(), Producer(*answers)
    log = StateLog(Link(("b:1",)), "x.state", 0, transactional_id, clock=clock)
    log._producer = producer

    async def told():
        await log.write([(topic, 0, [(b"k", b"v", None, [])]) for topic in ("x.deltas", "x.state")[: len(answers)]])

    try:
        asyncio.run(told())
    except TopicError as error:
        return clock, producer, error
    return clock, producer, None


def test_the_last_stamp_of_a_write_is_the_brokers_time():
    clock, producer, error = write((5, STAMP_MS - 40), (9, STAMP_MS))
    assert error is None
    assert producer.committed
    assert clock.now_ms() == pytest.approx(STAMP_MS, abs=1_000)


def test_a_topic_that_keeps_the_writers_time_is_refused_before_the_commit():
    _, producer, error = write((5, -1), (9, STAMP_MS))
    assert not producer.committed
    assert error is not None
    assert (error.where, "leadpulse topics create" in error.do) == ("x.deltas", True)


def test_an_answer_that_knows_no_offset_knows_no_time_either():
    """Of a write that was tried again and is there already a broker may have forgotten both."""
    clock, producer, error = write((5, STAMP_MS), (-1, -1))
    assert error is None
    assert producer.committed
    assert clock.now_ms() == pytest.approx(STAMP_MS, abs=1_000), "of the one before"


def test_without_transactions_a_broker_may_stamp_nothing():
    clock, _, error = write((5, -1), (9, -1), transactional_id=None)
    assert error is None
    assert clock.skew_ms is None
    assert clock.now_ms() > STAMP_MS, "this machine's clock"
