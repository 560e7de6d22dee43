"""Rulebook: the rules that rows were counted by, until all are counted by those of today.

In:  the rules of today; the record of the state log.
Out: rules by their numbers. A row says by which number it was counted, so that what it counts for is taken back by
     the very rules under which it was told, whenever that is.
"""

from __future__ import annotations

from typing import Final

import msgspec

from stream.identity.ids import Namer
from stream.lifecycle.rules import Rules
from stream.state.keys import LEAD_RULES
from stream.state.table import LogRecord


class Applied(msgspec.Struct, array_like=True, gc=False):
    """Rules by which some rows are counted; the last ones are those of today."""

    hash: str
    numbers: list[int]
    rules: list[Rules]


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(Applied).decode


class Rulebook:
    """Numbers rules; 0 is the number of rows that were never counted."""

    prefix = LEAD_RULES.prefix

    def __init__(self, today: Rules) -> None:
        self.today = today
        self.number = 1
        self._known = {1: today}
        self._ignored = {0: Namer(1, ignore=today.ignore)}
        self._changed = True

    def __len__(self) -> int:
        return len(self._known)

    def rules(self, number: int) -> Rules:
        """Give rules by their number."""
        return self._known.get(number, self.today)

    def ignores(self, number: int, type: int, text: str) -> bool:
        """Tell whether a value named nobody under some rules."""
        found = self._ignored.get(number)
        if found is None:
            found = self._ignored[number] = Namer(1, ignore=self.rules(number).ignore)
        return bool(text) and found.ignored(type, text)

    def forget(self) -> None:
        """Forget all rules but those of today: no row is counted by them."""
        if len(self._known) > 1:
            self._known = {self.number: self.today}
            self._changed = True

    # state ------------------------------------------------------------------------------------------------

    def load(self, key: bytes, value: bytes | None) -> None:
        """Take the record of the state log; rules that it does not end with get the next number."""
        if value is None:
            return
        applied = _decode(value)
        self._known = dict(zip(applied.numbers, applied.rules, strict=True))
        self.number = applied.numbers[-1]
        self._changed = applied.hash != self.today.hash
        if self._changed:
            self.number += 1
        self._known[self.number] = self.today
        self._ignored.clear()

    def changes(self) -> list[LogRecord]:
        """Give the record if it changed."""
        if not self._changed:
            return []
        self._changed = False
        return [(self.prefix, _encode(Applied(self.today.hash, list(self._known), list(self._known.values()))))]

    def settle(self) -> None:
        """Forget what changed, because nothing will be written."""
        self._changed = False

    def expire(self, oldest_ms: int) -> None:
        """Drop nothing: rules are forgotten when no row goes by them."""
