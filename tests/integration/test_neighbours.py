"""Two workers that must not run at the same time: the second is told which setting is wrong, the first goes on."""

from __future__ import annotations

import signal
import time

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


def _refused(worker, began, limit_s=30):
    while not worker.exits and time.monotonic() - began < limit_s:
        time.sleep(0.1)
    assert worker.exits, f"still running:\n{worker.log()[-1500:]}"
    assert "Traceback" not in worker.log()
    assert worker.exits[0] != 0
    return worker.log()


def test_the_second_is_told_the_setting_and_the_first_goes_on_without_a_restart(site):
    here = site(partitions=2)
    first = here.worker(LEADPULSE_INSTANCE_ID="w1")
    here.produce(1_000)
    here.wait_counted(1_000)
    others = {
        "its group is": {"LEADPULSE_GROUP_ID": "leadpulse-test"},
        "LEADPULSE_INSTANCE_ID=w1 is running already": {"LEADPULSE_INSTANCE_ID": "w1"},
        "LEADPULSE_PARTITIONER is murmur2 there and crc32 here; LEADPULSE_CONSENT is count there and require here": {
            "LEADPULSE_CONSENT": "require",
            "LEADPULSE_PARTITIONER": "crc32",
        },
    }
    began = time.monotonic()
    workers = {says: here.worker(restart=False, **settings) for says, settings in others.items()}
    for says, worker in workers.items():
        assert says in _refused(worker, began)
    here.produce(1_000, first=1_000)
    here.wait_counted(2_000)
    assert (first.exits, first.starts) == ([], 1)
    # whoever follows one that was killed is not taken for a second one
    first.kill(signal.SIGKILL)
    here.produce(1_000, first=2_000)
    here.wait_counted(3_000, limit_s=30)
    assert first.stop() == 0
    here.workers = []
    # nor is the first of another group, once the others have left
    here.worker(LEADPULSE_GROUP_ID="leadpulse-test", LEADPULSE_CONSENT="require")
    here.produce(1_000, first=3_000)
    here.wait_counted(4_000, limit_s=30)
    assert here.stop() == [0]
    assert here.faults() == []


def test_of_two_with_other_settings_that_start_at_the_same_moment_one_goes_on(site):
    here = site(partitions=2)
    both = [here.worker(restart=False), here.worker(restart=False, LEADPULSE_CONSENT="require")]
    began = time.monotonic()
    while not any(worker.exits for worker in both) and time.monotonic() - began < 30:
        time.sleep(0.1)
    (refused,) = (worker for worker in both if worker.exits)
    assert "LEADPULSE_CONSENT is" in _refused(refused, began)
    here.produce(1_000)
    here.wait_counted(1_000, limit_s=30)
    assert sum(not worker.exits for worker in both) == 1
    here.workers.remove(refused)
    assert here.stop() == [0]
    assert here.faults() == []


def test_a_topic_that_takes_too_little_is_refused_at_the_start_by_setting_and_value(site):
    here = site(partitions=2)
    admin = KafkaAdminClient(bootstrap_servers=here.broker.bootstrap)
    for topic in (here.layout.dead_letter, here.layout.deltas("ads")):
        small = {"cleanup.policy": "delete", "max.message.bytes": "500000"}
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs=small)])
    admin.close()
    told = _refused(here.worker(restart=False), time.monotonic())
    assert "max.message.bytes is 500000" in told
    assert here.layout.deltas("ads") in told or here.layout.dead_letter in told
