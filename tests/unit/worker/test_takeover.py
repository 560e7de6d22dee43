"""Where a fresh shard begins to read."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiokafka import TopicPartition

from stream.worker.takeover import positions


class Reader:
    """Topics that begin at 5 and end at 9."""

    async def bounds(self, partitions: Any) -> dict[TopicPartition, tuple[int, int]]:
        return dict.fromkeys(partitions, (5, 9))

    async def offset_at(self, tp: TopicPartition, time_ms: int) -> int:
        return 7


class Beginning:
    def __init__(self, start: str, start_ms: int | None = None) -> None:
        self.start, self.start_ms = start, start_ms


@pytest.mark.parametrize(
    ("beginning", "first"),
    [(Beginning("earliest"), 5), (Beginning("latest"), 9), (Beginning("2025-06-01T00:00:00Z", 1_000), 7)],
)
def test_what_shards_tell_each_other_is_read_from_its_beginning_wherever_sources_begin(
    beginning: Beginning, first: int
) -> None:
    names = ("crm", "reroute", "handover", "touches")
    sources = {name: TopicPartition(name, 0) for name in names}
    found = asyncio.run(positions(Reader(), None, sources, beginning))  # type: ignore[arg-type]
    assert {name: found.sources[name].next for name in names} == {
        "crm": first,
        "reroute": 5,
        "handover": 5,
        "touches": 5,
    }
