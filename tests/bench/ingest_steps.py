"""What the steps after decoding cost: µs an event for routing, known ids, classes, touches and labels.

Run:  python -m tests.bench.ingest_steps [events a batch] [rounds]
Out:  one line a step; CPU time, the best of the rounds.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable

import msgspec
import numpy as np

from stream.contract.page_view import PageView
from stream.ingest.bots import is_listed
from stream.ingest.classify import classify
from stream.ingest.route import canonical_keys, partitions_of
from stream.ingest.touches import Channels
from stream.state.known_ids import KnownIds, hash_ids
from stream.state.labels import LabelGuard, clean
from tests.bench.decode import START_MS, page_view_346

CHROME = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 Chrome/{}.0.0.0 Safari/537.36"


def main(n: int, rounds: int) -> None:
    """Measure each step on the same batch of page views."""
    rng = random.Random(7)
    made = [page_view_346(rng, START_MS + i * 37) for i in range(n)]
    for body in made:
        body["data"]["user_agent"] = CHROME.format(rng.randrange(60, 130))  # type: ignore[index]
    events = msgspec.convert(made, list[PageView])
    keys = canonical_keys("page_view", events)
    names = [f"{event.source}\x1f{event.id}" for event in events]
    campaigns = [f"campaign-{rng.randrange(50)}" for _ in range(n)]
    guard = LabelGuard()
    channels = Channels()
    report("canonical keys", n, rounds, lambda: canonical_keys("page_view", events))
    report("partitions, murmur2", n, rounds, lambda: partitions_of(keys, 12))
    report("partitions, crc32", n, rounds, lambda: partitions_of(keys, 12, "crc32"))
    report("hash ids", n, rounds, lambda: hash_ids(names))
    for hours in (1, 24):
        report(f"known ids, new, {hours} hours", n, rounds, *fresh_ids(n, rounds, hours))
    report("classify", n, rounds, lambda: classify("page_view", events))
    report("touches", n, rounds, lambda: channels.touches(events))
    report("clean and admit a label", n, rounds, lambda: [guard.admit("campaign", clean(c)) for c in campaigns])
    numbers = iter(range(rounds * 500))
    report(
        "user agent never seen",
        500,
        rounds,
        lambda: [is_listed(f"{CHROME}{next(numbers)}") for _ in range(500)],
    )


def fresh_ids(n: int, rounds: int, hours: int) -> tuple[Callable[[], object]]:
    """Give a step that checks ids never seen, in a table that holds a million of the last hours."""
    random_ids = np.random.default_rng(7)
    known = KnownIds()

    def check() -> None:
        known.check(random_ids.integers(0, 1 << 64, n, dtype=np.uint64), random_ids.integers(0, hours, n))

    while len(known) < 1_000_000:
        check()
        known.changes()
    return (check,)


def report(name: str, n: int, rounds: int, step: Callable[[], object]) -> None:
    """Print the best time an event."""
    best = min(timed(step) for _ in range(rounds))
    print(f"{name:28} {best / n * 1e6:7.2f} µs")


def timed(step: Callable[[], object]) -> float:
    """Give the CPU seconds of one call."""
    start = time.process_time()
    step()
    return time.process_time() - start


if __name__ == "__main__":
    main(*(int(arg) for arg in (*sys.argv[1:], "5000", "15")[:2]))
