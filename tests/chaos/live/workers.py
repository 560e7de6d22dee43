"""Workers that are killed, stopped, frozen, and come and go, under load.

In:  the ground; whether the long form is wanted.
Out: outcomes.
"""

from __future__ import annotations

import random
import signal
import sys
import time
from typing import Final

from tests.chaos.ground import Ground
from tests.chaos.outcome import Outcome

STILL: Final = [sys.executable, "-m", "tests.chaos.live.still", "worker"]


def killed(ground: Ground, long: bool) -> Outcome:
    """Kill a random worker again and again."""
    kills, count, rate = (200, 2_000_000, 3_000) if long else (3, 18_000, 1_000)
    chance = random.Random(5)
    with ground.field(workers=3, partitions=6) as field:
        field.wait_owned()
        load = field.load(count, rate)
        for _ in range(kills):
            time.sleep(chance.uniform(2, 5))
            chance.choice(field.workers).kill(signal.SIGKILL)
        rto_s = field.right_again(load)
        dead = sum(worker.exits.count(-9) for worker in field.workers)
        return Outcome(field.differences(), dead, rto_s, 30)


def stopped(ground: Ground, long: bool) -> Outcome:
    """Ask a random worker to stop, again and again; each ends with 0 within 20 s."""
    stops, count = (100, 600_000) if long else (3, 12_000)
    chance = random.Random(6)
    with ground.field(workers=3, partitions=6) as field:
        field.wait_owned()
        load = field.load(count, 1_000)
        slow: list[str] = []
        for _ in range(stops):
            time.sleep(chance.uniform(2, 5))
            worker = chance.choice(field.workers)
            seen, began = len(worker.exits), time.monotonic()
            worker.kill(signal.SIGTERM)
            while len(worker.exits) == seen and time.monotonic() - began < 30:
                time.sleep(0.1)
            if time.monotonic() - began > 20 or worker.exits[seen:][:1] != [0]:
                slow.append(f"{worker.name} ended with {worker.exits[seen:]} after {time.monotonic() - began:.0f} s")
        rto_s = field.right_again(load)
        return Outcome(slow + field.differences(), stops, rto_s, 30)


def frozen(ground: Ground, long: bool) -> Outcome:
    """Stop a worker past its session, so that its shards move, and let it go on."""
    times = 100 if long else 1
    with ground.field(workers=2, partitions=4) as field:
        field.wait_owned()
        load = field.load(16_000 * times, 1_000)
        for number in range(times):
            time.sleep(3)
            worker = field.workers[number % 2]
            worker.kill(signal.SIGSTOP)
            time.sleep(10)
            worker.kill(signal.SIGCONT)
        rto_s = field.right_again(load)
        stale = sum(worker.exits.count(70) for worker in field.workers)
        fenced = [] if stale else ["no stale owner was fenced"]
        return Outcome(fenced + field.differences(), times, rto_s, 30)


def moving(ground: Ground, long: bool) -> Outcome:
    """Let a worker join or leave each 5 s."""
    steps = 500 if long else 6
    codes: list[int] = []
    with ground.field(workers=1, partitions=5) as field:
        field.wait_owned()
        load = field.load(5_000 * steps, 1_000)
        for step in range(steps):
            time.sleep(5)
            if step % 2 == 0:
                field.engine.worker()
            else:
                codes.append(field.workers.pop(0).stop())
                field.engine.ports.pop(0)
        rto_s = field.right_again(load)
        wrong = [f"a worker that was told to stop ended with {code}" for code in codes if code]
        return Outcome(wrong + field.differences(), steps, rto_s, 60)


def standing_still(ground: Ground, long: bool) -> Outcome:
    """Let the event loop of a worker never come back; its watchdog ends it with the stacks."""
    with ground.field(workers=0, LEADPULSE_STALL_TIMEOUT="8s", LEADPULSE_SESSION_TIMEOUT="60s") as field:
        worker = field.engine.worker(command=STILL)
        field.wait_owned()
        load = field.load(2_000, 500)
        time.sleep(2)
        worker.kill(signal.SIGVTALRM)
        began = time.monotonic()
        while not worker.exits and time.monotonic() - began < 40:
            time.sleep(0.2)
        wrong = [] if worker.exits[:1] == [70] else [f"exits after {time.monotonic() - began:.0f} s: {worker.exits}"]
        wrong += [] if "Thread" in worker.log() and "still.py" in worker.log() else ["no stacks in the log"]
        rto_s = field.right_again(load)
        return Outcome(wrong + field.differences(), 1, rto_s, 60)
