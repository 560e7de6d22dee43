"""Whatever is killed, paused or moved: every record is counted exactly once."""

from __future__ import annotations

import json
import random
import signal
import threading
import time

import pytest

from stream.engine.groups import chosen
from tests import patience

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

#: Those that run unless settings say more.
GROUPS = len(chosen("off"))


def _load(site, count, rate):  # type: ignore[no-untyped-def]
    thread = threading.Thread(target=site.produce, args=(count,), kwargs={"rate": rate}, daemon=True)
    thread.start()
    return thread


def _wait_owned(worker, *shards, limit_s=60):  # type: ignore[no-untyped-def]
    """Wait until a worker runs so many shards (any of these numbers)."""
    until = patience.until(limit_s)
    while time.monotonic() < until:
        told = json.loads((worker.lines() or ["{}"])[-1])
        if told.get("ready") and told["owned"] in shards:
            return
        time.sleep(0.5)
    raise AssertionError(worker.log()[-2000:])


def test_one_worker_counts_everything_and_stops_at_once(site):
    here = site(partitions=12)
    worker = here.worker()
    here.produce(20_000)
    here.wait_counted(20_000)
    began = time.monotonic()
    assert worker.stop() == 0
    assert time.monotonic() - began < 20
    assert here.faults() == []


@pytest.mark.timeout(400)
def test_three_workers_killed_under_load_count_exactly(site):
    here = site(partitions=12)
    workers = [here.worker() for _ in range(3)]
    load = _load(here, 200_000, 8_000)
    chance = random.Random(11)
    time.sleep(4)
    for _ in range(3):
        chance.choice(workers).kill(signal.SIGKILL)
        time.sleep(chance.uniform(3, 6))
    load.join()
    here.wait_counted(200_000)
    assert here.stop() == [0, 0, 0]
    assert sum(worker.exits.count(-9) for worker in workers) == 3
    assert here.faults() == []


def test_workers_that_come_and_go_move_shards_and_count_exactly(site):
    here = site(partitions=5, LEADPULSE_COMMIT_INTERVAL="100ms")
    here.worker()
    load = _load(here, 60_000, 2_500)
    here.wait_counted(1)  # one that is told to stop before it knows of signals is just ended
    codes = []
    for step in range(6):
        time.sleep(3)
        if step % 2 == 0:
            here.worker()
        else:
            codes.append(here.workers.pop(0).stop())
    load.join()
    here.wait_counted(60_000)
    assert codes + here.stop() == [0] * 4
    assert here.faults() == []


def test_a_worker_that_slept_past_its_session_changes_nothing(site):
    here = site(partitions=4)
    workers = [here.worker() for _ in range(2)]
    for worker in workers:
        _wait_owned(worker, 2 * GROUPS, 2 * GROUPS + 1)
    load = _load(here, 60_000, 2_500)
    time.sleep(2)
    workers[0].kill(signal.SIGSTOP)
    _wait_owned(workers[1], 4 * GROUPS + 1)  # past its session (6 s) all shards are with the other one
    workers[0].kill(signal.SIGCONT)
    load.join()
    here.wait_counted(60_000)
    assert here.stop() == [0, 0]
    assert 70 in workers[0].exits, "the stale owner should have been fenced"
    assert here.faults() == []


def test_static_members_come_back_to_their_shards(site):
    here = site(partitions=6)
    workers = [here.worker(LEADPULSE_INSTANCE_ID=f"w{i}") for i in range(2)]
    load = _load(here, 40_000, 2_500)
    time.sleep(6)
    workers[1].kill(signal.SIGKILL)
    load.join()
    here.wait_counted(40_000)
    assert here.stop() == [0, 0]
    assert here.faults() == []
