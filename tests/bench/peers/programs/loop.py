"""A loop by hand: dictionaries, whole batches, and once a second a transaction of offsets, changed visitors and changed cells.

Changed visitors go packed, a thousand to a record: the least that a program in Python can do and be exact after a crash. (It has no
way to come back, no check of what comes in, and one window.)
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from zlib import crc32

import msgspec
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from j1 import BROKER, EVENTS, GROUP, LIVE, TOPIC, Cells, Meter, Visitor, ms

PARTITIONS, COMMIT_S, PACKED = 4, 1.0, 1_000
CHANGELOG, OUT = f"{GROUP}.changelog", f"{GROUP}.out"


class Campaign(msgspec.Struct, gc=False):
    medium: str


class Data(msgspec.Struct, gc=False):
    visitor_id: str
    campaign: Campaign


class Event(msgspec.Struct, gc=False):
    type: str
    time: str
    data: Data


decode = msgspec.json.Decoder(Event).decode
pack = msgspec.msgpack.encode
visitors: dict[str, Visitor] = {}
cells: Cells = {}
changed: list[set[str]] = [set() for _ in range(PARTITIONS)]
touched: set[tuple[int, str]] = set()


def fold(values: list[bytes], partition: int) -> None:
    """Fold a batch; the step stands here in full, since a call an event costs more than most of it."""
    here = changed[partition]
    for value in values:
        event = decode(value)
        data = event.data
        name, time_ms = data.visitor_id, ms(event.time)
        place = time_ms // 60_000, data.campaign.medium
        cell = cells.get(place)
        if cell is None:
            cell = cells[place] = [0, 0, 0, 0]
        visitor = visitors.get(name)
        if visitor is None:
            visitor = visitors[name] = [time_ms, time_ms, 0, 0]
            cell[1] += 1
        else:
            if time_ms - visitor[1] > 1_800_000:
                cell[1] += 1
            if time_ms < visitor[0]:
                visitor[0] = time_ms
            if time_ms > visitor[1]:
                visitor[1] = time_ms
        if event.type == "form":
            cell[2] += 1
            if not visitor[3]:
                visitor[3] = 1
                cell[3] += 1
        else:
            cell[0] += 1
            visitor[2] += 1
        here.add(name)
        touched.add(place)


def rows() -> Iterator[tuple[str, bytes, bytes, int]]:
    """Give what a commit writes: topic, key, value, partition."""
    for partition, names in enumerate(changed):
        some = list(names)
        for at in range(0, len(some), PACKED):
            packed = pack([(name, visitors[name]) for name in some[at : at + PACKED]])
            yield CHANGELOG, b"%d" % at, packed, partition
        names.clear()
    for place in touched:
        minute, channel = place
        key = channel.encode()
        yield OUT, key, msgspec.json.encode((minute, channel, cells[place])), crc32(key) % PARTITIONS
    touched.clear()


def main() -> None:
    meter, done, offsets, last_s = Meter(), 0, dict[int, int](), time.monotonic()
    admin = AdminClient({"bootstrap.servers": BROKER})
    for made in admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in (CHANGELOG, OUT)]).values():
        made.result()
    consumer = Consumer(
        {
            "bootstrap.servers": BROKER,
            "group.id": GROUP,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "fetch.queue.backoff.ms": 10,  # its default makes it idle while the queue is full
        }
    )
    producer = Producer(
        {
            "bootstrap.servers": BROKER,
            "transactional.id": GROUP,
            "linger.ms": 20,
            "queue.buffering.max.messages": 1_000_000,
            "batch.size": 262_144,
        }
    )
    producer.init_transactions()
    consumer.subscribe([TOPIC])
    while done < EVENTS:
        if messages := consumer.consume(10_000, 0.2):
            meter.first()
            batches: dict[int, list[bytes]] = {}
            for message in messages:
                partition = message.partition()
                batches.setdefault(partition, []).append(message.value())
                offsets[partition] = message.offset() + 1
            for partition, values in batches.items():
                fold(values, partition)
            done += len(messages)
        if offsets and (time.monotonic() - last_s >= COMMIT_S or done >= EVENTS):
            producer.begin_transaction()
            for nth, (topic, key, value, partition) in enumerate(rows(), 1):
                producer.produce(topic, value, key, partition)
                if nth % 5_000 == 0:
                    producer.poll(0)
            places = [TopicPartition(TOPIC, partition, offset) for partition, offset in offsets.items()]
            producer.send_offsets_to_transaction(places, consumer.consumer_group_metadata())
            producer.commit_transaction()
            offsets.clear()
            last_s = time.monotonic()
    meter.last()
    meter.tell({} if LIVE else cells, None if LIVE else visitors.values())


if __name__ == "__main__":
    main()
