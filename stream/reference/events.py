"""Events of the reference: what it is told, and the marks that it makes of that.

In:  nothing.
Out: events in their order; marks: (series, moment, n). A window's count is the sum of n over the marks inside it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any, Final, NamedTuple

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS
#: Nobody and nothing is remembered for longer without a sign of life, and who is known for longer than that is.
MEMORY_MS: Final = 35 * DAY_MS
KNOWN_MS: Final = 400 * DAY_MS
UNKNOWN: Final = "unknown"
MILLION: Final = 1_000_000

Labels = tuple[tuple[str, str], ...]
Series = tuple[str, Labels]


class Mark(NamedTuple):
    """`n` for one series at one moment."""

    series: Series
    at_ms: int
    n: int = 1


class Source(NamedTuple):
    """Where an event says its visit came from."""

    channel: str
    campaign: str
    engine: str
    domain: str


class Event(NamedTuple):
    """A counted event; sorts by time, then by source and id, which are its name."""

    at_ms: int
    name: str
    kind: str
    data: dict[str, Any]
    source: Source | None = None

    @property
    def action(self) -> str:
        return str(self.data.get("action", ""))

    @property
    def order(self) -> tuple[int, str]:
        """Give what puts events in order."""
        return self.at_ms, self.name


def series(name: str, **labels: str) -> Series:
    """Name a series; an absent or empty label value is `unknown`.

    >>> series("visitors", site="acme")
    ('visitors', (('site', 'acme'),))
    """
    return name, tuple(sorted((label, value or UNKNOWN) for label, value in labels.items()))


def in_order(events: Iterable[Event]) -> list[Event]:
    """Put events in order."""
    return sorted(events, key=lambda event: event.order)


def first_ms(events: Iterable[Event]) -> int | None:
    """Give the earliest moment; None without events."""
    return min((event.at_ms for event in events), default=None)


def moment_ms(written: str) -> int:
    """Read an RFC 3339 time."""
    return round(datetime.fromisoformat(written.upper()).timestamp() * 1000)


def millionths(amount: Any) -> int:
    """Read a number of units as a whole number of millionths, half to even.

    >>> millionths(19.99), millionths(0.3333333333), millionths(-2)
    (19990000, 333333, -2000000)
    """
    try:
        return int((Decimal(str(amount)) * MILLION).to_integral_value(ROUND_HALF_EVEN))
    except InvalidOperation:
        return 0


def worth(data: dict[str, Any], field: str = "value") -> tuple[int, str] | None:
    """Give an amount of money in millionths and its currency; None where one of the two is not told."""
    if data.get(field) is None or not data.get("currency"):
        return None
    return millionths(data[field]), str(data["currency"])


def spells(events: list[Event], gap_ms: int) -> list[list[Event]]:
    """Cut events in order where more than a gap lies between two of them."""
    cut: list[list[Event]] = []
    for event in events:
        if not cut or event.at_ms - cut[-1][-1].at_ms > gap_ms:
            cut.append([])
        cut[-1].append(event)
    return cut
