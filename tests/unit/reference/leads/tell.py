"""Telling: events of leads in one line each, and what the account makes of them."""

from __future__ import annotations

from typing import Any

from stream.reference.account import Expected, Reference, window
from stream.reference.events import DAY_MS, HOUR_MS, MINUTE_MS, Event, Source, series
from stream.reference.leads.lead import Lead
from stream.reference.leads.rules import DEFAULT, Rules

#: Midnight of day 0.
DAY_0 = 1_790_035_200_000
_KINDS = {"view": "page_view", "form": "form", "chat": "chatbot", "mail": "email", "crm": "crm", "ad": "ad"}


def at(day: float, hour: float = 0, minute: float = 0) -> int:
    """Give a moment."""
    return DAY_0 + int(day * DAY_MS + hour * HOUR_MS + minute * MINUTE_MS)


class Told:
    """An account that was told some events; ids of people in a line: `v1` of a device, `e`, `l`, `u` of the others."""

    def __init__(self, rules: Rules = DEFAULT) -> None:
        self.reference = Reference(rules=rules)
        self._told = 0

    def view(self, time_ms: int, visitor: str, group: str = "blog", came: str = "", **data: Any) -> None:
        """Tell of a page view; `came` is channel and campaign."""
        self._tell("page_view", time_ms, {"visitor_id": visitor, "page": {"path": "/", "group": group}} | data, came)

    def form(self, time_ms: int, visitor: str, form_type: str = "demo", came: str = "", **data: Any) -> None:
        """Tell of a submitted form."""
        form = {"action": "submit", "form_id": "f", "form_type": form_type, "submission_id": str(self._told)}
        self._tell("form", time_ms, {"visitor_id": visitor} | form | data, came)

    def chat(self, time_ms: int, visitor: str, action: str, **data: Any) -> None:
        """Tell of something in a chat."""
        self._tell("chatbot", time_ms, {"visitor_id": visitor, "action": action, "conversation_id": "c"} | data, "")

    def mail(self, time_ms: int, message: str, action: str, **data: Any) -> None:
        """Tell what became of a message."""
        self._tell("email", time_ms, {"message_id": message, "action": action} | data, "")

    def crm(self, time_ms: int, lead: str | None, action: str, came: str = "", **data: Any) -> None:
        """Tell of a record of the crm."""
        self._tell("crm", time_ms, {"lead_id": lead, "action": action} | data, came)

    def other(self, kind: str, time_ms: int, **data: Any) -> None:
        """Tell of anything else."""
        self._tell(kind, time_ms, data, "")

    def _tell(self, kind: str, time_ms: int, data: dict[str, Any], came: str) -> None:
        self._told += 1
        channel, _, campaign = came.partition("/")
        source = Source(channel, campaign, "", "") if channel else None
        told = {name: one for name, one in {"site_id": "s", **data}.items() if one is not None}
        self.reference.count(Event(time_ms, f"{self._told:04}", kind, told, source))

    # -- asking

    def leads(self, clock_ms: int) -> list[Lead]:
        """Give all leads, those that came first before others."""
        assert self.reference.leads is not None
        return sorted(self.reference.leads.page(clock_ms).leads, key=lambda one: one.at_ms)

    def lead(self, clock_ms: int) -> Lead:
        """Give the only lead."""
        (one,) = self.leads(clock_ms)
        return one

    def readings(self, metric: str, clock_ms: int, name: str = "365d") -> dict[tuple[str, ...], Expected]:
        """Give the readings of a metric by the values of its labels in order of their names, the site left out."""
        found = self.reference.readings(clock_ms, [window(name, clock_ms)], [metric])
        return {
            tuple(value for label, value in labels if label != "site"): expected
            for (_, labels, _), expected in found.items()
        }

    def values(self, metric: str, clock_ms: int, name: str = "365d") -> dict[tuple[str, ...], Any]:
        """Give the values that are not 0."""
        return {labels: one.value for labels, one in self.readings(metric, clock_ms, name).items() if one.value}


def site(**labels: str) -> tuple[tuple[str, str], ...]:
    """Give a label set of the site."""
    return series("", site="s", **labels)[1]
