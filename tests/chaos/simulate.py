"""Simulate: thousands of runs of the shard protocol and the rollup, each with faults of its own; the failing are named.

In:  how many seeds, or one.
Out: nothing to fear, or the seeds that fail with what was wrong; exit code 1. A seed gives the same run each time.

    python -m tests.chaos.simulate --seeds 10000
    python -m tests.chaos.simulate --seed 4711
"""

from __future__ import annotations

import argparse
import gc
import multiprocessing as mp
import os
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from typing import Final, NamedTuple

if __name__ == "__main__" and os.environ.get("PYTHONHASHSEED") != "0":  # the order of sets is a part of a run
    # before what takes a second to load, and would have to be loaded twice
    os.execve(sys.executable, [sys.executable, "-m", "tests.chaos.simulate", *sys.argv[1:]],
              {**os.environ, "PYTHONHASHSEED": "0"})  # fmt: skip

from tests.chaos.sim import mutants
from tests.chaos.sim.expected import all_expected
from tests.chaos.sim.world import TOGETHER, World, silence

#: What a run leaves in circles is looked for once in so many runs.
_CLEAN: Final = 25

Failures = dict[int, list[str]]


class Ran(NamedTuple):
    """What came of some seeds: those that failed, and in how many of them what happened."""

    found: Failures
    happened: Counter[str]


def failures(seeds: Iterable[int], mutant: str = "") -> Failures:
    """Run seeds one after the other; give what was wrong with those that fail."""
    gc.disable()
    try:
        return ran(seeds, mutant).found
    finally:
        gc.enable()


def ran(seeds: Iterable[int], mutant: str = "", *, clean: bool = False) -> Ran:
    """Run seeds one after the other; with `clean` look for what they left in circles, which is for workers alone."""
    found, happened = Failures(), Counter[str]()
    with silence(), mutants.planted(mutant):
        for seed in seeds:
            world = World(seed)
            if wrong := world.run():
                found[seed] = wrong
            happened.update(world.plan.happened.keys())
            world.forget()
            if clean and seed % _CLEAN == 0:
                gc.collect()
    return Ran(found, happened)


def everywhere(seeds: Sequence[int], mutant: str, processes: int) -> Iterator[Ran]:
    """Run seeds in processes of their own, which share what they begin with and take one part after the other."""
    gc.disable()  # little of what is made here is let go of again
    all_expected()
    gc.collect()
    gc.freeze()
    gc.enable()
    parts = iter([seeds[at : at + TOGETHER] for at in range(0, len(seeds), TOGETHER)])
    forks, running = mp.get_context("fork"), dict[Connection, mp.process.BaseProcess]()
    for _ in range(min(processes, -(-len(seeds) // TOGETHER))):
        ours, theirs = forks.Pipe()
        running[ours] = process = forks.Process(target=_work, args=(theirs, mutant))
        process.start()
        theirs.close()
        ours.send(next(parts))
    while running:
        ready = wait(list(running))
        for ours in [one for one in running if one in ready]:
            yield ours.recv()
            part = next(parts, None)
            ours.send(part)
            if part is None:
                running.pop(ours).join()


def _work(orders: Connection, mutant: str) -> None:
    gc.disable()
    while (seeds := orders.recv()) is not None:
        orders.send(ran(seeds, mutant, clean=True))


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.simulate", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seeds", type=int, default=10_000, help="how many, from --first on (default 10,000)")
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--seed", type=int, help="only this one")
    parser.add_argument("--mutant", default="", choices=["", *mutants.MUTANTS], help="a fault planted in the protocol")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    chosen = parser.parse_args()
    began, count, found, happened = time.monotonic(), 1, Failures(), Counter[str]()
    if chosen.seed is not None:
        found, happened = ran([chosen.seed], chosen.mutant)
    else:
        count = chosen.seeds
        for some in everywhere(range(chosen.first, chosen.first + count), chosen.mutant, chosen.processes):
            found |= some.found
            happened += some.happened
    for seed, wrong in sorted(found.items())[:20]:
        print(f"seed {seed}: " + "\n    ".join(wrong[:8]))
        print(f"    again: python -m tests.chaos.simulate --seed {seed}")
    took_s = time.monotonic() - began
    cpu_s = sum(sum(resource.getrusage(whose)[:2]) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    shares = (f"{what} {n / count:.1%}" for what, n in sorted(happened.items()))
    print(f"of the runs had: {', '.join(shares)}")
    print(f"{count} runs, {len(found)} failed, {took_s:.1f} s: {count / took_s:.0f} a second, {cpu_s:.1f} s of CPU")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
