"""Times: RFC 3339 outside, integer milliseconds UTC inside.

In:  a text of the contract's grammar, or milliseconds since 1970.
Out: the other of the two; what is finer than a millisecond is cut off.

The grammar: date, `T`, time with seconds and at most nine digits of a fraction, `Z` or an offset in hours
and minutes. Second 60 is taken only where a leap second can be (23:59 UTC) and belongs to the last
millisecond of its minute, so that it stays on its own day.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

DAY_MS: Final = 86_400_000
YEAR_2000_MS: Final = 946_684_800_000

#: The grammar from year 2000 on as a regular expression that JSON Schema takes; the days of a month are not
# in it.
TIME_PATTERN: Final = (
    "^[2-9][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])[Tt]([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)"
    "([.][0-9]{1,9})?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
)

_GRAMMAR: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?"
    r"(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))"
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
# the calendar of Python begins in year 1: a year 0 is read in the same place of the 400-year cycle
_CYCLE_YEARS: Final = 400
#: The first and the last moment that can be written: years 1 and 9999.
FIRST_MS: Final = -62_135_596_800_000
LAST_MS: Final = 253_402_300_799_999
_CYCLE_MS: Final = 146_097 * DAY_MS


@lru_cache(maxsize=4_096)  # ad totals name the same few periods over and over
def parse_ms(text: str) -> int | None:
    """Read one time as milliseconds since 1970, or None if it is not one.

    >>> parse_ms("2025-01-31T10:00:00.1239Z"), parse_ms("2025-01-31T11:00:00+01:00")
    (1738317600123, 1738317600000)
    """
    match = _GRAMMAR.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = map(int, match.group(1, 2, 3, 4, 5, 6))
    fraction, sign, offset_h, offset_min = match.group(7, 8, 9, 10)
    shift_min = 0
    if sign is not None:
        if int(offset_h) > 23 or int(offset_min) > 59:
            return None
        shift_min = (int(offset_h) * 60 + int(offset_min)) * (-1 if sign == "-" else 1)
    millis = int(fraction[:3].ljust(3, "0")) if fraction else 0
    if second == 60:
        if (hour * 60 + minute - shift_min) % 1_440 != 1_439:
            return None
        second, millis = 59, 999
    cycles = 1 if year < _CYCLE_YEARS else 0
    try:
        local = datetime(year + cycles * _CYCLE_YEARS, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    whole_ms = (local - _EPOCH) // _MILLISECOND
    return whole_ms + millis - shift_min * 60_000 - cycles * _CYCLE_MS


def is_time(text: str) -> bool:
    """Tell whether a text is a time that the contract takes: from year 2000 on."""
    time_ms = parse_ms(text)
    return time_ms is not None and time_ms >= YEAR_2000_MS


def format_ms(time_ms: int) -> str:
    """Write milliseconds since 1970 as RFC 3339 in UTC, with three digits of a fraction.

    A record's time can be any number; what no text of the grammar can say is written as the nearest that one can.

    >>> format_ms(1738317600123)
    '2025-01-31T10:00:00.123Z'
    """
    day, rest = divmod(min(max(time_ms, FIRST_MS), LAST_MS), DAY_MS)
    minutes, millis = divmod(rest, 60_000)
    return f"{_date(day)}T{minutes // 60:02d}:{minutes % 60:02d}:{millis // 1_000:02d}.{millis % 1_000:03d}Z"


@lru_cache(maxsize=4_096)
def _date(day: int) -> str:
    """Write the date of a day since 1970: a fifth of the time of writing each moment anew."""
    return (_EPOCH + timedelta(days=day)).strftime("%Y-%m-%d").rjust(10, "0")
