"""What kernels cost: ns of CPU an item, without anything around them.

Run:  python -m tests.bench.kernels [items] [rounds]
Out:  one line a kernel: ns an item, and in multiples of the fixed loop of `usage` (ns an item / ms of the loop). The
      best of the rounds, since other programs only ever make it slower.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np

from stream.contract.times import format_ms
from stream.kernels import native
from stream.kernels.gate import WORD, depth_of, doubtful, is_unicode, perhaps_deep
from stream.kernels.ids import first_of_each, hashes_of, held, mark, marked, merged
from stream.kernels.murmur2 import murmur2, partitions_by_murmur2
from stream.kernels.named import named
from stream.kernels.panes import gathered
from stream.kernels.sums import counted, starts_of, summed
from stream.kernels.times import read_times
from tests.bench import usage

RECORD = b'{"specversion":"1.0","id":"%016x","source":"web","type":"page_view","data":{"page":{"path":"/pricing"}}}'


def cases(n: int) -> dict[str, Callable[[], Any]]:
    """Give a call for each kernel, over `n` items as a drained backlog has them."""
    rng = np.random.default_rng(7)
    keys = [f"v{number:07d}" for number in rng.integers(0, 200_000, n).tolist()]
    names = [f"web\x1f{number:016x}" for number in rng.integers(0, 1 << 62, n).tolist()]
    times = [format_ms(1_750_000_000_000 + 37 * at) for at in range(n)]
    values = [RECORD % number for number in rng.integers(0, 1 << 62, n).tolist()]
    joined = b"".join(values)
    joined += b" " * (-len(joined) % WORD)
    ends = np.cumsum([len(value) for value in values])
    starts = np.concatenate(([0], ends[:-1]))
    hashes = hashes_of(names)
    ids, run = np.sort(hashes), np.sort(rng.integers(0, 1 << 63, 20 * n).astype(np.uint64))
    bits, shift = np.zeros(1 << 20, np.uint8), np.uint64(64 - 23)
    changes = rng.integers(0, n // 4, n) << 42 | rng.integers(0, 300, n)
    amounts = rng.choice(np.array([1, 1, -1]), n)
    panes = rng.integers(0, 1_000_000, n)
    coarser = [(900_000, 6), (500_000, 90), (100_000, 2_160)]
    cells = [msgspec.msgpack.encode(("session", "shop", key)) for key in keys]
    table, listed = named(native.found()[0]), msgspec.msgpack.encode([msgspec.Raw(cell) for cell in cells])
    for number, cell in enumerate(cells):
        table[cell] = number
    return {
        "summed": lambda: summed(changes, amounts),
        "counted": lambda: counted(changes.copy()),
        "starts_of": lambda: starts_of(changes),
        "murmur2": lambda: murmur2(keys),
        "partitions_by_murmur2": lambda: partitions_by_murmur2(keys, 12),
        "read_times": lambda: read_times(times),
        "hashes_of": lambda: hashes_of(names),
        "first_of_each": lambda: first_of_each(ids),
        "held": lambda: held(run, ids),
        "merged": lambda: merged([ids[: n // 2], ids[n // 2 :]]),
        "mark": lambda: mark(bits, shift, ids),
        "marked": lambda: marked(bits, shift, ids),
        "perhaps_deep": lambda: perhaps_deep(joined, starts, ends, 32),
        "depth_of": lambda: [depth_of(value) for value in values],
        "is_unicode": lambda: [is_unicode(value) for value in values],
        "doubtful": lambda: doubtful(values),
        "gathered": lambda: gathered(panes, coarser),
        "named": lambda: table.find(listed),
    }


def main() -> None:
    """Print the table."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 30
    loop = usage.loop_ms(3)
    print(f"{'kernel':<26}{'ns/item':>10}{'x loop':>9}")
    for name, call in cases(n).items():
        best = float("inf")
        for _ in range(rounds):
            began = time.thread_time()
            call()
            best = min(best, time.thread_time() - began)
        print(f"{name:<26}{best * 1e9 / n:>10.1f}{best * 1e9 / n / loop:>9.3f}")
    print(f"{n} items a call; fixed loop {loop:.1f} ms")


if __name__ == "__main__":
    main()
