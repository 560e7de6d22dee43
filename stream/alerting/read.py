"""Read: the file of alerts into the settings of the judge.

In:  the text of a TOML file, where it came from, today's date.
Out: settings, on which line each part of them stands, notices; or a SettingsError of one message: what is wrong, file
and line, what to do.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final, cast, get_args
from zoneinfo import ZoneInfo, available_timezones

from stream.alerting import calendar
from stream.alerting.calendar import sites_of
from stream.alerting.lines import Lines
from stream.alerting.table import FIELDS, Lined
from stream.alerting.usual import usual_of
from stream.catalog import METRICS
from stream.errors import SettingsError
from stream.judge.history import KEPT
from stream.judge.plan import LIMIT, SILENT, SLOW_DROP, alert_names, by_name, judged
from stream.judge.settings import UTC, AlertRule, Force, Limit, Quiet, Settings, Severity

_DEFAULT: Final = "default"
_HOURS: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)\s*-\s*([01]\d|2[0-3]):([0-5]\d)")
_ZONES: Final = "Write a name of the time zone database, such as Europe/Berlin or UTC."
_METRICS: Final = "`leadpulse metrics` lists all."
_MOST_Z: Final = 10.0
_LABELS: Final = frozenset(label for metric in METRICS for label in metric.labels) - {"site"}
_START: Final = 'An example is in docs/operations.md; [sites] with shop = "Europe/Berlin" is enough.'


@dataclass(frozen=True, slots=True)
class Alerts:
    """What the file says; `rule_lines` and so on have the line of each entry, in the same order."""

    settings: Settings = Settings()
    origin: str = ""
    notices: tuple[str, ...] = ()
    site_lines: Mapping[str, int] = field(default_factory=dict)
    calendar_lines: tuple[int, ...] = ()
    rule_lines: tuple[int, ...] = ()
    limit_lines: tuple[int, ...] = ()
    quiet_line: int = 0


def read(path: Path, today: date) -> Alerts:
    """Read a file; raises SettingsError."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise unreadable(path, error.strerror or str(error)) from None
    except UnicodeDecodeError as error:
        raise _no_toml(str(error), f"file {path}") from None
    return parsed(text, f"file {path}", today)


def unreadable(path: Path, why: str) -> SettingsError:
    """Say that the file is not there, or not to be read."""
    what = f"The file of alerts cannot be read: {why}."
    return SettingsError(what, where=f"file {path}", do="Check the path.", fields=FIELDS)


def parsed(text: str, origin: str, today: date) -> Alerts:
    """Read the text of a file; raises SettingsError."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _no_toml(str(error), origin) from None
    whole = Lined(values, "", origin, Lines(text))
    sites, quiet = whole.table("sites"), whole.table("quiet")
    days, rules, limits = (whole.tables(name, [], name) for name in ("calendar", "rule", "limit"))
    whole.end()
    zones = {site: _zone(sites, site) for site in sites.keys()}  # noqa: SIM118  # takes them all
    marked = calendar.entries(days)
    settings = Settings(
        zones={site: zone for site, zone in zones.items() if site != _DEFAULT},
        default_zone=zones.get(_DEFAULT, UTC),
        calendar=marked,
        rules=tuple(map(_rule, rules)),
        limits=tuple(map(_limit, limits)),
        quiet=_quiet(quiet),
    )
    return Alerts(
        settings,
        origin,
        tuple(calendar.notices(marked, days, today)),
        {site: sites.line(site) for site in zones},
        tuple(table.line() for table in days),
        tuple(table.line() for table in rules),
        tuple(table.line() for table in limits),
        quiet.line("tickets"),
    )


def _no_toml(why: str, origin: str) -> SettingsError:
    return SettingsError(f"The file of alerts is not TOML: {why}.", where=origin, do=_START, fields=FIELDS)


def _zone(sites: Lined, site: str) -> str:
    name = sites.text(site)
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # a folder of zones is an OSError
        raise sites.unknown(name, available_timezones(), "zone", site, _ZONES) from None
    return name


def _rule(table: Lined) -> AlertRule:
    alert = table.one_of("alert", None, alert_names(), "alert")
    sites, labels = sites_of(table), _labels(table, _told_by(alert), f"the alert {alert}")
    severity = table.one_of("severity", "-", ("-", *get_args(Force)), "severity") if table.has("severity") else None
    usual = usual_of(alert)
    for key, held in (("z", usual.z), ("part", usual.part)):
        if table.has(key) and (held is None or (alert == SLOW_DROP and key == "z")):
            raise table.wrong(f"{alert} is judged without it", "Leave it out.", key)
    z = table.decimal("z", 1, _MOST_Z)
    rises = any(part > 1 for part in (usual.part or {}).values())
    part = table.decimal("part", *((1.01, 10) if rises else (0.05, 0.99)))
    table.end()
    if severity is None and z is None and part is None:
        raise table.wrong("it changes nothing", 'Give severity = "off", "info", "ticket" or "page", z or part.')
    return AlertRule(alert, sites, labels, cast(Force | None, severity), z, part)


def _told_by(alert: str) -> frozenset[str]:
    """Name the labels that an alert tells apart beside the site."""
    if alert == LIMIT:
        return _LABELS
    if alert == SILENT:
        return frozenset({"kind"})
    return frozenset(label for entry in judged() if entry.alert == alert for label in entry.by)


def _limit(table: Lined) -> Limit:
    name = table.text("metric")
    if name not in limited():
        raise table.unknown(name, limited(), "metric that history keeps", "metric", _METRICS)
    windows, told = limited()[name]
    window = table.one_of("window", None, windows, f"window of {name} that history keeps")
    below, above = table.decimal("below", -1e15, 1e15), table.decimal("above", -1e15, 1e15)
    least = table.decimal("least", 0, 1e15) or 0.0
    severity = cast(Severity, table.one_of("severity", "ticket", get_args(Severity), "severity"))
    sites, labels = sites_of(table), _labels(table, told, f"limits of {name}")
    table.end()
    if below is None and above is None:
        raise table.wrong("it has no limit", "Give below, above or both.")
    if below is not None and above is not None and above <= below:
        raise table.wrong("above is not more than below, so every value is outside", "Swap them.", "above")
    return Limit(name, window, below, above, least, severity, sites, labels)


@cache
def limited() -> Mapping[str, tuple[tuple[str, ...], frozenset[str]]]:
    """Give what can have limits: metric as readings name it → windows, and the labels that are told apart."""
    out: dict[str, tuple[tuple[str, ...], frozenset[str]]] = {}
    for metric in METRICS:
        windows = tuple(window for window in KEPT if window in metric.windows)
        if windows and "site" in metric.labels and metric.kind in ("count", "amount", "ratio"):
            entry = by_name().get(metric.name)
            labels = frozenset(metric.labels if entry is None else entry.by) - {"site"}
            before, more = out.get(metric.series, ((), frozenset()))
            out[metric.series] = tuple(dict.fromkeys((*before, *windows))), labels | more
    return out


def _labels(table: Lined, known: frozenset[str], of: str) -> tuple[tuple[str, str], ...]:
    labels = table.table("labels")
    found = labels.words()
    for label in found:
        if label not in known:
            if not known:
                raise labels.wrong(f"{of} tells no labels apart", "Leave it out; sites = [...] names sites.", label)
            raise labels.unknown(label, known, f"label of {of}", label)
    return tuple(found.items())


def _quiet(table: Lined) -> Quiet | None:
    if not table.has("tickets"):
        table.end()
        return None
    told: Any = table.text("tickets")
    table.end()
    match = _HOURS.fullmatch(told)
    if match is None:
        raise table.wrong(f"{told!r} is no time of the day", 'Write tickets = "18:00-08:00".', "tickets")
    begin, end = (int(match[at]) * 60 + int(match[at + 1]) for at in (1, 3))
    if begin == end:
        raise table.wrong(f"{told!r} is no time at all, or all day", 'Write tickets = "18:00-08:00".', "tickets")
    return Quiet(begin, end)
