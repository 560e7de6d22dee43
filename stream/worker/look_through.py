"""Look through: what stands in the topic of leads is looked through once by those who tell of leads now.

In:  the partitions of the topic that are this shard's to look through; records of them.
Out: a part with each commit: tombstones for what lies in another partition than its key says, and what stands, of which
     it is to be told anew what it is.

Where a record lies depends on how many partitions there are, and older releases wrote to the partition of the shard
that told. What was told of a lead by another shard then, or by a generation that is gone, would stand there for ever.
So each shard reads its share from beginning to end, once, as soon as it is the one to write. Whoever knows a lead
tells it anew, by a version above the one that stands; what nobody knows is ended. Tombstones go ahead: in order of
time the lead that is told anew comes behind them.
"""

from __future__ import annotations

import asyncio
from typing import Final, NamedTuple

import msgspec
from aiokafka import TopicPartition

from stream.contract.lead import named_by
from stream.kafka.reader import OpenReader
from stream.kafka.state_log import Row
from stream.stages.stage import Stands
from stream.worker.outputs import Outputs, Part, placed

#: Leads that are told anew with one commit at most; each is a record of about a kilobyte.
SLICE: Final = 2_000


class _Version(msgspec.Struct):
    version: int = 0


_version: Final = msgspec.json.Decoder(_Version).decode


class Slice(NamedTuple):
    """What one commit does of it."""

    stands: tuple[Stands, ...] = ()
    ended: tuple[Part, ...] = ()


class LookThrough:
    """What one shard of leads has to look through."""

    def __init__(self, outputs: Outputs) -> None:
        layout, (_, shard) = outputs.layout, outputs.id
        self._topic = layout.results["leads"]
        #: By how many partitions keys are placed.
        self.partitions = outputs.results_of(self._topic)
        self._mine = range(shard, self.partitions, outputs.shards_of[layout.told or ""])
        self._found: list[tuple[int, str, int]] | None = None

    @classmethod
    def of(cls, outputs: Outputs) -> LookThrough | None:
        """Give what a shard has to look through, None for one that tells nothing of leads."""
        return cls(outputs) if outputs.layout.told == outputs.id.group else None

    async def read(self, open_reader: OpenReader) -> None:
        """Read what stands now, once."""
        if self._found is not None:
            return
        found: list[tuple[int, str, int]] = []
        async with open_reader() as reader:
            for partition in self._mine:
                tp = TopicPartition(self._topic, partition)
                begin, end = (await reader.bounds([tp]))[tp]
                standing: dict[str, int] = {}
                async for records in reader.scan(tp, begin, end):
                    for _, _, key, value, _ in records:
                        _note(standing, key, value)
                    await asyncio.sleep(0)
                found += [(partition, key, version) for key, version in standing.items()]
        self._found = found

    def slice(self) -> Slice:
        """Take the next part of what was found."""
        some = (self._found or [])[:SLICE]
        self._found = (self._found or [])[SLICE:]
        where = placed([key for _, key, _ in some], self.partitions)
        ended: dict[int, list[Row]] = {}
        for (partition, key, _), place in zip(some, where, strict=True):
            if partition != place:
                ended.setdefault(partition, []).append((key.encode(), None, None, []))
        return Slice(
            tuple(Stands(key, version) for _, key, version in some),
            tuple((self._topic, partition, rows) for partition, rows in ended.items()),
        )

    @property
    def was_read(self) -> bool:
        """Whether it is known what stands."""
        return self._found is not None

    @property
    def done(self) -> bool:
        """Whether all that was found was taken."""
        return self._found == []


def _note(standing: dict[str, int], key: bytes | None, value: bytes | None) -> None:
    if key is None or named_by(key) is None:
        return  # none of ours
    name = key.decode()
    if value is None:
        standing.pop(name, None)
        return
    try:
        standing[name] = _version(value).version
    except msgspec.DecodeError:
        standing[name] = 0
