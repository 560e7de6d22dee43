"""Marks: which windows hold hours that the calendar takes out.

In:  calendar entries, the zones of sites.
Out: for windows that end at some moments, whether they hold a marked moment.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import numpy as np

from stream.changes.panes import DAY_MS
from stream.judge.history import Bools, Ints
from stream.judge.settings import EVERY, CalendarEntry, Settings
from stream.judge.zones import utc_of


class Spans:
    """Marked spans, joined where they touch, in order."""

    def __init__(self, spans: Iterable[tuple[int, int]]) -> None:
        joined: list[list[int]] = []
        for begin, end in sorted(spans):
            if joined and begin <= joined[-1][1]:
                joined[-1][1] = max(joined[-1][1], end)
            elif end > begin:
                joined.append([begin, end])
        self._begins: Ints = np.array([begin for begin, _ in joined], np.int64)
        self._ends: Ints = np.array([end for _, end in joined], np.int64)

    def __bool__(self) -> bool:
        return len(self._begins) > 0

    def held(self, begins_ms: Ints, ends_ms: Ints) -> Bools:
        """Say of each window [begin, end) whether it holds a marked moment.

        >>> Spans([(10, 20), (15, 30)]).held(np.array([0, 5, 29, 30]), np.array([10, 11, 40, 40])).tolist()
        [False, True, True, False]
        """
        if not self:
            return np.zeros(len(ends_ms), np.bool_)
        first = np.searchsorted(self._ends, begins_ms, side="right")
        return (first < len(self._ends)) & (self._begins[np.minimum(first, len(self._ends) - 1)] < ends_ms)


class Marks:
    """What the calendar takes out, by site and metric, in the years around a moment."""

    def __init__(self, settings: Settings, around_ms: int) -> None:
        self._settings = settings
        self._year = _year(around_ms)
        self._known: dict[tuple[str, str], Spans] = {}
        self.any = bool(settings.calendar)

    def fits(self, moment_ms: int) -> bool:
        """Say whether a moment is of the same year."""
        return _year(moment_ms) == self._year

    def spans(self, site: str, metric: str) -> Spans:
        """Give the marked spans of a metric of a site."""
        known = self._known.get((site, metric))
        if known is None:
            mine = [entry for entry in self._settings.calendar if _is_of(entry, site, metric)]
            zone = self._settings.zone(site)
            known = Spans(
                (utc_of(zone, begin), utc_of(zone, end)) for entry in mine for begin, end in self._times(entry)
            )
            self._known[site, metric] = known
        return known

    def names(self, site: str, metric: str, begin_ms: int, end_ms: int) -> tuple[str, ...]:
        """Name the entries that a window holds some of."""
        zone = self._settings.zone(site)
        return tuple(
            entry.name or entry.kind
            for entry in self._settings.calendar
            if _is_of(entry, site, metric)
            and any(utc_of(zone, a) < end_ms and begin_ms < utc_of(zone, b) for a, b in self._times(entry))
        )

    def _times(self, entry: CalendarEntry) -> list[tuple[datetime, datetime]]:
        if not entry.yearly:
            return [(entry.begin, entry.end)]
        lasts = entry.end - entry.begin
        years = range(self._year - 2, self._year + 2)
        begins = [in_year(entry.begin, year) for year in years]
        return [(begin, begin + lasts) for begin in begins]


def _year(moment_ms: int) -> int:
    return 1970 + moment_ms // (365 * DAY_MS + DAY_MS // 4)


def _is_of(entry: CalendarEntry, site: str, metric: str) -> bool:
    return (entry.sites == EVERY or site in entry.sites) and (not entry.metrics or metric in entry.metrics)


def in_year(at: datetime, year: int) -> datetime:
    """Give the same date of another year; 29 February is 1 March where there is none."""
    try:
        return at.replace(year=year)
    except ValueError:
        return at.replace(year=year, month=3, day=1)
