"""Position: how far a shard has read each of its sources, as kept in its own state log.

In:  the batches that were folded.
Out: the position record, which is the only thing that says where reading goes on.

The fingerprint of the last record covered tells a topic that was deleted and made anew (same name, same offsets,
other records) from the one that was read. The format says by which definitions the state beside it was made: figures
of one release cannot go on with the state of another whose definitions are different.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import msgspec
import xxhash

from stream.contract.packed import Packed
from stream.contract.records import Record
from stream.errors import REBUILD, TopicError
from stream.state.keys import BIRTH, POSITION, SHELL
from stream.state.table import CountedOtherwise, Logged, LogRecord, load_into
from stream.worker.inbox import Batch
from stream.worker.loading import load_packed

#: State-log keys that begin with a zero byte are the shell's; all others are the fold's.
POSITION_KEY: Final = POSITION.prefix
VERSION: Final = POSITION.version
_SHELL: Final = SHELL[0]


class SourcePosition(msgspec.Struct):
    """Where one source goes on, and what was read last."""

    next: int
    last: int = -1  # offset of the last record covered; -1: none yet
    fingerprint: str = ""
    last_ms: int = 0  # when it arrived
    records: int = 0  # covered since the shard began

    def cover(self, batch: Batch) -> None:
        """Move behind a batch."""
        self.next = batch.next
        if batch.records:
            last = batch.records[-1]
            self.last, self.fingerprint = last[0], fingerprint(last)
            self.last_ms = batch.newest_ms
            self.records += len(batch.records)


class Owner(msgspec.Struct, frozen=True):
    """Who wrote a position: the consumer group, the worker's name, and a mark of this run of it."""

    group: str = ""
    instance: str = ""
    run: str = ""

    def __str__(self) -> str:
        return f"a worker of the group {self.group}" + (f", instance {self.instance}" if self.instance else "")


class Place(msgspec.Struct, kw_only=True):
    """What every position says beside where reading goes on; older releases said only the version."""

    version: int = VERSION
    life: str = ""  # of the log that it lies in
    settings: dict[str, str] = {}  # that the state beside it was made with
    owner: Owner = Owner()


class Position(Place):
    """The shard's place in all of its sources, and the number of its last delta."""

    sources: dict[str, SourcePosition]
    seq: int = 0
    told: bool = False  # results were told as a whole, by the generation that publishes
    placed: int = 0  # by so many partitions results lie where their keys say; 0: some lie elsewhere


class _Format(msgspec.Struct):
    """The format that a position record says its log is written in; it was not always said."""

    version: int = 1


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Position).decode
_format = msgspec.json.Decoder(_Format).decode
_place = msgspec.json.Decoder(Place).decode


def encode(position: Position) -> bytes:
    """Write the position record's value."""
    return _encode(position)


class Restoring:
    """Take the records of a log for whoever owns it, and refuse a log of another release.

    The position record is the newest of a log, and so comes last: what cannot be read before it may be unreadable
    because the log is of another release, and that is the message that helps.
    """

    def __init__(
        self,
        load: Callable[[bytes, bytes | None], None],
        where: str,
        tables: Mapping[bytes, Logged] | None = None,
    ) -> None:
        """Take records that are not the shell's to `load`, or many at once to `tables`; `where` names the log."""
        self._load, self._tables, self.where = load, tables, where
        self._position: bytes | None = None
        self._error: Exception | None = None
        self.birth: bytes | None = None
        self.places = 0  # positions that were found so far

    def take(self, key: bytes, value: bytes | None) -> None:
        """Take one record, in the order of the log."""
        if key == POSITION_KEY:
            self._position = value if value is not None else self._position
            self.places += 1
        elif key == BIRTH.prefix:
            self.birth = value if value is not None else self.birth
        elif not key.startswith(SHELL) and self._error is None:
            try:
                self._load(key, value)
            except Exception as error:
                self._error = error

    def take_all(self, records: Sequence[Record]) -> None:
        """Take records, in the order of the log."""
        if self._tables is None:
            for _, _, key, value, _ in records:
                self.take(key or b"", value)
            return
        pairs: Iterable[tuple[bytes | None, bytes | None]]
        if isinstance(records, Packed):
            pairs = load_packed(self._tables, records.batches)
        else:
            pairs = [(key, value) for _, _, key, value, _ in records]
        # the shell's are few, and nothing that they say depends on what stands between them
        rows = list[LogRecord]()
        for key, value in pairs:
            if key and key[0] != _SHELL:
                rows.append((key, value))
            else:
                self.take(key or b"", value)
        if rows and self._error is None:
            try:
                load_into(self._tables, rows)
            except Exception as error:
                self._error = error

    def position(self) -> bytes | None:
        """Give the value of the position record, None where the log has none.

        Raises TopicError where it is of another format, else whatever went wrong on the way.
        """
        if self._position is not None:
            _refuse_other_format(self._position, self.where)
        if isinstance(self._error, CountedOtherwise):
            raise TopicError(self._error.what, where=self.where, do=f"{self._error.do} Or begin anew: {REBUILD}.")
        if self._error is not None:
            raise self._error
        return self._position

    def place(self) -> Place | None:
        """Give what the position says of its log; raises as `position` does."""
        value = self.position()
        return None if value is None else _place(value)


def decode(value: bytes) -> Position:
    """Read a position record of our format."""
    return _decode(value)


def _refuse_other_format(value: bytes, where: str) -> None:
    found = _format(value).version
    if found == VERSION:
        return
    if found > VERSION:
        raise TopicError(
            f"The state was written by a newer release (format {found}; this one reads {VERSION}).",
            where=where,
            do=f"Run that release again, or a later one; or begin anew: {REBUILD}.",
        )
    raise TopicError(
        f"The state was written by an older release (format {found}; this one reads {VERSION}), which counted by "
        "other definitions.",
        where=where,
        do=f"Begin anew: {REBUILD}.",
    )


def fingerprint(record: Record) -> str:
    """Hash what identifies a record: its offset, time, key and value."""
    offset, timestamp_ms, key, value, _ = record
    digest = xxhash.xxh3_64(b"%d %d %d " % (offset, timestamp_ms, -1 if key is None else len(key)))
    digest.update(key or b"")
    digest.update(value or b"")
    return digest.hexdigest()
