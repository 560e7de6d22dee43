"""Holds: one record by which a worker says for all of its idle shards that what they reported last still holds.

In:  shards, each with the life of its log and the number of its last delta; when that was seen.
Out: the key of a record of the deltas topic that has no value; and back.

Nothing that counts travels in it, and it has no number: lost, late or repeated it changes no figure. It has no value,
so that a release that knows only deltas passes over it; and what this release cannot read it passes over, too.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

#: What its keys begin with; deltas have none.
PREFIX: Final = b"h"
#: The version of the struct below, as in the list of what is stored.
VERSION: Final = 1


class Held(msgspec.Struct, array_like=True, frozen=True):
    """One shard, and the report that still holds: the newest of this life, with this number."""

    group: str
    shard: int
    seq: int
    life: str


class Holds(msgspec.Struct, array_like=True, frozen=True):
    """What one worker says; `now_ms` is the broker's time, as far as the worker knows it, when it looked."""

    now_ms: int
    shards: list[Held]
    version: int = VERSION


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Holds).decode


def pack(now_ms: int, shards: Iterable[Held]) -> bytes:
    """Give the key of the record."""
    return PREFIX + _encode(Holds(now_ms, list(shards)))


def unpack(key: bytes | None) -> Holds | None:
    """Read the key of a record without a value; None for whatever is not ours.

    >>> unpack(pack(5, [Held("ads", 3, 7, "a")]))
    Holds(now_ms=5, shards=[Held(group='ads', shard=3, seq=7, life='a')], version=1)
    >>> unpack(b"h?") is unpack(None) is None
    True
    """
    if key is None or not key.startswith(PREFIX):
        return None
    try:
        found = _decode(key[len(PREFIX) :])
    except msgspec.MsgspecError:
        return None
    return found if found.version <= VERSION else None
