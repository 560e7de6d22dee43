"""Simulate: the whole simulator in one call, for the command line.

In:  Plan: what traffic, where to, for how long.
Out: records on the topics or in a file, and the books over them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson

from stream.demo.adverts import stamp
from stream.demo.produce import Pump, now_ms, pump_all, write
from stream.demo.traffic import Options, Traffic, Truth
from stream.reference.account import Reference
from stream.reference.leads.rules import DEFAULT

DAY_MS = 86_400_000

#: Why a line of a file cannot be said to be of a kind: its `type` is none, or nobody looks into such bytes to find it.
#: On Kafka the topic tells the kind of the same record.
KINDLESS = frozenset({"not_json", "unknown_kind", "too_large", "too_deep"})


@dataclass(frozen=True, slots=True)
class Plan:
    """What to simulate.

    `history_ms` of past come first, as fast as they go out, at `history_rate` records a second of that
    past; then `length_ms` (None: without end) in step with the wall clock. With `out` everything goes to a
    file at once, and it ends at `end_ms` (default: now). `books` is a file for what the readings must be at
    the end. With `leads` people are followed: by more ids, and by a crm, costs and signals.
    """

    rate: float = 50.0
    seed: int = 1
    sites: int = 2
    length_ms: int | None = None
    history_ms: int = 0
    history_rate: float | None = None
    out: str | None = None
    end_ms: int | None = None
    books: str | None = None
    leads: bool = True
    prefix: str = ""
    client: Mapping[str, Any] = field(default_factory=dict)


def options_of(plan: Plan, now: int) -> Options:
    """Give the traffic's options for a plan that begins at the moment `now`."""
    options = Options(seed=plan.seed, rate=plan.rate, sites=plan.sites, leads=plan.leads)
    if plan.out is None:
        length_ms = None if plan.length_ms is None else plan.history_ms + plan.length_ms
        return replace(
            options,
            start_ms=now - plan.history_ms,
            length_ms=length_ms,
            live_ms=now if plan.history_ms else None,
            history_rate=plan.history_rate,
        )
    length_ms = plan.length_ms if plan.length_ms is not None else plan.history_ms or DAY_MS
    end_ms = now if plan.end_ms is None else plan.end_ms
    return replace(options, start_ms=end_ms - length_ms, length_ms=length_ms, blanks=False)


def run(plan: Plan, say: Callable[[str], None]) -> Reference:
    """Simulate as planned; on Ctrl-C stop sending, and keep the books of what was sent.

    Without a file for the books only the account is kept: books remember every event, an endless run must not.
    """
    begun = now_ms()
    books = Reference(rules=DEFAULT if plan.leads else None)
    traffic = Traffic(options_of(plan, begun))

    def tell(kind: str, truth: Truth, arrival_ms: int) -> None:
        kindless = plan.out is not None and truth.reason in KINDLESS
        books.tell(kind, truth, arrival_ms, placed=plan.books is not None and not kindless)

    if plan.out is not None:
        n = write(traffic, plan.out, tell)
        say(f"{n} events written to {plan.out}")
    else:
        pump = Pump(traffic, plan.client, plan.prefix, tell)
        try:
            pump_all(pump, say=lambda sent: say(f"{sent} records acknowledged"))
        except KeyboardInterrupt:
            pump.flush()
        finally:
            pump.close()
        say(f"{pump.acknowledged} records acknowledged in all")
    if plan.books is not None:
        at_ms = now_ms() if plan.out is None else (books.newest_ms or 0) + 1
        n = write_books(books, plan.books, at_ms)
        say(f"{n} expected readings at {stamp(at_ms)} written to {plan.books}")
    return books


def write_books(books: Reference, path: str, at_ms: int) -> int:
    """Write what every reading must be at a moment, one a line, the account last; return how many."""
    readings = books.readings(at_ms)
    with Path(path).open("wb") as out:
        for (metric, labels, window), expected in readings.items():
            row = {"metric": metric, "labels": dict(labels), "window": window, "value": expected.value}
            if expected.denominator is not None:
                row |= {"numerator": expected.numerator, "denominator": expected.denominator}
            out.write(orjson.dumps(row | {"as_of": stamp(at_ms)}) + b"\n")
        out.write(orjson.dumps({"account": books.account()}) + b"\n")
    return len(readings)
