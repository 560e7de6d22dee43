"""Told: figures and alerts in words.

In:  numbers, names.  Out: text for people, times as records have them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from stream.catalog import Metric
from stream.contract.alert import AlertRecord, Part


def iso(moment_ms: int) -> str:
    """Write a moment.

    >>> iso(1_795_853_400_000)
    '2026-11-28T08:10:00Z'
    """
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=moment_ms)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def moment_ms(text: str) -> int:
    """Read a moment as records have it.

    >>> moment_ms("2026-11-28T08:10:00Z")
    1795853400000
    """
    return int(datetime.fromisoformat(text).timestamp() * 1_000)


def count(value: float | None) -> str:
    """Write a count.

    >>> count(1234.0), count(12.34), count(None)
    ('1,234', '12.3', 'unknown')
    """
    if value is None:
        return "unknown"
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.1f}"


def value(metric: Metric | None, number: float | None) -> str:
    """Write a value of a metric: shares as per cent.

    >>> from stream.catalog import BY_NAME
    >>> value(BY_NAME["visit_to_lead_ratio"], 0.0213), value(BY_NAME["visitors"], 410)
    ('2.1 %', '410')
    """
    if number is None:
        return "unknown"
    if metric is not None and metric.unit == "ratio":
        per_cent = 100 * number
        return f"{per_cent:.1f} %" if per_cent < 10 else f"{per_cent:.0f} %"
    return f"{number:,.2f}" if metric is not None and metric.unit == "currency" else count(number)


def where(record: AlertRecord) -> str:
    """Write what an alert is about.

    >>> where(AlertRecord(alert="a", site="shop", by="bot", value="b1", state="firing", severity="page", since="",
    ...                   at="", metric=""))
    'shop, bot b1'
    """
    if not record.site:
        return "many sites"
    labels = [f"{by} {one}" for by, one in zip(record.by.split(","), record.value.split(","), strict=False) if by]
    return ", ".join([record.site, *labels])


def parts_in_words(parts: Sequence[Part], missing: float | None) -> str:
    """Say what it comes from."""
    if not parts or not missing:
        return ""
    named = ", ".join(f"{part.by} {part.value} ({count(part.missing)} of {count(abs(missing))})" for part in parts)
    return f"Mostly: {named}."
