"""A worker that is told to stop ends with 0 at whatever moment, and none stands still because nobody reads its log."""

from __future__ import annotations

import asyncio
import fcntl
import os
import random
import signal
import subprocess
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest
from aiokafka.producer import message_accumulator

from stream.engine.groups import GROUPS
from stream.kafka import topics
from stream.kafka.layout import Layout
from stream.kafka.security import Link
from tests import patience
from tests.integration.brokers import NoBroker, choose_broker, free_port
from tests.integration.engine import WORKER, Engine
from tests.integration.supervisor import Worker
from tests.integration.test_hostile_records import HOSTILE, BrokenNames, _send

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


def _stopped(worker: Worker) -> None:
    began = time.monotonic()
    code = worker.stop(limit_s=25)
    log = worker.log()
    assert code == 0, log[-3000:]
    assert time.monotonic() - began < 20
    assert "Traceback" not in log, log[-3000:]


def test_workers_that_come_and_go_under_load_all_end_with_0(site):
    engine = Engine(site(partitions=6))
    engine.worker()
    sent: list[int] = []
    load = threading.Thread(target=lambda: sent.append(engine.produce(20_000, seed=7, rate=800)))
    load.start()
    chance = random.Random(3)
    for at_s in (1.0, 1.4, 1.8, 2.2, 2.6, 3.0, chance.uniform(2, 5)):  # imports, checks, join, restore, first commits
        leaver = engine.worker()
        time.sleep(at_s)
        engine.site.workers.remove(leaver)
        engine.ports.pop()
        _stopped(leaver)
    load.join()
    engine.wait_accounted(sent[0])
    assert engine.faults() == []


def test_a_worker_whose_broker_is_away_ends_with_0(tmp_path):
    try:
        with choose_broker("kafka") as broker:
            layout = Layout("", GROUPS.values())
            topics.create(Link((broker.bootstrap,)), layout, partitions=2)
            env = {"LEADPULSE_BROKERS": broker.bootstrap, "LEADPULSE_HTTP": f"127.0.0.1:{free_port()}"}
            workers = [Worker(WORKER, env | {"LEADPULSE_HTTP": f"127.0.0.1:{free_port()}"}, tmp_path, name)
                       for name in ("at_once", "later")]  # fmt: skip
            until = patience.until(40)
            while any("ready: " not in w.log() for w in workers):
                assert time.monotonic() < until, workers[0].log()[-2000:]
                time.sleep(0.2)
            broker.kill()
            with ThreadPoolExecutor() as pool:  # one before it has noticed, one after
                ends = []
                for worker in workers:
                    time.sleep(2)
                    ends.append(pool.submit(_stopped, worker))
                for end in ends:
                    end.result()
    except NoBroker as error:
        pytest.skip(f"needs Java and Maven: {error}")


def _full_pipe() -> tuple[int, int]:
    """Give a pipe that takes nothing more."""
    read, write = os.pipe()
    flags = fcntl.fcntl(write, fcntl.F_GETFL)
    fcntl.fcntl(write, fcntl.F_SETFL, flags | os.O_NONBLOCK)
    try:
        while True:
            os.write(write, b"x" * 4_096)
    except BlockingIOError:
        fcntl.fcntl(write, fcntl.F_SETFL, flags)
    return read, write


def test_a_worker_counts_although_nobody_reads_its_log(site, monkeypatch):
    monkeypatch.setattr(message_accumulator, "BatchBuilder", BrokenNames)
    here = site(partitions=2)
    engine = Engine(here)
    port = free_port()
    env = {**os.environ, **here.settings, "LEADPULSE_HTTP": f"127.0.0.1:{port}", "LEADPULSE_STALL_TIMEOUT": "20s"}
    read, write = _full_pipe()
    process = subprocess.Popen(WORKER, env={name: str(value) for name, value in env.items()}, stderr=write)
    try:
        sent = engine.produce(2_000)
        asyncio.run(_send(here))
        sent += len(HOSTILE) + engine.produce(2_000, seed=2)
        engine.wait_accounted(sent, limit_s=60)
        assert urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5).status == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    finally:
        process.kill()
        os.close(read)
        os.close(write)
