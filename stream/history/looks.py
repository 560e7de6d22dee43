"""Looks: what the judge remembers from look to look, as records of the log of history.

In:  records of the log; what is remembered after a look.
Out: the rows that say so, in the transaction of the readings that were looked at; what was remembered last.

It goes in pieces, each of which says of which look it is and how many there are: what is torn is as good as lost, and
the judge begins anew. Hours and names of the same log are others' records.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Final

import msgspec

from stream.judge.state import Remembered

_PREFIX: Final = b"look/"
_VERSION: Final = 1
#: Far below what a topic takes, however badly it packs.
_PIECE_BYTES: Final = 512 << 10
_MOST_BYTES: Final = 64 << 20
_LEVEL: Final = 6


class _Piece(msgspec.Struct, array_like=True, frozen=True):
    version: int
    look_ms: int
    pieces: int
    body: bytes


class Looks:
    """What the log has of looks."""

    def __init__(self) -> None:
        self._found: dict[bytes, bytes] = {}

    def load(self, key: bytes, value: bytes | None) -> bool:
        """Take one record, in the order of the log; False for one that is another's."""
        if not key.startswith(_PREFIX):
            return False
        if value is None:
            self._found.pop(key, None)
        else:
            self._found[key] = value
        return True

    @property
    def is_there(self) -> bool:
        """Say whether the log has anything of looks, readable or not."""
        return bool(self._found)

    def remembered(self) -> Remembered | None:
        """Give what was remembered last; None where there is nothing, or nothing that can be read."""
        try:
            pieces = [msgspec.msgpack.decode(self._found[_key(at)], type=_Piece) for at in range(len(self._found))]
            if not pieces or {(_VERSION, pieces[0].look_ms, len(pieces))} != {one[:3] for one in map(_fields, pieces)}:
                return None
            inflate = zlib.decompressobj()
            said = inflate.decompress(b"".join(piece.body for piece in pieces), _MOST_BYTES)
            return msgspec.msgpack.decode(said, type=Remembered)
        except (KeyError, msgspec.DecodeError, zlib.error):
            return None

    def rows(self, remembered: Remembered) -> Iterator[tuple[bytes, bytes | None]]:
        """Write what is remembered after a look, over what was."""
        said = zlib.compress(msgspec.msgpack.encode(remembered), _LEVEL)
        bodies = [said[begin : begin + _PIECE_BYTES] for begin in range(0, len(said), _PIECE_BYTES)]
        look_ms = remembered.looks[-1] if remembered.looks else 0
        rows: dict[bytes, bytes | None] = {
            _key(at): msgspec.msgpack.encode(_Piece(_VERSION, look_ms, len(bodies), body))
            for at, body in enumerate(bodies)
        }
        rows |= dict.fromkeys(self._found.keys() - rows.keys())
        for key, value in rows.items():
            self.load(key, value)
            yield key, value


def _key(at: int) -> bytes:
    return _PREFIX + b"%d" % at


def _fields(piece: _Piece) -> tuple[int, int, int, bytes]:
    return piece.version, piece.look_ms, piece.pieces, piece.body
