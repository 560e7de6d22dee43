"""Adverts' page of the books: single events as they are, totals in their latest revision.

In:  counted events of advertisements.
Out: marks of single events; `Total`s, whose share of a window is asked for by its edges.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from stream.reference.people import Event, Mark, Series, series

COUNTS = {"impression": "ad_impressions", "click": "ad_clicks", "conversion": "ad_conversions"}


class Total(NamedTuple):
    """A figure of a period; the greatest (revision, reported at, id) of a key holds."""

    order: tuple[int, int, str]
    series: Series
    start_ms: int
    end_ms: int
    amount: int

    def until(self, at_ms: int) -> int:
        """Give the part of the amount that belongs before a moment: the floor of its even share."""
        if at_ms <= self.start_ms:
            return 0
        if at_ms >= self.end_ms:
            return self.amount
        return self.amount * (at_ms - self.start_ms) // (self.end_ms - self.start_ms)

    def within(self, start_ms: int, end_ms: int) -> int:
        """Give the part that belongs to a window.

        >>> row = Total((1, 0, ""), ("ad_clicks", ()), 0, 3, 10)
        >>> [row.within(at, at + 1) for at in (0, 1, 2)]
        [3, 3, 4]
        """
        return self.until(end_ms) - self.until(start_ms)


def moment_ms(written: str) -> int:
    """Read an RFC 3339 time of the simulator."""
    return round(datetime.fromisoformat(written).timestamp() * 1000)


def _series(data: dict[str, Any]) -> Series:
    labels = {
        "site": data["site_id"],
        "platform": data["platform"],
        "campaign": data["campaign_id"],
        "channel_type": data.get("channel_type", ""),
        "audience_type": data.get("audience_type", ""),
        "variant": data.get("variant", ""),
    }
    if data["action"] == "spend":
        return series("_spend_micros", **labels, currency=data["currency"])
    return series(COUNTS[data["action"]], **labels)


def _amount(data: dict[str, Any]) -> int:
    return int(data["cost_micros"] if data["action"] == "spend" else data.get("count", 1))


def is_total(data: dict[str, Any]) -> bool:
    """Tell a total of a period from a single event."""
    return all(data.get(name) is not None for name in ("period_start", "period_end", "revision"))


def single(event: Event) -> Mark:
    """Mark a single event."""
    return Mark(_series(event.data), event.at_ms, _amount(event.data))


def total_key(data: dict[str, Any]) -> tuple[Any, ...]:
    """Give what a restated total replaces."""
    names = ("site_id", "platform", "campaign_id", "ad_group_id", "ad_id", "action", "currency")
    period = (moment_ms(data["period_start"]), moment_ms(data["period_end"]))
    return (*(data.get(name, "") for name in names), *period)


def total(event: Event) -> Total:
    """Read a total."""
    data = event.data
    order = (int(data["revision"]), event.at_ms, event.event_id)
    return Total(order, _series(data), moment_ms(data["period_start"]), moment_ms(data["period_end"]), _amount(data))
