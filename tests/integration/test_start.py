"""A worker that cannot start says what, where and what to do, in a few lines."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import patience
from tests.integration import way_out
from tests.integration.brokers import free_port
from tests.integration.conftest import STANDIN
from tests.integration.shared import fresh_prefix
from tests.integration.supervisor import Worker, python

ROOT = Path(__file__).parents[2]


def start(**settings):
    """Start a worker that must refuse; give its exit code and what it wrote."""
    done = subprocess.run(
        [sys.executable, str(STANDIN)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "STANDIN_LOG": "ERROR", **settings},
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stderr


def test_a_broker_that_does_not_answer():
    address = f"127.0.0.1:{free_port()}"
    code, told = start(LEADPULSE_BROKERS=address)
    assert code == 1
    assert "does not answer" in told
    assert address in told
    assert "Traceback" not in told


@pytest.mark.kafka
def test_a_missing_topic_is_created_by_the_command_in_the_message_and_a_hang_up_is_a_stop(broker, tmp_path):
    settings = {"LEADPULSE_BROKERS": broker.bootstrap, "LEADPULSE_TOPIC_PREFIX": fresh_prefix("nowhere")}
    code, told = start(**settings)
    assert code == 1
    assert "The topic is missing" in told
    assert settings["LEADPULSE_TOPIC_PREFIX"] in told
    way_out.follow(told, settings)
    worker = Worker(python(STANDIN), {**settings, "PYTHONPATH": ROOT}, tmp_path, "w", restart=False)
    until = patience.until(30)
    while '"ready": true' not in "".join(worker.lines()[-1:]):
        assert time.monotonic() < until, worker.log()
        time.sleep(0.2)
    worker.kill(signal.SIGHUP)
    assert worker.stop() == 0
    assert "everything is committed" in worker.log()


def test_a_broker_without_transactions_needs_an_explicit_choice(embedded, site):
    here = site(on=embedded, partitions=2)
    code, told = start(LEADPULSE_BROKERS=embedded.bootstrap, LEADPULSE_TOPIC_PREFIX=here.prefix)
    assert code == 1
    assert "no transactions" in told
    assert "LEADPULSE_DELIVERY=at_least_once" in told


def test_plain_text_to_another_machine_needs_a_permit():
    code, told = start(LEADPULSE_BROKERS="kafka.example.org:9092")
    assert code in (1, 2)
    assert "nencrypted" in told or "not be encrypted" in told


@pytest.mark.kafka
def test_the_same_instance_id_twice_is_told_by_name(site):
    here = site(partitions=2, LEADPULSE_INSTANCE_ID="one", STANDIN_LOG="WARNING")
    first = here.worker(restart=False)
    until = patience.until(30)
    while '"ready": true' not in "".join(first.lines()[-1:]):
        assert time.monotonic() < until, first.log()
        time.sleep(0.2)
    second = here.worker(restart=False)
    until = patience.until(40)
    while not (first.exits or second.exits):
        assert time.monotonic() < until, first.log() + second.log()
        time.sleep(0.2)
    told = first.log() + second.log()
    assert "LEADPULSE_INSTANCE_ID" in told
    assert "Traceback" not in told
