"""Position: how far a shard has read each of its sources, as kept in its own state log.

In:  the batches that were folded.
Out: the position record, which is the only thing that says where reading goes on.

The fingerprint of the last record covered tells a topic that was deleted and made anew (same name, same offsets,
other records) from the one that was read.
"""

from __future__ import annotations

from typing import Final

import msgspec
import xxhash

from stream.contract.records import Record
from stream.state.keys import POSITION
from stream.worker.inbox import Batch

#: State-log keys that begin with a zero byte are the shell's; all others are the fold's.
POSITION_KEY: Final = POSITION.prefix
VERSION: Final = POSITION.version


class SourcePosition(msgspec.Struct):
    """Where one source goes on, and what was read last."""

    next: int
    last: int = -1  # offset of the last record covered; -1: none yet
    fingerprint: str = ""
    last_ms: int = 0  # its timestamp
    records: int = 0  # covered since the shard began

    def cover(self, batch: Batch) -> None:
        """Move behind a batch."""
        self.next = batch.next
        if batch.records:
            last = batch.records[-1]
            self.last, self.fingerprint = last[0], fingerprint(last)
            self.last_ms = last[1]
            self.records += len(batch.records)


class Position(msgspec.Struct):
    """The shard's place in all of its sources, and the number of its last delta."""

    sources: dict[str, SourcePosition]
    seq: int = 0
    version: int = VERSION


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Position).decode


def encode(position: Position) -> bytes:
    """Write the position record's value."""
    return _encode(position)


def decode(value: bytes) -> Position:
    """Read the position record's value; raises ValueError for one that a later version wrote."""
    position = _decode(value)
    if position.version > VERSION:
        raise ValueError(f"position record of version {position.version}; this program knows {VERSION}")
    return position


def fingerprint(record: Record) -> str:
    """Hash what identifies a record: its offset, time, key and value."""
    offset, timestamp_ms, key, value, _ = record
    digest = xxhash.xxh3_64(b"%d %d %d " % (offset, timestamp_ms, -1 if key is None else len(key)))
    digest.update(key or b"")
    digest.update(value or b"")
    return digest.hexdigest()
