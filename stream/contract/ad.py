"""Ad: an ad was shown, clicked, converted or paid.

In:  one envelope a record of the topic `ad`.
Out: its types, rule and keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final, Literal

from msgspec import Meta

from stream.contract.common import Common, Envelope, example
from stream.contract.conditions import given, when
from stream.contract.fields import Amount, Count, Currency, Id, Text, Time, Whole
from stream.contract.kind import Kind
from stream.contract.rules import Fault, Rule
from stream.contract.times import YEAR_2000_MS, parse_ms

AdAction = Literal["impression", "click", "conversion", "spend"]
ChannelType = Literal["search", "display", "social", "video", "retargeting", "organic_social"]


class AdData(Common, gc=False, kw_only=True):
    """A single ad event, or the total of a period (then period_start, period_end and revision, all three)."""

    action: AdAction
    platform: Id
    campaign_id: Id
    channel_type: ChannelType | None = None
    ad_group_id: Text | None = None
    ad_id: Text | None = None
    variant: Text | None = None
    audience_type: Text | None = None
    impression_id: Text | None = None
    click_id: Text | None = None
    count: Count = 1
    period_start: Annotated[Time | None, Meta(description="The period's first moment")] = None
    period_end: Annotated[Time | None, Meta(description="The first moment after the period")] = None
    revision: Annotated[Count | None, Meta(description="A higher one replaces the figure of the period")] = None
    cost_micros: Annotated[Whole | None, Meta(description="Millionths of the currency; required for spend")] = None
    conversion_value: Annotated[Amount | None, Meta(description="What the platform claims")] = None
    currency: Annotated[Currency | None, Meta(description="ISO 4217; required for spend")] = None


class Ad(Envelope, gc=False, kw_only=True):
    """An ad was shown, clicked, converted or paid. Topic ad, key campaign_id."""

    type: Literal["ad"]
    data: AdData


def _suspects(events: Sequence[Ad]) -> list[int]:
    return [
        place
        for place, event in enumerate(events)
        if (data := event.data).action == "spend"
        or data.period_start is not None
        or data.period_end is not None
        or data.revision is not None
    ]


def _fault(data: AdData, newest_ms: int, period_ms: int) -> Fault | None:
    """Ask for the money of a spend, and for the whole of a total's period."""
    if data.action == "spend":
        if data.cost_micros is None:
            return "missing_field", "data.cost_micros"
        if data.currency is None:
            return "missing_field", "data.currency"
    if data.period_start is None and data.period_end is None and data.revision is None:
        return None
    return _fault_of_period(data, newest_ms, period_ms)


def _fault_of_period(data: AdData, newest_ms: int, period_ms: int) -> Fault | None:
    if data.period_start is None:
        return "missing_field", "data.period_start"
    if data.period_end is None:
        return "missing_field", "data.period_end"
    if data.revision is None:
        return "missing_field", "data.revision"
    start_ms, end_ms = parse_ms(data.period_start), parse_ms(data.period_end)
    if start_ms is None or start_ms < YEAR_2000_MS:
        return "bad_time", "data.period_start"
    # a period of any length would let one record fill the windows' memory with its slices
    if end_ms is None or not start_ms < end_ms <= min(start_ms, newest_ms) + period_ms:
        return "bad_time", "data.period_end"
    return None


_PERIOD: Final = ("period_start", "period_end", "revision")
_RULE: Final = Rule(
    _suspects,
    _fault,
    (
        when("action", ["spend"], "cost_micros", "currency"),
        {"if": {"anyOf": [given(name) for name in _PERIOD]}, "then": given(*_PERIOD)},
    ),
)


def _canonical_keys(events: Sequence[Ad]) -> list[str]:
    return [event.data.campaign_id for event in events]


def _row_keys(datas: Sequence[AdData]) -> list[str]:
    # single events are only added up: no row is kept of them
    return [""] * len(datas)


KIND: Final = Kind(
    name="ad",
    struct=Ad,
    canonical_keys=_canonical_keys,
    row_keys=_row_keys,
    key_says="campaign_id",
    rule=_RULE,
    filters_bots=False,
    example=example(
        "ad",
        5,
        "2025-06-15T06:00:00.000Z",
        {
            "action": "spend",
            "platform": "google",
            "campaign_id": "brand",
            "channel_type": "search",
            "period_start": "2025-06-14T00:00:00Z",
            "period_end": "2025-06-15T00:00:00Z",
            "revision": 1,
            "cost_micros": 12_500_000,
            "currency": "EUR",
        },
    ),
)
