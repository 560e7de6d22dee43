"""A log of leadpulse that is not whole: noticed before anything is published, at a start and while workers run."""

from __future__ import annotations

import json
import time

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import BrokerResponseError

from stream.kafka import topics
from stream.kafka.topic_spec import COMPACTED
from stream.state.keys import BIRTH, POSITION
from tests import patience
from tests.integration import counted as books

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
                self._delete({tp: int(end * share) for tp, end in self.ends(topic).items()})

    def _delete(self, before):
        """Delete records; the broker refuses until it knows the policy."""
        until = patience.until(20)
        while True:
            try:
                self.admin.delete_records(before)
                return
            except BrokerResponseError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.2)

    def make_anew(self, *names):
        self.admin.delete_topics(list(names))
        until = patience.until(20)
        while set(names) & set(self.admin.list_topics()) and time.monotonic() < until:
            time.sleep(0.2)
        assert {spec.name for spec in topics.create(self.here.link, self.here.layout)} == set(names)

    def filled(self):
        """Name the topics of leadpulse that hold something, but for dead letters."""
        own = [t for t in self.admin.list_topics() if t.startswith(f"{self.here.prefix}leadpulse.")]
        return sorted(t for t in own if any(self.ends(t).values()) and not t.endswith("dead_letter"))

    def of_the_release_before(self, topic):
        """Write a log anew as a release did that knew no births."""
        old = list(books.records(self.here.broker.bootstrap, topic))
        self.make_anew(topic)
        producer = KafkaProducer(bootstrap_servers=self.here.broker.bootstrap, acks="all")
        for partition, key, value in old:
            if key == POSITION.prefix:
                known = json.loads(value)
                for name in ("life", "settings", "owner"):
                    del known[name]
                value = json.dumps(known).encode()
            if key != BIRTH.prefix:
                producer.send(topic, key=key, value=value, partition=partition)
        producer.flush(30)
        producer.close()


@pytest.fixture
def logs():
    made = []

    def of(here):
        made.append(Logs(here))
        return made[-1]

    yield of
    for one in made:
        one.admin.close()


def refusal(worker, limit_s=40, code=70):
    """Wait until a worker that must refuse has ended; give its log."""
    until = patience.until(limit_s)
    while not worker.exits and time.monotonic() < until:
        time.sleep(0.2)
    assert worker.exits, f"still running:\n{worker.log()[-1500:]}"
    assert worker.exits[0] == code, worker.log()[-1500:]
    assert "Traceback" not in worker.log()
    return worker.log()


def counted(here, count=2_000):
    """Make an installation that has counted something, and stands still."""
    here.worker()
    here.produce(count)
    here.wait_counted(count)
    time.sleep(2.5)  # the group's offsets are told
    assert here.stop() == [0]


@pytest.mark.parametrize(
    ("which", "steps"),
    [
        ("rollup", {0.5: "lost its beginning"}),
        ("state", {0.5: "lost its beginning", 1.0: "is empty"}),
    ],
)
def test_a_log_that_lost_its_front_is_refused_by_name_before_anything_is_published(site, logs, which, steps):
    here = site(partitions=2)
    there = logs(here)
    topic = here.layout.rollup if which == "rollup" else here.layout.state("visitors")
    counted(here)
    here.produce(1_000, first=2_000)
    published = there.ends(here.layout.metrics)
    for share, says in steps.items():
        there.cut(topic, share)
        told = refusal(here.worker(restart=False))
        assert says in told
        assert topic in told
        assert "leadpulse topics rebuild" in told
    if which == "rollup":
        assert there.ends(here.layout.metrics) == published


def test_a_log_that_is_emptied_or_made_anew_beneath_its_owner_is_noticed_with_the_next_commit(site, logs):
    here = site(partitions=2)
    there = logs(here)
    worker = here.worker(restart=False)
    here.produce(2_000)
    here.wait_counted(2_000)
    there.make_anew(here.layout.rollup)
    told = refusal(worker)
    assert here.layout.rollup in told
    assert "was made anew" in told
    worker = here.worker(restart=False)  # what shards reported is all there still: it is added up again
    here.produce(1_000, first=2_000)
    here.wait_counted(3_000)
    assert here.faults() == []
    there.cut(here.layout.state("ads"))
    told = refusal(worker)
    assert here.layout.state("ads") in told
    assert "its records were deleted" in told
    assert here.layout.state("ads") in refusal(here.worker(restart=False))


def test_a_reset_lists_all_that_is_not_empty_and_writes_nothing_and_then_begins_anew_as_a_whole(site, logs):
    here = site(partitions=2)
    there = logs(here)
    counted(here)
    there.make_anew(here.layout.state("visitors"))
    before = {topic: there.ends(topic) for topic in there.filled()}
    told = refusal(here.worker(restart=False, arguments=("--reset",)), code=1)
    assert set(before) == {part.strip() for part in told.partition("where: ")[2].splitlines()[0].split(",")}
    assert here.layout.rollup in before
    assert "leadpulse topics rebuild" in told
    assert {topic: there.ends(topic) for topic in there.filled()} == before
    there.make_anew(*before)
    here.workers = []
    for _ in range(2):
        here.worker(arguments=("--reset",))
    here.produce(1_000, first=2_000)
    here.wait_counted(3_000)
    late = here.worker(arguments=("--reset",))  # one more of those that begin anew together
    until = patience.until(40)
    while "assignment 1" not in late.log():  # it joins those that run: nobody may stop before it has looked
        assert time.monotonic() < until, late.log()
        time.sleep(0.2)
    here.produce(1_000, first=3_000)
    here.wait_counted(4_000)
    assert here.stop() == [0, 0, 0]
    assert late.exits == [0]
    assert here.faults() == []


def test_a_partitioner_cannot_change_under_a_state_and_the_way_back_works(site):
    here = site(partitions=2)
    counted(here)
    here.produce(1_000, first=2_000)
    told = refusal(here.worker(restart=False, LEADPULSE_PARTITIONER="crc32"))
    assert "LEADPULSE_PARTITIONER=murmur2; this worker has crc32" in told
    assert "Go back to LEADPULSE_PARTITIONER=murmur2" in told
    here.worker()
    here.wait_counted(3_000)
    assert here.stop()[-1] == 0
    assert here.faults() == []


def test_logs_of_the_release_before_go_on_and_get_their_births(site, logs):
    here = site(partitions=2)
    there = logs(here)
    counted(here)
    own = [here.layout.rollup, *(here.layout.state(group) for group in books.GROUPS)]
    for topic in own:
        there.of_the_release_before(topic)
    here.worker()
    here.produce(1_000, first=2_000)
    here.wait_counted(3_000)
    assert here.stop() == [0]
    assert here.faults() == []
    for topic in own:
        partitions = {p for p, _, _ in books.records(here.broker.bootstrap, topic)}
        born = {p for p, key, _ in books.records(here.broker.bootstrap, topic) if key == BIRTH.prefix}
        assert born == partitions


def test_totals_that_cannot_be_added_up_again_take_nothing_back_that_was_published(site, logs):
    here = site(partitions=2)
    there = logs(here)
    counted(here)
    before = there.ends(here.layout.metrics)
    there.make_anew(here.layout.rollup)
    deltas = {TopicPartition(here.layout.deltas(group), p) for group in books.GROUPS for p in range(2)}
    there.admin.delete_records({tp: there.ends(tp.topic)[tp] for tp in deltas})
    told = refusal(here.worker(restart=False))
    assert "cannot be added up" in told
    assert "what lies between is gone" in told
    assert "leadpulse topics rebuild" in told
    assert there.ends(here.layout.metrics) == before
