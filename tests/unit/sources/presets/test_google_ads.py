"""Google Ads: rows of reports as totals of figures, whatever loader wrote them."""

from __future__ import annotations

import csv
import io
from typing import Any

import orjson
import pytest

from tests.realdata.shared import shared_rows
from tests.realdata.vendor_payloads import ARRIVAL_MS, events, mapped, records

SEED = "fivetran_google_ads_campaign_stats_data.csv"
ADS = "fivetran_google_ads_ad_stats_data.csv"


def row(**fields: Any) -> bytes:
    usual = {"campaign.id": 7, "segments.date": "2026-02-28", "customer.currency_code": "EUR", "metrics.clicks": 3}
    return orjson.dumps({**usual, **{name.replace("__", "."): value for name, value in fields.items()}})


def sums(found: list[dict[str, Any]]) -> dict[str, float]:
    """Add up what totals say, each key once: what is loaded later replaces what was."""
    stands: dict[tuple[Any, ...], dict[str, Any]] = {}
    for event in found:
        data = event["data"]
        key = tuple(
            data.get(name) for name in ("action", "campaign_id", "ad_group_id", "ad_id", "segment", "period_start")
        )
        stands[key] = data
    added = {"impression": 0.0, "click": 0.0, "spend": 0.0, "conversion": 0.0}
    for data in stands.values():
        added[data["action"]] += data["cost_micros"] if data["action"] == "spend" else data["count"]
    return added


@pytest.mark.shared
@pytest.mark.parametrize("file", [SEED, ADS])
def test_no_row_of_a_table_replaces_another_and_the_sums_are_those_of_the_table(file: str) -> None:
    rows = shared_rows(f"vendor_payloads/{file}")
    out = mapped("google_ads", *map(orjson.dumps, rows), currency="USD")
    assert out.refused == []
    distinct = {tuple(sorted(each.items())) for each in rows}
    found = sums(events(out))
    for action, column in (("impression", "impressions"), ("click", "clicks"), ("spend", "cost_micros")):
        assert found[action] == sum(int(dict(each)[column] or 0) for each in distinct)


@pytest.mark.shared
def test_a_table_as_it_is_a_csv_is_the_same() -> None:
    head, *lines = records(SEED)
    columns = next(csv.reader(io.StringIO(head.decode())))
    as_csv = mapped("google_ads", *lines, currency="USD", format="csv", columns=columns)
    as_json = mapped("google_ads", *map(orjson.dumps, shared_rows(f"vendor_payloads/{SEED}")), currency="USD")
    assert as_csv.refused == []
    assert sums(events(as_csv)) == sums(events(as_json))


def test_a_row_is_a_total_of_each_figure_that_its_report_has() -> None:
    out = mapped("google_ads", row(metrics__impressions=None, metrics__cost_micros=5, metrics__conversions=0.25))
    assert {each["data"]["action"]: each["data"].get("count") for each in events(out)} == {
        "click": 3, "impression": 0, "spend": None, "conversion": 0.25,
    }  # fmt: skip
    assert len({each["id"] for each in events(out)}) == 4


def test_a_day_begins_where_the_account_is() -> None:
    (one,) = events(mapped("google_ads", row(segments__date="2026-03-29"), zone="Europe/Berlin"))
    assert one["data"]["period_start"] == "2026-03-28T23:00:00Z"
    assert one["data"]["period_end"] == "2026-03-29T22:00:00Z"


def test_what_is_loaded_again_is_a_later_revision_of_the_same_total() -> None:
    first, second = (
        events(mapped("google_ads", orjson.dumps({"_airbyte_data": orjson.loads(row()), "_airbyte_extracted_at": at})))
        for at in ("2026-03-01T02:00:00Z", "2026-03-01T08:00:00Z")
    )
    assert first[0]["data"]["revision"] < second[0]["data"]["revision"]
    assert first[0]["time"] == "2026-03-01T02:00:00.000Z"
    assert first[0]["id"] != second[0]["id"]
    (bare,) = events(mapped("google_ads", row()))
    assert bare["data"]["revision"] == ARRIVAL_MS


def test_rows_that_are_split_are_totals_of_their_own() -> None:
    mobile, desktop, other = (
        events(mapped("google_ads", row(**fields), splits=["my_split"]))[0]["data"].get("segment")
        for fields in ({"segments__device": "MOBILE", "segments__hour": 7}, {"segments__device": "DESKTOP"},
                       {"my_split": "x"})
    )  # fmt: skip
    assert (mobile, desktop, other) == ("MOBILE/7", "DESKTOP", "x")


def test_rows_of_the_api_itself_are_read_by_the_same_names() -> None:
    nested = {
        "campaign": {"resourceName": "customers/1/campaigns/7", "id": "7", "advertisingChannelType": "DISPLAY"},
        "adGroup": {"id": "8"}, "adGroupAd": {"ad": {"id": "9"}}, "customer": {"currencyCode": "EUR"},
        "segments": {"date": "2026-02-28"}, "metrics": {"clicks": "3", "costMicros": "1500000"},
    }  # fmt: skip
    click, spend = events(mapped("google_ads", orjson.dumps(nested)))
    said = ("campaign_id", "ad_group_id", "ad_id", "channel_type", "platform")
    assert [click["data"][name] for name in said] == ["7", "8", "9", "display", "google"]
    assert click["data"]["count"] == 3
    assert spend["data"]["cost_micros"] == 1_500_000


def test_a_currency_is_never_guessed() -> None:
    click, spend = events(
        mapped("google_ads", orjson.dumps({"id": 7, "date": "2026-02-28", "clicks": 1, "cost_micros": 1}))
    )
    assert "currency" not in spend["data"]
    assert click["data"]["campaign_id"] == "7"
