"""Golden cases: every entry of the catalog, by readings that were worked out by hand."""

from __future__ import annotations

import pytest

from stream import catalog
from stream.engine.groups import GROUPS
from tests.unit.golden import ads, chatbot, conversion, email, funnel, leads, money, traffic, trust
from tests.unit.golden.story import Story, check, one_by_one, replayed

STORIES = [
    story
    for part in (traffic, conversion, chatbot, email, ads, funnel, leads, money, trust)
    for story in part.STORIES
]
#: Without the group of leads none of them is to be read.
RUNNING = [story for story in STORIES if "leads" in GROUPS or story not in (*leads.STORIES, *money.STORIES)]

#: Totals that no file of events can show: what a shard reports of its sources. Each has a case in test_reports.py.
REPORTED = {
    "source_lag_records", "source_missing", "rerouted_total", "leads_complete", "leads_behind", "source_items_total",
    "source_events_total", "source_unmapped_total", "source_redacted_total",
}  # fmt: skip


@pytest.mark.parametrize("story", RUNNING, ids=str)
def test_a_replay_reads_what_was_worked_out_by_hand(story: Story) -> None:
    check(story, replayed(story))


@pytest.mark.parametrize("story", [story for story in RUNNING if len(story.events) < 500], ids=str)
def test_the_order_and_the_cut_of_batches_change_nothing(story: Story) -> None:
    check(story, one_by_one(story, 1))
    if story.any_order:
        check(story, one_by_one(story, -1))


def test_every_entry_of_the_catalog_has_a_golden_case() -> None:
    told = {metric for story in STORIES for metric, _, expected in story.rows if expected}
    assert told | REPORTED == {metric.series for metric in catalog.BY_NAME.values()}
