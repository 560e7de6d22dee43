"""Pieces: one value that may be large, as records of the log of history.

In:  records of the log; bytes of a value, and the moment that it is of.
Out: the rows that say so; the bytes that were written last.

Each piece says of which moment it is and how many there are: what is torn is as good as lost. Hours and names of the
same log are others' records.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Final

import msgspec

_VERSION: Final = 1
#: Far below what a topic takes, however badly it packs.
_PIECE_BYTES: Final = 512 << 10
_MOST_BYTES: Final = 64 << 20
_LEVEL: Final = 6


class _Piece(msgspec.Struct, array_like=True, frozen=True):
    version: int
    moment_ms: int
    pieces: int
    body: bytes


class Pieces:
    """What the log has of one value; its keys are a prefix with a number behind it."""

    def __init__(self, prefix: bytes) -> None:
        self._prefix = prefix
        self._found: dict[bytes, bytes] = {}

    def load(self, key: bytes, value: bytes | None) -> bool:
        """Take one record, in the order of the log; False for one that is another's."""
        if not key.startswith(self._prefix):
            return False
        if value is None:
            self._found.pop(key, None)
        else:
            self._found[key] = value
        return True

    @property
    def is_there(self) -> bool:
        """Say whether the log has anything of it, readable or not."""
        return bool(self._found)

    def value(self) -> bytes | None:
        """Give what was written last; None where there is nothing, or nothing that can be read."""
        try:
            pieces = [msgspec.msgpack.decode(self._found[self._key(at)], type=_Piece) for at in range(len(self._found))]
            if not pieces or {(_VERSION, pieces[0].moment_ms, len(pieces))} != set(map(_of_which, pieces)):
                return None
            return zlib.decompressobj().decompress(b"".join(piece.body for piece in pieces), _MOST_BYTES)
        except (KeyError, msgspec.DecodeError, zlib.error):
            return None

    def rows(self, value: bytes, moment_ms: int) -> Iterator[tuple[bytes, bytes | None]]:
        """Write a value over the one before."""
        said = zlib.compress(value, _LEVEL)
        bodies = [said[begin : begin + _PIECE_BYTES] for begin in range(0, len(said), _PIECE_BYTES)]
        rows: dict[bytes, bytes | None] = {
            self._key(at): msgspec.msgpack.encode(_Piece(_VERSION, moment_ms, len(bodies), body))
            for at, body in enumerate(bodies)
        }
        rows |= dict.fromkeys(self._found.keys() - rows.keys())
        for key, one in rows.items():
            self.load(key, one)
            yield key, one

    def _key(self, at: int) -> bytes:
        return self._prefix + b"%d" % at


def _of_which(piece: _Piece) -> tuple[int, int, int]:
    return piece.version, piece.moment_ms, piece.pieces
