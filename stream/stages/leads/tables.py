"""Tables: encoded rows by the bytes of their keys.

In:  encoded rows, records of the state log.
Out: changed rows and tombstones for the log. The stage itself says which rows are over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from stream.state.keys import Stored
from stream.state.table import LogRecord


class Encoded:
    """One kind of rows."""

    __slots__ = ("_round", "changed", "prefix", "rows")

    def __init__(self, stored: Stored) -> None:
        self.prefix = stored.prefix
        self.rows: dict[bytes, bytes] = {}
        self.changed: set[bytes] = set()
        self._round: Iterator[bytes] = iter(())

    def __len__(self) -> int:
        return len(self.rows)

    def put(self, key: bytes, row: bytes) -> None:
        """Set a row."""
        self.rows[key] = row
        self.changed.add(key)

    def remove(self, key: bytes) -> None:
        """Remove a row, if it is there."""
        if self.rows.pop(key, None) is not None:
            self.changed.add(key)

    def load(self, key: bytes, value: bytes | None) -> None:
        """Take a record of the state log, prefix included."""
        self.load_all([(key, value)])

    def load_all(self, records: Iterable[LogRecord]) -> None:
        """Take records of the state log, prefix included."""
        n, rows = len(self.prefix), self.rows
        for key, value in records:
            if value is None:
                rows.pop(key[n:], None)
            else:
                rows[key[n:]] = value

    def changes(self) -> list[LogRecord]:
        """Give what changed since the last call, tombstones included."""
        prefix, rows = self.prefix, self.rows
        out: list[LogRecord] = [(prefix + key, rows.get(key)) for key in sorted(self.changed)]
        self.changed.clear()
        return out

    def settle(self) -> None:
        """Forget what changed, because nothing will be written."""
        self.changed.clear()

    def expire(self, oldest_ms: int) -> None:
        """Drop nothing: what is over is found by the stage, which must tell others of it."""

    def some(self, at_most: int) -> Iterator[bytes]:
        """Give keys one after another, going on where the last call ended; a round ends with its last row."""
        for at in range(min(at_most, len(self.rows))):
            key = next(self._round, None)
            if key is None:
                if at:
                    return
                self._round = iter(list(self.rows))
                key = next(self._round)
            if key in self.rows:
                yield key
