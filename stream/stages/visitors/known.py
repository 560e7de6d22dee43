"""Known: who had a key event in the last 400 days, for people whose row is gone.

In:  rows in which there was a key event; people who come anew.
Out: when they last had one. A hash of the person and a time is all that is kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from zlib import crc32

import msgspec

from stream.stages.visitors.people import KNOWN_MS
from stream.state.keys import KNOWN_PEOPLE
from stream.state.rows import Rows
from stream.state.table import LogRecord

_HASH_BYTES = 8
_decode = msgspec.msgpack.Decoder(tuple[int]).decode
_encode = msgspec.msgpack.Encoder().encode


class KnownSince(msgspec.Struct, array_like=True, frozen=True):
    """When a person last had a key event."""

    last: int


class _KnownRows(Rows):
    """The table of those who are known, and the sums of those who were loaded: most who are not known lack theirs."""

    __slots__ = ("sums",)

    def __init__(self) -> None:
        super().__init__(KNOWN_PEOPLE, KNOWN_MS)
        self.sums: set[int] = set()

    @property
    def plain(self) -> bool:
        """Nothing here is: there are the sums, too."""
        return False

    def load_all(self, records: Iterable[LogRecord]) -> None:
        """Take records of the state log, prefix included."""
        records, n = list(records), len(self.prefix)
        super().load_all(records)
        self.sums.update([int(key[n : n + 8], 16) for key, _ in records])


class KnownPeople:
    """The people of one shard who are known."""

    def __init__(self) -> None:
        self.rows = _KnownRows()
        #: Hashes of the keys that were noted: Python has worked out a key's when it looked for its row.
        self.noted: set[int] = set()

    def note(self, key: str, time_ms: int) -> None:
        """Note a key event of a person."""
        name = name_of(key)
        self.noted.add(hash(key))
        raw = self.rows.encoded.get(name)
        if raw is None or _decode(raw)[0] < time_ms:
            self.rows.put(name, _encode(KnownSince(time_ms)))

    def forget(self, key: str) -> None:
        """Forget that a person had a key event."""
        self.rows.drop(name_of(key))

    def last(self, key: str) -> int:
        """Give when a person last had a key event; 0 is never."""
        if hash(key) not in self.noted and _sum(key) not in self.rows.sums:
            return 0
        raw = self.rows.encoded.get(name_of(key))
        return 0 if raw is None else _decode(raw)[0]


def name_of(key: str) -> str:
    """Give the name under which it is kept that a person was known: a hash of the person."""
    more = blake2b(key.encode("utf-8", "surrogatepass"), digest_size=_HASH_BYTES - 4).hexdigest()
    return f"{_sum(key):08x}{more}"


def _sum(key: str) -> int:
    return crc32(key.encode("utf-8", "surrogatepass"))
