"""Told: readings out of lines, as a replay prints them or a consumer of `leadpulse.metrics` writes them down.

In:  lines of NDJSON, in order of `seq`.
Out: moments: what was told at each, and when that was; or an InputError that names the line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import msgspec

from stream.contract.readings import Reading
from stream.contract.times import parse_ms
from stream.errors import InputError

_DO: Final = (
    "Take what `leadpulse replay --every 1h --format ndjson` prints, or records of leadpulse.metrics, in order."
)


class Moment(NamedTuple):
    """All that was told with one number; a figure that is not among it stands as it was."""

    at_ms: int
    readings: list[Reading]
    line: int  # the first


class _Line(msgspec.Struct):
    metric: str | None = None
    labels: dict[str, str] = {}
    window: str | None = None
    value: int | float | None = None
    numerator: int | float | None = None
    denominator: int | float | None = None
    n: int | float | None = None
    window_start: str | None = None
    window_end: str | None = None
    as_of: str = ""
    complete: bool = False
    data_since: str | None = None
    seq: int = 0
    catalog_version: str = ""


_line = msgspec.json.Decoder(_Line).decode


def moments(lines: Iterable[bytes], origin: str) -> Iterator[Moment]:
    """Give moments in order; their numbers must rise. Lines without a metric, such as an account, are passed over."""
    current: list[Reading] = []
    first = at_ms = seq = 0
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        reading = _read(line, f"{origin}, line {number}")
        if reading is None:
            continue
        if current and reading.seq != seq:
            yield Moment(at_ms, current, first)
            if reading.seq < seq:
                what = f"Readings are not in order: seq {reading.seq} comes after {seq}."
                raise InputError(what, where=f"{origin}, line {number}", do=_DO)
            current = []
        if not current:
            first = number
        seq, at_ms = reading.seq, max(at_ms, reading.as_of_ms)
        current.append(reading)
    if current:
        yield Moment(at_ms, current, first)


def is_reading(line: bytes) -> bool:
    """Tell whether a line is a reading, and not an event.

    >>> is_reading(b'{"metric": "visitors"}'), is_reading(b'{"type": "page_view"}')
    (True, False)
    """
    try:
        return _line(line).metric is not None
    except msgspec.DecodeError:
        return False


def _read(line: bytes, where: str) -> Reading | None:
    try:
        one = _line(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"This is no reading: {error}.", where=where, do=_DO) from None
    if one.metric is None:
        return None
    as_of_ms = parse_ms(one.as_of)
    if as_of_ms is None:
        raise InputError(f"as_of is no time: {one.as_of!r}.", where=where, do=_DO)
    return Reading(
        one.metric, one.labels, one.window, one.value, one.numerator, one.denominator, one.n, _ms(one.window_start),
        _ms(one.window_end), as_of_ms, one.complete, _ms(one.data_since), one.seq, one.catalog_version,
    )  # fmt: skip


def _ms(text: str | None) -> int | None:
    return None if text is None else parse_ms(text)
