"""Zones: the same local hour of other days and weeks.

In:  moments (ms UTC), the name of a zone.
Out: the moments at which clocks there showed the same, so many hours of clock time before.

A local hour that does not exist is the next one, one that comes twice is the first.
"""

from __future__ import annotations

from bisect import bisect_left
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from stream.changes.panes import DAY_MS, HOUR_MS, SECOND_MS

Ints = NDArray[np.int64]

_YEAR_MS: Final = 366 * DAY_MS
_STEP_MS: Final = 7 * DAY_MS  # no zone changes its clocks twice within a week


class Zone:
    """A zone's clock over the years around some moments."""

    def __init__(self, name: str, year: int) -> None:
        info = ZoneInfo(name)
        first, last = (_ms(datetime(year + more, 1, 1, tzinfo=UTC)) for more in (-1, 3))
        changes, offsets = [], [_offset(info, first)]
        for begin in range(first, last, _STEP_MS):
            end = begin + _STEP_MS
            if _offset(info, end) != offsets[-1]:
                seconds = range(begin // SECOND_MS, end // SECOND_MS)
                at = seconds[bisect_left(seconds, True, key=partial(_has_changed, info, offsets[-1]))]
                changes.append(at * SECOND_MS)
                offsets.append(_offset(info, end))
        self._changes: Ints = np.array(changes, np.int64)
        self._offsets: Ints = np.array(offsets, np.int64)
        # from which local time on the clock of after a change is meant: behind the hour that is missing or comes twice
        self._locals: Ints = self._changes + np.maximum(self._offsets[:-1], self._offsets[1:])

    def local(self, moments_ms: Ints) -> Ints:
        """Give what clocks show, as if it were UTC."""
        at: Ints = moments_ms + self._offsets[np.searchsorted(self._changes, moments_ms, side="right")]
        return at

    def utc(self, local_ms: Ints) -> Ints:
        """Give the moments at which clocks show this."""
        at: Ints = local_ms - self._offsets[np.searchsorted(self._locals, local_ms, side="right")]
        return at

    def before(self, moments_ms: Ints, hours: int) -> Ints:
        """Give the moments at which clocks showed the same, so many hours of clock time before."""
        if not len(self._changes):
            return moments_ms - hours * HOUR_MS
        return self.utc(self.local(moments_ms) - hours * HOUR_MS)


@cache
def _of_year(name: str, year: int) -> Zone:
    return Zone(name, year)


def zone(name: str, moment_ms: int) -> Zone:
    """Give the clock of a zone around a moment: from the year before it to the end of the next.

    >>> berlin = zone("Europe/Berlin", 1_774_836_000_000)          # 30 March 2026, 2 h UTC: a day after the change
    >>> moments = np.array([1_774_836_000_000])
    >>> int(berlin.before(moments, 7 * 24)[0] - moments[0]) // HOUR_MS
    -167
    """
    return _of_year(name, 1970 + moment_ms // (_YEAR_MS - DAY_MS * 3 // 4))


def local_minute(name: str, moment_ms: int) -> int:
    """Give the minute of the local day."""
    at = datetime.fromtimestamp(moment_ms / SECOND_MS, ZoneInfo(name))
    return at.hour * 60 + at.minute


def utc_of(name: str, local: datetime) -> int:
    """Give the moment of a local time without a zone."""
    return _ms(local.replace(tzinfo=ZoneInfo(name)))


def _has_changed(info: ZoneInfo, old: int, second: int) -> bool:
    return _offset(info, second * SECOND_MS) != old


def _offset(info: ZoneInfo, moment_ms: int) -> int:
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=moment_ms)
    offset = at.astimezone(info).utcoffset() or timedelta()
    return offset // timedelta(milliseconds=1)


def _ms(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
