"""Horizon: how far back it can be said of an event whether it was seen before.

In:  the hours of which ids came, by kind; the hours whose ids were forgotten.
Out: for a kind the hour before which some of its ids may be forgotten; a record for the state log.

Each kind has a horizon of its own: a topic that is read for the first time holds nothing that was seen, however old it
is and however far the others are.
"""

from __future__ import annotations

import msgspec

from stream.state.keys import KNOWN_HORIZON
from stream.state.table import LogRecord

NEVER = -(1 << 62)


class Hours(msgspec.Struct, array_like=True):
    """What is stored of a horizon, in hours. Append new fields at the end.

    `newest` and `before` are by kind: the newest hour of which ids came, and the hour before which some were forgotten.
    `all_before` holds for every kind, as does what is forgotten up to `untold`: of ids that a former release wrote it
    is not known what kinds they are of.
    """

    newest: dict[str, int] = {}
    before: dict[str, int] = {}
    all_before: int = NEVER
    untold: int = NEVER


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Hours).decode


class Horizon:
    """The horizons of all kinds of a shard."""

    prefix = KNOWN_HORIZON.prefix

    def __init__(self) -> None:
        self.hours = Hours()
        self._changed = False

    def of(self, kind: str) -> int:
        """Give the hour before which ids of a kind may be forgotten; `NEVER` where none is."""
        return max(self.hours.all_before, self.hours.before.get(kind, NEVER))

    def see(self, kind: str, hour: int) -> None:
        """Note that ids of a kind came, up to an hour."""
        if hour > self.hours.newest.get(kind, NEVER):
            self.hours.newest[kind], self._changed = hour, True

    def forget(self, hour: int) -> None:
        """Note that the ids of an hour are forgotten: of every kind that had come so far."""
        hours, self._changed = self.hours, True
        if hour <= hours.untold:
            hours.all_before = max(hours.all_before, hour + 1)
        for kind, newest in hours.newest.items():
            if newest >= hour:
                hours.before[kind] = max(hours.before.get(kind, NEVER), hour + 1)

    def inherit(self, forgotten_before: int, newest: int) -> None:
        """Take what a former release left: ids up to an hour, of any kind, and how far it had forgotten others."""
        hours = self.hours
        if forgotten_before > hours.all_before:
            hours.all_before, self._changed = forgotten_before, True
        if not hours.newest and newest > hours.untold:
            hours.untold, self._changed = newest, True

    def load(self, key: bytes, value: bytes | None) -> None:
        """Take a record of the state log."""
        if value is not None:
            self.hours = _decode(value)

    def changes(self) -> list[LogRecord]:
        """Give the record if it changed."""
        if not self._changed:
            return []
        self._changed = False
        return [(self.prefix, _encode(self.hours))]
