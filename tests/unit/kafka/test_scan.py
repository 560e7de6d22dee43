"""A scan asks for what is there, and asks for nothing more before its last records are looked at."""

from __future__ import annotations

import asyncio

from aiokafka import TopicPartition

from stream.kafka.fetch import Unpacked
from stream.kafka.reader import Reader

TP = TopicPartition("log", 0)


class Told(Reader):
    """A reader of a log of ten records, three a fetch, that notes what it is told."""

    def __init__(self):
        self.told = []
        self._at = 0

    def hasten(self):
        self.told.append("hasten")

    def rest(self):
        self.told.append("rest")

    def follow(self, offsets):
        self.told.append("follow")
        self._at = offsets[TP]

    async def poll(self, timeout_s):
        start, self._at = self._at, min(10, self._at + 3)
        return {TP: Unpacked([(at, 0, b"k", b"v", ()) for at in range(start, self._at)], 1, self._at)}


async def _scanned(reader, start, end):
    found = []
    async for records in reader.scan(TP, start, end):
        found += [record[0] for record in records]
        reader.told.append(found[-1])
    return found


def test_it_rests_before_the_last_records_are_given():
    reader = Told()
    assert asyncio.run(_scanned(reader, 2, 7)) == [2, 3, 4, 5, 6]
    assert reader.told == ["hasten", "follow", 4, "rest", 6]


def test_where_nothing_is_to_be_read_nothing_is_asked_for():
    reader = Told()
    assert asyncio.run(_scanned(reader, 7, 7)) == []
    assert reader.told == []


def test_a_record_is_found_by_its_offset_and_the_rest_is_left():
    reader = Told()
    assert asyncio.run(reader.record_at(TP, 4, 10))[0] == 4
    assert reader.told[-1] == "rest"
