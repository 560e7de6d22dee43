"""LinkedIn Ads: rows of its ad analytics, as loaders write them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

import msgspec

from stream.sources.about import About
from stream.sources.definition import Definition
from stream.sources.events import Event
from stream.sources.faults import Unfit
from stream.sources.moments import day, day_end
from stream.sources.preset import Mapping, Preset
from stream.sources.totals import bare, count, number, plain, split, told, totals
from stream.sources.values import micros, text
from stream.sources.wire.wire import Shape


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """The currency of your account, and which columns are your clicks and conversions, by LinkedIn's names."""

    currency: str = ""
    clicks: str = "clicks"
    conversions: tuple[str, ...] = ("externalWebsiteConversions", "oneClickLeads")
    splits: tuple[str, ...] = ()


#: What a urn is of → the field that it is.
_URNS: Final = {"sponsoredCampaign": "campaign_id", "sponsoredCreative": "ad_id"}


def mapping(options: Options, definition: Definition) -> Mapping:
    """Make the mapping of a definition."""
    zone, currency = definition.zone, options.currency or None
    clicks, wanted = bare(options.clicks), tuple(map(bare, options.conversions))
    splits = tuple(map(bare, options.splits))

    def read(record: Any, about: About) -> Iterator[Event]:
        row = plain(record)
        first, last = _days(row)
        of = _of(row)
        whose = {
            "platform": "linkedin",
            "channel_type": "social",
            **{name: of.get(name) for name in ("campaign_id", "ad_id")},
            "segment": split({**row, "": of.get("segment")}, ("", *splits)),
            "period_start": day(first, zone),
            "period_end": day_end(last, zone),
        }
        conversions = _sum(row, wanted)
        if conversions is not None and currency is not None:
            value = number(row.get("conversionvalueinlocalcurrency"))
            conversions |= {"conversion_value": value, "currency": currency}
        yield from totals(
            about,
            row,
            whose,
            {
                "impression": count(row, "impressions"),
                "click": count(row, clicks),
                "spend": _spend(row, currency),
                "conversion": conversions,
            },
        )

    return read


def _days(row: dict[str, Any]) -> tuple[Any, Any]:
    """Give the first and the last day of a row's period, both of it."""
    if "daterangestartyear" in row:
        first, last = _day(row, "daterangestart"), _day(row, "daterangeend")
    else:
        first, last = told(row, "startdate", "day", "date"), row.get("enddate")
    return first, first if last is None else last


def _day(row: dict[str, Any], edge: str) -> date | None:
    parts = [row.get(f"{edge}{name}") for name in ("year", "month", "day")]
    if None in parts:
        return None
    try:
        return date(*parts)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        raise Unfit("year, month and day of a date") from None


def _of(row: dict[str, Any]) -> dict[str, str]:
    """Tell campaign and creative, by the urns of the pivot or by columns; another pivot splits the row."""
    found: dict[str, str] = {}
    pivots = row.get("pivotvalues") or row.get("stringofpivotvalues") or row.get("pivotvalue")
    for urn in pivots if pivots.__class__ is list else str(pivots or "").split(","):
        kind, _, name = str(urn).removeprefix("urn:li:").rpartition(":")
        if name:
            field = _URNS.get(kind, "segment")
            found.setdefault(field, name if field != "segment" else str(urn))
    for field, columns in (
        ("campaign_id", ("campaignid", "sponsoredcampaign")),
        ("ad_id", ("creativeid", "sponsoredcreative")),
    ):
        if (said := text(told(row, *columns))) is not None:
            found.setdefault(field, said.rpartition(":")[2])
    if "campaign_id" not in found and "ad_id" in found:
        # a pivot by creative names no campaign, and the numbers of both may be the same
        found["campaign_id"] = f"creative-{found['ad_id']}"
    return found


def _spend(row: dict[str, Any], currency: str | None) -> dict[str, Any] | None:
    local, dollars = row.get("costinlocalcurrency"), row.get("costinusd")
    if currency is not None and (spent := micros(local)) is not None:
        return {"cost_micros": spent, "currency": currency}
    if (spent := micros(dollars)) is not None:
        return {"cost_micros": spent, "currency": "USD"}
    if (spent := micros(local)) is not None:
        return {"cost_micros": spent, "currency": None}
    return None


def _sum(row: dict[str, Any], columns: tuple[str, ...]) -> dict[str, Any] | None:
    said = [found for name in columns if (found := count(row, name)) is not None]
    return {"count": sum(each["count"] for each in said)} if said else None


PRESET: Final = Preset(
    name="linkedin_ads",
    title="LinkedIn Ads: rows of its ad analytics by campaign or creative, of the API, of Airbyte or of Fivetran",
    kinds=("ad",),
    options=Options,
    mapping=mapping,
    shape=Shape(unwrap=("connect", "in:_airbyte_data"), each="elements"),
    facts=(
        "learn.microsoft.com/linkedin/marketing/integrations/ads-reporting: dateRange, pivotValues, costs, conversions",
        "github.com/airbytehq/airbyte, source-linkedin-ads: responses of its tests; start_date, end_date of its schema",
        "github.com/fivetran/dbt_linkedin_source, integration_tests/seeds: columns of ad_analytics_by_creative",
    ),
    unconfirmed="names of Fivetran's columns by campaign; that days of a report are those of UTC",
    notes=(
        "With the option currency cost is that in the account's currency, without it that in US dollars.",
        "Rows by creative name no campaign: the campaign is then creative-NUMBER.",
        "Map rows of one pivot: campaigns and creatives both have all of the money.",
        "Conversions are those of the site and forms that were sent on LinkedIn; choose columns by conversions.",
    ),
    example_options={"currency": "EUR"},
    example=(
        {
            "elements": [
                {
                    "clicks": 100, "impressions": 19090, "pivotValues": ["urn:li:sponsoredCampaign:1111"],
                    "costInUsd": "209.449", "costInLocalCurrency": "190.40", "externalWebsiteConversions": 2,
                    "oneClickLeads": 1, "conversionValueInLocalCurrency": "90.5",
                    "dateRange": {
                        "start": {"month": 2, "day": 28, "year": 2026}, "end": {"month": 2, "day": 28, "year": 2026},
                    },
                },
            ],
        },
        {
            "start_date": "2026-02-28", "end_date": "2026-02-28", "pivotValues": ["urn:li:sponsoredCreative:456"],
            "impressions": 1000, "clicks": 4, "costInLocalCurrency": "10.5",
            "_airbyte_extracted_at": "2026-03-01T03:00:00Z",
        },
    ),
)  # fmt: skip
