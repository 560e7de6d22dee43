"""Adverts' page of the reference: single events as they are, totals as newer ones leave them.

In:  counted events of advertisements.
Out: marks of single events; what totals say of a window; until when a figure is known.

Amounts are millionths: of money, and of counts, since platforms report parts of a conversion.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final, NamedTuple

from stream.reference.events import MILLION, Event, Mark, Series, millionths, moment_ms, series, worth

COUNTS: Final = {"impression": "ad_impressions", "click": "ad_clicks", "conversion": "ad_conversions"}
#: What is left of a total below this part of its period is dropped.
LEAST: Final = 100
_APART: Final = (
    "site_id", "platform", "campaign_id", "ad_group_id", "ad_id", "action", "channel_type", "audience_type", "variant",
    "segment",
)  # fmt: skip

Key = tuple[Any, ...]


class Total(NamedTuple):
    """A figure of a period, as one report has it."""

    series: Series
    start_ms: int
    stated_end_ms: int
    amount: int
    revision: int
    at_ms: int
    name: str

    @property
    def end_ms(self) -> int:
        """Give where it ends: what was reported inside its period is of the time up to the report."""
        return min(self.stated_end_ms, self.at_ms) if self.at_ms > self.start_ms else self.stated_end_ms

    def part(self, low_ms: int, high_ms: int) -> int:
        """Give what belongs to a stretch of it: the difference of the floors of its even share."""
        return _floor(self.amount, self.start_ms, self.end_ms, high_ms) - _floor(
            self.amount, self.start_ms, self.end_ms, low_ms
        )


def _floor(amount: int, start_ms: int, end_ms: int, at_ms: int) -> int:
    inside_ms = max(start_ms, min(at_ms, end_ms)) - start_ms
    return amount * inside_ms // (end_ms - start_ms)


def labels_of(data: dict[str, Any]) -> dict[str, str]:
    """Give the labels of an event's figures."""
    return {
        "site": data["site_id"],
        "platform": data["platform"],
        "campaign": data["campaign_id"],
        "channel_type": data.get("channel_type") or "",
        "audience_type": data.get("audience_type") or "",
        "variant": data.get("variant") or "",
    }


def amounts(data: dict[str, Any]) -> dict[Series, int]:
    """Give what an event adds to which series."""
    labels = labels_of(data)
    if data["action"] == "spend":
        return {series("_spend_micros", **labels, currency=data["currency"]): int(data["cost_micros"])}
    count = data.get("count")
    out = {series(f"_{COUNTS[data['action']]}", **labels): MILLION if count is None else millionths(count)}
    money = worth(data, "conversion_value") if data["action"] == "conversion" else None
    if money is not None:
        out[series("_conversion_micros", **labels, currency=money[1])] = money[0]
    return out


def is_total(data: dict[str, Any]) -> bool:
    """Tell a total of a period from a single event."""
    return data.get("period_start") is not None and data.get("period_end") is not None


def singles(event: Event) -> list[Mark]:
    """Mark a single event."""
    return [Mark(which, event.at_ms, amount) for which, amount in amounts(event.data).items()]


def total_key(data: dict[str, Any]) -> Key:
    """Give what tells the rows of a report apart; currency only for money that was spent."""
    apart = tuple(data.get(name) or "" for name in _APART)
    return (*apart, data["currency"] if data["action"] == "spend" else "")


def totals(event: Event) -> dict[Series, Total]:
    """Read a total, one a series."""
    data = event.data
    start_ms, end_ms = moment_ms(data["period_start"]), moment_ms(data["period_end"])
    revision = int(data.get("revision") or 0)
    return {
        which: Total(which, start_ms, end_ms, amount, revision, event.at_ms, event.name)
        for which, amount in amounts(data).items()
    }


def standing(reports: list[dict[Series, Total]]) -> list[dict[Series, Total]]:
    """Give of the reports of one key those that stand: one a period, the highest (revision, time, name)."""
    best: dict[tuple[int, int], dict[Series, Total]] = {}
    for report in reports:
        row = _any(report)
        period = row.start_ms, row.stated_end_ms
        held = best.get(period)
        if held is None or _rank(row) > _rank(_any(held)):
            best[period] = report
    return list(best.values())


def _any(report: dict[Series, Total]) -> Total:
    return next(iter(report.values()))


def _rank(row: Total) -> tuple[int, int, str]:
    return row.revision, row.at_ms, row.name


def _newer(a: Total, b: Total) -> bool:
    """Tell whether `a` goes before `b`, which is of another period: the later report is right."""
    return (a.at_ms, a.revision, a.name) > (b.at_ms, b.revision, b.name)


def stretches(row: Total, others: list[Total]) -> list[tuple[int, int]]:
    """Give the time of a total that no newer one covers, without what is below a hundredth of it.

    Walks from edge to edge: between two neighbouring edges all is covered, or nothing.
    """
    newer = [other for other in others if _newer(other, row)]
    edges = {row.start_ms, row.end_ms}
    for other in newer:
        edges |= {ms for ms in (other.start_ms, other.end_ms) if row.start_ms < ms < row.end_ms}
    left: list[tuple[int, int]] = []
    ordered = sorted(edges)
    for low, high in pairwise(ordered):
        if not any(other.start_ms <= low and high <= other.end_ms for other in newer):
            if left and left[-1][1] == low:
                left[-1] = left[-1][0], high
            else:
                left.append((low, high))
    if sum(high - low for low, high in left) * LEAST < row.end_ms - row.start_ms:
        return []
    return left


def within(reports: list[dict[Series, Total]], which: Series, start_ms: int, end_ms: int) -> int:
    """Give what the standing reports of one key say of a series in a window.

    Each uncovered stretch of a total holds its part of the amount, spread evenly over it.
    """
    rows = [_any(report) for report in reports]
    amount = 0
    for report in reports:
        row = report.get(which)
        if row is None:
            continue
        for low, high in stretches(row, rows):
            part = row.part(low, high)
            amount += _floor(part, low, high, end_ms) - _floor(part, low, high, start_ms)
    return amount
