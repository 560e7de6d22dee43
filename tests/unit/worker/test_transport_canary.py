"""Every private part of faust, mode and aiokafka that we override or call is still there.

When one of these fails after an upgrade: read what became of it, adapt stream/worker/transport.py, lean.py or app.py,
and run the integration tests before changing the pin.
"""

from __future__ import annotations

import hashlib
import inspect

import aiokafka
import faust
import pytest
from aiohttp.web_protocol import RequestHandler
from aiokafka.consumer import fetcher, group_coordinator, subscription_state
from aiokafka.coordinator.assignors.abstract import AbstractPartitionAssignor
from aiokafka.producer import sender
from faust.topics import Topic
from faust.transport import consumer as faust_consumer
from faust.transport.drivers import aiokafka as driver
from faust.types import ConsumerMessage

OVERRIDDEN = [
    (faust.Worker, "_on_sigterm"),
    (faust.Worker, "_install_signal_handlers_unix"),
    (faust.App, "_new_transport"),
    (faust.App, "_new_consumer"),
    (faust.App, "_create_directories"),
    (Topic, "_compile_decode"),
    (driver.AIOKafkaConsumerThread, "_create_worker_consumer"),
    (driver.AIOKafkaConsumerThread, "on_partitions_revoked"),
    (driver.AIOKafkaConsumerThread, "on_thread_stop"),
    (driver.AIOKafkaConsumerThread, "on_partitions_assigned"),
    (driver.AIOKafkaConsumerThread, "__post_init__"),
    (driver.Consumer, "_new_consumer_thread"),
    (driver.Consumer, "perform_seek"),
    (driver.Consumer, "commit"),
    (driver.Consumer, "wait_empty"),
    (driver.Consumer, "verify_event_path"),
    (fetcher, "MemoryRecords"),
    (faust.Worker, "_schedule_shutdown"),
    (faust.Worker, "_shutdown_loop"),
    (RequestHandler, "_handle_request"),
    (RequestHandler, "finish_response"),
]
CALLED = [
    (driver.AIOKafkaConsumerThread, "_ensure_consumer"),
    (faust_consumer.Consumer, "stop_flow"),
    (faust_consumer.Consumer, "resume_flow"),
    (fetcher.Fetcher, "_create_fetch_waiter"),
    (fetcher.Fetcher, "_notify"),
    (fetcher.FetchResult, "check_assignment"),
    (fetcher.FetchResult, "has_more"),
    (fetcher.FetchResult, "_update_position"),
    (fetcher.FetchError, "check_raise"),
    (fetcher.PartitionRecords, "_consume_aborted_up_to"),
    (fetcher.PartitionRecords, "_contains_abort_marker"),
    (subscription_state.SubscriptionState, "fetch_context"),
    (subscription_state.SubscriptionState, "is_assigned"),
    (subscription_state.SubscriptionState, "reassignment_in_progress"),
    (group_coordinator.GroupCoordinator, "check_errors"),
    (group_coordinator.GroupCoordinator, "fetch_committed_offsets"),
    (group_coordinator.GroupCoordinator, "request_rejoin"),
    (sender.Sender, "sender_task"),
    (group_coordinator.GroupCoordinator, "commit_offsets"),
    (AbstractPartitionAssignor, "on_assignment"),
    (aiokafka.AIOKafkaProducer, "create_batch"),
    (aiokafka.AIOKafkaProducer, "send_batch"),
    (AbstractPartitionAssignor, "assign"),
]


@pytest.mark.parametrize(("owner", "name"), OVERRIDDEN + CALLED, ids=lambda part: getattr(part, "__name__", part))
def test_what_we_override_or_call_is_still_there(owner, name):
    assert hasattr(owner, name), f"{owner.__module__}.{owner.__qualname__}.{name} is gone"


@pytest.mark.parametrize(
    ("where", "words"),
    [
        (
            fetcher.Fetcher.__init__,
            ["self._records =", "self._closed =", "self._subscriptions =", "self._wait_consume_future"],
        ),
        (
            fetcher.Fetcher._get_actions_per_node,
            ["self._fetch_max_wait_ms,", "self._fetch_min_bytes,", "backoff = self._fetcher_timeout"],
        ),
        (fetcher.Fetcher._proc_fetch_request, ["tp_state.highwater = ", "tp_state.timestamp = now_ms"]),
        (fetcher.FetchResult.__init__, ["self._topic_partition", "self._partition_records"]),
        (
            fetcher.PartitionRecords.__init__,
            [
                "self._records",
                "self._aborted_producers",
                "self.next_fetch_offset",
                "self._check_crcs",
                "self._isolation_level",
            ],
        ),
        (subscription_state.TopicPartitionState.__init__, ["self.highwater", "self.lso", "self._position"]),
        (aiokafka.AIOKafkaConsumer.start, ["self._fetcher = Fetcher(", "self._coordinator = GroupCoordinator("]),
        (driver.Consumer._to_message, ["generation_id=self.app.consumer_generation_id"]),
        (faust_consumer.ThreadDelegateConsumer.__init__, ["self._thread = self._new_consumer_thread()"]),
        (driver.ConsumerRebalanceListener.on_partitions_assigned, ["consumer_generation_id = generation"]),
        (faust.App._new_consumer, ["self.transport.create_consumer("]),
        (faust.App._on_partitions_revoked, ["self.on_partitions_revoked.send"]),
    ],
)
def test_the_attributes_we_read_are_still_set_there(where, words):
    text = inspect.getsource(where)
    missing = [word for word in words if word not in text]
    assert not missing, f"{where.__qualname__} changed: {missing}"


def test_the_unpacking_we_mirror_is_the_one_we_know():
    """`lean.unpack` is the same loop as this one; a change there may be a fix that we need too."""
    text = inspect.getsource(fetcher.PartitionRecords._unpack_records)
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == "b803e6d46480732c"


def test_a_faust_message_still_takes_what_we_give_it():
    assert "generation_id" in inspect.signature(ConsumerMessage.__init__).parameters


def test_boot_strategy_still_has_the_switch_for_fausts_own_producer():
    assert hasattr(faust.app.base.BootStrategy, "enable_kafka_producer")
