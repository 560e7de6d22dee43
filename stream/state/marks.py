"""Marks: a set of short names that is kept until they are taken out again.

In:  names as bytes.
Out: records for the state log, a key for each name and nothing in it.
"""

from __future__ import annotations

from stream.state.keys import Stored
from stream.state.table import LogRecord


class Marks:
    """The marks of one kind in one shard."""

    def __init__(self, stored: Stored) -> None:
        self.prefix = stored.prefix
        self._names: set[bytes] = set()
        self._changed: set[bytes] = set()

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def put(self, name: bytes, is_marked: bool) -> None:
        """Set a mark, or take it away."""
        if (name in self._names) != is_marked:
            (self._names.add if is_marked else self._names.discard)(name)
            self._changed.add(name)

    def load(self, key: bytes, value: bytes | None) -> None:
        """Take a record of the state log, prefix included."""
        name = key[len(self.prefix) :]
        (self._names.discard if value is None else self._names.add)(name)

    def changes(self) -> list[LogRecord]:
        """Give what changed since the last call."""
        changed, self._changed = sorted(self._changed), set()
        return [(self.prefix + name, b"" if name in self._names else None) for name in changed]

    def settle(self) -> None:
        """Forget what changed, because nothing will be written."""
        self._changed.clear()

    def expire(self, oldest_ms: int) -> None:
        """Keep them: they do not grow old."""
