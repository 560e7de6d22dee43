"""Outside: money spent beside advertisements, and what others measure.

In:  counted events of costs and signals.
Out: totals of costs, spread over their periods; the last value of each signal.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from stream.reference.adverts import Total
from stream.reference.events import Event, Series, millionths, moment_ms, series

Key = tuple[Any, ...]


class Cost(Total):
    """A cost of a period; what is paid is paid for all of it, whenever that was told."""

    @property
    def end_ms(self) -> int:
        """Give where it ends."""
        return self.stated_end_ms


def cost_of(event: Event) -> tuple[Key, dict[Series, Total]]:
    """Read a cost: what tells its rows apart, and the total."""
    data = event.data
    which = series("_cost_micros", site=data["site_id"], category=data["category"], currency=data["currency"])
    start_ms, end_ms = moment_ms(data["period_start"]), moment_ms(data["period_end"])
    amount, revision = int(data["amount_micros"]), int(data.get("revision") or 0)
    return ("cost", which), {which: Cost(which, start_ms, end_ms, amount, revision, event.at_ms, event.name)}


class Signal(NamedTuple):
    """What a provider measured; the highest is the newest."""

    observed_ms: int
    revision: int
    at_ms: int
    name: str
    value: int

    @property
    def rank(self) -> tuple[int, int, int, str]:
        return self[:4]


def signal_of(event: Event) -> tuple[Series, Signal]:
    """Read a signal."""
    data = event.data
    which = series(data["name"], site=data["site_id"], provider=data["provider"], entity=data["entity"])
    observed_ms, revision = moment_ms(data["observed_at"]), int(data.get("revision") or 0)
    return which, Signal(observed_ms, revision, event.at_ms, event.name, millionths(data["value"]))


def newest(signals: list[Signal]) -> Signal:
    """Give the signal that stands."""
    return max(signals, key=lambda one: one.rank)
