"""A log of leadpulse that is not whole: noticed before anything is published, at a start and while workers run."""

from __future__ import annotations

import time

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType

from stream.kafka import topics
from stream.kafka.topic_plan import COMPACTED

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


class Logs:
    """What an operator can do to the topics of an installation."""

    def __init__(self, here):
        self.here = here
        self.admin = KafkaAdminClient(bootstrap_servers=here.broker.bootstrap)

    def ends(self, topic):
        consumer = KafkaConsumer(bootstrap_servers=self.here.broker.bootstrap)
        try:
            return consumer.end_offsets([TopicPartition(topic, p) for p in consumer.partitions_for_topic(topic)])
        finally:
            consumer.close()

    def cut(self, topic, share=1.0):
        """Delete the first part of a log, as retention would; all of it by default."""
        for policy in ("compact,delete", "compact"):
            configs = {**COMPACTED, "cleanup.policy": policy}
            self.admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs=configs)])
            if policy != "compact":
                self.admin.delete_records({tp: int(end * share) for tp, end in self.ends(topic).items()})

    def make_anew(self, *names):
        self.admin.delete_topics(list(names))
        until = time.monotonic() + 20
        while set(names) & set(self.admin.list_topics()) and time.monotonic() < until:
            time.sleep(0.2)
        assert {spec.name for spec in topics.create(self.here.link, self.here.layout)} == set(names)

    def own(self):
        """Name all topics of leadpulse."""
        return sorted(t for t in self.admin.list_topics() if t.startswith(f"{self.here.prefix}leadpulse."))


@pytest.fixture
def logs():
    made = []

    def of(here):
        made.append(Logs(here))
        return made[-1]

    yield of
    for one in made:
        one.admin.close()


def refusal(worker, limit_s=40):
    """Wait until a worker that must refuse has ended; give its log."""
    until = time.monotonic() + limit_s
    while not worker.exits and time.monotonic() < until:
        time.sleep(0.2)
    assert worker.exits, f"still running:\n{worker.log()[-1500:]}"
    assert worker.exits[0] == 70
    assert "Traceback" not in worker.log()
    return worker.log()


def counted(here, count=2_000):
    """Make an installation that has counted something, and stands still."""
    here.worker()
    here.produce(count)
    here.wait_counted(count)
    time.sleep(2.5)  # the group's offsets are told
    assert here.stop() == [0]


@pytest.mark.parametrize("which", ["rollup", "state"])
@pytest.mark.parametrize("share", [0.5, 1.0])
def test_a_log_that_lost_its_front_is_refused_by_name(site, logs, which, share):
    here = site(partitions=2)
    counted(here)
    topic = here.layout.rollup if which == "rollup" else here.layout.state("visitors")
    logs(here).cut(topic, share)
    if (which, share) == ("rollup", 1.0):  # all that shards ever reported is still there: it is added up again
        here.worker()
        here.produce(1_000, first=2_000)
        here.wait_counted(3_000)
        assert here.stop() == [0]
        assert here.faults() == []
        return
    here.produce(1_000, first=2_000)
    told = refusal(here.worker(restart=False))
    assert topic in told
    assert "lost its beginning" in told or "is empty" in told
    assert "leadpulse topics rebuild" in told
    assert "--reset" in told
