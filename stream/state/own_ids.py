"""Own ids: known ids of kinds that may come later than others, each kind by itself.

In:  the kinds; ids as `known_ids` takes them.
Out: records for the state log that restore exactly this: those of `known_ids` and `horizon`, behind the kind's name.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from stream.state.keys import OWN_IDS
from stream.state.known_ids import DEFAULT_CAP_BYTES, KnownIds
from stream.state.table import LogRecord

#: Between the name of a kind and the key that the record has among those of its kind.
_BEHIND_NAME: Final = b"\x1f"


class OwnIds:
    """The ids of each of these kinds in one shard."""

    prefix = OWN_IDS.prefix

    def __init__(self, kinds: Iterable[str], cap_bytes: int = DEFAULT_CAP_BYTES) -> None:
        self.of = {kind: KnownIds(cap_bytes) for kind in kinds}

    def load(self, key: bytes, value: bytes | None) -> None:
        """Take one record of the state log; of a kind that is not followed here it says nothing."""
        name, _, inner = key[len(self.prefix) :].partition(_BEHIND_NAME)
        ids = self.of.get(name.decode())
        if ids is not None:
            (ids.horizon if inner.startswith(ids.horizon.prefix) else ids).load(inner, value)

    def changes(self) -> list[LogRecord]:
        """Give the records to write since the last call, in this order."""
        return [
            (self.prefix + kind.encode() + _BEHIND_NAME + key, value)
            for kind, ids in self.of.items()
            for key, value in (*ids.horizon.changes(), *ids.changes())
        ]
