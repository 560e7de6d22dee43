"""Known: who had a key event in the last 400 days, for people whose row is gone.

In:  rows in which there was a key event; people who come anew.
Out: when they last had one. A hash of the person and a time is all that is kept.
"""

from __future__ import annotations

from hashlib import blake2b

import msgspec

from stream.stages.visitors.people import KNOWN_MS
from stream.state.keys import KNOWN_PEOPLE
from stream.state.rows import Rows

_HASH_BYTES = 8
_decode = msgspec.msgpack.Decoder(tuple[int]).decode
_encode = msgspec.msgpack.Encoder().encode


class KnownSince(msgspec.Struct, array_like=True, frozen=True):
    """When a person last had a key event."""

    last: int


class KnownPeople:
    """The people of one shard who are known."""

    def __init__(self) -> None:
        self.rows = Rows(KNOWN_PEOPLE, KNOWN_MS)

    def note(self, key: str, time_ms: int) -> None:
        """Note a key event of a person."""
        name = _hash(key)
        raw = self.rows.encoded.get(name)
        if raw is None or _decode(raw)[0] < time_ms:
            self.rows.put(name, _encode(KnownSince(time_ms)))

    def last(self, key: str) -> int:
        """Give when a person last had a key event; 0 is never."""
        if not self.rows.encoded:
            return 0
        raw = self.rows.encoded.get(_hash(key))
        return 0 if raw is None else _decode(raw)[0]


def _hash(key: str) -> str:
    return blake2b(key.encode("utf-8", "surrogatepass"), digest_size=_HASH_BYTES).hexdigest()
