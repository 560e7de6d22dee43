"""One record: written for a person at a terminal, and acknowledged before anything is said of it.

In:  a link to the broker, a topic and partition, key and value.
Out: the record where it is now; or an error that says why it is not there.
"""

from __future__ import annotations

from typing import Final

from kafka import KafkaProducer
from kafka.errors import KafkaError

from stream.errors import BrokerError
from stream.kafka import refusals, topics
from stream.kafka.security import Link

WAIT_S: Final = 30.0


def write(link: Link, topic: str, partition: int, key: bytes, value: bytes) -> int:
    """Write a record, on all replicas that are in sync; give its offset."""
    producer = None
    try:
        producer = KafkaProducer(**link.kafka_python(), acks="all", bootstrap_timeout_ms=topics.CONNECT_MS)
        told = producer.send(topic, key=key, value=value, partition=partition).get(timeout=WAIT_S)
        return int(told.offset)
    except KafkaError as error:
        raise (
            refusals.told(error, link, refusals.Names("", "", ""))
            or BrokerError(
                f"The record was not taken ({type(error).__name__}).",
                where=topic,
                do="Run the command again: an order that comes twice is carried out once.",
            )
        ) from error
    finally:
        if producer is not None:
            producer.close(timeout=1)
