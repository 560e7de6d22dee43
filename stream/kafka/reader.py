"""Reader: reading partitions outside the consumer group, read_committed.

In:  partitions and offsets.
Out: their bounds, and their records in order.

Used by a take-over (state log, identity of the sources) and by the rollup (deltas). It belongs to nobody's group, so
it can neither lose its partitions nor move anybody's offsets.
"""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Final, Protocol, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import OffsetOutOfRangeError

from stream.contract.records import Record
from stream.errors import BrokerError, TopicError
from stream.kafka import fetch as lean
from stream.kafka.bounded import within
from stream.kafka.security import Link

log = logging.getLogger("leadpulse.reader")

#: While records come, a patient reader lets them come together for so long. While none come, whoever follows a log asks
#: for the first one only, and lets the broker wait for it: (milliseconds, bytes).
_GATHERS: Final = 80, 256 << 10
_FOLLOWS: Final = 100, 1
_PATIENTLY_RESTS: Final = 2_000, 1
_RESTS: Final = 500, 1
#: What is known to be there needs no waiting. And a fetch at the end of a log, which comes behind the last of it, would
#: keep every request behind it waiting for so long.
_SCANS: Final = 2, 1
#: A partition that has records and gives none for so long means that the broker is gone.
SILENCE_S: Final = 30.0
CLOSE_S: Final = 3.0


class Reader:
    """Read assigned partitions from given offsets."""

    def __init__(self, link: Link, *, patient: bool = False) -> None:
        """Take `patient` for many partitions with little in each: a few fetches a second, not one for each record."""
        self._at_rest = self._paces = (_GATHERS, _PATIENTLY_RESTS) if patient else (_FOLLOWS, _RESTS)
        wait_ms, min_bytes = self._paces[0]
        lean.install()
        #: A broker without transactions may know the end of a log by its answers to fetches alone: the embedded one
        #: names the first record of the last batch.
        self._fetches_ends = not link.transactions
        self._consumer = AIOKafkaConsumer(
            **link.aiokafka(),
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_committed",
            max_partition_fetch_bytes=4 << 20,
            fetch_max_wait_ms=wait_ms,
            fetch_min_bytes=min_bytes,
            retry_backoff_ms=20,  # the first look at each topic fails for want of metadata and is tried again
        )
        self._wanted: frozenset[TopicPartition] = frozenset()

    async def __aenter__(self) -> Self:
        await self._consumer.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await within(CLOSE_S, self._consumer.stop())
        except TimeoutError as late:
            log.debug("a reader did not stop: %s", late)

    async def bounds(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, tuple[int, int]]:
        """Give log start and last stable offset of each partition."""
        partitions = list(partitions)
        begin = await self._consumer.beginning_offsets(partitions)
        end = await self._consumer.end_offsets(partitions)
        if self._fetches_ends:
            end |= await self._ends_by_fetch({tp: end[tp] for tp in partitions if end[tp] > begin[tp]})
        return {tp: (begin[tp], end[tp]) for tp in partitions}

    async def _ends_by_fetch(self, told: Mapping[TopicPartition, int]) -> dict[TopicPartition, int]:
        """Look where logs end that are told to end here or later."""
        found: dict[TopicPartition, int] = {}
        self.follow(told)
        until = time.monotonic() + SILENCE_S
        while len(found) < len(told):
            if time.monotonic() > until:
                tp = next(tp for tp in told if tp not in found)
                raise BrokerError(
                    f"The broker did not say within {SILENCE_S:.0f} s where the log ends.",
                    where=f"{tp.topic} partition {tp.partition}",
                    do="Check the broker that leads this partition.",
                )
            await self.poll(0.1)
            found |= {tp: max(end, told[tp]) for tp, end in self.ends().items()}
        return found

    async def has(self, topic: str) -> bool:
        """Say whether a topic exists."""
        return topic in await self._consumer.topics()

    async def offset_at(self, tp: TopicPartition, time_ms: int) -> int | None:
        """Give the first offset at or after a time; None if all records are older."""
        found = (await self._consumer.offsets_for_times({tp: time_ms}))[tp]
        return None if found is None else int(found.offset)

    def follow(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Read these partitions from these offsets on."""
        self._consumer.assign(list(offsets))
        for tp, offset in offsets.items():
            self._consumer.seek(tp, offset)
        self._wanted = frozenset(offsets)

    async def poll(self, timeout_s: float) -> dict[TopicPartition, lean.Unpacked]:
        """Give what came in, at the latest after the timeout."""
        try:
            fetcher = self._consumer._fetcher
            with fetcher._subscriptions.fetch_context():
                got = await lean.read(fetcher, self._wanted, timeout_s)
            lean.pace(fetcher, *self._paces[not got])
            return got
        except OffsetOutOfRangeError as error:
            tp, offset = next(iter(error.args[0].items()))
            raise TopicError(
                f"Offset {offset} is gone before it was read.",
                where=f"{tp.topic} partition {tp.partition}",
                do="Its retention is too short for the time the worker was away; see `leadpulse topics verify`.",
            ) from error

    def ends(self) -> dict[TopicPartition, int]:
        """Give the last stable offsets that the broker told with its last answers."""
        found = lean.ends(self._consumer._fetcher, self._wanted)
        return {tp: end.stable for tp, end in found.items()}

    async def scan(self, tp: TopicPartition, start: int, end: int) -> AsyncIterator[Sequence[Record]]:
        """Give the records of one partition in [start, end) in lists."""
        if start >= end:
            return
        self.hasten()
        self.follow({tp: start})
        heard = time.monotonic()
        while start < end:
            for unpacked in (await self.poll(0.5)).values():
                heard, start = time.monotonic(), unpacked.next
                if start >= end:
                    self.rest()
                yield [row for row in unpacked.records if row[0] < end] if start > end else unpacked.records
            if time.monotonic() - heard > SILENCE_S:
                raise BrokerError(
                    f"No records for {SILENCE_S:.0f} s although the log goes on to offset {end}.",
                    where=f"{tp.topic} partition {tp.partition}",
                    do="Check the broker that leads this partition.",
                )

    def hasten(self) -> None:
        """Ask for what is there, and wait for nothing that may come."""
        self._paces = _SCANS, _SCANS
        lean.pace(self._consumer._fetcher, *_SCANS)

    def rest(self) -> None:
        """Ask for nothing more of what is read."""
        self._consumer.pause(*self._wanted)
        self._paces = self._at_rest
        lean.pace(self._consumer._fetcher, *self._paces[0])

    async def record_at(self, tp: TopicPartition, offset: int, end: int) -> Record | None:
        """Give the record at an offset, None if there is none any more."""
        async for records in self.scan(tp, offset, end):
            if records:
                self.rest()
                return records[0] if records[0][0] == offset else None
        return None


class OpenReader(Protocol):
    """Make a reader; it is started and stopped by `async with`."""

    def __call__(self, *, patient: bool = False) -> Reader: ...
