"""A second generation counts beside the first, publishes only when it has taken over, and is not taken over from."""

from __future__ import annotations

import json
import time

import pytest

from tests import patience
from tests.integration import way_out
from tests.integration.engine import Engine
from tests.integration.test_outage import _get, _wait

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


@pytest.mark.timeout(240)
def test_a_second_generation_takes_over_when_the_first_is_stopped(site):
    here = site(partitions=2)
    engine = Engine(here)
    first = engine.worker(LEADPULSE_GENERATION="1")
    sent = engine.produce(2_000)
    engine.wait_accounted(sent)
    _wait(engine.ports[0], "leadpulse_complete 1\n", 20)
    second_settings = {**here.settings, "LEADPULSE_GENERATION": "2"}
    way_out.run("leadpulse topics create", second_settings)
    second = engine.worker(LEADPULSE_GENERATION="2")
    until = patience.until(60)
    while "generation 2 has caught up" not in second.log():
        assert time.monotonic() < until, second.log()
        time.sleep(0.3)
    assert "leadpulse_visitors{" not in _get(engine.ports[1], "/metrics")[1]
    assert first.exits == second.exits == []
    sent += engine.produce(1_000, seed=2)
    engine.wait_accounted(sent)  # the first one publishes, as before
    assert first.stop() == 0
    _wait(engine.ports[1], "leadpulse_complete 1\n", 40)
    assert "generation 2 has taken over from 1" in second.log()
    sent += engine.produce(1_000, seed=3)
    engine.wait_accounted(sent)
    here.layout = type(here.layout)(here.prefix, here.layout.groups.values(), 2)
    assert engine.faults() == []
    told = json.loads(way_out.run("leadpulse status --format json", second_settings, code=None))
    assert told["account"]["accepted"] == sent
    code, log = engine.refused(LEADPULSE_GENERATION="1")
    assert code == 70
    assert "Generation 2 has taken over" in log
    assert "LEADPULSE_GENERATION=2" in log
    here.workers.remove(first)
    assert here.stop() == [0]
