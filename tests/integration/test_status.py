"""`leadpulse status` on a real installation: while it runs, and when it does not."""

from __future__ import annotations

import json
import time

import pytest

from tests import patience
from tests.integration import way_out
from tests.integration.engine import Engine

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


def test_status_tells_a_healthy_installation_from_one_that_stands_still(site):
    here = site(partitions=2)
    engine = Engine(here)
    engine.worker()
    sent = engine.produce(3_000)
    engine.wait_accounted(sent)
    until = patience.until(20)
    while True:  # the last report may be of a moment before the last commit
        told = json.loads(way_out.run("leadpulse status --format json", here.settings, code=None))
        if told["healthy"] or time.monotonic() > until:
            break
    assert told["problems"] == []
    assert told["account"]["accepted"] == sent
    assert told["account"]["conservation_error"] == 0
    assert len(told["shards"]) == 6
    assert {one["owner"].partition("@")[2] for one in told["shards"]} == {"127.0.0.1"}
    assert all(one["caught_up"] and one["lag_records"] == 0 for one in told["shards"])
    assert max(one["committed_age_s"] for one in told["shards"]) < 15
    kinds = {"page_view", "form", "chatbot", "email", "ad"}
    assert {one["kind"] for one in told["sources"]} == {*kinds, "cost", "signal"}
    assert told["rollup"]["complete"] is True
    assert abs(told["clock_skew_s"]) < 5
    shown = way_out.run("leadpulse status", here.settings)
    assert "healthy" in shown
    assert f"account: {sent:,} accepted" in shown
    assert here.stop() == [0]
    shown = way_out.run("leadpulse status", here.settings, code=1)
    assert "No worker runs" in shown
    assert "`leadpulse worker`" in shown
