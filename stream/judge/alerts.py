"""Alerts: every alert that there is, with what it says and to whom it is told unless settings say otherwise.

In:  the plan; alerts that are of no entry.
Out: name, summary, severity and entry of each, in the order of the catalog.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from stream.judge.docket import Case, severity_of
from stream.judge.plan import LIMIT, Judged, alert_names, judged
from stream.judge.settings import Settings, Severity
from stream.judge.telling import SEVERITY, SUMMARY


@dataclass(frozen=True, slots=True)
class Known:
    """One alert; `entry` is None where it is of no entry, or one more of an entry."""

    name: str
    summary: str
    severity: Severity
    entry: Judged | None = None

    def told(self, settings: Settings, site: str) -> str:
        """Say to whom a site's alert is told by settings: page, ticket, info, or off.

        >>> from stream.judge.settings import AlertRule
        >>> known()["bounce_rise"].told(Settings(rules=(AlertRule("bounce_rise", ("shop",), severity="off"),)), "shop")
        'off'
        """
        return severity_of(settings.rules, Case(site, self.name, "", ""), self.severity)


@cache
def known() -> dict[str, Known]:
    """Give all alerts by name.

    >>> known()["visitors_drop"].severity, known()["source_silent"].severity, known()["leads_drop"].severity
    ('page', 'page', 'info')
    """
    entries = {entry.alert: entry for entry in judged()}
    found = {}
    for name in alert_names():
        entry = entries.get(name)
        if entry is not None:
            found[name] = Known(name, entry.summary, entry.severity, entry)
        else:
            # a limit says for itself to whom it is told
            found[name] = Known(name, SUMMARY[name], "ticket" if name == LIMIT else SEVERITY[name])
    return found
