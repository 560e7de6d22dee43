"""A broker without transactions: the same code, exact as long as nothing crashes in the middle of a commit."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.slow


def test_the_embedded_broker_counts_exactly_over_an_orderly_restart(embedded, site):
    here = site(on=embedded, partitions=3)
    here.worker()
    here.produce(5_000)
    here.wait_counted(5_000)
    assert here.stop() == [0]
    here.worker()
    here.produce(5_000, first=5_000)
    here.wait_counted(10_000)
    assert here.stop() == [0]
    assert here.faults() == []


def test_two_workers_share_the_shards_of_the_embedded_broker(embedded, site):
    here = site(on=embedded, partitions=4)
    for _ in range(2):
        here.worker()
    here.produce(5_000)
    here.wait_counted(5_000)
    here.workers[0].stop()
    here.produce(5_000, first=5_000)
    here.wait_counted(10_000)
    assert here.stop() == [0, 0]
    assert here.faults() == []
