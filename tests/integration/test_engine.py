"""The whole product on a real Kafka: oracle = state = result topic = gauges, whatever happens to the workers."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
import zlib

import pytest
from kafka.partitioner import murmur2

from tests.integration.engine import Engine

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

FULL = int(os.environ.get("FULL", 30_000))


def _two_ways(key: bytes) -> int:
    """Place every other key as librdkafka does, the rest as Java does."""
    return zlib.crc32(key) if key[-1] % 2 else murmur2(key) & 0x7FFFFFFF


@pytest.mark.timeout(600)
def test_one_worker_counts_every_event_like_the_oracle(site):
    engine = Engine(site(partitions=12))
    engine.worker()
    sent = engine.produce(FULL)
    engine.wait_accounted(sent)
    assert engine.faults() == []


@pytest.mark.timeout(600)
def test_three_workers_killed_three_times_under_load_count_like_the_oracle(site):
    engine = Engine(site(partitions=12))
    workers = [engine.worker(LEADPULSE_INSTANCE_ID=f"w{i}") for i in range(3)]
    sent: list[int] = []
    load = threading.Thread(target=lambda: sent.append(engine.produce(30_000, seed=2, rate=1_500)))
    load.start()
    chance = random.Random(5)
    time.sleep(5)
    for _ in range(3):
        chance.choice(workers).kill(signal.SIGKILL)
        time.sleep(5)
    load.join()
    engine.wait_accounted(sent[0])
    assert sum(worker.exits.count(-9) for worker in workers) == 3
    assert engine.faults() == []


@pytest.mark.timeout(600)
def test_shards_move_between_workers_and_nothing_is_lost(site):
    engine = Engine(site(partitions=12))
    engine.worker()
    sent: list[int] = []
    load = threading.Thread(target=lambda: sent.append(engine.produce(20_000, seed=3, rate=1_000)))
    load.start()
    time.sleep(5)
    engine.worker()
    time.sleep(5)
    engine.worker()
    time.sleep(5)
    assert engine.site.workers.pop(0).stop() == 0
    engine.ports.pop(0)
    load.join()
    engine.wait_accounted(sent[0])
    assert engine.faults() == []


@pytest.mark.timeout(600)
def test_producers_with_two_partitioners_are_rerouted_and_counted_once(site):
    engine = Engine(site(partitions=12))
    engine.worker()
    sent = engine.produce(12_000, seed=4, place=_two_ways)
    engine.wait_accounted(sent)
    assert engine.faults() == []
    readings = engine.readings()
    rerouted = sum(r["value"] for (metric, _, _), r in readings.items() if metric == "rerouted_total")
    assert rerouted > sent / 10
