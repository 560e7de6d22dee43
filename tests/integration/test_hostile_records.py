"""No record, however hostile, stands a partition still or starts a worker anew."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.producer import message_accumulator

from tests.integration import counted

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

#: (key, value, headers) that a producer may send, wanted or not; each counts as one dead letter of the stand-in
HOSTILE = [
    (b"k1", b"not json", []),
    (b"k1", b"", []),
    (None, b"null", []),
    (b"k1", None, []),
    (b"\xff\xfe", b"[1", []),
    (b"k2", b'{"amount":"x"}', []),
    (b"k2", b"{" * 10_000, []),
    (b"k2", b"x" * 900_000, []),
    (b"k2", b"1", [(f"h{i}", b"v") for i in range(10_000)]),
    (b"k2", b"2", [("name", b"v")]),
]


class BrokenNames(message_accumulator.BatchBuilder):
    """Write a header name that is no UTF-8, as no client library would."""

    def _build(self):
        buffer = super()._build()
        if b"name" in buffer:
            from aiokafka.record.util import calc_crc32c

            changed = bytearray(bytes(buffer).replace(b"name", b"n\xff\xfee"))
            changed[17:21] = calc_crc32c(bytes(changed[21:])).to_bytes(4, "big")
            self._buffer = buffer = changed
        return buffer


def test_hostile_records_are_dead_letters_and_the_rest_counts(site, monkeypatch):
    monkeypatch.setattr(message_accumulator, "BatchBuilder", BrokenNames)
    here = site(partitions=2)
    worker = here.worker()
    here.produce(2_000)
    asyncio.run(_send(here))
    here.produce(2_000, first=2_000)
    here.wait_counted(4_000 + len(HOSTILE))
    assert here.stop() == [0]
    assert worker.exits == [0]
    assert "break the format" in worker.log()
    dead_letters = list(counted.records(here.broker.bootstrap, here.layout.dead_letter))
    assert len(dead_letters) == len(HOSTILE)
    assert counted.published(here.broker.bootstrap, here.prefix) == 4_000 + len(HOSTILE)


async def _send(here):
    producer = AIOKafkaProducer(
        bootstrap_servers=here.broker.bootstrap, max_request_size=2 << 20, max_batch_size=1 << 20
    )
    await producer.start()
    try:
        for key, value, headers in HOSTILE:
            batch = producer.create_batch()
            batch.append(key=key, value=value, timestamp=None, headers=headers)
            tp = TopicPartition(f"{here.prefix}form", 1)
            await (await producer.send_batch(batch, tp.topic, partition=tp.partition))
    finally:
        await producer.stop()
