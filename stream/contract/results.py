"""Results: readings as values on the result topic, and as rows that a replay prints.

In:  readings.
Out: JSON with the fields in one fixed order, times in RFC 3339 with milliseconds, numbers unrounded.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec
import orjson

from stream.contract.readings import Reading
from stream.contract.times import format_ms

time_text = lru_cache(maxsize=4_096)(format_ms)  # one moment is shared by thousands of readings


def time_or_none(moment_ms: int | None) -> str | None:
    """Write a moment, or nothing for none."""
    return None if moment_ms is None else time_text(moment_ms)


def row(reading: Reading) -> dict[str, Any]:
    """Give a reading as the table of its fields, in the order of the contract; the last ones only some have."""
    beside: dict[str, Any] = {"maturity": reading.maturity, "restated": reading.restated}
    if reading.verdict is not None:
        beside["verdict"] = msgspec.to_builtins(reading.verdict)
    return {
        "metric": reading.metric,
        "labels": reading.labels,
        "window": reading.window,
        "value": reading.value,
        "numerator": reading.numerator,
        "denominator": reading.denominator,
        "n": reading.n,
        "window_start": time_or_none(reading.window_start_ms),
        "window_end": time_or_none(reading.window_end_ms),
        "as_of": time_text(reading.as_of_ms),
        "complete": reading.complete,
        "data_since": time_or_none(reading.data_since_ms),
        "seq": reading.seq,
        "catalog_version": reading.catalog_version,
        **{name: value for name, value in beside.items() if value is not None},
    }


def encode(reading: Reading) -> bytes:
    """Write a record's value."""
    return orjson.dumps(row(reading))
