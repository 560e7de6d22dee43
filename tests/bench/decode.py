"""What decoding costs: µs an event for each kind, and for the parts of it.

Run:  python -m tests.bench.decode [events a batch] [rounds]
Out:  one line a kind: the whole of decode, the parser's part, the whole by the open lane (an unknown field in
      each event), the reading of times, and orjson to dictionaries beside it. The best of the rounds, since
      other programs only ever make it slower.
"""

from __future__ import annotations

import gc
import random
import sys
import time
from collections.abc import Callable

import msgspec
import orjson

from stream.adapters.cloudevents import LANES
from stream.contract.kinds import KINDS
from stream.contract.records import Record
from stream.contract.times import format_ms
from stream.ingest.decode import decode
from stream.ingest.timing import parse_times
from tests.events import event

START_MS = 1_750_000_000_000


def page_view_346(rng: random.Random, time_ms: int) -> dict[str, object]:
    """Make a page view of about 346 bytes, as the standard mix has them."""
    data: dict[str, object] = {
        "site_id": "shop",
        "visitor_id": f"v{rng.randrange(200_000)}",
        "page": {
            "path": f"/pricing/{rng.randrange(100)}",
            "group": "pricing",
            "content_id": f"c{rng.randrange(50)}",
        },
        "geo": {"country": rng.choice(("DE", "FR", "US"))},
    }
    if rng.random() < 0.5:
        data["campaign"] = {"source": "google", "medium": "cpc", "name": f"campaign-{rng.randrange(50)}"}
    else:
        data["referrer"] = {"url": "https://www.example.com/search?q=x", "domain": "www.example.com"}
    if rng.random() < 0.4:
        data["session_id"] = f"s-{rng.getrandbits(80):020x}"
    return event("page_view", id=f"{rng.getrandbits(64):016x}", time=format_ms(time_ms), data=data)


def records_of(kind: str, n: int) -> list[Record]:
    """Make a batch of valid records of a kind."""
    rng = random.Random(7)
    made: list[Record] = []
    for i in range(n):
        time_ms = START_MS + i * 37
        body = (
            page_view_346(rng, time_ms)
            if kind == "page_view"
            else event(kind, id=f"{rng.getrandbits(64):016x}", time=format_ms(time_ms))
        )
        made.append((i, time_ms + 500, b"k", orjson.dumps(body), ()))
    return made


def best_us(step: Callable[[], object], n: int, rounds: int) -> float:
    """Give the µs an event of the fastest round."""
    fastest = float("inf")
    for _ in range(rounds):
        began = time.process_time()
        step()
        fastest = min(fastest, time.process_time() - began)
    return fastest / n * 1e6


def main() -> None:
    """Print a line a kind."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 30
    gc.freeze()
    gc.disable()
    print(f"{'kind':<10}{'bytes':>7}{'decode':>9}{'parse':>8}{'open':>8}{'time':>8}{'orjson':>8}   µs an event")
    for kind in KINDS:
        records = records_of(kind, n)
        values = [record[3] or b"" for record in records]
        opened = [(r[0], r[1], r[2], (r[3] or b"")[:-1] + b',"extra":[1]}', ()) for r in records]
        texts = [record_time(value) for value in values]
        parse = LANES[kind].closed
        assert not decode(kind, records).rejects
        steps: list[Callable[[], object]] = [
            lambda r=records, k=kind: decode(k, r),  # type: ignore[misc]
            lambda v=values, p=parse: list(map(p, v)),  # type: ignore[misc]
            lambda r=opened, k=kind: decode(k, r),  # type: ignore[misc]
            lambda t=texts: parse_times(t),  # type: ignore[misc]
            lambda v=values: list(map(orjson.loads, v)),  # type: ignore[misc]
        ]
        figures = "".join(
            f"{best_us(step, n, rounds):>{width}.2f}" for step, width in zip(steps, (9, 8, 8, 8, 8), strict=True)
        )
        print(f"{kind:<10}{sum(map(len, values)) // n:>7}{figures}")


def record_time(value: bytes) -> str:
    """Give the `time` of an envelope."""
    return str(msgspec.json.decode(value)["time"])


if __name__ == "__main__":
    main()
