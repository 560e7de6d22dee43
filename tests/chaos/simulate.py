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
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from typing import Final

from tests.chaos.sim import mutants
from tests.chaos.sim.expected import all_expected
from tests.chaos.sim.world import TOGETHER, World, silence

#: A process runs so many and ends: what they leave lies in circles, and to look for those takes longer than a new process.
_IN_ONE: Final = 2 * TOGETHER

Failures = dict[int, list[str]]


def failures(seeds: Iterable[int], mutant: str = "") -> Failures:
    """Run seeds one after the other; give what was wrong with those that fail."""
    found = {}
    gc.disable()
    try:
        with silence(), mutants.planted(mutant):
            for seed in seeds:
                if wrong := World(seed).run():
                    found[seed] = wrong
    finally:
        gc.enable()
    return found


def everywhere(seeds: Sequence[int], mutant: str, processes: int) -> Iterator[Failures]:
    """Run seeds in processes of their own, which share what they begin with."""
    all_expected()
    gc.freeze()
    parts = [seeds[at : at + _IN_ONE] for at in range(0, len(seeds), _IN_ONE)]
    running: dict[Connection, mp.Process] = {}
    forks = mp.get_context("fork")
    while parts or running:
        while parts and len(running) < processes:
            ours, theirs = forks.Pipe(duplex=False)
            running[ours] = process = forks.Process(target=_told, args=(theirs, parts.pop(0), mutant))
            process.start()
            theirs.close()
        for ours in wait(list(running)):
            process = running.pop(ours)
            yield ours.recv()
            process.join()


def _told(to: Connection, seeds: Sequence[int], mutant: str) -> None:
    to.send(failures(seeds, mutant))


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
        for some in everywhere(range(chosen.first, chosen.first + count), chosen.mutant, chosen.processes):
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
