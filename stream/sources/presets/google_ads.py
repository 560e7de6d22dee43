"""Google Ads: rows of its reports, as loaders write them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from stream.sources.about import About
from stream.sources.definition import Definition
from stream.sources.events import Event
from stream.sources.moments import day, day_end
from stream.sources.preset import Mapping, Preset
from stream.sources.totals import bare, count, number, plain, split, told, totals
from stream.sources.values import micros, text
from stream.sources.wire.wire import Shape


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """The currency of rows that name none, what kinds of channels are called, and what else splits your rows."""

    currency: str = ""
    channels: dict[str, str] = {}
    splits: tuple[str, ...] = ()


#: Types of campaigns, and networks of rows that do not say the type.
CHANNELS: Final = {
    "SEARCH": "search",
    "SEARCH_PARTNERS": "search",
    "DISPLAY": "display",
    "CONTENT": "display",
    "VIDEO": "video",
    "YOUTUBE": "video",
    "YOUTUBE_SEARCH": "video",
    "YOUTUBE_WATCH": "video",
}
#: Segments that say when, and split nothing that a period does not.
_WHEN: Final = frozenset(f"segments{name}" for name in ("date", "week", "month", "quarter", "year", "dayofweek"))
#: What splits rows where columns have no word before them; the last names all that splits a row.
_SPLITS: Final = ("device", "adnetworktype", "keywordadgroupcriterion", "fivetranid")


def mapping(options: Options, definition: Definition) -> Mapping:
    """Make the mapping of a definition."""
    zone, channels = definition.zone, CHANNELS | options.channels
    splits = (*_SPLITS, *map(bare, options.splits))

    def read(record: Any, about: About) -> Iterator[Event]:
        row = plain(record)
        when = told(row, "segmentsdate", "date")
        currency = told(row, "customercurrencycode", "currencycode") or options.currency or None
        segments = sorted(name for name in row if name.startswith("segments") and name not in _WHEN)
        whose = {
            "platform": "google",
            "channel_type": channels.get(
                str(told(row, "campaignadvertisingchanneltype", "segmentsadnetworktype", "adnetworktype"))
            ),
            **_of(row),
            "segment": split(row, (*segments, *splits)),
            "period_start": day(when, zone),
            "period_end": day_end(when, zone),
        }
        spent = micros(told(row, "metricscostmicros", "costmicros"), "micro")
        conversions = count(row, "metricsconversions", "conversions")
        if conversions is not None:
            value = number(told(row, "metricsconversionsvalue", "conversionsvalue"))
            conversions |= {"conversion_value": value, "currency": currency}
        yield from totals(
            about,
            row,
            whose,
            {
                "impression": count(row, "metricsimpressions", "impressions"),
                "click": count(row, "metricsclicks", "clicks"),
                "spend": None if spent is None else {"cost_micros": spent, "currency": currency},
                "conversion": conversions,
            },
        )

    return read


def _of(row: dict[str, Any]) -> dict[str, str | None]:
    """Tell campaign, group and ad: by their numbers, else by the names of resources, which end in them."""
    campaign, group = _id(told(row, "campaignid", "basecampaign")), _id(told(row, "adgroupid", "adgroup"))
    ad = _id(told(row, "adgroupadadid", "adid"))
    own = _id(row.get("id"))  # of a table of campaigns it is the campaign, of one of groups the group
    if campaign is None:
        campaign = own
    elif group is None and ad is None and own != campaign:
        group = own
    return {"campaign_id": campaign, "ad_group_id": group, "ad_id": ad}


def _id(value: Any) -> str | None:
    found = text(value)
    return None if found is None else found.rpartition("/")[2] or None


PRESET: Final = Preset(
    name="google_ads",
    title="Google Ads: a row a day and campaign, group or ad, by GAQL names or those of Fivetran's tables",
    kinds=("ad",),
    options=Options,
    mapping=mapping,
    shape=Shape(unwrap=("connect", "in:_airbyte_data")),
    facts=(
        "developers.google.com/google-ads/api/fields: campaign.id, segments.*, metrics.cost_micros and others",
        "github.com/fivetran/dbt_google_ads, integration_tests/seeds: columns of ad_stats and campaign_stats",
    ),
    unconfirmed="which networks and types of campaigns are which channel; that _fivetran_id stays in each sync",
    notes=(
        "zone is that of the account: days of the report begin in it.",
        "Rows without customer.currency_code need the option currency; without either spend is a dead letter.",
        "Map rows of one level, campaigns or groups or ads: each level has all of the money.",
        "Every column segments.* but the date splits a total; name others that do in splits.",
    ),
    example_options={"currency": "EUR"},
    example=(
        {
            "campaign.id": 9935249409, "campaign.advertising_channel_type": "SEARCH", "segments.date": "2026-02-28",
            "segments.device": "MOBILE", "customer.currency_code": "USD", "metrics.impressions": 166,
            "metrics.clicks": 49, "metrics.cost_micros": 36150000, "metrics.conversions": 1.5,
            "metrics.conversions_value": 90.5, "_airbyte_extracted_at": 1772356000000,
        },
        {
            "_fivetran_id": "H6V7GPpMfFSGJcU3IdZ+VtmoU0s=", "customer_id": 2121450128, "date": "2026-02-28",
            "_fivetran_synced": "2026-03-01 09:10:11", "ad_network_type": "SEARCH", "device": "MOBILE",
            "id": 9935249410, "clicks": 49, "conversions": 0, "conversions_value": 0, "cost_micros": 36150000,
            "impressions": 166,
        },
    ),
)  # fmt: skip
