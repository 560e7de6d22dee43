"""Moments: times as vendors write them, made those of the contract.

In:  numbers with their unit, texts of a clock with or without a zone, days of a report; None passes through.
Out: RFC 3339 in UTC.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from stream.contract.times import format_ms, parse_ms
from stream.sources.faults import Unfit

#: Year 3000: what lies behind it is a number of another unit.
_MOST_MS: Final = 32_503_680_000_000
_CLOCK: Final = re.compile(
    r"(\d{4})-?(\d{2})-?(\d{2})(?:[ T](\d{2}:\d{2}(?::\d{2})?)(?:[.,](\d{1,9})\d*)?)?\s*(Z|UTC|[+-]\d{2}:?(?:\d{2})?)?"
)


def unix(seconds: Any) -> str | None:
    """Give the time of seconds since 1970, parts of one too.

    >>> unix(1461095246), unix("1534108637.153")
    ('2016-04-19T19:47:26.000Z', '2018-08-12T21:17:17.153Z')
    """
    return None if seconds is None or seconds == "" else _of_ms(_number(seconds) * 1_000)


def unix_ms(millis: Any) -> str | None:
    """Give the time of milliseconds since 1970."""
    return None if millis is None or millis == "" else _of_ms(_number(millis))


def unix_us(micros: Any) -> str | None:
    """Give the time of microseconds since 1970."""
    return None if micros is None or micros == "" else _of_ms(_number(micros) / 1_000)


def clock(value: Any, zone: str = "UTC", form: str = "") -> str | None:
    """Read a time of a day as databases and webhooks write it; `zone` is that of texts that name none.

    `form` is one of strptime's, for whatever else.

    >>> clock("2021-03-03 21:27:32.1"), clock("2026-07-01 12:00:00", "Europe/Berlin")
    ('2021-03-03T21:27:32.1Z', '2026-07-01T10:00:00.000Z')
    >>> clock("Tue, 19 Apr 2016 19:47:26 +0000", form="%a, %d %b %Y %H:%M:%S %z")
    '2016-04-19T19:47:26.000Z'
    """
    if value is None or value == "":
        return None
    if value.__class__ is str:
        if form:
            return _by_form(value, form, zone)
        if len(value) > 19 and value[10] == "T" and value[-1] == "Z" and len(value) <= 30:
            return str(value)
        return _by_clock(value.strip(), zone)
    if isinstance(value, datetime):
        return _text(value if value.tzinfo else value.replace(tzinfo=_zone(zone)))
    if isinstance(value, date):
        return day(value, zone)
    raise Unfit("a number is a time only with its unit")


def to_ms(value: Any) -> int | None:
    """Give a time of the contract in milliseconds, such as a load time for a revision.

    >>> to_ms("2026-03-01T00:00:00Z"), to_ms(1772323200000)
    (1772323200000, 1772323200000)
    """
    if value is None or value == "":
        return None
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return int(_number(value))
    ms = parse_ms(clock(value) or "")
    if ms is None:
        raise Unfit("no time of the form 2026-01-31T10:00:00Z")
    return ms


def day(value: Any, zone: str = "UTC") -> str | None:
    """Give the first moment of a day of a report, in the zone of the account.

    >>> day("2026-03-29", "Europe/Berlin"), day("20260329")
    ('2026-03-28T23:00:00Z', '2026-03-29T00:00:00Z')
    """
    return _edge(value, zone, 0)


def day_end(value: Any, zone: str = "UTC") -> str | None:
    """Give the first moment after a day of a report; days of 23 and 25 hours are what they are.

    >>> day_end("2026-03-29", "Europe/Berlin")
    '2026-03-29T22:00:00Z'
    """
    return _edge(value, zone, 1)


def _edge(value: Any, zone: str, shift: int) -> str | None:
    if value is None or value == "":
        return None
    text = value.strftime("%Y-%m-%d") if isinstance(value, date) else value
    if text.__class__ is not str:
        raise Unfit("no day of the form 2026-01-31")
    return _day_edge(text[:10], zone, shift)


@lru_cache(maxsize=4_096)  # reports name the same few days over and over
def _day_edge(text: str, zone: str, shift: int) -> str:
    try:
        first = date.fromisoformat(text if "-" in text else text[:8]) + timedelta(days=shift)
    except (ValueError, OverflowError):
        raise Unfit("no day of the form 2026-01-31") from None
    edge = datetime(first.year, first.month, first.day, tzinfo=_zone(zone)).astimezone(UTC)
    return edge.strftime("%Y-%m-%dT%H:%M:%SZ")


def _by_clock(text: str, zone: str) -> str:
    found = _CLOCK.fullmatch(text)
    if found is None:
        raise Unfit("no time of the form 2026-01-31T10:00:00Z")
    year, month, number, time, fraction, offset = found.groups()
    time = "00:00:00" if time is None else time if len(time) == 8 else f"{time}:00"
    plain = f"{year}-{month}-{number}T{time}"
    if offset:
        digits = offset[1:].replace(":", "").ljust(4, "0")
        behind = "Z" if offset in ("Z", "UTC") else f"{offset[0]}{digits[:2]}:{digits[2:]}"
        return f"{plain}{f'.{fraction}' if fraction else ''}{behind}"
    if zone == "UTC":
        return f"{plain}{f'.{fraction}' if fraction else ''}Z"
    try:
        local = datetime.fromisoformat(f"{plain}.{(fraction or '0')[:6].ljust(6, '0')}")
    except ValueError:
        raise Unfit("no time that there is") from None
    return _text(local.replace(tzinfo=_zone(zone)))


def _by_form(text: str, form: str, zone: str) -> str:
    try:
        read = datetime.strptime(text, form)  # noqa: DTZ007  # its zone may be in the form
    except ValueError:
        raise Unfit("not a time of the form that was given") from None
    return _text(read if read.tzinfo else read.replace(tzinfo=_zone(zone)))


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise Unfit("no zone of the tz database") from None


def _of_ms(ms: float) -> str:
    if not 0 < ms < _MOST_MS:
        raise Unfit("a time between 1970 and 3000, in this unit")
    return format_ms(round(ms))


def _number(value: Any) -> float:
    if value.__class__ is int or value.__class__ is float:
        return value
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise Unfit("a number")
    try:
        return float(value)
    except ValueError:
        raise Unfit("a number") from None
