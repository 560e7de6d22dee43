"""What an acknowledgement tells of the log that was written to."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.structs import RecordMetadata

from stream.kafka.security import Link
from stream.kafka.state_log import LogLost, StateLog

OWN, BESIDE = TopicPartition("state", 3), TopicPartition("metrics", 0)


class Reader:
    async def bounds(self, partitions: Any) -> dict[TopicPartition, tuple[int, int]]:
        return dict.fromkeys(partitions, (4, 20))

    async def scan(self, tp: TopicPartition, start: int, end: int) -> Any:
        for offset in range(start, end):
            yield [(offset, 0, b"k", b"v", ())]


def owned() -> StateLog:
    log = StateLog(Link(("127.0.0.1:1",)), *OWN, None)
    read = asyncio.run(log.read(Reader(), lambda key, value: None))  # type: ignore[arg-type]
    assert read == (4, 20, 16)
    return log


def told(tp: TopicPartition, offset: int, begin: int | None = None) -> RecordMetadata:
    return RecordMetadata(tp.topic, tp.partition, tp, offset, -1, 0, begin)


def test_writes_that_go_on_behind_each_other_are_in_order() -> None:
    log = owned()
    for one in (told(OWN, 20, 4), told(OWN, 25, 4), told(OWN, -1, -1), told(OWN, 29, -1), told(OWN, 33)):
        log._look(one)
    assert not log.anew


@pytest.mark.parametrize(
    ("offset", "begin", "says"),
    [
        (20, 20, "began at offset 4, and begins at 20 now"),
        (0, 0, "was at offset 20, and goes on at 0"),
        (19, 4, "goes on at 19"),
    ],
)
def test_a_log_that_lost_something_is_noticed(offset: int, begin: int, says: str) -> None:
    with pytest.raises(LogLost, match=says):
        owned()._look(told(OWN, offset, begin))


@pytest.mark.parametrize(("offset", "begin", "anew"), [(9, 0, set()), (0, 0, {"metrics"}), (9, 9, {"metrics"})])
def test_another_topic_that_was_made_anew_or_emptied_is_remembered(offset: int, begin: int, anew: set[str]) -> None:
    log = owned()
    log._look(told(BESIDE, 5, 0))
    log._look(told(BESIDE, offset, begin))
    assert log.anew == anew
