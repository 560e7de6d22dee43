"""Table: what the engine does with every kind of stored record, whatever is in it.

In:  records of the state log.
Out: what changed since the last commit; nothing of what is too old.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

#: (key with its prefix, value); a value of None is a tombstone.
LogRecord = tuple[bytes, bytes | None]


class Logged(Protocol):
    """What lies in the state log; `prefix` is the first byte of its keys."""

    @property
    def prefix(self) -> bytes: ...

    def load(self, key: bytes, value: bytes | None) -> None:
        """Take one record of the state log, prefix included, in the order of the log."""

    def changes(self) -> list[LogRecord]:
        """Give what the log must be told, and forget that it changed."""


class CountedOtherwise(Exception):
    """What is stored was counted by other settings, and cannot go on with these: what is so, and how to go back."""

    def __init__(self, what: str, do: str) -> None:
        super().__init__(what)
        self.what, self.do = what, do


class Table(Logged, Protocol):
    """Rows of a stage, which come and go."""

    def settle(self) -> None:
        """Forget what changed, because nothing will be written."""

    def expire(self, oldest_ms: int) -> None:
        """Drop, a little with each commit, what no event after this moment can need."""


def load_into(tables: Mapping[bytes, Logged], records: Iterable[LogRecord]) -> None:
    """Give records of the state log, in order, to the tables by prefix; what lies in one knows nothing of another.

    A table of millions has a `load_all`, which takes many records as `load` takes each. Records that no table has are
    left out.
    """
    by: dict[bytes, list[LogRecord]] = {}
    for record in records:
        of = record[0][:1]
        some = by.get(of)
        if some is None:
            some = by[of] = []
        some.append(record)
    for prefix, some in by.items():
        table = tables.get(prefix)
        if table is None:
            continue
        load_all = getattr(table, "load_all", None)  # to ask for a protocol costs as much as to load some ten records
        if load_all is not None:
            load_all(some)
        else:
            for key, value in some:
                table.load(key, value)
