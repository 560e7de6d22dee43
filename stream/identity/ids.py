"""Ids: what names a person, which names are junk, and where each id has its home.

In:  texts of events.
Out: ids as small tuples that compare alike on every machine.

E-mail hashes, lead ids and user ids are *strong*: an event that names two of them says that they are one person. A
visitor id never joins two ids. Their order decides where what belongs together is kept, and nothing else.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from stream.contract.junk import is_junk
from stream.kernels.murmur2 import partitions_by_murmur2

EMAIL, LEAD, USER, VISITOR, DEAL = range(5)
#: By type; a deal is no id of a person, but has a home like one.
FIELDS: Final = ("email_hash", "lead_id", "user_id", "visitor_id", "deal_id")
STRONG: Final = (EMAIL, LEAD, USER)

_SEPARATOR: Final = "\x1f"


class Id(NamedTuple):
    """An id within its site: a type, 16 bytes of hash, and the shard of leads that is its home."""

    type: int
    hash: bytes
    home: int

    @property
    def strong(self) -> bool:
        """Tell whether it joins with others."""
        return self.type < VISITOR


class Namer:
    """Makes ids of texts; knows how many shards there are and which values are to be ignored."""

    def __init__(self, shards: int, partitioner: str = "murmur2", ignore: Iterable[str] = ()) -> None:
        """Take `ignore`, values as `value`, or as `type:value` with the name of a field or its first letter."""
        self._shards, self._partitioner = shards, partitioner
        self._ignore = frozenset(ignore)

    @property
    def plain_shards(self) -> int:
        """Give how many shards there are; 0 where another partitioner chooses, or more than junk is ignored."""
        return 0 if self._ignore or self._partitioner == "crc32" else self._shards

    def id(self, type: int, site: str, value: str) -> Id:
        """Name an id; the same for the same text, on whatever machine."""
        return Id(type, _hash(type, site, value), self.home(value))

    def ids(self, named: Sequence[tuple[int, str, str]]) -> list[Id]:
        """Name many ids, given as (type, site, value): for a thousand of them a fifth of the time of one by one."""
        homes = self._homes([value for _, _, value in named])
        return [
            Id(type, _hash(type, site, value), home) for (type, site, value), home in zip(named, homes, strict=True)
        ]

    def ignored(self, type: int, value: str) -> bool:
        """Tell whether a value is junk, or on the list of what is to be ignored."""
        if is_junk(value):
            return True
        if not self._ignore:
            return False
        name = FIELDS[type]
        return not self._ignore.isdisjoint({value, f"{name}:{value}", f"{name[0]}:{value}"})

    def strong(self, site: str, email: str | None, lead: str | None, user: str | None) -> list[Id]:
        """List the ids of an event that join, smallest first; what is ignored is not among them."""
        pairs = ((EMAIL, email), (LEAD, lead), (USER, user))
        return [
            self.id(type, site, value) for type, value in pairs if value is not None and not self.ignored(type, value)
        ]

    def home(self, value: str) -> int:
        """Give the shard that the partitioner chooses for an id's value."""
        return self._homes([value])[0]

    def _homes(self, values: Sequence[str]) -> list[int]:
        if self._shards == 1:
            return [0] * len(values)
        if self._partitioner == "crc32":
            return [zlib.crc32(value.encode("utf-8", "surrogatepass")) % self._shards for value in values]
        homes: list[int] = partitions_by_murmur2(values, self._shards).tolist()
        return homes


def _hash(type: int, site: str, value: str) -> bytes:
    named = _SEPARATOR.join((site, FIELDS[type], value)).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(named, digest_size=16).digest()


def links(ids: list[Id]) -> list[tuple[Id, Id]]:
    """Give the links that an event states between its ids, smallest first: the larger one of each pair first."""
    return [(larger, smaller) for at, smaller in enumerate(ids) for larger in ids[at + 1 :]]
