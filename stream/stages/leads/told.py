"""Told: what of each lead stands in the topics of results, and goes on with it wherever it lies.

In:  what was told in two places.
Out: what was told of the clusters together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from stream.stages.leads.rows import Told

#: Bytes of a change; those by which one thing was told lie one behind the other.
CHANGE: Final = 8


def merged(mine: list[Told], others: Iterable[object]) -> list[Told]:
    """Give what was told here and elsewhere; of one key what was told last."""
    out = {(one.site, one.type, one.text): one for one in mine}
    for other in others:
        one = msgspec.convert(other, Told)
        key = one.site, one.type, one.text
        known = out.get(key)
        if known is None or known.version < one.version:
            out[key] = one
    return list(out.values())


def united(mine: Mapping[str, bytes], others: Mapping[str, bytes]) -> dict[str, bytes]:
    """Give what was told of two leads that are one; what was told of both was told by the changes of both.

    >>> united({"created": b"-mine---"}, {"created": b"-theirs-", "lost": b"-lost---"})
    {'created': b'-mine----theirs-', 'lost': b'-lost---'}
    """
    out = dict(others)
    for name, told in mine.items():
        known = set(each(told))
        out[name] = told + b"".join(one for one in each(others.get(name, b"")) if one not in known)
    return out


def each(changes: bytes) -> Iterator[bytes]:
    """Give the changes by which one thing was told."""
    return (changes[at : at + CHANGE] for at in range(0, len(changes), CHANGE))
