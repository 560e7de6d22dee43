"""What an event costs by how many records of all shards one commit has: µs of CPU, without Kafka.

Run:  python -m tests.bench.commits [--commits 1000,5000,50000,200000] [--visitors N] [--rounds N] [--leads]
Out:  one line a size: µs an event of a whole round and in multiples of the fixed loop, then what is spent by part.

A site with 5,000 events a second has commits of 5,000 records; a backlog is worked off in commits of 200,000. Each
round begins with a first part that is not counted, in which series are made and tables grow. The whole is the best of
rounds in which nothing is watched, the parts are the best of others: watching takes a microsecond a call. Compare two
trees by rounds that take turns, A B A B.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Final

from stream.worker.run import tame_collector
from tests.bench import figures, usage
from tests.bench.fold import Commit, Steps, commits, drain
from tests.bench.mix import Mix, Options

#: Part → the steps of `fold` that it is made of; what is not named is part of ingest.
PARTS: Final = {
    "fold": ("facts by person", "fold visitors", "fold emails", "fold ads", "fold leads", "leads by the clock"),
    "known ids": ("hash ids", "known ids", "known ids to the log"),
    "changes": ("delta", "changes, the rest", "rows to the log", "rows into batches", "chain"),
    "apply": ("rollup: apply, the rest", "rollup: levels"),
    "readings": ("rollup: readings",),
    "publish": ("rollup: publish",),
    "snapshot": ("rollup: snapshot",),
}
_EVENTS: Final = 200_000
_MOST_COMMITS: Final = 60
_LEAST_EVENTS: Final = 60_000
_WARM: Final = 3  # one commit in so many at the beginning is not counted


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.commits")
    parser.add_argument("--commits", default="1000,5000,50000,200000", help="records of all shards between two commits")
    parser.add_argument("--visitors", type=int, default=40_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--leads", action="store_true", help="with people followed")
    args = parser.parse_args()
    tame_collector()
    print(f"{'records a commit':>16}{'µs/event':>10}{'x loop':>8}{'ingest':>9}", end="")
    print("".join(f"{part:>10}" for part in PARTS))
    sizes = map(int, args.commits.split(","))
    rows = [{"records": size, "us": _line(size, args.visitors, args.rounds, leads=args.leads)} for size in sizes]
    if not args.leads:
        figures.keep("commits", {"rows": rows})


def _line(size: int, visitors: int, rounds: int, *, leads: bool) -> float:
    count = max(min(_EVENTS, size * _MOST_COMMITS), _LEAST_EVENTS, 2 * size)
    cut = commits(Mix(Options(events=count, visitors=visitors)), size)
    first = max(1, len(cut) // _WARM) + 1
    events = count - (first - 1) * size
    whole_s, loop_ms, best = float("inf"), float("inf"), dict[str, float]()
    for _ in range(rounds):
        loop_ms = min(loop_ms, usage.loop_ms(3))
        whole_s = min(whole_s, _plain_s(cut, first, leads=leads))
        for step, spent_s in _watched_s(cut, first, leads=leads).items():
            best[step] = min(best.get(step, spent_s), spent_s)
    part_of = {step: part for part, steps in PARTS.items() for step in steps}
    parts: dict[str, float] = defaultdict(float)
    for step, spent_s in best.items():
        parts[part_of.get(step, "ingest")] += spent_s
    shown = "".join(f"{parts[part] * 1e6 / events:>{width}.2f}" for part, width in (("ingest", 9), *_WIDTHS))
    whole_us = whole_s * 1e6 / events
    print(f"{size:>16,}{whole_us:>10.1f}{whole_us / loop_ms:>8.2f}{shown}", flush=True)
    return whole_us


_WIDTHS: Final = tuple((part, 10) for part in PARTS)


def _plain_s(cut: list[Commit], first: int, *, leads: bool) -> float:
    """Run all commits with nothing watched; give the CPU seconds from the first counted one on."""
    began = _Mark(first)
    drain(cut, Steps(), leads=leads, before=began)
    return time.process_time() - began.at_s


def _watched_s(cut: list[Commit], first: int, *, leads: bool) -> dict[str, float]:
    """Run all commits with every step watched; give the CPU seconds of each from the first counted one on."""
    steps = Steps()
    began = _Mark(first, steps.spent_s.clear)
    with steps.watching():
        drain(cut, steps, leads=leads, before=began)
    return dict(steps.spent_s)


class _Mark:
    """Notes when the first commit that is counted begins."""

    def __init__(self, first: int, then: Callable[[], None] = lambda: None) -> None:
        self.at_s = 0.0
        self._first, self._then = first, then

    def __call__(self, turn: int) -> None:
        if turn == self._first:
            self._then()
            self.at_s = time.process_time()


if __name__ == "__main__":
    main()
