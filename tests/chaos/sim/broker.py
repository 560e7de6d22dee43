"""A broker in memory: partitions, transactions, fencing, and what read_committed shows of them.

In:  records, and the transactional producers that write them.
Out: offsets, ends, committed records; errors as a real one raises them. Knows no time but what it is told.

One contract suite (tests/chaos/log_contract.py) holds on this and on a real Kafka.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from aiokafka import TopicPartition
from aiokafka.errors import OffsetOutOfRangeError, ProducerFenced

from stream.contract.records import Record


@dataclass(eq=False)
class Transaction:
    """What a producer writes until it commits."""

    first: dict[TopicPartition, int] = field(default_factory=dict)  # partition → its first offset in there
    state: str = "open"


#: One offset: a record and its transaction; or a marker that ends a transaction; or (both None) a hole that compaction left.
Entry = tuple[Record | None, Transaction | None]


@dataclass
class Partition:
    """One partition."""

    stamps: bool = False  # its records have the broker's time
    begin: int = 0
    end: int = 0
    entries: list[Entry] = field(default_factory=list)
    open: dict[Transaction, int] = field(default_factory=dict)

    @property
    def stable_end(self) -> int:
        """The last stable offset: the first one of an open transaction, else the end."""
        return min(self.open.values()) if self.open else self.end


class Ack(NamedTuple):
    """What a broker answers to a write, under the names that aiokafka gives it."""

    topic_partition: TopicPartition
    offset: int
    timestamp: int
    timestamp_type: int
    log_start_offset: int

    @property
    def topic(self) -> str:
        return self.topic_partition.topic


class Broker:
    """All partitions, and who may write with which transactional id."""

    def __init__(self, now_ms: Callable[[], int], configs: Mapping[str, Mapping[str, str]] | None = None) -> None:
        """Take the clock, and the settings of topics."""
        self._now_ms = now_ms
        self._stamped = {
            topic
            for topic, config in (configs or {}).items()
            if config.get("message.timestamp.type") == "LogAppendTime"
        }
        self.partitions: dict[TopicPartition, Partition] = {}
        self.offsets: dict[TopicPartition, int] = {}  # what the consumer group has committed
        self._producers: dict[str, tuple[int, Transaction | None]] = {}

    def partition(self, tp: TopicPartition) -> Partition:
        """Give a partition; it is made when it is first asked for."""
        found = self.partitions.get(tp)
        if found is None:
            found = self.partitions[tp] = Partition(tp.topic in self._stamped)
        return found

    # -- writing

    def append(self, tp: TopicPartition, rows: Iterable[tuple[bytes | None, bytes | None, int, tuple]]) -> Ack:
        """Write records (key, value, time in ms, headers) without a transaction."""
        return self._append(tp, rows, None)

    def _append(self, tp: TopicPartition, rows: Iterable, transaction: Transaction | None) -> Ack:
        partition = self.partition(tp)
        first = at = partition.end
        now_ms = self._now_ms() if partition.stamps else -1
        append = partition.entries.append
        for key, value, time_ms, headers in rows:
            stamp_ms = now_ms if partition.stamps else time_ms
            append(((at, stamp_ms, key, value, tuple(headers) if headers else ()), transaction))
            at += 1
        partition.end = at
        return Ack(tp, first, now_ms, int(partition.stamps), partition.begin)

    def fence(self, name: str) -> int:
        """Give a new epoch of a transactional id; what its former owner left open is aborted."""
        epoch, left = self._producers.get(name, (-1, None))
        if left is not None:
            self._end(left, "aborted")
        self._producers[name] = epoch + 1, None
        return epoch + 1

    def write(self, name: str, epoch: int, tp: TopicPartition, rows: Iterable) -> Ack:
        """Write records in the producer's transaction, which begins with them if none is open."""
        transaction = self._current(name, epoch) or Transaction()
        self._producers[name] = epoch, transaction
        partition = self.partition(tp)
        if tp not in transaction.first:
            transaction.first[tp] = partition.open[transaction] = partition.end
        return self._append(tp, rows, transaction)

    def commit(self, name: str, epoch: int) -> None:
        """End the producer's transaction, so that all of it is seen."""
        transaction = self._current(name, epoch)
        self._producers[name] = epoch, None
        if transaction is not None:
            self._end(transaction, "committed")

    def abort(self, name: str, epoch: int) -> None:
        """End the producer's transaction, so that nothing of it is ever seen."""
        transaction = self._current(name, epoch)
        self._producers[name] = epoch, None
        if transaction is not None:
            self._end(transaction, "aborted")

    def _current(self, name: str, epoch: int) -> Transaction | None:
        known, transaction = self._producers[name]
        if epoch != known:
            raise ProducerFenced
        return transaction

    def _end(self, transaction: Transaction, state: str) -> None:
        transaction.state = state
        for tp in transaction.first:
            partition = self.partition(tp)
            del partition.open[transaction]
            partition.entries.append((None, transaction))
            partition.end += 1

    # -- reading

    def read(self, tp: TopicPartition, start: int, most: int = 10_000) -> tuple[list[Record], int]:
        """Give committed records from an offset on, and the offset behind what was looked at."""
        partition = self.partition(tp)
        if not partition.begin <= start <= partition.end:
            raise OffsetOutOfRangeError({tp: start})
        stop = min(partition.stable_end, start + most)
        if stop <= start:
            return [], start
        entries = partition.entries[start - partition.begin : stop - partition.begin]
        records = [
            record
            for record, transaction in entries
            if record is not None and (transaction is None or transaction.state == "committed")
        ]
        return records, stop

    def compact(self, tp: TopicPartition) -> None:
        """Leave of each key the newest committed record; offsets stay."""
        partition = self.partition(tp)
        newest = {record[2]: record[0] for record in self.read(tp, partition.begin)[0]}
        for at in range(partition.stable_end - partition.begin):
            record, transaction = partition.entries[at]
            if record is not None and newest.get(record[2]) != record[0]:
                partition.entries[at] = None, transaction

    def delete_before(self, tp: TopicPartition, offset: int) -> None:
        """Let retention take the beginning of a partition."""
        partition = self.partition(tp)
        gone = max(0, min(offset, partition.stable_end) - partition.begin)
        del partition.entries[:gone]
        partition.begin += gone
