"""Counted by: the look-back that the rows of a shard were counted by.

In:  the look-back of now; records of the state log.
Out: the record that says it; or an error where the state was counted by another.

What a person counts for is taken back when they come again, so it must be known how it was counted. The record is
written once, before the first row, and so it lies in front of all rows of the log. Without a look-back there is none.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from stream.changes.panes import DAY_MS
from stream.state.keys import COUNTED_BY, PEOPLE
from stream.state.rows import Rows
from stream.state.table import CountedOtherwise, LogRecord


class LookBack(msgspec.Struct, array_like=True, frozen=True):
    """How far direct sessions look back."""

    look_back_ms: int


_decode: Final = msgspec.msgpack.Decoder(LookBack).decode
_encode: Final = msgspec.msgpack.Encoder().encode


class CountedBy:
    """The look-back of one shard: a table of its state."""

    prefix = COUNTED_BY.prefix

    def __init__(self, look_back_ms: int) -> None:
        self._now_ms = look_back_ms
        self._stored_ms = 0

    def load(self, key: bytes, value: bytes | None) -> None:
        """Take a record of the state log."""
        self._stored_ms = 0 if value is None else _decode(value).look_back_ms
        self.check()

    def check(self) -> None:
        """Refuse rows that were counted by another look-back; raises CountedOtherwise."""
        if self._stored_ms != self._now_ms:
            before, now = _said(self._stored_ms), _said(self._now_ms)
            raise CountedOtherwise(
                f"People were counted with LEADPULSE_LOOK_BACK={before}, and it is {now} now: a figure cannot be both.",
                f"Set LEADPULSE_LOOK_BACK={before} again.",
            )

    def changes(self) -> list[LogRecord]:
        """Give the record, once."""
        if self._stored_ms == self._now_ms:
            return []
        self._stored_ms = self._now_ms
        return [(self.prefix, _encode(LookBack(self._now_ms)))]

    def settle(self) -> None:
        """Forget what changed, because nothing will be written."""
        self._stored_ms = self._now_ms

    def expire(self, oldest_ms: int) -> None:
        """Keep it: it is as old as the state."""


class PeopleRows(Rows):
    """Rows of people, all of them counted by the look-back of now."""

    __slots__ = ("_counted_by", "_is_checked")

    def __init__(self, memory_ms: int, counted_by: CountedBy) -> None:
        super().__init__(PEOPLE, memory_ms)
        self._counted_by, self._is_checked = counted_by, False

    @property
    def plain(self) -> bool:
        """Whether it is known that these rows may be loaded at all."""
        return self._is_checked

    def load_all(self, records: Iterable[LogRecord]) -> None:
        """Take records of the state log, prefix included."""
        records = list(records)
        if not self._is_checked and any(value is not None for _, value in records):
            self._counted_by.check()
            self._is_checked = True
        super().load_all(records)


def _said(look_back_ms: int) -> str:
    if not look_back_ms:
        return "off"
    days, rest = divmod(look_back_ms, DAY_MS)
    return f"{look_back_ms}ms" if rest else f"{days}d"
