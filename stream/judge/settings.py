"""Settings: what people say of their sites: zones, calendar, rules, limits of their own, quiet hours.

In:  nothing.  Out: frozen types; `stream.settings` reads them from the file that LEADPULSE_ALERTS names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

EntryKind = Literal["holiday", "promotion", "maintenance"]
Severity = Literal["page", "ticket", "info"]
Force = Literal["page", "ticket", "info", "off"]

#: Stands for all sites.
EVERY: Final = ("*",)
UTC: Final = "UTC"
DAY_MIN: Final = 24 * 60
#: A page that every worker serves, at the port that it has unless it is told another.
RUNBOOK: Final = "http://localhost:9464/runbook"


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """A span that is neither judged nor an example: [begin, end), local to each of its sites, without a zone.

    `metrics` empty: all. A yearly one stands in each year at the same dates.
    """

    sites: tuple[str, ...]
    begin: datetime
    end: datetime
    kind: EntryKind = "holiday"
    metrics: tuple[str, ...] = ()
    yearly: bool = False
    name: str = ""


@dataclass(frozen=True, slots=True)
class AlertRule:
    """What an alert is for some sites and labels; None: as the catalog has it. Of several that fit the last one stands.

    `labels` must all be told by the alert, with these values.
    """

    alert: str
    sites: tuple[str, ...] = EVERY
    labels: tuple[tuple[str, str], ...] = ()
    severity: Force | None = None
    z: float | None = None
    part: float | None = None


@dataclass(frozen=True, slots=True)
class Limit:
    """A plain comparison: `metric` over `window` below or above a value, on at least so many trials (or counted)."""

    metric: str
    window: str
    below: float | None = None
    above: float | None = None
    least: float = 0
    severity: Severity = "ticket"
    sites: tuple[str, ...] = EVERY
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Quiet:
    """Minutes of the local day in which tickets wait: from, to; over midnight where `to` is earlier.

    >>> Quiet(18 * 60, 8 * 60).holds(23 * 60), Quiet(18 * 60, 8 * 60).holds(8 * 60)
    (True, False)
    """

    begin_min: int
    end_min: int

    def holds(self, minute: int) -> bool:
        """Say whether a minute of the day is quiet."""
        if self.begin_min <= self.end_min:
            return self.begin_min <= minute < self.end_min
        return minute >= self.begin_min or minute < self.end_min


@dataclass(frozen=True, slots=True)
class Settings:
    """All of it; without a file nothing is said, and all sites are at UTC."""

    zones: Mapping[str, str] = field(default_factory=dict)
    default_zone: str = UTC
    calendar: tuple[CalendarEntry, ...] = ()
    rules: tuple[AlertRule, ...] = ()
    limits: tuple[Limit, ...] = ()
    quiet: Quiet | None = None
    runbook: str = RUNBOOK

    def zone(self, site: str) -> str:
        """Name the zone of a site."""
        return self.zones.get(site, self.default_zone)
