"""LinkedIn Ads: rows of its analytics as totals."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tests.realdata.vendor_payloads import events, mapped

DAY = {"month": 2, "day": 28, "year": 2026}


def row(**fields: Any) -> bytes:
    usual = {"pivotValues": ["urn:li:sponsoredCampaign:1111"], "dateRange": {"start": DAY, "end": DAY}, "clicks": 3}
    return orjson.dumps({**usual, **fields})


def by_action(*values: bytes, **options: Any) -> dict[str, dict[str, Any]]:
    out = mapped("linkedin_ads", *values, **options)
    assert out.refused == []
    return {event["data"]["action"]: event["data"] for event in events(out)}


def test_a_response_of_the_api_is_as_many_rows_as_it_has() -> None:
    rows = [orjson.loads(row()), orjson.loads(row(dateRange={"start": {**DAY, "day": 27}, "end": {**DAY, "day": 27}}))]
    found = events(mapped("linkedin_ads", orjson.dumps({"paging": {}, "elements": rows})))
    assert [event["data"]["period_start"] for event in found] == ["2026-02-28T00:00:00Z", "2026-02-27T00:00:00Z"]
    assert {event["data"]["campaign_id"] for event in found} == {"1111"}
    assert {event["data"]["platform"] for event in found} == {"linkedin"}


def test_the_last_day_belongs_to_the_period() -> None:
    (click,) = by_action(row(dateRange={"start": {**DAY, "day": 1}, "end": DAY})).values()
    assert (click["period_start"], click["period_end"]) == ("2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z")
    loaded = {"campaign_id": 5, "day": "2026-02-28 00:00:00", "clicks": 1}
    (click,) = by_action(orjson.dumps(loaded)).values()
    assert (click["period_start"], click["period_end"]) == ("2026-02-28T00:00:00Z", "2026-03-01T00:00:00Z")
    assert click["campaign_id"] == "5"


@pytest.mark.parametrize(
    ("options", "spend"),
    [({}, (209_449_000, "USD")), ({"currency": "EUR"}, (190_400_000, "EUR"))],
)
def test_money_is_that_of_the_account_where_its_currency_is_told(options: Any, spend: tuple[int, str]) -> None:
    found = by_action(row(costInUsd="209.449", costInLocalCurrency="190.40"), **options)["spend"]
    assert (found["cost_micros"], found["currency"]) == spend


def test_money_of_a_currency_that_nobody_told_has_none() -> None:
    assert "currency" not in by_action(row(costInLocalCurrency="190.40"))["spend"]


def test_conversions_are_those_of_the_site_and_of_forms_or_what_the_options_name() -> None:
    said = row(
        externalWebsiteConversions=2, oneClickLeads="1", totalEngagements=9, conversionValueInLocalCurrency="8.5"
    )
    assert by_action(said)["conversion"]["count"] == 3
    assert by_action(said, conversions=["totalEngagements"])["conversion"]["count"] == 9
    assert by_action(said, currency="EUR")["conversion"]["conversion_value"] == 8.5
    assert "conversion" not in by_action(row())


def test_clicks_may_be_others() -> None:
    assert by_action(row(landingPageClicks=2), clicks="landingPageClicks")["click"]["count"] == 2


def test_a_creative_is_never_taken_for_a_campaign_of_the_same_number() -> None:
    (click,) = by_action(row(pivotValues=["urn:li:sponsoredCreative:1111"])).values()
    assert (click["campaign_id"], click["ad_id"]) == ("creative-1111", "1111")
    (click,) = by_action(row(pivotValues=["urn:li:sponsoredCampaign:1", "urn:li:sponsoredCreative:2"])).values()
    assert (click["campaign_id"], click["ad_id"]) == ("1", "2")


def test_another_pivot_splits_the_totals_of_a_campaign() -> None:
    (click,) = by_action(row(pivotValues=["urn:li:sponsoredCampaign:1", "urn:li:geo:101"])).values()
    assert (click["campaign_id"], click["segment"]) == ("1", "urn:li:geo:101")


def test_a_day_that_there_is_not_is_refused() -> None:
    wrong = {**DAY, "day": 31}
    out = mapped("linkedin_ads", row(dateRange={"start": wrong, "end": wrong}))
    assert [each.reason for each in out.refused] == ["mapping"]
