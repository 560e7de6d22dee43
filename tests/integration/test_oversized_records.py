"""Whatever a batch unpacks to, a worker keeps its memory and its place in the group, and accounts for each record."""

from __future__ import annotations

import asyncio
import time
from collections import Counter

import orjson
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.producer.message_accumulator import BatchBuilder
from kafka.partitioner import murmur2

from stream.contract.kinds import KINDS
from tests.integration.engine import Engine

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

GZIP, SNAPPY, LZ4, ZSTD = 1, 2, 3, 4
MIB = 1 << 20
MOST_MIB = 1_200  # measured 430 MiB; 2 GiB is what the manifests give


def batch(rows, codec):
    built = BatchBuilder(1 << 30, codec)
    for key, value, headers in rows:
        assert built.append(key=key, value=value, timestamp=None, headers=headers) is not None
    return built


def view(nth):
    example = orjson.loads(orjson.dumps(KINDS["page_view"].example))
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 5))
    example |= {"id": f"large-{nth}", "time": now}
    example.pop("recordedtime", None)
    return orjson.dumps(example), example["data"]["visitor_id"].encode()


def batches():
    """Give what is sent, as (partition, batch), and how many records of it end where."""
    good, key = zip(*(view(nth) for nth in range(3)), strict=True)
    home = (murmur2(key[0]) & 0x7FFFFFFF) % 3
    away = (home + 1) % 3
    huge_header = [("x", b"x" * 2_000_000)]
    sent = [
        (0, batch([(None, b"{}", [])] * 1_000_000, ZSTD)),
        (1, batch([(None, b"\0" * (8 * MIB), [])] * 20, ZSTD)),
        (1, batch([(None, b"\0" * (8 * MIB), [])] * 20, GZIP)),
        (2, batch([(None, b"\0" * (8 * MIB), [])] * 20, LZ4)),
        (2, batch([(None, b"\0" * (15 * MIB), [])], SNAPPY)),
        (0, batch([(None, b"\0" * (60 * MIB), [])], ZSTD)),
        (0, batch([(None, b"{}", [("", b"")] * 300_000)], ZSTD)),
        (away, batch([(key[0], good[0], huge_header)], GZIP)),
        (home, batch([(key[1], good[1], huge_header)], GZIP)),
        (away, batch([(b"k" * 900_000, good[2], [])], 0)),
        *((p, batch([(None, b"[%d" % p, [])] * 20_000, 0)) for p in range(3)),
    ]
    wanted = Counter({"missing_field": 1_000_000, "too_large": 63, "not_json": 60_000, "counted": 3})
    return sent, wanted


async def produce(here, sent):
    producer = AIOKafkaProducer(bootstrap_servers=here.broker.bootstrap, max_request_size=8 * MIB)
    await producer.start()
    try:
        for partition, one in sent:
            await (await producer.send_batch(one, f"{here.prefix}page_view", partition=partition))
    finally:
        await producer.stop()


def peak_mib(process):
    with open(f"/proc/{process.pid}/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))


def test_bombs_and_bulk_are_accounted_for_within_memory_and_session(site):
    here = site(partitions=3)
    engine = Engine(here)
    sent, wanted = batches()
    asyncio.run(produce(here, sent))
    began, worker = time.monotonic(), engine.worker()
    engine.wait_accounted(wanted.total(), limit_s=120)
    peak = peak_mib(worker.process)
    print(f"peak {peak:.0f} MiB, after {time.monotonic() - began:.0f} s")
    found = Counter()
    for (metric, labels, _), reading in engine.readings().items():
        if metric == "events_total" and reading["value"]:
            named = dict(labels)
            found[named["reason"] or named["outcome"]] += reading["value"]
    assert found == wanted, worker.log()[-2000:]
    assert worker.stop() == 0
    assert worker.starts == 1
    assert peak < MOST_MIB
    assert worker.log().count("assignment ") == 1, "it was never out of its group"
