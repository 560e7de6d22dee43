"""Forwarded: what of a record goes on to the shard that owns it.

In:  a record that reached another shard.
Out: its key, value and headers as they are forwarded; None where that is too large for a topic.

A broker takes a record packed, with any key and any headers, at the very limit of what it takes; a copy of it would be
refused. So only what the other shard reads goes on: the value, and of the headers those that are attributes.
"""

from __future__ import annotations

from typing import Final

import msgspec

from stream.contract.common import Envelope
from stream.contract.records import Record

#: A record of so much fits any topic that workers write to.
MOST_BYTES: Final = 700 << 10
KEY_KEPT: Final = 1 << 10
#: No attribute that is read is longer.
HEADER_MOST: Final = 4 << 10

_ATTRIBUTES: Final = frozenset(
    f"ce_{name}" for name in (*(field.name for field in msgspec.structs.fields(Envelope)), "type", "datacontenttype")
)
_FIRST: Final = frozenset({"content-type"})

Headers = list[tuple[str, bytes]]


def carried(record: Record) -> tuple[bytes | None, bytes | None, Headers] | None:
    """Give key, value and headers of a record as another shard needs them; None if that is too much.

    >>> carried((3, 0, b"ann", b"{}", (("trace", b"1"), ("ce_id", b"7"))))
    (b'ann', b'{}', [('ce_id', b'7')])
    """
    _, _, key, value, headers = record
    if key is not None and len(key) > KEY_KEPT:
        key = key[:KEY_KEPT]
    own = _own(headers) if headers else []
    size = len(key or b"") + len(value or b"") + sum(len(name) + len(text) for name, text in own)
    return None if size > MOST_BYTES else (key, value, own)


def _own(headers: tuple[tuple[str, bytes | None], ...]) -> Headers:
    """Keep the headers that readers look at: of an attribute the last with a value, of others the first."""
    kept: dict[str, bytes] = {}
    for name, value in headers:
        plain = name.lower()
        if value is None or len(value) > HEADER_MOST:
            continue
        if plain in _ATTRIBUTES or (plain in _FIRST and plain not in kept):
            kept[plain] = value
    return list(kept.items())
