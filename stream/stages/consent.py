"""Consent: ids whose events do not count, since somebody took their consent back.

In:  orders of the shards of leads; events that are about to be counted.
Out: a mark of 17 bytes for each such id; which events name one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np

from stream.contract.records import UNIT
from stream.identity.ids import EMAIL, LEAD, USER, VISITOR, Id, Namer
from stream.stages.stage import Batch, Refused
from stream.state.keys import NO_CONSENT
from stream.state.table import LogRecord

#: Names of ids that are remembered, marked or not: events of one visitor come together.
_MOST: Final = 16_384


class NoConsent:
    """The marks of one shard: a table of its state."""

    prefix = NO_CONSENT.prefix

    def __init__(self, namer: Namer) -> None:
        self._namer = namer
        self._marks: set[bytes] = set()
        self._changed: dict[bytes, bool] = {}
        self._looked_up: dict[tuple[int, str, str], bool] = {}

    def __bool__(self) -> bool:
        return bool(self._marks)

    def mark(self, ids: Iterable[Id], consent: bool) -> None:
        """Note that events of some ids do not count from now on, or that they do again."""
        for id in ids:
            name = _mark(id)
            if (name in self._marks) == consent:
                (self._marks.discard if consent else self._marks.add)(name)
                self._changed[name] = not consent
        self._looked_up.clear()

    def part(self, batch: Batch) -> tuple[Batch, list[Refused]]:
        """Give the events that may count, and those that do not since they name an id that is marked."""
        marked = [self._is_marked(event.data) for event in batch.events]
        if not any(marked):
            return batch, []
        rows = zip(batch.events, batch.arrivals.tolist(), marked, strict=True)
        refused = [
            Refused(batch.kind, event.data.site_id, arrival_ms, "no_consent", event.source + UNIT + event.id)
            for event, arrival_ms, is_marked in rows
            if is_marked
        ]
        return batch.only(~np.array(marked)), refused

    def _is_marked(self, data: Any) -> bool:
        site = data.site_id
        lead = data.lead_id
        if lead is not None and getattr(data, "platform", "site") != "site":
            lead = of_platform(data.platform, lead)
        pairs = (VISITOR, data.visitor_id), (EMAIL, data.email_hash), (LEAD, lead), (USER, data.user_id)
        return any(value is not None and self._look_up(type, site, value) for type, value in pairs)

    def _look_up(self, type: int, site: str, value: str) -> bool:
        key = type, site, value
        found = self._looked_up.get(key)
        if found is None:
            found = _mark(self._namer.id(type, site, value)) in self._marks
            if len(self._looked_up) >= _MOST:
                self._looked_up.clear()
            self._looked_up[key] = found
        return found

    # a table ------------------------------------------------------------------------------------------------

    def load(self, key: bytes, value: bytes | None) -> None:
        """Take a record of the state log, prefix included."""
        name = key[len(self.prefix) :]
        (self._marks.discard if value is None else self._marks.add)(name)

    def changes(self) -> list[LogRecord]:
        """Give what changed since the last call."""
        changed, self._changed = self._changed, {}
        return [(self.prefix + name, b"" if is_marked else None) for name, is_marked in changed.items()]

    def settle(self) -> None:
        """Forget what changed, because nothing will be written."""
        self._changed.clear()

    def expire(self, oldest_ms: int) -> None:
        """Keep them: consent does not come back by itself."""


def of_platform(platform: str, lead_id: str) -> str:
    """Name a lead of an ad platform, whose ids are its own; the crm calls it so, too."""
    return f"{platform}:{lead_id}"


def _mark(id: Id) -> bytes:
    return bytes((id.type,)) + id.hash
