"""Ad: an ad was shown, clicked, converted or paid.

In:  one envelope a record of the topic `ad`.
Out: its types, rule and keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final, Literal

from msgspec import field

from stream.contract.codes import CURRENCIES
from stream.contract.common import Common, Envelope, example
from stream.contract.conditions import given, when, word
from stream.contract.fields import PARTS, Amount, Count, Currency, Id, Name, Platform, Revision, Time, Whole, says
from stream.contract.kind import Kind
from stream.contract.periods import EDGES, faults_of_period
from stream.contract.rules import Fault, Moment, Rule
from stream.contract.times import parse_ms

AdAction = Literal["impression", "click", "conversion", "spend"]
ChannelType = Literal["search", "display", "social", "video", "retargeting", "organic_social"]


class AdData(Common, gc=False, kw_only=True):
    """A single ad event, or the total of a period (then period_start and period_end, with a revision)."""

    action: Annotated[AdAction, says("What is counted", "click", strict=True)]
    platform: Annotated[Platform, says("Figures by platform, in lower case", "google")]
    campaign_id: Annotated[Id, says("Figures by campaign", "brand")]
    channel_type: Annotated[ChannelType | None, says("Figures by type of channel; tells totals apart", "search")] = None
    ad_group_id: Annotated[Id | None, says("Tells totals apart", "brand-exact")] = None
    ad_id: Annotated[Id | None, says("Tells totals apart", "ad-3")] = None
    variant: Annotated[Name | None, says("Figures by variant; tells totals apart", "b")] = None
    audience_type: Annotated[Name | None, says("Figures by audience; tells totals apart", "lookalike")] = None
    segment: Annotated[
        Name | None,
        says("Whatever else splits the rows of a report (device, network, …): tells totals apart", "mobile"),
    ] = None
    count_micros: Annotated[
        Count, says("How many: any number, parts and negative adjustments too; a conversion may be shared", 12)
    ] = field(default=PARTS, name="count")
    period_start: Annotated[Time | None, says("The period's first moment", "2025-06-14T00:00:00Z")] = None
    period_end: Annotated[Time | None, says("The first moment after the period", "2025-06-15T00:00:00Z")] = None
    revision: Annotated[
        Revision, says("A higher one replaces the figure of the period; absent: 0, and the newest report stands", 1)
    ] = 0
    cost_micros: Annotated[Whole | None, says("Millionths of the currency; required for spend", 12_500_000)] = None
    conversion_value: Annotated[
        Amount | None, says("What the platform claims for conversions, in units of the currency, of the whole row", 90)
    ] = None
    currency: Annotated[Currency | None, says("ISO 4217 in any case; required for spend", "EUR")] = None


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
        or data.revision
    ]


def _faults(event: Ad, moment: Moment) -> list[Fault]:
    """Ask for the money of a spend, and for the whole of a total's period."""
    data, found = event.data, list[Fault]()
    if data.action == "spend":
        found += [("missing_field", f"data.{name}") for name in _MONEY if getattr(data, name) is None]
    if data.period_start is None and data.period_end is None and not data.revision:
        return found
    missing = [name for name in EDGES if getattr(data, name) is None]
    if missing:
        return [*found, *(("missing_field", f"data.{name}") for name in missing)]
    return [*found, *(faults_of_period(data.period_start, data.period_end, moment) or _reported_before(event, moment))]


def _reported_before(event: Ad, moment: Moment) -> list[Fault]:
    # nobody reports a day before it began: a clock or a zone is wrong, and it would count nothing
    stated_ms, start_ms = parse_ms(event.time), parse_ms(event.data.period_start or "") or 0
    before = stated_ms is not None and min(stated_ms, moment.arrival_ms) <= start_ms
    return [("bad_time", "data.period_start")] if before else []


_MONEY: Final = ("cost_micros", "currency")
_RESTATED: Final = {"properties": {"revision": {"type": "number", "exclusiveMinimum": 0}}, "required": ["revision"]}
_RULE: Final = Rule(
    _suspects,
    _faults,
    (
        when("action", ["spend"], *_MONEY),
        {**when("action", ["spend"]), "then": {"properties": {"currency": word(CURRENCIES)}}},
        {"if": {"anyOf": [*(given(name) for name in EDGES), _RESTATED]}, "then": given(*EDGES)},
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
    # what is counted here was reported by a program, always
    user_agent="nothing",
    rule=_RULE,
    # for what was paid the currency is no decoration
    rests_on={"spend": ("currency",)},
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
