"""Meta ads: rows of reports as totals, and the sums that are published for an account."""

from __future__ import annotations

import csv
import io
from collections import Counter
from decimal import Decimal
from typing import Any

import orjson
import pytest

from stream.replay.replay import ReplayOptions, replay
from tests.realdata import kag
from tests.realdata.vendor_payloads import events, mapped, records

LOADED_MS = 1_772_356_000_000
ROW = {
    "account_id": "1", "account_currency": "EUR", "campaign_id": "c", "adset_id": "s", "ad_id": "a",
    "date_start": "2026-03-29", "impressions": "100", "clicks": "9", "inline_link_clicks": "3", "spend": "1.234567",
    "actions": [{"action_type": "lead", "value": "2"}, {"action_type": "purchase", "value": "1"}],
}  # fmt: skip


def loaded(row: dict[str, Any], at_ms: int = LOADED_MS) -> bytes:
    return orjson.dumps({"_airbyte_data": row, "_airbyte_extracted_at": at_ms})


def by_action(*values: bytes, **said: Any) -> dict[str, dict[str, Any]]:
    return {event["data"]["action"]: event["data"] for event in events(mapped("meta_ads", *values, **said))}


def test_a_row_is_a_total_of_each_figure_for_the_day_of_the_account() -> None:
    found = by_action(loaded(ROW), zone="Europe/Berlin")
    assert {action: data.get("count") for action, data in found.items()} == {
        "impression": 100, "click": 3, "spend": None, "conversion": 2,
    }  # fmt: skip
    assert (found["spend"]["cost_micros"], found["spend"]["currency"]) == (1_234_567, "EUR")
    for data in found.values():
        assert (data["campaign_id"], data["ad_group_id"], data["ad_id"]) == ("c", "s", "a")
        assert (data["period_start"], data["period_end"]) == ("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z")
        assert data["revision"] == LOADED_MS


def test_which_actions_are_conversions_is_said() -> None:
    assert by_action(loaded(ROW), conversions=["lead", "purchase"])["conversion"]["count"] == 3
    text = loaded({**ROW, "actions": orjson.dumps(ROW["actions"]).decode()})
    assert by_action(text)["conversion"]["count"] == 2
    assert "conversion" not in by_action(loaded({k: v for k, v in ROW.items() if k != "actions"}))


def test_a_row_that_is_loaded_again_replaces_what_was_loaded_before_and_one_that_is_sent_again_is_the_same() -> None:
    first, again, later = (
        events(mapped("meta_ads", loaded(row, at)))
        for row, at in ((ROW, 1), (ROW, 1), ({**ROW, "impressions": "120"}, LOADED_MS))
    )
    assert [event["id"] for event in first] == [event["id"] for event in again]
    assert {event["id"] for event in first}.isdisjoint(event["id"] for event in later)


def test_breakdowns_split_a_total() -> None:
    one, two = (by_action(loaded({**ROW, "age": "18-24", "gender": gender})) for gender in ("female", "male"))
    assert (one["click"]["segment"], two["click"]["segment"]) == ("18-24/female", "18-24/male")


@pytest.mark.shared
def test_rows_of_fivetran_add_up_to_the_sums_of_the_seed() -> None:
    lines = records("fivetran_facebook_ads_facebook_ads_basic_ad_data.csv")
    rows = list(csv.DictReader(io.StringIO(b"\n".join(lines).decode())))
    out = mapped("meta_ads", *(orjson.dumps(row) for row in rows), currency="USD")
    assert out.refused == []
    summed: Counter[str] = Counter()
    for event in events(out):
        data = event["data"]
        summed[data["action"]] += data.get("count", 0) or data.get("cost_micros", 0)
    assert summed["impression"] == sum(int(row["impressions"]) for row in rows)
    assert summed["click"] == sum(int(row["inline_link_clicks"]) for row in rows)
    assert summed["spend"] == sum(int(Decimal(row["spend"]) * 1_000_000) for row in rows)


@pytest.mark.shared
def test_the_ads_of_a_real_account_add_up_to_what_is_published() -> None:
    names = {
        "campaign_id": "xyz_campaign_id", "adset_id": "fb_campaign_id", "spend": "Spent", "conversions": "Total_Conversion",
    }  # fmt: skip
    # the file has no dates, and cents that went through a 32-bit float
    rows = [
        {
            **row,
            "date": "2017-08-19",
            "Spent": str(round(Decimal(row["Spent"]), 2)),
            "loaded_at": "2017-08-20T12:00:00Z",
        }
        for row in kag.ads()
    ]
    out = mapped("meta_ads", *map(orjson.dumps, rows), currency="USD", columns_of=names)
    assert out.refused == []
    assert len(out.events) == 4 * kag.EXPECTED["ads"]
    read = replay((event.value for event in out.events), ReplayOptions(now_ms=1_700_000_000_000, windows=("7d",)))
    sums: Counter[str] = Counter()
    for reading in read.readings:
        if reading.window == "7d" and reading.value is not None:
            sums[reading.metric] += reading.value
    assert sums["ad_impressions"] == kag.EXPECTED["impressions"]
    assert sums["ad_clicks"] == kag.EXPECTED["clicks"]
    assert round(sums["ad_spend"] * 1_000_000) == kag.EXPECTED["spend_micros"]
    assert sums["ad_conversions"] == kag.EXPECTED["conversions"]
