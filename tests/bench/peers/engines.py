"""Engines: the table of what is compared.

A row says what an engine promises after a crash, how it is run, how many of the events the slow ones get with --light, and by which order
of events its answer is right.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from tests.bench.peers.environments import java, python
from tests.bench.peers.reference import Order


@dataclass(frozen=True, slots=True)
class Engine:
    """One row; `command` makes what it needs first, and raises NotHere. leadpulse has none: it is a worker and not a program."""

    name: str
    title: str
    promises: str
    command: Callable[[], list[str]] | None = None
    light: float = 1.0
    order: Order = "arrival"
    answers: bool = True


OWN: Final = "leadpulse"


def _reader() -> list[str]:
    return [sys.executable, "-m", "tests.bench.peers.programs.bare_reader"]


ENGINES: Final = (
    Engine(OWN, "leadpulse, the whole main job", "exactly once", order="unique"),
    Engine("reader", "aiokafka + orjson, a bare reader", "no state", _reader, answers=False),
    Engine("loop", "Python by hand, batches", "exactly once", partial(python, "loop", "loop.py")),
    Engine("flink", "Flink 2.0, heap", "checkpoint in 5 s", partial(java, "flink", "Flink")),
    Engine(
        "flink-reuse", "Flink 2.0, heap, object reuse", "checkpoint in 5 s", partial(java, "flink", "Flink", ["reuse"])
    ),
    Engine("streams", "Kafka Streams 4.1, RocksDB", "exactly once", partial(java, "streams", "Streams")),
    Engine("bytewax", "Bytewax 0.21, waits 2 h", "none", partial(python, "bytewax", "bytewax_flow.py"), 1 / 4),
    Engine("pathway", "Pathway 0.33, own reducer", "none", partial(python, "pathway", "pathway_reduce.py"), 1 / 4, "time"),
    Engine("quix", "Quix Streams 3.28, grace 2 h", "exactly once", partial(python, "quix", "quix_streams.py"), 1 / 10),
    Engine("faust", "Faust 0.15 with tables", "at least once", partial(python, "faust", "faust_tables.py"), 1 / 100),
)  # fmt: skip
