"""J1: what the programs of this folder share: what they are told, their meter, and the step of the job for one visitor.

In:  variables J1_BROKER, J1_TOPIC, J1_EVENTS, J1_GROUP, J1_STATE (a folder of their own), J1_LIVE (1: events come as they happen).
Out: one line of JSON behind RESULT: seconds and CPU seconds from the first record to the last, CPU seconds before it, the answer.

Each program runs in an environment of its own, which has its engine and nothing of leadpulse.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NoReturn

BROKER = os.environ["J1_BROKER"]
TOPIC = os.environ["J1_TOPIC"]
EVENTS = int(os.environ["J1_EVENTS"])
GROUP = os.environ["J1_GROUP"]
STATE = os.environ["J1_STATE"]
LIVE = os.environ.get("J1_LIVE") == "1"
GAP_MS = 1_800_000

Visitor = list[int]  # first seen, last seen, pages, is a lead
Cells = dict[tuple[int, str], list[int]]  # (minute, channel) → page views, sessions, submits, leads

_minutes: dict[str, int] = {}


def ms(stamp: str) -> int:
    """Read `YYYY-MM-DDTHH:MM:SS.mmmZ`; a minute is parsed once."""
    minute = stamp[:16]
    found = _minutes.get(minute)
    if found is None:
        found = _minutes[minute] = int(datetime.fromisoformat(minute + ":00+00:00").timestamp()) * 1000
    return found + int(stamp[17:19]) * 1000 + int(stamp[20:23])


def step(visitor: Visitor | None, time_ms: int, form: bool) -> tuple[Visitor, list[int]]:
    """Let an event of a visitor happen; give the visitor as it is now, and what the event adds to its cell."""
    session = lead = 0
    if visitor is None:
        visitor, session = [time_ms, time_ms, 0, 0], 1
    else:
        if time_ms - visitor[1] > GAP_MS:
            session = 1
        if time_ms < visitor[0]:
            visitor[0] = time_ms
        if time_ms > visitor[1]:
            visitor[1] = time_ms
    if form:
        if not visitor[3]:
            visitor[3] = lead = 1
        return visitor, [0, session, 1, lead]
    visitor[2] += 1
    return visitor, [1, session, 0, 0]


def people(visitors: Iterable[Iterable[Any]]) -> dict[str, int]:
    """Add all visitors up."""
    out = dict.fromkeys(("visitors", "leads", "pages", "first_ms", "last_ms"), 0)
    for first_ms, last_ms, pages, lead in visitors:
        out["visitors"] += 1
        out["leads"] += int(lead)
        out["pages"] += pages
        out["first_ms"] += first_ms
        out["last_ms"] += last_ms
    return out


class Meter:
    """Measures from the first record to the last."""

    def __init__(self) -> None:
        self.began: tuple[float, float] | None = None
        self.ended: tuple[float, float] | None = None

    def first(self) -> None:
        """Begin, at the first call."""
        if self.began is None:
            self.began = time.perf_counter(), time.process_time()

    def last(self) -> None:
        """End, at the first call."""
        if self.ended is None:
            self.ended = time.perf_counter(), time.process_time()

    def tell(self, cells: Cells, visitors: Iterable[Iterable[Any]] | None = None, **more: Any) -> NoReturn:
        """Write the result and end the process: what an engine does to end in order is not measured."""
        self.first()
        self.last()
        assert self.began is not None
        assert self.ended is not None
        result = {
            "wall_s": self.ended[0] - self.began[0],
            "cpu_s": self.ended[1] - self.began[1],
            "start_cpu_s": self.began[1],
            "cells": {f"{minute}|{channel}": counts for (minute, channel), counts in cells.items()},
            "people": None if visitors is None else people(visitors),
            **more,
        }
        print("RESULT " + json.dumps(result), flush=True)
        sys.stderr.flush()
        os._exit(0)
