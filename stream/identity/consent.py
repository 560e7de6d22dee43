"""Consent: events that do not count, since somebody whom they name took their consent back.

In:  ids whose consent was taken back or given again; events that are about to be counted.
Out: a mark of 17 bytes for each such id, which somebody keeps; which events name one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, Protocol

from stream.identity.ids import EMAIL, LEAD, USER, VISITOR, Id, Namer

#: Names of ids that are remembered, marked or not: events of one visitor come together.
_MOST: Final = 16_384


class Marks(Protocol):
    """Whoever keeps the marks."""

    def __len__(self) -> int: ...
    def __contains__(self, name: object) -> bool: ...
    def put(self, name: bytes, is_marked: bool) -> None:
        """Set a mark, or take it away."""


class Consent:
    """Who must not be counted in one shard."""

    def __init__(self, namer: Namer, marks: Marks) -> None:
        self._namer, self._marks = namer, marks
        self._looked_up: dict[tuple[int, str, str], bool] = {}

    def set(self, ids: Iterable[Id], consent: bool) -> None:
        """Note that events of some ids count again, or do not from now on."""
        for id in ids:
            self._marks.put(_mark(id), not consent)
        self._looked_up.clear()

    @property
    def is_asked(self) -> bool:
        """Whether there is anybody who must not be counted."""
        return bool(len(self._marks))

    def refused(self, events: Sequence[Any]) -> list[bool]:
        """Say of each event whether it names somebody who must not be counted; [] if there is nobody."""
        if not len(self._marks):
            return []
        found = [self._is_refused(event.data) for event in events]
        return found if any(found) else []

    def _is_refused(self, data: Any) -> bool:
        site, lead = data.site_id, data.lead_id
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


def of_platform(platform: str, lead_id: str) -> str:
    """Name a lead of an ad platform, whose ids are its own; the crm calls it so, too."""
    return f"{platform}:{lead_id}"


def _mark(id: Id) -> bytes:
    return bytes((id.type,)) + id.hash
