"""The channel rules and the list of sources against a public implementation of the GA4 channel groups."""

from __future__ import annotations

import json

import pytest

from stream.ingest.channel import channel_of
from stream.ingest.referrers import referrers
from tests.realdata.shared import shared_file, shared_rows

pytestmark = pytest.mark.shared

CASES = "reference/velir_ga4_channel_grouping_cases.json"
CATEGORIES = "reference/velir_ga4_source_categories.csv"

#: Cases that contradict the rule which Google publishes. (source, medium, campaign) → what the rule gives.
AGAINST_THE_RULE = {
    # Expected there: Paid Shopping. Google asks for a medium that says paid (`.*cp.*`, ppc, retargeting,
    # paid.*), and an empty one does not; Google Shopping without a medium is Organic Shopping there, too.
    ("alibaba", "", ""): "organic_shopping",
}


def snake(channel: str) -> str:
    return channel.lower().replace(" ", "_").replace("-", "_")


def test_the_thirty_cases_have_the_channel_that_is_expected() -> None:
    cases = json.loads(shared_file(CASES).read_text("utf-8"))
    assert len(cases) == 30
    differ = {}
    for case in cases:
        named = (case["source"], case["medium"], case["campaign"])
        channel = channel_of(*named)
        if channel != snake(case["expected_channel"]):
            differ[named] = channel
    assert differ == AGAINST_THE_RULE


def test_the_nineteen_groups_are_all_in_the_cases() -> None:
    cases = json.loads(shared_file(CASES).read_text("utf-8"))
    assert len({case["expected_channel"] for case in cases}) == 19


def test_the_819_sources_have_their_category_and_there_is_no_other() -> None:
    rows = shared_rows(CATEGORIES)
    assert len(rows) == 819
    expected = {row["source"].lower(): row["source_category"].split("_")[-1].lower() for row in rows}
    assert referrers().category == expected


@pytest.mark.parametrize(
    ("category", "paid", "organic"),
    [
        ("SOURCE_CATEGORY_SEARCH", "paid_search", "organic_search"),
        ("SOURCE_CATEGORY_SHOPPING", "paid_shopping", "organic_shopping"),
        ("SOURCE_CATEGORY_SOCIAL", "paid_social", "organic_social"),
        ("SOURCE_CATEGORY_VIDEO", "paid_video", "organic_video"),
    ],
)
def test_every_source_has_the_paid_and_the_organic_channel_of_its_category(
    category: str, paid: str, organic: str
) -> None:
    names = [row["source"] for row in shared_rows(CATEGORIES) if row["source_category"] == category]
    assert names
    assert {channel_of(name, "cpc", "") for name in names} == {paid}
    assert {channel_of(name, "referral", "") for name in names} == {organic}
    assert {channel_of(name, "", "") for name in names} == {organic}
