"""Where a new owner goes on, and when it refuses: positions come from the state log alone."""

from __future__ import annotations

import time

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.structs import OffsetAndMetadata

from tests import patience
from tests.integration.supervisor import exit_of

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


def _set_group_offsets(here, offset_of):
    """Write other committed offsets for the group, as a tool would."""
    consumer = KafkaConsumer(
        bootstrap_servers=here.broker.bootstrap, group_id=f"{here.prefix}leadpulse", enable_auto_commit=False
    )
    for topics in here.layout.sources.values():
        for topic in topics.values():
            partitions = [TopicPartition(topic, p) for p in consumer.partitions_for_topic(topic)]
            ends = consumer.end_offsets(partitions)
            consumer.assign(partitions)
            consumer.commit({tp: OffsetAndMetadata(offset_of(end), "", -1) for tp, end in ends.items()})
    consumer.close()


def test_committed_group_offsets_are_never_believed(site):
    here = site(partitions=2)
    here.worker()
    here.produce(2_000)
    here.wait_counted(2_000)
    assert here.stop() == [0]
    for sent, offset_of in ((2_000, lambda end: 0), (3_000, lambda end: end), (4_000, lambda end: end + 1_000)):
        here.produce(1_000, first=sent)
        _set_group_offsets(here, offset_of)
        here.worker()
        here.wait_counted(sent + 1_000)
        assert here.stop() == [0]
    assert here.faults() == []


def test_advisory_offsets_show_that_nothing_is_left(site):
    here = site(partitions=2)
    here.worker()
    here.produce(1_000)
    here.wait_counted(1_000)
    assert here.stop() == [0]
    committed, ends = _advisory(here, "page_view")
    assert committed == ends


def test_a_lost_state_log_is_refused_unless_a_reset_is_asked_for(site):
    here = site(partitions=2)
    here.worker()
    here.produce(500)
    here.wait_counted(500)
    _wait_advisory(here, "ad")  # written each 5 s: they must not be believed either
    assert here.stop() == [0]
    _recreate(here, here.layout.state("ads"))
    code, log = exit_of(here.worker(restart=False))
    assert code == 70
    assert "state log is empty" in log
    assert here.layout.state("ads") in log


def test_a_recreated_source_topic_is_refused_by_name(site):
    here = site(partitions=2)
    here.worker()
    here.produce(2_000)
    here.wait_counted(2_000)
    assert here.stop() == [0]
    _recreate(here, f"{here.prefix}email")
    here.produce(4_000, first=2_000)
    code, log = exit_of(here.worker(restart=False))
    assert code == 70
    assert f"{here.prefix}email partition" in log
    assert "recreated" in log


def test_records_deleted_before_they_were_counted_are_refused_by_name(site):
    here = site(partitions=2)
    here.worker()
    here.produce(2_000)
    here.wait_counted(2_000)
    assert here.stop() == [0]
    here.produce(2_000, first=2_000)
    _delete_all_records(here, f"{here.prefix}email")
    code, log = exit_of(here.worker(restart=False))
    assert code == 70
    assert f"{here.prefix}email partition" in log
    assert "were deleted before they were counted" in log


def test_retention_that_took_only_counted_records_is_accepted_with_a_warning(site):
    here = site(partitions=2)
    here.worker()
    here.produce(2_000)
    here.wait_counted(2_000)
    assert here.stop() == [0]
    _delete_all_records(here, f"{here.prefix}email")
    worker = here.worker()
    here.produce(2_000, first=2_000)
    here.wait_counted(4_000)
    assert here.stop() == [0]
    assert "past its retention" in worker.log()


@pytest.mark.parametrize(
    ("start", "counted"), [("latest", 300), ("1970-01-01T00:00:00Z", 800), ("2200-01-01T00:00:00Z", 300)]
)
def test_a_fresh_installation_starts_where_it_is_told(site, start, counted):
    here = site(partitions=2, LEADPULSE_START=start)
    here.produce(500)
    worker = here.worker()
    until = patience.until(30)
    while '"ready": true' not in "".join(worker.lines()[-1:]) and time.monotonic() < until:
        time.sleep(0.2)
    here.produce(300, first=500)
    here.wait_counted(counted)
    time.sleep(2)
    here.wait_counted(counted)
    assert here.stop() == [0]


def test_a_kill_during_a_restore_leaves_a_whole_state(site):
    here = site(partitions=2)
    here.worker()
    here.produce(60_000, keys=60_000)
    here.wait_counted(60_000)
    assert here.stop() == [0]
    worker = here.worker()
    for kills in range(2):
        until = patience.until(30)
        while worker.log().count(" assignment 1 ") <= kills:  # one of each start
            assert time.monotonic() < until, worker.log()
            time.sleep(0.05)
        time.sleep(0.3)
        worker.kill()
        time.sleep(1.5)
    here.produce(1_000, first=60_000, keys=60_000)
    here.wait_counted(61_000)
    assert here.stop() == [0]
    assert here.faults() == []


def _advisory(here, kind):
    """Give the offsets that are committed for the group, and the ends of the topic, by partition."""
    consumer = KafkaConsumer(bootstrap_servers=here.broker.bootstrap, group_id=f"{here.prefix}leadpulse")
    topic = f"{here.prefix}{kind}"
    partitions = [TopicPartition(topic, p) for p in consumer.partitions_for_topic(topic)]
    committed, ends = {tp: consumer.committed(tp) for tp in partitions}, consumer.end_offsets(partitions)
    consumer.close()
    return committed, ends


def _wait_advisory(here, kind, limit_s=30):
    """Wait until a worker has told the group of all that it counted."""
    until = patience.until(limit_s)
    while True:
        committed, ends = _advisory(here, kind)
        if committed == ends:
            return
        assert time.monotonic() < until, f"committed {committed}, ends {ends}"
        time.sleep(0.3)


def _recreate(here, topic):
    admin = KafkaAdminClient(bootstrap_servers=here.broker.bootstrap)
    admin.delete_topics([topic])
    until = patience.until(20)
    while topic in admin.list_topics() and time.monotonic() < until:
        time.sleep(0.2)
    admin.close()
    from stream.kafka import topics

    assert [spec.name for spec in topics.create(here.link, here.layout)] == [topic]


def _delete_all_records(here, topic):
    admin = KafkaAdminClient(bootstrap_servers=here.broker.bootstrap)
    consumer = KafkaConsumer(bootstrap_servers=here.broker.bootstrap)
    partitions = [TopicPartition(topic, p) for p in consumer.partitions_for_topic(topic)]
    admin.delete_records(consumer.end_offsets(partitions))
    consumer.close()
    admin.close()
