"""Partitions beyond the shards: who gets the others, what is said of them, and what they do to a report."""

from __future__ import annotations

import pytest
from aiokafka import TopicPartition

from stream.errors import TopicError
from stream.worker import added
from stream.worker.assignor import partition_counts

GROUPS = {"visitors": ("page_view", "form"), "rollup": ("leadpulse.rollup",)}
SHARDS = {"visitors": 2, "rollup": 1}


def counts(**partitions: int):  # type: ignore[no-untyped-def]
    known = {"page_view": 2, "form": 2, "leadpulse.rollup": 1, **partitions}
    return partition_counts(GROUPS, lambda topic: set(range(known[topic])), SHARDS)


def test_the_number_of_shards_stays_when_partitions_are_added():
    assert counts(page_view=5) == SHARDS


@pytest.mark.parametrize("partitions", [1, 0])
def test_a_topic_with_fewer_partitions_than_shards_is_another_topic(partitions):
    with pytest.raises(TopicError, match="2 as its state"):
        counts(form=partitions)


def test_what_nobody_reads_is_named_with_what_leads_on():
    sources = {"visitors": {"page_view": "x.page_view", "form": "x.form"}}
    known = {"x.page_view": {0, 1, 2, 3}, "x.form": None}
    found = added.unread(sources, SHARDS, known.get)
    assert found == {("visitors", "page_view"): (TopicPartition("x.page_view", 2), TopicPartition("x.page_view", 3))}
    told = added.message(found["visitors", "page_view"], 1_234)
    assert "2 partition(s) were added and are not read: 1,234 records" in told
    assert "where: x.page_view partitions 2, 3" in told
    assert "`leadpulse topics rebuild`" in told
