"""Packed: facts by their bytes, one behind the other, as they travel and as they are kept.

In:  facts.
Out: their bytes, and facts of them.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Raw

from stream.identity.facts import Fact, Held, Mailed, Settled, Visit

#: The version of the bytes of facts. It rises with a field of any of them: a fact is known by its bytes, so those of
#: another version are made anew when they are read.
FACTS: Final = 1

encode_fact: Final = msgspec.msgpack.Encoder().encode
raws_of: Final = msgspec.msgpack.Decoder(list[Raw]).decode
facts_of: Final = msgspec.msgpack.Decoder(list[Fact]).decode


def parted(n: int, facts: bytes) -> list[Raw]:
    """Part so many facts that lie one behind the other."""
    return raws_of(head(n) + facts)


def many(n: int, facts: bytes) -> list[Fact]:
    """Give so many facts that lie one behind the other."""
    return facts_of(head(n) + facts)


def unknown(n: int, facts: bytes, known: bytes) -> tuple[int, bytes]:
    """Give those of so many facts, each once, that are not among others; both lie one behind the other.

    The bytes of a fact begin with its letter and are as good as never part of another one's.
    """
    if n == 1:
        return (0, b"") if facts in known else (1, facts)
    new = [fact for fact in dict.fromkeys(map(bytes, parted(n, facts))) if fact not in known]
    return len(new), b"".join(new)


def head(n: int) -> bytes:
    """Give how a list of so many begins in MessagePack."""
    if n < 16:
        return bytes((0x90 | n,))
    return b"\xdc" + n.to_bytes(2, "big") if n < 65_536 else b"\xdd" + n.to_bytes(4, "big")


def tag(fact: bytes) -> int:
    """Give the letter that tells what a fact is, as a number."""
    return fact[2] if fact[0] < 0xDC else fact[4]


def moment_of(fact: Fact) -> int:
    """Give when a fact was, in milliseconds; of a settled past, its end."""
    if fact.__class__ is Mailed:  # as most are
        return fact.time_ms
    if isinstance(fact, Held):
        fact = fact.fact
    if isinstance(fact, Visit):
        return fact.start_ms
    return fact.newest_ms if isinstance(fact, Settled) else fact.time_ms
