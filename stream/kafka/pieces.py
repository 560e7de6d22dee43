"""Pieces: a record batch as few records at a time, whatever it holds.

In:  a record batch as it was fetched, and from which offset on it is wanted.
Out: its records in pieces of a bounded size, each with the offset behind it.

A megabyte on the wire may be a million records, or one of sixty megabytes, or gigabytes of nothing. An ordinary batch
is one piece, read by aiokafka's compiled reader; a larger one is cut at the lengths of its records, and unpacked again
should it have had to make room meanwhile. What is over all bounds, or no records at all, is accounted for by the header
alone: each of its records ends in the dead letters.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatch

from stream.contract.oversize import HEADERS_MOST, UNREAD
from stream.contract.packed import Packed
from stream.contract.records import Record
from stream.kafka import salvage
from stream.kafka.expand import Bodies, Body, expand
from stream.kafka.salvage import HEADER_BYTES, Header

log = logging.getLogger("leadpulse.fetch")

#: What aiokafka raises for a batch that it cannot read; its compiled and its Python form differ.
UNREADABLE: Final = (CorruptRecordException, UnicodeDecodeError)

MOST_RECORDS: Final = 8_192
MOST_BYTES: Final = 2 << 20
_SALVAGED_BYTES: Final = 256 << 10  # at once: a million headers would take seconds
_RECORD_BYTES: Final = 256  # what a record or a header of one byte takes in memory, about
_TELL_EVERY_S: Final = 60.0

_bodies: Final = Bodies()
_told: Final[dict[str, float]] = {}
#: The compiled core, if records are left in their bytes.
_core: Any = None


class Piece(NamedTuple):
    """Some records, what they take in memory, and the offset behind them."""

    records: Sequence[Record]
    size: int
    next: int


def pieces(batch: Any, raw: bytes, wanted: int, where: str) -> Iterator[Piece]:
    """Read a batch; `batch` is aiokafka's reader of it, `raw` its bytes, and what lies before `wanted` is left out."""
    if batch.magic < 2:
        old = [(r.offset, r.timestamp, r.key, r.value, ()) for r in batch]
        yield _piece(old, len(raw), batch.next_offset, wanted)
        return
    header = salvage.header_of(raw)
    if header.records <= 0:  # compaction left its place, and nothing else
        yield Piece([], 0, batch.next_offset)
        return
    try:
        if header.codec == 0 and len(raw) <= MOST_BYTES and header.records <= MOST_RECORDS:
            yield _whole(batch, header, memoryview(raw)[HEADER_BYTES:], wanted, where, raw)
            return
        packed = raw[HEADER_BYTES:]
        body = expand(header.codec, packed)
        if body is None:
            _tell(where, f"a batch at offset {header.base} unpacks to more than a worker reads")
            yield from _unread(header, 0, batch.next_offset, wanted)
        elif len(body) <= MOST_BYTES and header.records <= MOST_RECORDS:
            yield _whole(batch, header, body, wanted, where)
        else:
            _bodies.put(id(packed), body)
            body = None  # from here on the cache has it, or nobody
            yield from _parted(batch, header, packed, wanted, where)
    except (ValueError, IndexError):
        _tell(where, f"a batch at offset {header.base} holds no records that can be read")
        yield from _unread(header, 0, batch.next_offset, wanted)


def keep_packed(core: Any) -> None:
    """Leave records in their bytes from now on, by the batches of the compiled core; None: make a tuple of each."""
    global _core
    _core = core


def _packed(header: Header, raw: bytes, start: int, wanted: int, behind: int) -> Piece | None:
    """Leave the records of a batch in its bytes; None where they are better looked at one by one."""
    if _core is None or header.base < wanted:
        return None
    appended_ms = header.newest_ms if header.attributes & salvage.LOG_APPEND_TIME else None
    try:
        batch = _core.Batch(raw, start, header.records, header.base, header.first_ms, appended_ms, HEADERS_MOST)
    except ValueError:
        return None
    return Piece(Packed([batch]), max(len(raw) - start, _RECORD_BYTES * header.records), behind)


def _whole(batch: Any, header: Header, body: Body, wanted: int, where: str, raw: bytes = b"") -> Piece:
    packed = _packed(header, raw or bytes(body), HEADER_BYTES if raw else 0, wanted, batch.next_offset)
    if packed is not None:
        return packed
    reader = DefaultRecordBatch(header.plain(header.records, body)) if header.codec else batch
    try:
        rows = [(r.offset, r.timestamp, r.key, r.value, r.headers or ()) for r in reader]
    except UNREADABLE:
        rows = _salvaged(header, body, header.records, where)
    return _piece(rows, len(body), batch.next_offset, wanted)


def _parted(batch: Any, header: Header, packed: bytes, wanted: int, where: str) -> Iterator[Piece]:
    name, at, done, most_bytes = id(packed), 0, 0, MOST_BYTES
    dense = header.last_delta == header.records - 1  # no compaction: the offset tells the place
    passed = 0
    try:
        while done < header.records:
            found = _bodies.of(name, lambda: _again(header, packed))
            end, count = salvage.ends_of(found, at, min(MOST_RECORDS, header.records - done), most_bytes)
            if count == 0:
                raise ValueError("there are fewer records than the batch says")
            last = done + count == header.records
            behind = header.base + done + count if dense and not last else batch.next_offset
            if dense and behind <= wanted and not last:
                at, done, passed = end, done + count, passed + 1
                if passed % 64 == 0:
                    yield Piece([], 0, wanted)
                continue
            some = memoryview(found)[at:end]
            try:
                if len(some) > most_bytes:
                    rows = salvage.records(header, some, count)
                else:
                    reader = DefaultRecordBatch(header.plain(count, some))
                    rows = [(r.offset, r.timestamp, r.key, r.value, r.headers or ()) for r in reader]
            except UNREADABLE:
                if most_bytes > _SALVAGED_BYTES and count > 1:
                    most_bytes = _SALVAGED_BYTES  # cut anew, smaller
                    continue
                rows = _salvaged(header, some, count, where)
            at, done = end, done + count
            if not last:
                behind = max(wanted, rows[-1][0] + 1)
            yield _piece(rows, len(some), behind, wanted)
    except (ValueError, IndexError):
        _tell(where, f"a batch at offset {header.base} holds less than it says")
        yield from _unread(header, done, batch.next_offset, wanted)
    finally:
        _bodies.drop(name)


def _again(header: Header, packed: bytes) -> Body:
    body = expand(header.codec, packed)
    if body is None:
        raise ValueError("a batch has grown")
    return body


def _salvaged(header: Header, body: Body, count: int, where: str) -> list[Record]:
    _tell(where, f"records that break the format, from offset {header.base} on, are read all the same")
    return salvage.records(header, body, count)


def _unread(header: Header, done: int, behind: int, wanted: int) -> Iterator[Piece]:
    """Give the records of a batch that are not read, each with an empty value that says so."""
    while done < header.records:
        until = min(header.records, done + MOST_RECORDS)
        rows: list[Record] = [(header.base + nth, header.newest_ms, None, UNREAD, ()) for nth in range(done, until)]
        done = until
        yield _piece(rows, 0, behind if done == header.records else max(wanted, rows[-1][0] + 1), wanted)


def _piece(rows: list[Any], size: int, behind: int, wanted: int) -> Piece:
    if rows and rows[0][0] < wanted:  # a fetch from the middle of a batch gives all of it
        rows = [row for row in rows if row[0] >= wanted]
    headers = sum([len(row[4]) for row in rows if row[4]])
    if headers > HEADERS_MOST:
        rows = [salvage.bounded(row) for row in rows]
        headers = sum([len(row[4]) for row in rows])
    return Piece(rows, max(size, _RECORD_BYTES * (len(rows) + headers)), behind)


def _tell(where: str, what: str) -> None:
    """Log at most once a minute for each partition: a producer may go on like this for hours."""
    now = time.monotonic()
    if now - _told.get(where, -_TELL_EVERY_S) >= _TELL_EVERY_S:
        _told[where] = now
        log.warning("%s: %s", where, what)
