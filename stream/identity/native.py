"""Native: what the compiled core must know to name people itself.

In:  what names them here.
Out: the same for the core.
"""

from __future__ import annotations

from typing import Any

from stream.contract.junk import WORDS
from stream.identity.ids import EMAIL, FIELDS, VISITOR, Namer
from stream.identity.packed import FACTS


def naming(namer: Namer | None) -> dict[str, Any]:
    """Say how ids are made of texts; without a namer nobody is named."""
    return {
        "shards": 0 if namer is None else namer.plain_shards,
        "junk": set(WORDS),
        "version": FACTS,
        "address": (EMAIL, FIELDS[EMAIL]),
        "visitor": (VISITOR, FIELDS[VISITOR]),
    }
