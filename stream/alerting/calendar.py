"""Calendar: the [[calendar]] of the file of alerts, and what in it cannot be meant.

In:  tables; now, as the date of today.
Out: entries of the judge; notices of entries that mark nothing any more; or a SettingsError.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Final, cast, get_args

from stream.alerting.table import Lined
from stream.catalog import METRICS
from stream.judge.marks import in_year
from stream.judge.settings import EVERY, CalendarEntry, EntryKind

#: So long after its end an entry is still asked for: the hours that it took out are examples of nothing.
REMEMBERED: Final = timedelta(days=42)
_LONGEST: Final = timedelta(days=366)
#: Metrics as readings name them.
_SERIES: Final = frozenset(metric.series for metric in METRICS)
_LEAP: Final = 2_000  # a year in which every date is


def entries(tables: list[Lined]) -> tuple[CalendarEntry, ...]:
    """Read all entries; two that mark the same of a site are refused."""
    found = [(_entry(table), table) for table in tables]
    for at, (one, table) in enumerate(found):
        for other, before in found[:at]:
            if _same_figures(one, other) and _meet(one, other):
                raise table.wrong(
                    f"it overlaps {before.name} (line {before.line()}{_named(other)})",
                    "Make one entry of both, or let one end where the other begins.",
                    "from",
                )
    return tuple(entry for entry, _ in found)


def _entry(table: Lined) -> CalendarEntry:
    sites = sites_of(table, required=True)
    metrics = table.texts("metrics", [])
    for metric in metrics:
        if metric not in _SERIES:
            raise table.unknown(metric, _SERIES, "metric", "metrics", "`leadpulse metrics` lists all.")
    first, last = table.moment("from"), table.moment("to")
    begin = first if isinstance(first, datetime) else datetime.combine(first, time())
    # a date is the last day, a moment is the end
    end = last if isinstance(last, datetime) else datetime.combine(last, time()) + timedelta(days=1)
    if end <= begin:
        raise table.wrong(f"{last.isoformat()} is before {first.isoformat()}", "Let it end after it begins.", "to")
    if end - begin > _LONGEST:
        do = "Write a shorter one, or turn alerts off with [[rule]]: what is marked is not judged."
        raise table.wrong("it is longer than a year", do, "to")
    kind = cast(EntryKind, table.one_of("kind", "holiday", get_args(EntryKind), "kind"))
    yearly = table.flag("yearly", False)
    name = table.text("name", "-")
    table.end()
    return CalendarEntry(sites, begin, end, kind, metrics, yearly, "" if name == "-" else name)


def sites_of(table: Lined, *, required: bool = False) -> tuple[str, ...]:
    """Take the sites that something is for: all, if none are named where none must be."""
    sites = tuple(dict.fromkeys(table.texts("sites", None if required else list(EVERY))))
    if not sites or ("*" in sites and sites != EVERY):
        raise table.wrong('name sites, or all of them as "*"', 'Write sites = ["shop"], or sites = ["*"].', "sites")
    return sites


def notices(found: tuple[CalendarEntry, ...], tables: list[Lined], today: date) -> Iterator[str]:
    """Say of entries that mark nothing any more, and of yearly ones nothing."""
    for entry, table in zip(found, tables, strict=True):
        if not entry.yearly and entry.end.date() + REMEMBERED < today:
            yield (
                f"line {table.line()}: {table.name}{_named(entry)} ended on {_last(entry)} and marks nothing any more:"
                f" take it out, or add yearly = true"
            )


def _last(entry: CalendarEntry) -> str:
    return (entry.end - timedelta(microseconds=1)).date().isoformat()


def _named(entry: CalendarEntry) -> str:
    return f", {entry.name}" if entry.name else ""


def _same_figures(one: CalendarEntry, other: CalendarEntry) -> bool:
    sites = EVERY in (one.sites, other.sites) or not set(one.sites).isdisjoint(other.sites)
    return sites and (not one.metrics or not other.metrics or not set(one.metrics).isdisjoint(other.metrics))


def _meet(one: CalendarEntry, other: CalendarEntry) -> bool:
    """Tell whether two entries share a moment in any year."""
    if not one.yearly and not other.yearly:
        return one.begin < other.end and other.begin < one.end
    yearly, fixed = (one, other) if one.yearly else (other, one)
    begin, end = _in(fixed, _LEAP)
    return any(a < end and begin < b for more in (-1, 0, 1) for a, b in (_in(yearly, begin.year + more),))


def _in(entry: CalendarEntry, year: int) -> tuple[datetime, datetime]:
    """Give when a yearly entry that begins in a year lasts; any other as it is."""
    if not entry.yearly:
        return entry.begin, entry.end
    begin = in_year(entry.begin, year)
    return begin, begin + (entry.end - entry.begin)
