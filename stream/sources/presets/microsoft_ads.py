"""Microsoft Advertising (Bing Ads): rows of its performance reports, as loaders write them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from stream.sources.about import About
from stream.sources.definition import Definition
from stream.sources.events import Event
from stream.sources.faults import Unfit
from stream.sources.moments import clock, day, day_end, to_ms, unix_ms
from stream.sources.preset import Mapping, Preset
from stream.sources.totals import bare, count, number, plain, split, told, totals
from stream.sources.values import micros, text
from stream.sources.wire.wire import Shape


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """The currency of rows that name none, what distributions are called, and what else splits your rows."""

    currency: str = ""
    channels: dict[str, str] = {}
    conversions: tuple[str, ...] = ("ConversionsQualified", "Conversions")
    revenue: str = "Revenue"
    splits: tuple[str, ...] = ()


#: AdDistribution, else CampaignType.
CHANNELS: Final = {
    "Search": "search",
    "Search & content": "search",
    "Dynamic search": "search",
    "Audience": "display",
    "Content": "display",
}
#: Attributes of a report: each that is in it makes rows of its own.
_SPLITS: Final = tuple(
    map(
        bare,
        (
            "AdDistribution", "BidMatchType", "DeliveredMatchType", "DeviceOS", "DeviceType", "Network", "TopVsOther",
            "BudgetAssociationStatus", "BudgetName", "Language", "KeywordId", "Goal", "GoalType",
        ),
    )
)  # fmt: skip
_HOUR: Final = re.compile(r"(\d{4}-\d{2}-\d{2})\|(\d{1,2})")
_HOUR_MS: Final = 3_600_000


def mapping(options: Options, definition: Definition) -> Mapping:
    """Make the mapping of a definition."""
    zone, channels = definition.zone, CHANNELS | options.channels
    conversions, revenue = tuple(map(bare, options.conversions)), bare(options.revenue)
    splits = (*_SPLITS, *map(bare, options.splits))

    def read(record: Any, about: About) -> Iterator[Event]:
        row = plain(record)
        currency = told(row, "currencycode") or options.currency or None
        start, end = _period(told(row, "timeperiod", "date", "gregoriandate"), zone)
        whose = {
            "platform": "microsoft",
            "channel_type": channels.get(str(told(row, "addistribution", "campaigntype"))),
            "campaign_id": text(told(row, "campaignid")),
            "ad_group_id": text(told(row, "adgroupid")),
            "ad_id": text(told(row, "adid")),
            "segment": split(row, splits),
            "period_start": start,
            "period_end": end,
        }
        spent = micros(told(row, "spend"))
        converted = count(row, *conversions)
        if converted is not None:
            converted |= {"conversion_value": number(row.get(revenue)), "currency": currency}
        yield from totals(
            about,
            row,
            whose,
            {
                "impression": count(row, "impressions"),
                "click": count(row, "clicks"),
                "spend": None if spent is None else {"cost_micros": spent, "currency": currency},
                "conversion": converted,
            },
        )

    return read


def _period(said: Any, zone: str) -> tuple[str | None, str | None]:
    """Give the edges of a day, or of an hour as reports write it: 2026-02-28|16, or a time."""
    if said is None:
        return None, None
    if said.__class__ is str:
        if (hour := _HOUR.fullmatch(said)) is not None:
            said = f"{hour[1]} {int(hour[2]):02d}:00:00"
        if len(said) > 10:
            return _hour(said, zone)
        if "/" in said:
            said = _american(said)
    return day(said, zone), day_end(said, zone)


def _hour(said: str, zone: str) -> tuple[str | None, str | None]:
    start_ms = to_ms(clock(said, zone))
    if start_ms is None:
        return None, None
    return unix_ms(start_ms), unix_ms(start_ms + _HOUR_MS)


def _american(said: str) -> str:
    """Read a day of a report that was asked for without a format: month, day, year."""
    try:
        return datetime.strptime(said, "%m/%d/%Y").replace(tzinfo=UTC).strftime("%Y-%m-%d")
    except ValueError:
        raise Unfit("a day such as 2026-02-28 or 2/28/2026") from None


PRESET: Final = Preset(
    name="microsoft_ads",
    title="Microsoft Advertising: a row a day or hour and campaign, group or ad, by its names or those of Fivetran",
    kinds=("ad",),
    options=Options,
    mapping=mapping,
    shape=Shape(unwrap=("connect", "in:_airbyte_data")),
    facts=(
        "github.com/MicrosoftDocs/Advertising, reporting-service/campaignperformancereportcolumn.md: columns, splits",
        "learn.microsoft.com/advertising/reporting-service/reportaggregation: days as yyyy-mm-dd",
        "github.com/airbytehq/airbyte, source-bing-ads: records of its tests, hours as times",
        "github.com/fivetran/dbt_microsoft_ads_source, integration_tests/seeds: columns of its daily tables",
    ),
    unconfirmed=(
        "which values of AdDistribution and CampaignType are which channel; days written as 2/28/2026 and hours as "
        "2026-02-28|16; that no number has a separator of thousands"
    ),
    notes=(
        "zone is that of the account: days of the report begin in it.",
        "Rows without CurrencyCode need the option currency; without either spend is a dead letter.",
        "Map rows of one level, campaigns or groups or ads, and of one aggregation: days or hours, no weeks.",
        "Ask for ConversionsQualified, which may have parts: Conversions is given up, and 0 since 2022.",
    ),
    example=(
        {
            "AccountId": "180519267", "AdDistribution": "Search", "CampaignId": "531016227", "Clicks": "4",
            "Conversions": "1", "ConversionsQualified": "1.5", "CurrencyCode": "USD", "DeviceType": "Computer",
            "Impressions": "120", "Network": "Microsoft sites and select traffic", "Revenue": "90.5",
            "Spend": "12.34", "TimePeriod": "2026-02-28",
        },
        {
            "date": "2026-02-28", "campaign_id": 531016227, "ad_group_id": 77, "currency_code": "USD", "spend": 1.5,
            "clicks": 2, "impressions": 30, "device_type": "Smartphone", "_fivetran_synced": "2026-03-01 02:00:00",
        },
    ),
)  # fmt: skip
