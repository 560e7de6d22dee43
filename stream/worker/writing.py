"""Writing: one commit of a log, and in words why it failed.

In:  a log of our own and what is to be written.
Out: it is committed; or an error that says what, where and what to do.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Final

from aiokafka.errors import InvalidProducerEpoch, MessageSizeTooLargeError, ProducerFenced

from stream.errors import REBUILD, BrokerError, LeadpulseError, TopicError
from stream.kafka.bounded import within
from stream.kafka.reader import Reader
from stream.kafka.state_log import LogLost, Row, StateLog
from stream.worker.position import Owner, Restoring

log = logging.getLogger("leadpulse.writing")

COMMIT_LIMIT_S: Final = 20.0
ASK_S: Final = 5.0
TAIL: Final = 200  # offsets: the position is among the last records of a log


async def commit(statelog: StateLog, parts: Iterable[tuple[str, int, Iterable[Row]]], mine: Owner) -> None:
    """Write all or nothing within the limit; what ends the process is said in full."""
    where = f"{statelog.tp.topic} partition {statelog.tp.partition}"
    try:
        await within(COMMIT_LIMIT_S, statelog.write(parts))
    except LogLost as lost:
        raise TopicError(
            f"The log has lost records while this worker wrote to it: {lost}.",
            where=where,
            do=f"Restore the topic as it was (its cleanup.policy must be compact); or {REBUILD}.",
        ) from lost
    except (ProducerFenced, InvalidProducerEpoch) as fenced:
        raise taken(await _owner(statelog, where), mine, where) from fenced
    except MessageSizeTooLargeError as large:
        raise TopicError(
            "A write is larger than a topic of leadpulse takes.",
            where=where,
            do="Set max.message.bytes as `leadpulse topics verify` says.",
        ) from large


def taken(now: Owner, mine: Owner, where: str) -> LeadpulseError:
    """Say who took a shard over while this worker still wrote to it."""
    if now.group and now.group != mine.group:
        what = f"It is written by {now}; this worker is of the group {mine.group}."
        do = "Set LEADPULSE_GROUP_ID as theirs, or give this installation a LEADPULSE_TOPIC_PREFIX of its own."
    elif now.run and now.run != mine.run:
        what = f"It was taken over by {now} while this worker still wrote to it."
        do = "Nothing, if workers came and went or this one stood still: it starts again, and goes on from there."
    else:
        what = "Somebody else opened the transactional id of this shard, which is this worker's."
        do = "See who else runs with this LEADPULSE_TOPIC_PREFIX: `leadpulse status`."
    return BrokerError(f"This shard is another's now (fenced). {what}", where=where, do=do)


async def _owner(statelog: StateLog, where: str) -> Owner:
    """Read who wrote the newest position of a log; nobody, if that takes long."""
    found = Restoring(lambda key, value: None, where)

    async def look() -> None:
        async with Reader(statelog.link) as reader:
            _, end = (await reader.bounds([statelog.tp]))[statelog.tp]
            async for records in reader.scan(statelog.tp, max(0, end - TAIL), end):
                for _, _, key, value, _ in records:
                    found.take(key or b"", value)

    try:
        await within(ASK_S, look())
        place = found.place()
    except Exception as error:
        log.debug("%s: who owns it now is not known: %r", where, error)
        return Owner()
    return Owner() if place is None else place.owner
