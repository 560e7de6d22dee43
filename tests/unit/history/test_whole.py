"""Whole: what is behind takes nothing from figures of other sources."""

from __future__ import annotations

import pytest

from stream.contract.readings import Reading
from stream.history.whole import by_own_sources


def reading(metric: str, *, complete: bool = False) -> Reading:
    return Reading(metric, {"site": "shop"}, "1h", 5, None, None, 5, 0, 1, 1, complete, 0, 1, "v")


@pytest.mark.parametrize(
    ("metric", "behind", "complete"),
    [
        ("visitors", {"email"}, True),
        ("visitors", {"form"}, False),
        ("deliverability_ratio", {"email"}, False),
        ("deliverability_ratio", {"page_view", "form"}, True),
        ("visit_to_lead_ratio", {"email"}, True),
        ("leads", {"email"}, False),  # shards of leads are told by all
        ("valid_event_ratio", {"email"}, False),  # records of all kinds
        ("no_metric", {"email"}, False),
        ("visitors", set(), False),  # nobody says what is behind
    ],
)
def test_a_reading_is_as_complete_as_its_own_sources(metric: str, behind: set[str], complete: bool) -> None:
    assert [one.complete for one in by_own_sources([reading(metric)], behind)] == [complete]
    assert [one.complete for one in by_own_sources([reading(metric, complete=True)], behind)] == [True]
