"""Poison words: what a hostile record is, for the files that list them.

In:  a kind and what is different about an event of it.
Out: bytes.
"""

from __future__ import annotations

from typing import Any

import orjson

from tests.events import event

#: Name, kind, bytes or None for a tombstone, and the reason for which it is refused; None: it counts.
Poison = tuple[str, str, bytes | None, str | None]


def raw(kind: str, data: dict[str, Any] | None = None, **envelope: Any) -> bytes:
    """Give the bytes of an event that differs from a valid one."""
    return orjson.dumps(event(kind, data, **envelope))
