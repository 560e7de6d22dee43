"""Salvage: reads a record batch that aiokafka cannot, because a producer wrote what no client should.

In:  the raw bytes of fetched record batches (format 2).
Out: the same tuples as the lean fetch; a header whose name is not UTF-8 has replacement characters in it.

A broker stores header names unread. aiokafka decodes them strictly and calls the whole batch corrupt, for ever: one
such record would stand still its partition. This reader is slow and only ever sees such batches.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct
from typing import Final

from aiokafka.codec import gzip_decode, lz4_decode, snappy_decode, zstd_decode

from stream.contract.records import Record

#: base offset, length, leader epoch, magic, crc, attributes, last offset delta, first and newest timestamp,
#: producer id and epoch, base sequence, number of records
_HEADER: Final = Struct(">qiibIhiqqqhii")
_LOG_APPEND_TIME: Final = 0x08
_CODECS: Final = {0: bytes, 1: gzip_decode, 2: snappy_decode, 3: lz4_decode, 4: zstd_decode}


def batches(raw: bytes) -> Iterator[tuple[int, bytes]]:
    """Cut fetched bytes into (base offset, batch); an incomplete one at the end is left out."""
    at = 0
    while at + _HEADER.size <= len(raw):
        base, length = _HEADER.unpack_from(raw, at)[:2]
        end = at + 12 + length
        if length < _HEADER.size - 12 or end > len(raw):
            return
        yield base, raw[at:end]
        at = end


def records(batch: bytes) -> list[Record]:
    """Read one batch; raises ValueError or IndexError if it is broken in any other way."""
    base, _, _, magic, _, attributes, _, first_ms, newest_ms, _, _, _, count = _HEADER.unpack_from(batch)
    if magic != 2:
        raise ValueError(f"record batch of format {magic}")
    body = _CODECS[attributes & 0x07](batch[_HEADER.size :])
    out: list[Record] = []
    at = 0
    for _ in range(count):
        _, at = _varint(body, at)  # length of the record
        at += 1  # attributes, unused
        delta_ms, at = _varint(body, at)
        offset, at = _varint(body, at)
        key, at = _bytes(body, at)
        value, at = _bytes(body, at)
        headers, at = _headers(body, at)
        time_ms = newest_ms if attributes & _LOG_APPEND_TIME else first_ms + delta_ms
        out.append((base + offset, time_ms, key, value, headers))
    return out


def _headers(body: bytes, at: int) -> tuple[tuple[tuple[str, bytes], ...], int]:
    count, at = _varint(body, at)
    out: list[tuple[str, bytes]] = []
    for _ in range(count):
        name, at = _bytes(body, at)
        value, at = _bytes(body, at)
        out.append(((name or b"").decode("utf-8", "replace"), value))  # type: ignore[arg-type]
    return tuple(out), at


def _bytes(body: bytes, at: int) -> tuple[bytes | None, int]:
    size, at = _varint(body, at)
    if size < 0:
        return None, at
    if at + size > len(body):
        raise ValueError("a field goes beyond its batch")
    return body[at : at + size], at + size


def _varint(body: bytes, at: int) -> tuple[int, int]:
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
