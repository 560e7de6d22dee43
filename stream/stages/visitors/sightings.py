"""Sightings: who a visitor was seen as where no session was.

In:  what the crm says about visitors, and events that nobody caused and that found no session.
Out: a row a visitor, of few; forgotten when nothing was heard of the visitor for a life.

They stand beside the row of the person, since they come without an event of the visitor, before it and after it.
"""

from __future__ import annotations

from typing import Final

import msgspec

from stream.changes.panes import DAY_MS
from stream.identity.ids import Id
from stream.stages.visitors.people import LIFE_MS
from stream.state.keys import SIGHTINGS
from stream.state.rows import Rows

#: Sightings of one visitor that are kept; of more, what changes nothing goes first, then the oldest.
MOST_SIGHTINGS: Final = 16

#: (time, whole name of the event, id).
Moment = tuple[int, str, Id]


class Sightings(msgspec.Struct, array_like=True, gc=False):
    """The newest event of a visitor, to the day, and under which ids they were seen, in order."""

    last: int
    moments: list[Moment] = []


_decode: Final = msgspec.msgpack.Decoder(Sightings).decode
_encode: Final = msgspec.msgpack.Encoder().encode


class OutsideSightings:
    """The table of one shard."""

    def __init__(self) -> None:
        self.rows = Rows(SIGHTINGS, LIFE_MS)

    def __contains__(self, key: str) -> bool:
        return key in self.rows.encoded

    def of(self, key: str) -> list[Moment]:
        """Give when a visitor was seen, and as whom."""
        raw = self.rows.encoded.get(key)
        return [] if raw is None else _decode(raw).moments

    def put(self, key: str, moments: list[Moment], last_ms: int) -> None:
        """Set when a visitor was seen; something was heard of them at `last_ms`, or later."""
        if not moments:
            self.rows.drop(key)
            return
        raw = self.rows.encoded.get(key)
        known = None if raw is None else _decode(raw)
        last_ms = max(last_ms, moments[-1][0])
        if known is None or known.moments != moments or known.last < last_ms - DAY_MS:
            self.rows.put(key, _encode(Sightings(last_ms if known is None else max(last_ms, known.last), moments)))


def with_moments(known: list[Moment], new: list[Moment]) -> list[Moment]:
    """Add sightings to others, in order.

    >>> ann, bob = Id(0, b"a", 0), Id(0, b"b", 0)
    >>> with_moments([(2, "y", bob)], [(1, "x", ann), (2, "y", bob)])
    [(1, 'x', Id(type=0, hash=b'a', home=0)), (2, 'y', Id(type=0, hash=b'b', home=0))]
    """
    out = sorted({*known, *new})
    while len(out) > MOST_SIGHTINGS:
        inner = (at for at in range(1, len(out) - 1) if out[at - 1][2] == out[at][2] == out[at + 1][2])
        del out[next(inner, 0)]
    return out
