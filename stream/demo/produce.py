"""Produce: puts the simulator's records on a Kafka or in a file, and tells the books what arrived.

In:  records in order of arrival; a connection, or a path.
Out: the records on the five topics, keyed as the contract says; each one told once it is acknowledged.

Keys go through kafka-python's own partitioner (murmur2, as Java's): a wrong key lands where a wrong key
lands.
"""

from __future__ import annotations

import contextlib
import gzip
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final

from kafka import KafkaProducer
from kafka.errors import KafkaError

from stream.demo.traffic import Record, Truth

Tell = Callable[[str, Truth, int], None]  # kind, truth, arrival in ms
Dress = Callable[[Record], tuple[str, bytes] | None]  # topic and value, or None

LINGER_MS: Final = 20
FLUSH_S: Final = 30.0


class ProduceFailed(RuntimeError):
    """The broker did not take a record; the books no longer say what is on the topics."""


def now_ms() -> int:
    """Give the wall clock."""
    return time.time_ns() // 1_000_000


class Pump:
    """Sends records when they are due.

    `client` are kafka-python's settings of the connection (bootstrap_servers, security …).
    """

    def __init__(
        self, records: Iterable[Record], client: Mapping[str, Any], prefix: str, tell: Tell, dress: Dress | None = None
    ) -> None:
        """Take `dress` for records that go to another topic in another form, where it gives one."""
        self._dress = dress
        self._records: Iterator[Record] = iter(records)
        self._next: Record | None = next(self._records, None)
        self._prefix = prefix
        self._tell = tell
        self._waiting: deque[tuple[Record, Any]] = deque()
        self._producer = KafkaProducer(**{"acks": "all", "linger_ms": LINGER_MS, **client})
        self.sent = 0
        self.acknowledged = 0

    @property
    def due_ms(self) -> int | None:
        """When the next record is due; None when there is none."""
        return None if self._next is None else self._next.time_ms

    def advance(self, until_ms: int, most: int = 1_000) -> bool:
        """Send what is due, at most `most` records; return whether more is."""
        for _ in range(most):
            record = self._next
            if record is None or record.time_ms > until_ms:
                self.settle()
                return False
            topic, value = self._prefix + record.kind, record.value
            # of what is broken it is known what it is: it stays as it is
            if self._dress is not None and record.truth.outcome != "dead_lettered":
                topic, value = self._dress(record) or (topic, value)
            try:
                future = self._producer.send(topic, value=value, key=record.key, timestamp_ms=record.time_ms)
            except KafkaError as error:
                raise ProduceFailed(f"topic {topic}: {error}") from error
            self._waiting.append((record, future))
            self.sent += 1
            self._next = next(self._records, None)
        self.settle()
        return self._next is not None and self._next.time_ms <= until_ms

    def settle(self) -> None:
        """Tell of the records that the broker has acknowledged since."""
        while self._waiting and self._waiting[0][1].is_done:
            record, future = self._waiting.popleft()
            if not future.succeeded():
                raise ProduceFailed(f"topic {self._prefix}{record.kind}: {future.exception}")
            # The broker's stamp where it makes its own (LogAppendTime), else the one that was sent.
            stamp = future.value.timestamp
            self._tell(record.kind, record.truth, stamp if stamp is not None and stamp >= 0 else record.time_ms)
            self.acknowledged += 1

    def flush(self) -> None:
        """Return when everything sent is acknowledged and told."""
        try:
            self._producer.flush(timeout=FLUSH_S)
        except KafkaError as error:
            raise ProduceFailed(str(error)) from error
        deadline = time.monotonic() + FLUSH_S
        while self._waiting:  # a future is done a moment after its batch
            self.settle()
            if time.monotonic() > deadline:
                raise ProduceFailed(f"{len(self._waiting)} record(s) were not acknowledged within {FLUSH_S:.0f} s")
            time.sleep(0.002)

    def close(self) -> None:
        """Close the connection without waiting for what is unsent."""
        with contextlib.suppress(KafkaError):
            self._producer.close(timeout=1)


def pump_all(pump: Pump, until_ms: int | None = None, say: Callable[[int], None] | None = None) -> None:
    """Send records as the clock reaches them, until they end or it is `until_ms`; `say` is told how many."""
    said = time.monotonic()
    while pump.due_ms is not None:
        now = now_ms()
        if until_ms is not None and now >= until_ms:
            break
        behind = pump.advance(now)
        if say is not None and time.monotonic() - said >= 5:
            said = time.monotonic()
            say(pump.acknowledged)
        if not behind and pump.due_ms is not None:
            time.sleep(min(max((pump.due_ms - now_ms()) / 1000, 0.005), 0.25))
    pump.flush()


def write(records: Iterable[Record], path: str, tell: Tell) -> int:
    """Write envelopes as lines to a file (`.gz` is packed, `-` is standard output); return how many.

    Records for a file are made with `Options.blanks` off: a line cannot be a tombstone.
    """
    n = 0
    with _opened(path) as out:
        for record in records:
            assert record.value is not None
            assert b"\n" not in record.value
            out.write(record.value + b"\n")
            tell(record.kind, record.truth, record.time_ms)
            n += 1
    return n


@contextlib.contextmanager
def _opened(path: str) -> Iterator[BinaryIO]:
    if path == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    elif path.endswith(".gz"):
        with gzip.open(Path(path), "wb", compresslevel=5) as packed:
            yield packed  # type: ignore[misc]  # GzipFile writes bytes as any BinaryIO does
    else:
        with Path(path).open("wb") as plain:
            yield plain
