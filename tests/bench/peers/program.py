"""Program: one run of an engine in a process of its own.

In:  a command, what it is told.
Out: what it needed and answered, or why not.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from tests.bench import usage
from tests.bench.peers.environments import ROOT, NotHere
from tests.bench.peers.reference import Answer, People

MARK: Final = "RESULT "


@dataclass(frozen=True, slots=True)
class Run:
    """What one run needed for its events, and what it answered."""

    events: int
    wall_s: float
    cpu_s: float
    start_cpu_s: float
    peak_mb: float
    answer: Answer | None = None


class Program:
    """A process with its output, told by variables; ended when the context ends."""

    def __init__(self, command: list[str], told: Mapping[str, Any]) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="leadpulse-peers-")
        self._out = Path(self._folder.name) / "out"
        state = Path(self._folder.name) / "state"
        state.mkdir()
        variables = {"J1_STATE": str(state), **{f"J1_{name}": str(value) for name, value in told.items()}}
        with self._out.open("wb") as out:
            self.process = subprocess.Popen(
                command,
                env=os.environ | variables,
                cwd=ROOT,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._peak_mb = 0.0

    def __enter__(self) -> Program:
        return self

    def __exit__(self, *_: object) -> None:
        if not self.ended():
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self._folder.cleanup()

    def ended(self) -> bool:
        """Tell whether the process is over."""
        if self.process.returncode is None:
            # not what the system says when it is over: that begins with the memory of this process
            with suppress(OSError, ValueError):
                self._peak_mb = usage.memory_mb(self.process.pid)
        return self.process.poll() is not None

    def run(self, events: int, limit_s: float) -> Run:
        """Wait until it has told its result; raises NotHere where it does not."""
        until = time.monotonic() + limit_s
        while not self.ended():
            if time.monotonic() > until:
                raise NotHere(f"not through after {limit_s:.0f} s")
            time.sleep(0.05)
        told = result(self._out.read_text(errors="replace"))
        if told is None:
            raise NotHere(f"ended with code {self.process.returncode}: {self._last_line()}")
        people = People(**told["people"]) if told["people"] else None
        answer = Answer(told["cells"], people)
        return Run(events, told["wall_s"], told["cpu_s"], told["start_cpu_s"], self._peak_mb, answer)

    def _last_line(self) -> str:
        lines = self._out.read_text(errors="replace").strip().splitlines() or ["it said nothing"]
        return "".join(filter(str.isprintable, lines[-1]))[:200]


def result(output: str) -> dict[str, Any] | None:
    """Find the result in what a program has written; logs of its engine may stand on the same line.

    >>> result('WARN something RESULT {"cells": {}}')
    {'cells': {}}
    >>> result("killed") is None
    True
    """
    for line in reversed(output.splitlines()):
        _, mark, told = line.partition(MARK)
        if mark:
            found: dict[str, Any] = orjson.loads(told)
            return found
    return None
