"""Results: readings as values on the result topic, and as rows that a replay prints.

In:  readings.
Out: JSON with the fields in one fixed order, times in RFC 3339 with milliseconds, numbers unrounded; and back.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec
import orjson

from stream.contract.alert import Verdict
from stream.contract.readings import Reading
from stream.contract.times import format_ms, parse_ms

time_text = lru_cache(maxsize=4_096)(format_ms)  # one moment is shared by thousands of readings


def time_or_none(moment_ms: int | None) -> str | None:
    """Write a moment, or nothing for none."""
    return None if moment_ms is None else time_text(moment_ms)


def row(reading: Reading) -> dict[str, Any]:
    """Give a reading as the table of its fields, in the order of the contract; the last ones only some have."""
    start_ms, end_ms, since_ms = reading.window_start_ms, reading.window_end_ms, reading.data_since_ms
    out: dict[str, Any] = {
        "metric": reading.metric,
        "labels": reading.labels,
        "window": reading.window,
        "value": reading.value,
        "numerator": reading.numerator,
        "denominator": reading.denominator,
        "n": reading.n,
        "window_start": None if start_ms is None else time_text(start_ms),
        "window_end": None if end_ms is None else time_text(end_ms),
        "as_of": time_text(reading.as_of_ms),
        "complete": reading.complete,
        "data_since": None if since_ms is None else time_text(since_ms),
        "seq": reading.seq,
        "catalog_version": reading.catalog_version,
    }
    if reading.maturity is not None:
        out["maturity"] = reading.maturity
    if reading.restated is not None:
        out["restated"] = reading.restated
    if reading.verdict is not None:
        out["verdict"] = msgspec.to_builtins(reading.verdict)
    return out


def fitting(text: bytes) -> bytes:
    """Give a copy that is as large as it is long: the encoder's own takes ten times as much."""
    return bytes(memoryview(text))


def encode(reading: Reading) -> bytes:
    """Write a record's value, in bytes that are as many as are needed.

    Most readings of a publication differ in labels and numbers alone: what else they say is written once for all.
    """
    if reading.maturity is not None or reading.restated is not None or reading.verdict is not None:
        return fitting(orjson.dumps(row(reading)))
    metric, window = _named(reading.metric, reading.window)
    numbers = orjson.dumps((reading.value, reading.numerator, reading.denominator, reading.n))
    value, numerator, denominator, n = numbers[1:-1].split(b",")
    rest = _rest(
        reading.window_start_ms, reading.window_end_ms, reading.as_of_ms, reading.complete, reading.data_since_ms,
        reading.seq, reading.catalog_version,
    )  # fmt: skip
    return b'%b%b%b%b,"numerator":%b,"denominator":%b,"n":%b,%b' % (
        metric, orjson.dumps(reading.labels), window, value, numerator, denominator, n, rest,
    )  # fmt: skip


@lru_cache(maxsize=4_096)
def _named(metric: str, window: str | None) -> tuple[bytes, bytes]:
    """Write what stands before the labels of a reading, and what stands between them and its value."""
    return b'{"metric":%b,"labels":' % orjson.dumps(metric), b',"window":%b,"value":' % orjson.dumps(window)


@lru_cache(maxsize=256)
def _rest(
    start_ms: int | None, end_ms: int | None, as_of_ms: int, complete: bool, since_ms: int | None, seq: int,
    version: str,
) -> bytes:  # fmt: skip
    """Write what stands behind the numbers of a reading, without what begins an object."""
    return orjson.dumps({
        "window_start": time_or_none(start_ms),
        "window_end": time_or_none(end_ms),
        "as_of": time_text(as_of_ms),
        "complete": complete,
        "data_since": time_or_none(since_ms),
        "seq": seq,
        "catalog_version": version,
    })[1:]  # fmt: skip


class _Row(msgspec.Struct):
    metric: str
    labels: dict[str, str]
    window: str | None
    value: int | float | None
    numerator: int | float | None
    denominator: int | float | None
    n: int | float | None
    window_start: str | None
    window_end: str | None
    as_of: str
    complete: bool
    data_since: str | None
    seq: int
    catalog_version: str
    maturity: float | None = None
    restated: bool | None = None
    verdict: Verdict | None = None


_row = msgspec.json.Decoder(_Row).decode
_moment = lru_cache(maxsize=4_096)(parse_ms)


def decode(value: bytes) -> Reading:
    """Read a record's value back; raises ValueError on one that is none."""
    one = _row(value)
    as_of_ms = _moment(one.as_of)
    if as_of_ms is None:
        raise ValueError("as_of is no time")
    start_ms, end_ms, since_ms = (
        None if text is None else _moment(text) for text in (one.window_start, one.window_end, one.data_since)
    )
    return Reading(
        one.metric, one.labels, one.window, one.value, one.numerator, one.denominator, one.n, start_ms, end_ms,
        as_of_ms, one.complete, since_ms, one.seq, one.catalog_version, one.maturity, one.restated, one.verdict,
    )  # fmt: skip
