"""Salvage: reads records of a batch (format 2) that aiokafka cannot, or should not, read.

In:  the header of a batch, and the bytes of some of its records, unpacked.
Out: the same tuples as the lean fetch; a header whose name is not UTF-8 has replacement characters in it.

A broker stores header names unread. aiokafka decodes them strictly and calls the whole batch corrupt, for ever: one
such record would stand still its partition. And it takes whatever a record holds into memory, a million headers, too.
This reader is slow and only ever sees such records.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct
from typing import Final, NamedTuple

from stream.contract.dead_letter import KEY_KEPT, VALUE_KEPT
from stream.contract.oversize import HEADERS_MOST, VALUE_MOST, Cut
from stream.contract.records import Record
from stream.kafka.expand import Body

#: base offset, length, leader epoch, magic, crc, attributes, last offset delta, first and newest timestamp,
#: producer id and epoch, base sequence, number of records
_HEADER: Final = Struct(">qiibIhiqqqhii")
HEADER_BYTES: Final = _HEADER.size
LOG_APPEND_TIME: Final = 0x08
_CODEC: Final = 0x07
_BEFORE_LENGTH: Final = 12
#: Of a record over its bounds, so many headers are kept for its dead letter.
_HEADERS_KEPT: Final = 1_000


class Header(NamedTuple):
    """What stands in front of a batch."""

    base: int
    length: int
    epoch: int
    magic: int
    crc: int
    attributes: int
    last_delta: int
    first_ms: int
    newest_ms: int
    producer: int
    producer_epoch: int
    sequence: int
    records: int

    @property
    def codec(self) -> int:
        """The codec of the records, 0 for none."""
        return self.attributes & _CODEC

    def plain(self, count: int, body: Body) -> bytes:
        """Make an uncompressed batch of some of the records; its check sum is not right."""
        length = HEADER_BYTES - _BEFORE_LENGTH + len(body)
        attributes = self.attributes & ~_CODEC
        return _HEADER.pack(*self._replace(length=length, attributes=attributes, records=count)) + body


def header_of(batch: bytes) -> Header:
    """Read the header of a batch."""
    return Header(*_HEADER.unpack_from(batch))


def batches(raw: bytes) -> Iterator[bytes]:
    """Cut fetched bytes into batches; an incomplete one at the end is left out."""
    at = 0
    while at + _BEFORE_LENGTH <= len(raw):
        length = int.from_bytes(raw[at + 8 : at + _BEFORE_LENGTH], "big", signed=True)
        end = at + _BEFORE_LENGTH + length
        if length <= 0 or end > len(raw):
            return
        yield raw[at:end]
        at = end


def records(header: Header, body: Body, count: int) -> list[Record]:
    """Read so many records; raises ValueError or IndexError if they are broken in any other way."""
    out: list[Record] = []
    at = 0
    for _ in range(count):
        size, at = varint(body, at)
        end = at + size
        at += 1  # attributes, unused
        delta_ms, at = varint(body, at)
        offset, at = varint(body, at)
        key_at, key_end, at = _field(body, at)
        value_at, value_end, at = _field(body, at)
        headers, left_out = _headers(body, at)
        at = end
        key = None if key_at < 0 else bytes(body[key_at : min(key_end, key_at + VALUE_MOST)])
        value: bytes | None = None
        whole = value_end - value_at
        if left_out or whole > VALUE_MOST:
            kept = b"" if value_at < 0 else bytes(body[value_at : min(value_end, value_at + VALUE_KEPT)])
            key = None if key is None else key[:KEY_KEPT]
            value = Cut(kept, whole, left_out)
        elif value_at >= 0:
            value = bytes(body[value_at:value_end])
        time_ms = header.newest_ms if header.attributes & LOG_APPEND_TIME else header.first_ms + delta_ms
        out.append((header.base + offset, time_ms, key, value, headers))
    return out


def bounded(record: Record) -> Record:
    """Give a record as `records` does, if it has too many headers; others as they are."""
    offset, time_ms, key, value, headers = record
    if len(headers) <= HEADERS_MOST:
        return record
    cut = Cut((value or b"")[:VALUE_KEPT], len(value or b""), len(headers) - _HEADERS_KEPT)
    return offset, time_ms, None if key is None else key[:KEY_KEPT], cut, tuple(headers[:_HEADERS_KEPT])


def ends_of(body: Body, at: int, most_records: int, most_bytes: int) -> tuple[int, int]:
    """Give where the next records end and how many they are: so many at most, at least one; raises as `records`."""
    first, count = at, 0
    while count < most_records and at < len(body):
        size, begin = varint(body, at)
        end = begin + size
        if size <= 0 or end > len(body):
            raise ValueError("a record goes beyond its batch")
        if count and end - first > most_bytes:
            break
        at = end
        count += 1
    return at, count


def _headers(body: Body, at: int) -> tuple[tuple[tuple[str, bytes], ...], int]:
    """Read the headers of a record; of one with more than it may have the first, and how many were left out."""
    count, at = varint(body, at)
    left_out = count - _HEADERS_KEPT if count > HEADERS_MOST else 0
    out: list[tuple[str, bytes]] = []
    for _ in range(count - left_out):
        name_at, name_end, at = _field(body, at)
        value_at, value_end, at = _field(body, at)
        name = b"" if name_at < 0 else bytes(body[name_at:name_end])
        value = None if value_at < 0 else bytes(body[value_at:value_end])
        out.append((name.decode("utf-8", "replace"), value))  # type: ignore[arg-type]
    return tuple(out), left_out


def _field(body: Body, at: int) -> tuple[int, int, int]:
    """Give begin and end of a field, and what follows; a null begins and ends at -1."""
    size, at = varint(body, at)
    if size < 0:
        return -1, -1, at
    if at + size > len(body):
        raise ValueError("a field goes beyond its batch")
    return at, at + size, at + size


def varint(body: Body, at: int) -> tuple[int, int]:
    """Read a zigzag number of variable length."""
    value = shift = 0
    while True:
        byte = body[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return (value >> 1) ^ -(value & 1), at
        shift += 7
        if shift > 63:
            raise ValueError("a number is longer than 64 bits")
