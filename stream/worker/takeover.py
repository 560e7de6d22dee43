"""Take-over: what a new owner must know before it may process, and the reasons to refuse.

In:  a shard's stored position, its source topics, and where a fresh shard shall start.
Out: the offset at which each source goes on; or a TopicError that names the topic.

The committed offsets of the consumer group are never read for a position. They only serve as a witness: where they
exist and the state log is empty, the state was lost, and starting afresh would count everything twice or not at all.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final, Protocol

from aiokafka import TopicPartition

from stream.contract.records import HANDOVER, MAPPED, REROUTE, TOUCHES
from stream.errors import REBUILD, TopicError
from stream.kafka.reader import Reader
from stream.worker.position import Position, SourcePosition, fingerprint

log = logging.getLogger("leadpulse.takeover")

OWN: Final = (REROUTE, HANDOVER, TOUCHES)
#: A topic that is not mapped any more keeps its place for so long, measured by the records of the others.
KEPT_MS: Final = 30 * 86_400_000


class Beginning(Protocol):
    """Where a fresh shard starts; settings have these."""

    @property
    def start(self) -> str: ...
    @property
    def start_ms(self) -> int | None: ...


async def positions(
    reader: Reader,
    stored: Position | None,
    sources: Mapping[str, TopicPartition],
    beginning: Beginning,
    starts: Mapping[str, Beginning] | None = None,
) -> Position:
    """Give the position of every source, checked against what the topics hold now.

    `starts` says where single sources begin, if that is not as for the others.
    """
    bounds = await reader.bounds(sources.values())
    position = stored or Position({})
    _forget_unmapped(position, sources)
    for source, tp in sources.items():
        begin, end = bounds[tp]
        known = position.sources.get(source)
        if known is None:
            # what shards tell each other is as old as their state: all of it is still to be read
            start = (starts or {}).get(source, beginning)
            fresh = begin if source in OWN else await _fresh(reader, tp, begin, end, start)
            position.sources[source] = SourcePosition(fresh)
        else:
            await _same_topic(reader, tp, begin, end, known)
    return position


def _forget_unmapped(position: Position, sources: Mapping[str, TopicPartition]) -> None:
    newest_ms = max((place.last_ms for place in position.sources.values()), default=0)
    for name, place in list(position.sources.items()):
        if name.startswith(MAPPED) and name not in sources and place.last_ms < newest_ms - KEPT_MS:
            del position.sources[name]


async def _fresh(reader: Reader, tp: TopicPartition, begin: int, end: int, beginning: Beginning) -> int:
    if beginning.start == "earliest":
        return begin
    if beginning.start == "latest" or beginning.start_ms is None:
        return end
    found = await reader.offset_at(tp, beginning.start_ms)
    return end if found is None else found


async def _same_topic(reader: Reader, tp: TopicPartition, begin: int, end: int, known: SourcePosition) -> None:
    """Refuse a topic that is not the one that was read: made anew, cut off, or past its retention."""
    where = f"{tp.topic} partition {tp.partition}"
    if known.next < begin:
        raise TopicError(
            f"Records {known.next} to {begin - 1} were deleted before they were counted.",
            where=where,
            do=f"Lengthen the topic's retention. To go on without them, {REBUILD}.",
        )
    if known.next > end:
        raise TopicError(
            f"The topic ends at offset {end}, but it was read up to {known.next}: it was recreated or cut off.",
            where=where,
            do=f"Restore the topic, or {REBUILD}.",
        )
    if known.last < 0:
        return
    if known.last < begin:
        log.warning(
            "%s: the last record counted is past its retention; it cannot be checked that this is the same topic", where
        )
        return
    record = await reader.record_at(tp, known.last, end)
    if record is None:
        log.warning(
            "%s: the last record counted is gone (compacted?); it cannot be checked that this is the same topic", where
        )
    elif fingerprint(record) != known.fingerprint:
        raise TopicError(
            f"Another record is at offset {known.last} than the one that was counted: the topic was recreated.",
            where=where,
            do=f"Restore the topic, or {REBUILD}.",
        )


def refuse_lost_state(
    group_offsets: Mapping[TopicPartition, int | None], reported: tuple[TopicPartition, int], state_topic: str
) -> None:
    """Raise where the state log is empty, but somebody has been here before.

    `group_offsets` are those that the consumer group committed, `reported` is the partition of the shard's deltas
    with the number of its records.
    """
    seen = [tp for tp, offset in group_offsets.items() if offset is not None]
    told, count = reported
    if not seen and not count:
        return
    what = (
        f"records of {seen[0].topic} partition {seen[0].partition} were counted before"
        if seen
        else f"{told.topic} partition {told.partition} holds what was counted before"
    )
    raise TopicError(
        f"The state log is empty, but {what}.",
        where=f"{state_topic} partition {told.partition}",
        do=f"Restore the topic; or {REBUILD}.",
    )
