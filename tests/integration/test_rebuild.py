"""The way that a message names leads on: afterwards workers run, and every figure is exact."""

from __future__ import annotations

import pytest
from kafka import KafkaAdminClient

from tests.integration import way_out
from tests.integration.supervisor import exit_of
from tests.integration.test_take_over import _delete_all_records, _recreate, _wait_advisory

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


def test_a_lost_log_is_led_on_from_by_the_command_in_the_message(site):
    here = site(partitions=2)
    here.worker()
    here.produce(600)
    here.wait_counted(600)
    _wait_advisory(here, "ad")
    assert here.stop() == [0]
    _recreate(here, here.layout.state("ads"))
    code, log = exit_of(here.worker(restart=False))
    assert code == 70
    told = way_out.follow(log, here.settings)
    assert "Counted again:" in told
    assert "retention is over" not in told, "every record that was ever produced is still there"
    here.worker()
    here.produce(400, first=600)
    here.wait_counted(1_000)
    assert here.stop() == [70, 0]
    assert here.faults() == []


def test_rebuild_says_what_retention_took_and_refuses_while_workers_run(site):
    here = site(partitions=2)
    worker = here.worker()
    here.produce(500)
    here.wait_counted(500)
    told = way_out.run("leadpulse topics rebuild --yes", here.settings, code=1)
    assert "1 worker(s) still run; nothing was changed." in told
    here.produce(300, first=500)
    here.wait_counted(800)  # indeed nothing was changed
    assert worker.exits == []
    assert here.stop() == [0]
    here.produce(200, first=800)
    _delete_all_records(here, f"{here.prefix}email")
    code, log = exit_of(here.worker(restart=False))
    assert code == 70
    assert "were deleted before they were counted" in log
    told = way_out.follow(log, here.settings)
    assert f"{here.prefix}email: nothing, the topic is empty" in told
    assert "their retention is over" in told
    here.worker()
    here.produce(100, first=1_000)
    here.wait_counted(1_000)  # all 1,100 but the first 100 of email
    assert here.stop() == [70, 0]
    assert here.faults() == []


def test_after_partitions_were_added_the_sources_of_a_group_agree_and_all_is_counted(site):
    here = site(partitions=2)
    here.worker()
    here.produce(500)
    here.wait_counted(500)
    assert here.stop() == [0]
    admin = KafkaAdminClient(bootstrap_servers=here.broker.bootstrap)
    admin.create_partitions({f"{here.prefix}page_view": 3})
    admin.close()
    told = way_out.run("leadpulse topics rebuild", here.settings)
    assert f"{here.prefix}form: gets 3 partitions" in told
    here.partitions = 3
    here.worker()
    here.produce(500, first=500)
    here.wait_counted(1_000)
    assert here.stop() == [0]
