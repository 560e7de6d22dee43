"""About: what a mapping may know of a record beside its content, and how it says that an item is not wanted.

In:  the record's place, key, headers and arrival.
Out: one object for all items of a record.
"""

from __future__ import annotations

from typing import Any

import msgspec


class About(msgspec.Struct, kw_only=True):
    """Where an item comes from.

    `arrival_ms` is the record's own time. `outer` is what stood around the item: the envelope that was taken off, or
    the list it stood in; None where nothing did. `item` counts the items of a record from 0. `options` are those of
    the source's definition.
    """

    topic: str = ""
    partition: int = 0
    offset: int = 0
    arrival_ms: int = 0
    key: bytes | None = None
    headers: tuple[tuple[str, bytes | None], ...] = ()
    outer: Any = None
    item: int = 0
    options: Any = None

    def header(self, name: str) -> str | None:
        """Give a header as text, the last of that name; None where there is none.

        >>> About(headers=(("tenant", b"acme"),)).header("tenant")
        'acme'
        """
        for key, value in reversed(self.headers):
            if key == name and value is not None:
                return value.decode("utf-8", "replace")
        return None

    def of_outer(self, name: str) -> Any:
        """Give a field of what stood around the item; None where there is none.

        >>> About(outer={"op": "c"}).of_outer("op"), About().of_outer("op")
        ('c', None)
        """
        return self.outer.get(name) if self.outer.__class__ is dict else None


class Ignored(msgspec.Struct, frozen=True):
    """An item that is known and not wanted; `name` is shown by the account."""

    name: str


def ignored(name: str) -> Ignored:
    """Say that an item is known and not wanted: yield it in place of events."""
    return Ignored(name)
