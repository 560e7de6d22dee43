"""Rows: facts by key, encoded as in the log while they are not in use.

In:  encoded rows, records of the state log.
Out: changed rows and tombstones for the log. The first field of every row is the time of its newest event.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from stream.state.keys import Stored
from stream.state.table import LogRecord

#: Rows that are looked at in a commit: going round the whole table takes many, which costs nothing but time.
SWEPT_A_COMMIT: Final = 100
_DAY_MS: Final = 86_400_000


class _Newest(msgspec.Struct, array_like=True, gc=False):
    """The beginning of every row."""

    newest_ms: int


_newest = msgspec.msgpack.Decoder(_Newest).decode


class Rows:
    """A table of one kind of rows in one shard; a row is remembered for `memory_ms` after its newest event.

    The hot path reads and writes `encoded` and `dirty` itself.
    """

    __slots__ = ("_gone", "_memory_ms", "_sweep", "dirty", "encoded", "prefix")

    def __init__(self, stored: Stored, memory_ms: int) -> None:
        self.prefix = stored.prefix
        self._memory_ms = memory_ms
        self.encoded: dict[str, bytes] = {}
        self.dirty: set[str] = set()
        self._gone: set[str] = set()
        self._sweep: Iterator[str] = iter(())

    def __len__(self) -> int:
        return len(self.encoded)

    def put(self, key: str, row: bytes) -> None:
        """Set a row."""
        self.encoded[key] = row
        self.dirty.add(key)

    def drop(self, key: str) -> None:
        """Take a row away, if there is one."""
        if self.encoded.pop(key, None) is not None:
            self.dirty.discard(key)
            self._gone.add(key)

    def load(self, key: bytes, value: bytes | None) -> None:
        """Take a record of the state log, prefix included."""
        self.load_all([(key, value)])

    def load_all(self, records: Iterable[LogRecord]) -> None:
        """Take records of the state log, prefix included."""
        n, encoded = len(self.prefix), self.encoded
        for key, value in records:
            if value is None:
                encoded.pop(key[n:].decode(), None)
            else:
                encoded[key[n:].decode()] = value

    @property
    def plain(self) -> bool:
        """Whether to load a row is to put it into `encoded`, and nothing else."""
        return True

    def changes(self) -> list[tuple[bytes, bytes | None]]:
        """Give what changed since the last call, tombstones included."""
        prefix, encoded = self.prefix, self.encoded
        out: list[tuple[bytes, bytes | None]] = [(prefix + key.encode(), encoded[key]) for key in self.dirty]
        out += [(prefix + key.encode(), None) for key in self._gone if key not in encoded]
        self.dirty.clear()
        self._gone.clear()
        return out

    def settle(self) -> None:
        """Forget what changed, because nothing will be written."""
        self.dirty.clear()
        self._gone.clear()

    def expire(self, oldest_ms: int) -> None:
        """Drop rows that were not heard of for their memory and a day before `oldest_ms`, a little with each call."""
        self.sweep(oldest_ms - self._memory_ms - _DAY_MS, SWEPT_A_COMMIT)

    def sweep(self, before_ms: int, at_most: int) -> int:
        """Drop rows whose newest event is older, looking at `at_most` of them; give how many went."""
        encoded = self.encoded
        dropped = looked = 0
        while looked < at_most:
            key = next(self._sweep, None)
            if key is None:
                if looked or not encoded:
                    self._sweep = iter(list(encoded))
                    break
                self._sweep = iter(list(encoded))
                looked += 1
                continue
            looked += 1
            row = encoded.get(key)
            if row is not None and newest_ms(row) < before_ms and key not in self.dirty:
                del encoded[key]
                self._gone.add(key)
                dropped += 1
        return dropped


def newest_ms(row: bytes) -> int:
    """Read the first field of an encoded row without making anything of the others."""
    return _newest(row).newest_ms
