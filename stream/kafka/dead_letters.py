"""Dead letters: read back what was rejected, for a person at a terminal.

In:  a link to the broker; which reasons, kinds and times are wanted.
Out: dead letters, oldest first, with their keys; the topic itself is not changed.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import msgspec
from aiokafka import TopicPartition as PlacedTopic
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from stream.contract.dead_letter import DeadLetter, decode
from stream.contract.records import Record
from stream.errors import BrokerError, InputError, TopicError
from stream.kafka import topics
from stream.kafka.inspect import asked
from stream.kafka.layout import Layout
from stream.kafka.reader import Reader
from stream.kafka.security import Link

#: Nothing more comes after so long: some brokers name an end that no fetch reaches.
PATIENCE_S: Final = 5.0

Letter = tuple[str, DeadLetter]  # key (topic-partition-offset), what it holds


def newest(
    link: Link,
    layout: Layout,
    most: int,
    reasons: Iterable[str] = (),
    kinds: Iterable[str] = (),
    since_ms: int | None = None,
) -> list[Letter]:
    """Give the newest letters that fit, at most so many."""
    reasons, kinds = set(reasons), set(kinds)
    filtered = bool(reasons or kinds or since_ms is not None)
    kept: deque[Letter] = deque(maxlen=most)
    with _reader(link, layout) as (consumer, partitions):
        _begin(consumer, partitions, since_ms, None if filtered else most)
        found = sorted(_letters(consumer, partitions), key=lambda each: each[0])
    for _, key, letter in found:
        if (not reasons or letter.reason in reasons) and (not kinds or letter.kind in kinds):
            kept.append((key, letter))
    return list(kept)


def named(link: Link, layout: Layout, key: str) -> DeadLetter:
    """Give the letter of a record's topic-partition-offset; raises InputError when it is not there."""
    with _reader(link, layout) as (consumer, partitions):
        _begin(consumer, partitions, None, None)
        for _, name, letter in _letters(consumer, partitions):
            if name == key:
                return letter
    raise InputError(
        f"There is no dead letter {key}.",
        where=layout.dead_letter,
        do="`leadpulse dead-letter list` shows the newest; old ones leave with the topic's retention.",
    )


def original(link: Link, letter: DeadLetter) -> Record | None:
    """Give the record that a letter is of, from the topic that it was read from; None once it is gone there."""

    async def look() -> Record | None:
        tp = PlacedTopic(letter.topic, letter.partition)
        async with Reader(link) as reader:
            begin, end = (await reader.bounds([tp]))[tp]
            return await reader.record_at(tp, letter.offset, end) if begin <= letter.offset < end else None

    return asked(link, look())


@contextmanager
def _reader(link: Link, layout: Layout) -> Iterator[tuple[KafkaConsumer, list[TopicPartition]]]:
    """Connect to the topic; every error of the broker becomes one message."""
    consumer = None
    try:
        consumer = KafkaConsumer(
            **link.kafka_python(),
            isolation_level="read_committed",
            enable_auto_commit=False,
            group_id=None,
            bootstrap_timeout_ms=topics.CONNECT_MS,
        )
        numbers = consumer.partitions_for_topic(layout.dead_letter)
        if not numbers:
            raise TopicError(
                "The topic is missing.",
                where=layout.dead_letter,
                do="Create it with `leadpulse topics create`.",
            )
        partitions = [TopicPartition(layout.dead_letter, number) for number in sorted(numbers)]
        consumer.assign(partitions)
        yield consumer, partitions
    except KafkaError as error:
        raise BrokerError(
            f"The broker does not answer or refuses ({type(error).__name__}).",
            where=", ".join(link.brokers),
            do="Check that it runs, LEADPULSE_BROKERS, TLS and SASL, and the right to READ the topic.",
        ) from error
    finally:
        if consumer is not None:
            consumer.close()


def _begin(consumer: Any, partitions: list[TopicPartition], since_ms: int | None, tail: int | None) -> None:
    """Seek to a moment, to the last few records, or to the beginning."""
    first = consumer.beginning_offsets(partitions)
    starts = dict(first)
    if since_ms is not None:
        at = consumer.offsets_for_times(dict.fromkeys(partitions, since_ms))
        ends = consumer.end_offsets(partitions)
        starts = {part: found.offset if (found := at.get(part)) is not None else ends[part] for part in partitions}
    elif tail is not None:
        # A transaction's marker takes an offset, too: twice as many offsets hold at least as many letters.
        ends = consumer.end_offsets(partitions)
        starts = {part: max(first[part], ends[part] - 2 * tail) for part in partitions}
    for part in partitions:
        consumer.seek(part, starts[part])


def _letters(consumer: Any, partitions: list[TopicPartition]) -> Iterator[tuple[int, str, DeadLetter]]:
    """Read to the end as it is now: (when it was written, key, letter)."""
    ends = consumer.end_offsets(partitions)
    heard = time.monotonic()
    while time.monotonic() - heard < PATIENCE_S:
        if all(consumer.position(part) >= ends[part] for part in partitions):
            return
        for records in consumer.poll(timeout_ms=500).values():
            heard = time.monotonic()
            for record in records:
                try:
                    letter = decode(record.value or b"")
                except msgspec.MsgspecError:
                    continue  # not written by a worker: somebody else's record in our topic
                yield record.timestamp, (record.key or b"").decode("utf-8", "replace"), letter
