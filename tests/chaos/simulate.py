"""Simulate: thousands of runs of the shard protocol and the rollup, each with faults of its own; the failing are named.

In:  how many seeds, or one.
Out: nothing to fear, or the seeds that fail with what was wrong; exit code 1. A seed gives the same run each time.

    python -m tests.chaos.simulate --seeds 10000
    python -m tests.chaos.simulate --seed 4711
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import time
from collections.abc import Iterable
from multiprocessing import Pool

from tests.chaos.sim import mutants
from tests.chaos.sim.world import World


def failures(seeds: Iterable[int], mutant: str = "") -> dict[int, list[str]]:
    """Run seeds one after the other; give what was wrong with those that fail."""
    if not gc.get_freeze_count():
        gc.freeze()  # what is loaded stays; only the runs make garbage
    found = {}
    gc.disable()
    with mutants.planted(mutant):
        for number, seed in enumerate(seeds):
            if number % 8 == 0:
                gc.collect()  # what the dead had begun lies in circles, and asyncio goes through all of it
            if wrong := World(seed).run():
                found[seed] = wrong
    gc.enable()
    return found


def _some(task: tuple[range, str]) -> tuple[range, dict[int, list[str]]]:
    return task[0], failures(*task)


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.simulate", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seeds", type=int, default=10_000, help="how many, from --first on (default 10,000)")
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--seed", type=int, help="only this one")
    parser.add_argument("--mutant", default="", choices=["", *mutants.MUTANTS], help="a fault planted in the protocol")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    chosen = parser.parse_args()
    began = time.monotonic()
    if chosen.seed is not None:
        found = failures([chosen.seed], chosen.mutant)
        count = 1
    else:
        count, found = chosen.seeds, {}
        seeds = range(chosen.first, chosen.first + count)
        tasks = [(seeds[at : at + 50], chosen.mutant) for at in range(0, count, 50)]
        with Pool(chosen.processes) as pool:
            for _, some in pool.imap_unordered(_some, tasks):
                found |= some
    for seed, wrong in sorted(found.items())[:20]:
        print(f"seed {seed}: " + "\n    ".join(wrong[:8]))
        print(f"    again: python -m tests.chaos.simulate --seed {seed}")
    print(f"{count} runs, {len(found)} failed, {time.monotonic() - began:.1f} s")
    return 1 if found else 0


if __name__ == "__main__":
    if os.environ.get("PYTHONHASHSEED") != "0":  # the order of sets is a part of a run
        os.execve(sys.executable, [sys.executable, "-m", "tests.chaos.simulate", *sys.argv[1:]],
                  {**os.environ, "PYTHONHASHSEED": "0"})  # fmt: skip
    raise SystemExit(main())
