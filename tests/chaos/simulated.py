"""Simulated: the scenarios that need no broker.

In:  the ground, of which nothing is used; whether the long form is wanted.
Out: outcomes.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.chaos.outcome import Outcome
from tests.chaos.sim.faults import Fault, Plan
from tests.chaos.sim.world import World

if TYPE_CHECKING:
    from tests.chaos.ground import Ground


def any_faults(ground: Ground, long: bool) -> Outcome:
    """Run many seeds, in processes of their own that go behind all others."""
    seeds = 5_000_000 if long else 10_000
    behind = ["nice", "-n", "19"] if shutil.which("nice") else []
    command = [*behind, sys.executable, "-m", "tests.chaos.simulate", "--seeds", str(seeds)]
    done = subprocess.run(command, capture_output=True, text=True)
    return Outcome([] if done.returncode == 0 else (done.stdout + done.stderr).splitlines()[-12:], seeds)


def every_step(ground: Ground, long: bool) -> Outcome:
    """Let the process that asks end right before and right after each request, one run for each."""
    faults: list[str] = []
    runs = 0
    for seed in range(1, 1_001 if long else 4):
        quiet = World(seed, Plan())
        faults += [f"seed {seed}, nothing: {one}" for one in quiet.run()[:1]]
        for step in range(1, quiet.plan.requests + 1):
            for fault in (Fault(before="crash"), Fault(after="crash"), Fault(after="fail")):
                runs += 1
                wrong = World(seed, Plan(at={step: fault})).run()
                faults += [f"seed {seed}, request {step}, {fault}: {one}" for one in wrong[:1]]
    return Outcome(faults[:8], runs)
