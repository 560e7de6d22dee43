"""What is told of leads lies where its key says, also what lay elsewhere before: on a real Kafka."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.partitioner import murmur2

from tests import patience
from tests.integration.conftest import Site
from tests.integration.engine import Engine
from tests.integration.test_outage import _wait

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

CALM_S = 6
GONE = b'["shop","lead_id","of-long-ago"]'


def standing(site: Site) -> dict[int, dict[bytes, dict[str, Any]]]:
    """Give what stands in each partition of the topic of leads."""
    consumer = KafkaConsumer(bootstrap_servers=site.broker.bootstrap, isolation_level="read_committed", group_id=None)
    topic = site.layout.results["leads"]
    tps = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic) or ())]
    consumer.assign(tps)
    consumer.seek_to_beginning(*tps)
    ends, out = consumer.end_offsets(tps), {tp.partition: dict[bytes, dict[str, Any]]() for tp in tps}
    while any(consumer.position(tp) < ends[tp] for tp in tps):
        for tp, records in consumer.poll(timeout_ms=500).items():
            for record in records:
                if record.value is None:
                    out[tp.partition].pop(record.key, None)
                else:
                    out[tp.partition][record.key] = json.loads(record.value)
    consumer.close()
    return out


def misplaced(found: dict[int, dict[bytes, dict[str, Any]]]) -> list[tuple[int, bytes]]:
    """Name what lies where its key does not say."""
    place = {key: (murmur2(key) & 0x7FFFFFFF) % len(found) for keys in found.values() for key in keys}
    return [(partition, key) for partition, keys in found.items() for key in keys if place[key] != partition]


def versions(found: dict[int, dict[bytes, dict[str, Any]]]) -> dict[bytes, int]:
    return {key: value["version"] for keys in found.values() for key, value in keys.items()}


def settled(site: Site) -> dict[int, dict[bytes, dict[str, Any]]]:
    """Give what stands when nothing new has come for a while.

    Homes tell each other who belongs together over several commits, also of what all readers have accounted for.
    """
    until, found, calm_since = patience.until(120), standing(site), time.monotonic()
    while time.monotonic() - calm_since < CALM_S:
        assert time.monotonic() < until, "more is told again and again"
        time.sleep(1)
        now = standing(site)
        if versions(now) != versions(found):
            found, calm_since = now, time.monotonic()
    return found


@pytest.mark.timeout(400)
def test_a_topic_with_more_partitions_is_looked_through_once(site):
    here = site(partitions=2, optional=True, LEADPULSE_LEADS="on", LEADPULSE_READINGS_LIMIT="100000")
    engine = Engine(here)
    first = engine.worker()
    sent = engine.produce(1_500, seed=5, leads=True)
    engine.wait_accounted(sent)
    _wait(engine.ports[0], "leadpulse_leads_complete 1\n", 60)
    before = settled(here)
    assert first.stop() == 0
    assert versions(standing(here)) == versions(before)
    assert len(versions(before)) > 10  # what comes of the same draws depends on the hour of the day
    assert misplaced(before) == []
    topic = here.layout.results["leads"]
    admin = KafkaAdminClient(bootstrap_servers=here.broker.bootstrap)
    admin.create_partitions({topic: 5})
    admin.close()
    producer = KafkaProducer(bootstrap_servers=here.broker.bootstrap)
    for partition in range(2):  # of a teller that is no more
        producer.send(topic, key=GONE, value=b'{"version":3}', partition=partition).get(30)
    producer.close()
    assert misplaced(standing(here)) != []
    engine.worker()
    until = patience.until(60)
    while True:
        found = standing(here)
        told, old = versions(found), versions(before)
        if told.keys() == old.keys() and misplaced(found) == [] and len(found) == 5:
            if all(version > old[key] for key, version in told.items()):
                break
        assert time.monotonic() < until, (misplaced(found)[:5], told.keys() ^ old.keys(), told, old)
        time.sleep(1)
    assert sum(map(len, found.values())) == len(versions(found)), "each stands once"
    _wait(engine.ports[1], "leadpulse_leads_complete 1\n", 60)
    time.sleep(3)
    assert versions(standing(here)) == versions(found), "nothing is told again and again"
