"""Partitions that are added to sources are noticed; what there was goes on exactly, and the named way counts the rest."""

from __future__ import annotations

import time
import urllib.request

import pytest
from kafka import KafkaAdminClient

from tests import patience
from tests.integration import way_out
from tests.integration.engine import KINDS, Engine
from tests.integration.test_outage import _wait

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


@pytest.mark.timeout(240)
def test_partitions_added_under_a_running_worker_are_a_lag_until_all_is_counted_anew(site):
    here = site(partitions=2)
    engine = Engine(here)
    worker = engine.worker()
    port = engine.ports[0]
    engine.wait_accounted(engine.produce(2_000))
    _wait(port, "leadpulse_complete 1\n", 20)
    admin = KafkaAdminClient(bootstrap_servers=here.broker.bootstrap)
    admin.create_partitions({f"{here.prefix}{kind}": 3 for kind in KINDS})
    admin.close()
    added = time.monotonic()
    _wait(port, f'leadpulse_partitions_unread{{topic="{here.prefix}page_view"}} 1', 15)
    _wait(port, "leadpulse_complete 0\n", 15 - (time.monotonic() - added) + 2)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/events", timeout=5) as page:
        shown = "".join(page.readline().decode() for _ in range(6))  # charts, then the model
    assert "Partitions were added to" in shown
    here.partitions = 3
    engine.produce(2_000, seed=2)
    until = patience.until(30)
    while True:
        text = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5).read().decode()
        lag = next(
            (line for line in text.splitlines() if line.startswith('leadpulse_source_lag_records{kind="page')), "0"
        )
        if float(lag.rpartition(" ")[2]) > 0:
            break
        assert time.monotonic() < until, text[-3_000:]
        time.sleep(0.5)
    assert "leadpulse_conservation_error 0\n" in text
    assert worker.exits == []
    assert "are not read" in worker.log()
    told = way_out.run("leadpulse status", here.settings, code=1)
    assert "partition(s) were added and are not read" in told
    assert here.stop() == [0]
    again = engine.worker()  # a start is no reason to stop either
    _wait(engine.ports[-1], f'leadpulse_partitions_unread{{topic="{here.prefix}page_view"}} 1', 30)
    assert here.stop() == [0]
    way_out.follow(again.log(), here.settings)
    engine._follower = None  # the result topic is another one now
    engine._latest.clear()
    engine.worker()
    engine.wait_accounted(4_000 * 9 // 10)
    _wait(engine.ports[-1], "leadpulse_complete 1\n", 30)
    assert engine.faults() == []
    assert here.stop() == [0]
