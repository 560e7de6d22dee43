"""Meta: rows of Ads Insights of Facebook and Instagram, as loaders write them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec
import orjson

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
    """The currency of rows that name none, which actions are your conversions, and what your columns are called.

    Types of actions overlap, a lead of a form is in `lead` as well: name those that do not. `columns_of` is one of
    campaign_id, adset_id, ad_id, date, impressions, clicks, spend, conversions → your name of it.
    """

    currency: str = ""
    conversions: tuple[str, ...] = ("lead",)
    columns_of: dict[str, str] = {}
    splits: tuple[str, ...] = ()


_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "campaign_id": ("campaignid",),
    "adset_id": ("adsetid",),
    "ad_id": ("adid",),
    "date": ("datestart", "date"),
    "impressions": ("impressions",),
    "clicks": ("inlinelinkclicks", "clicks"),
    "spend": ("spend",),
    "conversions": (),
}
#: What Insights break rows down by.
_SPLITS: Final = (
    "age", "gender", "country", "region", "dma", "publisherplatform", "platformposition", "deviceplatform",
    "impressiondevice", "productid",
)  # fmt: skip


def mapping(options: Options, definition: Definition) -> Mapping:
    """Make the mapping of a definition."""
    zone, wanted = definition.zone, frozenset(options.conversions)
    own = {name: (bare(said),) for name, said in options.columns_of.items()}
    names, splits = _NAMES | own, (*_SPLITS, *map(bare, options.splits))

    def read(record: Any, about: About) -> Iterator[Event]:
        row = plain(record)
        when, ad = told(row, *names["date"]), text(told(row, *names["ad_id"]))
        currency = told(row, "accountcurrency", "currency") or options.currency or None
        whose = {
            "platform": "meta",
            "channel_type": "social",
            "campaign_id": text(told(row, *names["campaign_id"])) or ad,
            "ad_group_id": text(told(row, *names["adset_id"])),
            "ad_id": ad,
            "segment": split(row, splits),
            "period_start": day(when, zone),
            "period_end": day_end(when, zone),
        }
        spent = micros(told(row, *names["spend"]))
        figures = {
            "impression": count(row, *names["impressions"]),
            "click": count(row, *names["clicks"]),
            "spend": None if spent is None else {"cost_micros": spent, "currency": currency},
            "conversion": count(row, *names["conversions"]) if names["conversions"] else _actions(row, wanted),
        }
        yield from totals(about, row, whose, figures)

    return read


def _actions(row: dict[str, Any], wanted: frozenset[str]) -> dict[str, Any] | None:
    """Add up the actions that are conversions; a report without actions tells nothing of them."""
    if "actions" not in row:
        return None
    said = row["actions"]
    if said.__class__ is str:
        try:
            said = orjson.loads(said)
        except orjson.JSONDecodeError:
            raise Unfit("a list of actions") from None
    of_type = [
        number(each.get("value")) or 0
        for each in (said if said.__class__ is list else ())
        if each.__class__ is dict and each.get("action_type") in wanted
    ]
    return {"count": sum(of_type)}


PRESET: Final = Preset(
    name="meta_ads",
    title="Meta ads (Facebook, Instagram): a row a day and ad of Ads Insights, as Airbyte, Fivetran or scripts load it",
    kinds=("ad",),
    options=Options,
    mapping=mapping,
    shape=Shape(unwrap=("connect", "in:_airbyte_data")),
    facts=(
        "developers.facebook.com/docs/marketing-api/reference/ads-insights: date_start, spend, actions",
        "github.com/fivetran/dbt_facebook_ads, integration_tests/seeds: columns of basic_ad",
    ),
    unconfirmed="names of Airbyte's columns around a row; which breakdowns a loader writes as columns",
    notes=(
        "zone is that of the ad account: days of the report begin in it.",
        "Clicks are those on links where the report has them, else all.",
        "Rows without account_currency need the option currency; without either spend is a dead letter.",
        "Map rows of one level, campaigns or ad sets or ads: each level has all of the money.",
    ),
    example_options={"currency": "EUR"},
    example=(
        {
            "_airbyte_extracted_at": 1772356000000,
            "_airbyte_data": {
                "account_id": "17", "account_currency": "USD", "campaign_id": "23", "adset_id": "31", "ad_id": "47",
                "date_start": "2026-02-28", "impressions": "1200", "clicks": "40", "inline_link_clicks": "31",
                "spend": "12.34", "actions": [{"action_type": "lead", "value": "3"}],
            },
        },
        {
            "ad_id": 23842, "date": "2026-02-28", "account_id": 17, "impressions": 5, "inline_link_clicks": 1,
            "reach": 4, "spend": 0.5, "_fivetran_synced": "2026-03-01 09:10:11",
        },
    ),
)  # fmt: skip
