"""In force: what holds of each alert, and why: as it is shipped, or by which line of the file.

In:  what the file says; now.
Out: alerts, calendar entries, limits and quiet hours as plain values, for a table or JSON.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from stream.alerting.read import Alerts
from stream.alerting.usual import usual_of
from stream.judge.marks import in_year
from stream.judge.plan import LIMIT, alert_names
from stream.judge.settings import EVERY, AlertRule, CalendarEntry

SHIPPED: Final = "default"


def in_force(alerts: Alerts, now: datetime) -> dict[str, Any]:
    """Give all of it; `now` has a zone."""
    settings = alerts.settings
    quiet = settings.quiet
    return {
        "file": alerts.origin or None,
        "notices": list(alerts.notices),
        "sites": [
            {"site": site, "zone": zone, "from": _line(alerts.site_lines.get(site))}
            for site, zone in {**settings.zones, "default": settings.default_zone}.items()
        ],
        "alerts": [row for name in alert_names() if name != LIMIT for row in _alert(name, alerts)],
        "calendar": sorted(_calendar(alerts, now), key=_soonest),
        "limits": [
            {
                "metric": limit.metric, "window": limit.window, "below": limit.below, "above": limit.above,
                "least": limit.least, "severity": limit.severity, "sites": list(limit.sites),
                "labels": dict(limit.labels), "from": _line(line),
            }
            for limit, line in zip(settings.limits, alerts.limit_lines, strict=True)
        ],
        "quiet": None
        if quiet is None
        else {"tickets": f"{_minute(quiet.begin_min)}-{_minute(quiet.end_min)}", "from": _line(alerts.quiet_line)},
    }  # fmt: skip


def _alert(name: str, alerts: Alerts) -> Iterator[dict[str, Any]]:
    """Give an alert as it holds for all, then where it differs by site or label; of each word the last rule counts."""
    usual = usual_of(name)
    values: dict[str, Any] = {"severity": usual.severity, "z": usual.z, "part": usual.part}
    origins = dict.fromkeys(values, SHIPPED)
    rules = [
        (rule, line)
        for rule, line in zip(alerts.settings.rules, alerts.rule_lines, strict=True)
        if rule.alert == name
    ]  # fmt: skip
    apart: list[dict[str, Any]] = []
    for rule, line in rules:
        said = _said(rule, usual.windows)
        if rule.sites == EVERY and not rule.labels:
            values |= said
            origins |= dict.fromkeys(said, _line(line))
        else:
            apart.append({"sites": list(rule.sites), "labels": dict(rule.labels), **said, "from": _line(line)})
    yield {
        "alert": name, "metric": usual.metric or None, "windows": list(usual.windows), "by": list(usual.by), **values,
        "from": origins, "apart": apart,
    }  # fmt: skip


def _said(rule: AlertRule, windows: tuple[str, ...]) -> dict[str, Any]:
    part = None if rule.part is None else dict.fromkeys(windows, rule.part)
    said = {"severity": rule.severity, "z": rule.z, "part": part}
    return {word: value for word, value in said.items() if value is not None}


def _calendar(alerts: Alerts, now: datetime) -> Iterator[dict[str, Any]]:
    for entry, line in zip(alerts.settings.calendar, alerts.calendar_lines, strict=True):
        site = "" if entry.sites == EVERY else entry.sites[0]
        local = now.astimezone(ZoneInfo(alerts.settings.zone(site))).replace(tzinfo=None)
        begin, end = _nearest(entry, local)
        yield {
            "name": entry.name, "kind": entry.kind, "sites": list(entry.sites), "metrics": list(entry.metrics),
            "begin": begin.isoformat(), "end": end.isoformat(), "yearly": entry.yearly,
            "state": "past" if end <= local else "next" if local < begin else "now", "from": _line(line),
        }  # fmt: skip


def _nearest(entry: CalendarEntry, local: datetime) -> tuple[datetime, datetime]:
    """Give when an entry marks now, or will mark next; one that is over as it was."""
    if not entry.yearly:
        return entry.begin, entry.end
    lasts: timedelta = entry.end - entry.begin
    begins = [in_year(entry.begin, local.year + more) for more in (-1, 0, 1)]
    return next((begin, begin + lasts) for begin in begins if begin + lasts > local)


def _soonest(row: dict[str, Any]) -> tuple[int, str]:
    return ("now", "next", "past").index(row["state"]), row["begin"]


def _line(line: int | None) -> str:
    return f"line {line}" if line else SHIPPED


def _minute(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def now_utc(now_ms: int) -> datetime:
    """Give a moment with its zone."""
    return datetime.fromtimestamp(now_ms / 1_000, UTC)
