"""Examples: of each reason to reject a record the newest ones, read while somebody looks at them.

In:  the last records of `leadpulse.dead_letter`.
Out: where each lies and why it was rejected; nothing of what it says.

A flood of rejected records is large, and nobody needs all of it here: the ends of its partitions are read, and only
when somebody asks.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final

import msgspec
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from stream.contract.dead_letter import DeadLetter, decode
from stream.errors import LeadpulseError
from stream.kafka.reader import OpenReader, Reader
from stream.serve.views import Exporter, LetterView

log = logging.getLogger("leadpulse.page")

_LOOK_S: Final = 0.5
_EVERY_S: Final = 10.0
_AGAIN_S: Final = 5.0
#: Records at the end of each partition, and partitions, that are read.
_LAST: Final = 20
_PARTITIONS: Final = 12
#: Examples of a kind and reason: the newest says where to look.
_EACH: Final = 1


class Examples:
    """Examples of rejected records, as one worker shows them."""

    def __init__(self, topic: str, partitions: int, exporter: Exporter) -> None:
        self._tps = [TopicPartition(topic, number) for number in range(min(partitions, _PARTITIONS))]
        self._exporter = exporter

    async def follow(self, open_reader: OpenReader, stopped: Callable[[], bool]) -> None:
        """Read whenever somebody wants to see them, until the worker stops."""
        due = 0.0
        while not stopped():
            await asyncio.sleep(_LOOK_S)
            if not self._exporter.wants_letters() or time.monotonic() < due:
                continue
            due = time.monotonic() + _EVERY_S
            try:
                async with open_reader() as reader:
                    self._exporter.show_letters(newest(await self._read(reader)))
            except (LeadpulseError, KafkaError, TimeoutError) as error:
                log.debug("rejected records cannot be read now: %r", error)
                await asyncio.sleep(_AGAIN_S)
            except Exception:  # a bug here must not end a worker that counts
                log.exception("rejected records cannot be read")
                await asyncio.sleep(_AGAIN_S)

    async def _read(self, reader: Reader) -> list[DeadLetter]:
        found = []
        for tp, (begin, end) in (await reader.bounds(self._tps)).items():
            async for records in reader.scan(tp, max(begin, end - _LAST), end):
                for record in records:
                    try:
                        found.append(decode(record[3] or b""))
                    except msgspec.DecodeError:  # written by something else
                        continue
        return found


def newest(letters: list[DeadLetter]) -> tuple[LetterView, ...]:
    """Pick the newest of each kind and reason, and leave out what the records say."""
    count: dict[tuple[str, str], int] = {}
    out = []
    for one in sorted(letters, key=lambda letter: -letter.timestamp_ms):
        of = (one.kind, one.reason)
        count[of] = count.get(of, 0) + 1
        if count[of] <= _EACH:
            out.append(
                LetterView(
                    one.topic, one.partition, one.offset, one.timestamp_ms, one.kind, one.site, one.reason, one.path
                )
            )
    return tuple(out)
