"""Followed: the file of alerts, read again when it changes; what was right last stays.

In:  the text of the file, as often as somebody has looked; today.
Out: what is in force; a line for the log when that changes, or when what is new is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from hashlib import blake2b
from typing import Literal

from stream.alerting.read import Alerts, parsed
from stream.errors import LeadpulseError


@dataclass(frozen=True, slots=True)
class Said:
    """A line for the log."""

    level: Literal["info", "warning", "error"]
    text: str


class Followed:
    """One file of alerts."""

    def __init__(self, alerts: Alerts, text: str | None = None) -> None:
        """Take what was read at the start, and of which text."""
        self.alerts = alerts
        self._digest = None if text is None else _digest(text)
        self._lost = False

    def look(self, text: str, today: date) -> Said | None:
        """Take the file as it is now; nothing happens while it says what it said."""
        digest, self._lost = _digest(text), False
        if digest == self._digest:
            return None
        self._digest = digest
        try:
            self.alerts = parsed(text, self.alerts.origin, today)
        except LeadpulseError as error:
            return Said("error", f"{error}\n  until then what the file said before is in force")
        told = "; ".join(self.alerts.notices)
        return Said("warning" if told else "info", f"{self.alerts.origin}: read again{': ' if told else ''}{told}")

    def missed(self, why: str) -> Said | None:
        """Learn that the file cannot be read; it is said once until it can."""
        if self._lost:
            return None
        self._lost = True
        what = f"{self.alerts.origin}: it cannot be read ({why}); what it said before is in force"
        return Said("error", what)


def _digest(text: str) -> bytes:
    return blake2b(text.encode(errors="surrogateescape"), digest_size=8).digest()
