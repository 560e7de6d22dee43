"""Microsoft Advertising: rows of reports as totals."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tests.realdata.vendor_payloads import events, mapped


def row(**fields: Any) -> bytes:
    usual = {"CampaignId": "5310", "TimePeriod": "2026-02-28", "CurrencyCode": "EUR", "Clicks": "3"}
    return orjson.dumps({**usual, **fields})


def by_action(value: bytes, **options: Any) -> dict[str, dict[str, Any]]:
    out = mapped("microsoft_ads", value, **options)
    assert out.refused == []
    return {event["data"]["action"]: event["data"] for event in events(out)}


def test_numbers_that_are_texts_are_numbers() -> None:
    found = by_action(row(Impressions="1200", Spend="12.345678", Revenue="90.5", ConversionsQualified="1.25"))
    assert found["impression"]["count"] == 1200
    assert (found["spend"]["cost_micros"], found["spend"]["currency"]) == (12_345_678, "EUR")
    assert (found["conversion"]["count"], found["conversion"]["conversion_value"]) == (1.25, 90.5)
    assert found["conversion"]["currency"] == "EUR"


def test_qualified_conversions_go_before_the_others_and_a_report_with_neither_says_nothing_of_them() -> None:
    assert by_action(row(Conversions="7", ConversionsQualified="1.5"))["conversion"]["count"] == 1.5
    assert by_action(row(Conversions="7"))["conversion"]["count"] == 7
    assert by_action(row(AllConversions="9"), conversions=["AllConversions"])["conversion"]["count"] == 9
    assert set(by_action(row())) == {"click"}


@pytest.mark.parametrize(
    ("said", "zone", "period"),
    [
        ("2026-02-28", "Europe/Berlin", ("2026-02-27T23:00:00Z", "2026-02-28T23:00:00Z")),
        ("2/28/2026", "UTC", ("2026-02-28T00:00:00Z", "2026-03-01T00:00:00Z")),
        ("2026-02-28|16", "Europe/Berlin", ("2026-02-28T15:00:00.000Z", "2026-02-28T16:00:00.000Z")),
        ("2026-02-28T16:00:00+00:00", "Europe/Berlin", ("2026-02-28T16:00:00.000Z", "2026-02-28T17:00:00.000Z")),
    ],
)
def test_a_period_is_a_day_or_an_hour_of_the_account(said: str, zone: str, period: tuple[str, str]) -> None:
    (click,) = by_action(row(TimePeriod=said), zone=zone).values()
    assert (click["period_start"], click["period_end"]) == period


def test_each_attribute_of_a_report_makes_totals_of_its_own() -> None:
    (click,) = by_action(row(DeviceType="Computer", Network="Syndicated search partners")).values()
    assert click["segment"] == "Computer/Syndicated search partners"
    (click,) = by_action(row(CampaignLabels="x"), splits=["CampaignLabels"]).values()
    assert click["segment"] == "x"
    (click,) = by_action(row()).values()
    assert "segment" not in click


def test_columns_of_a_warehouse_have_the_same_meaning() -> None:
    loaded = {"date": "2026-02-28", "campaign_id": 5310, "ad_id": 9, "spend": 1.5, "device_type": "Tablet"}
    (spend,) = by_action(orjson.dumps(loaded), currency="EUR").values()
    assert (spend["campaign_id"], spend["ad_id"], spend["segment"], spend["cost_micros"]) == (
        "5310", "9", "Tablet", 1_500_000,
    )  # fmt: skip


def test_rows_of_one_day_and_campaign_that_differ_in_an_attribute_are_totals_of_their_own() -> None:
    head = [
        "date", "account_id", "campaign_id", "currency_code", "device_os", "device_type", "network", "ad_distribution",
        "bid_match_type", "delivered_match_type", "top_vs_other", "budget_association_status", "budget_name", "clicks",
        "impressions", "spend",
    ]  # fmt: skip
    lines = (
        "2019-05-20,1,35,USD,iOS,Smartphone,Bing search,Search,Broad,Phrase,Bing search - Top,Current,general,1,10,0.5",
        "2019-05-20,1,35,USD,iOS,Smartphone,Bing search,Search,Broad,Exact,Bing search - Top,Current,general,2,20,0.25",
        "2019-05-20,1,35,USD,iOS,Smartphone,Bing search,Search,Broad,Exact,Bing search - Other,Current,general,3,30,0.0",
        "2019-05-20,1,35,USD,iOS,Smartphone,Bing search,Search,Broad,Exact,Bing search - Other,Ended,general,4,40,0.0",
    )
    out = mapped("microsoft_ads", *(line.encode() for line in lines), format="csv", columns=head)
    spends = [each["data"] for each in events(out) if each["data"]["action"] == "spend"]
    assert len({each["segment"] for each in spends}) == 4
    assert sum(each["cost_micros"] for each in spends) == 750_000
    assert {each["channel_type"] for each in spends} == {"search"}


def test_a_distribution_is_a_channel() -> None:
    (click,) = by_action(row(AdDistribution="Audience", CampaignType="Search & content")).values()
    assert click["channel_type"] == "display"
    (click,) = by_action(row(CampaignType="Shopping"), channels={"Shopping": "search"}).values()
    assert click["channel_type"] == "search"


@pytest.mark.parametrize("said", ["28/02/2026", "yesterday", 20_260_228])
def test_a_period_that_is_none_is_refused(said: Any) -> None:
    out = mapped("microsoft_ads", row(TimePeriod=said))
    assert [each.reason for each in out.refused] == ["mapping"]
