"""Errors of the Kafka clients in words: told apart, with what to do, and without what the clients say."""

from __future__ import annotations

import socket
import threading

import pytest
from aiokafka import TopicPartition
from aiokafka import errors as aio
from kafka import errors as sync

from stream.errors import StartError
from stream.kafka import refusals, rights
from stream.kafka.probe import Found, Reason, diagnose
from stream.kafka.refusals import FencedInstanceId, Names, told
from stream.kafka.security import Link
from stream.worker.guards.outage import may_be_silence

LINK = Link(("kafka-1:9093",), mechanism="PLAIN", username="lp", password="secret")
NAMES = Names("p.", "p.leadpulse", "p.leadpulse-", "w1")


def caused(outer: Exception, cause: BaseException) -> Exception:
    outer.__cause__ = cause
    return outer


@pytest.mark.parametrize(
    ("error", "says", "does"),
    [
        (aio.TopicAuthorizationFailedError("p.page_view"), "read a topic", "--operation Read --topic p.page_view"),
        (
            aio.TopicAuthorizationFailedError({TopicPartition("p.leadpulse.metrics", 0)}),
            "read and write a topic",
            "--operation Read --operation Write --topic p.leadpulse.metrics",
        ),
        (aio.TopicAuthorizationFailedError(), "read or write a topic", "--topic p.leadpulse. --resource-pattern-type"),
        (aio.GroupAuthorizationFailedError("p.leadpulse"), "join the consumer group", "--group p.leadpulse"),
        (sync.GroupAuthorizationFailedError(), "join the consumer group", "--group p.leadpulse"),
        (
            caused(aio.KafkaError("Unexpected error"), aio.GroupAuthorizationFailedError("p.leadpulse")),
            "join the consumer group",
            "--operation Read --group p.leadpulse",
        ),
        (aio.TransactionalIdAuthorizationFailed("x"), "write transactions", "--transactional-id p.leadpulse- --res"),
        (FencedInstanceId(), "same instance_id w1", "LEADPULSE_INSTANCE_ID"),
        (aio.KafkaError("Unexpected exception in heartbeat task: FencedInstanceId()"), "same instance_id w1", "name"),
        (aio.ProducerFenced(), "Another worker has taken over", "LEADPULSE_GROUP_ID"),
        (aio.InvalidProducerEpoch(), "Another worker has taken over", "LEADPULSE_TOPIC_PREFIX"),
        (sync.SaslAuthenticationFailedError(), "user or password is wrong", "LEADPULSE_SASL_PASSWORD"),
        (aio.KafkaError("Produce(request=v1 secret)"), "did not do what was asked", "broker's log"),
        (TimeoutError("not done after 20 s"), "did not answer in time", "goes on from its last commit"),
    ],
)
def test_each_refusal_has_words_of_its_own(error, says, does):
    found = told(error, LINK, NAMES)
    assert found is not None
    assert says in found.what
    assert does in found.do
    assert "secret" not in str(found)


def test_what_is_said_already_stays_as_it_is_and_a_bug_stays_a_bug():
    ours = StartError("as it is")
    assert told(caused(RuntimeError("x"), ours), LINK, NAMES) is ours
    assert told(KeyError("x"), LINK, NAMES) is None


def test_aiokafka_knows_the_code_of_a_name_that_is_taken():
    assert aio.for_code(82) is FencedInstanceId


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_for_silence_has_words(reason):
    error = refusals.unreachable(Found(reason, "kafka-1:9093", "SCRAM-SHA-512"), LINK)
    assert "{" not in str(error)
    assert error.where.startswith("kafka-1:9093")
    assert error.do


@pytest.mark.parametrize(
    ("error", "may_be"),
    [
        (TimeoutError(), True),
        (ConnectionResetError(), True),
        (aio.KafkaTimeoutError(), True),
        (aio.NodeNotReadyError(), True),
        (caused(aio.KafkaError("x"), aio.ProducerFenced()), False),
        (aio.GroupAuthorizationFailedError("g"), False),
        (RuntimeError("a bug"), False),
    ],
)
def test_only_what_may_come_from_silence_is_asked_about(error, may_be):
    assert may_be_silence(error) == may_be


def test_a_right_that_the_broker_does_not_tell_is_not_missed():
    assert rights.lacking(rights.OWN, None) == ()
    assert rights.lacking(rights.OWN, frozenset()) == ("READ", "WRITE")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"\x15\x03\x03\x00\x02\x02\x50", Reason.WANTS_TLS),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", Reason.CLOSED),
        (b"", Reason.CLOSED),
        (None, Reason.SILENT),
    ],
)
def test_a_port_that_is_no_kafka_is_told_by_what_it_answers(answer, reason):
    def serve(listener: socket.socket) -> None:
        kept = []
        while True:
            try:
                one, _ = listener.accept()
            except OSError:
                return
            kept.append(one)
            if answer is not None:
                one.recv(1_000)
                one.sendall(answer)
                one.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        found = diagnose(Link((f"127.0.0.1:{listener.getsockname()[1]}",)), 0.3)
    assert found is not None
    assert found.reason is reason


def test_an_address_that_nobody_has():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    found = diagnose(Link((f"127.0.0.1:{port}",)), 0.3)
    assert found is not None
    assert found.reason is Reason.REFUSED
