"""Virtual clock: an event loop in which waiting costs nothing, and the modules of the shell tell its time.

In:  coroutines.
Out: the same order of steps each time they run; a minute passes in milliseconds.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from types import ModuleType
from typing import Any

START_MS = 1_767_254_400_000
#: How far the clock of the process that runs now is ahead, in milliseconds.
skew_ms: ContextVar[int] = ContextVar("skew_ms", default=0)


TICK_S = 1e-6


class Standstill(Exception):
    """Nothing is left that could ever happen."""


class VirtualLoop(asyncio.BaseEventLoop):
    """Jump to the next timer when nothing is ready."""

    def __init__(self) -> None:
        super().__init__()
        self._now, self._selector = 0.0, self

    def time(self) -> float:
        return self._now

    def select(self, timeout: float | None) -> tuple[()]:
        """Stand in for the selector: there is no input but timers."""
        if timeout is None:
            raise Standstill
        self._now += max(timeout, TICK_S)  # work takes time, too: else whoever waits for a moment could wait for ever
        return ()

    def _process_events(self, events: Any) -> None:
        """Nothing: there are none."""

    def _write_to_self(self) -> None:
        """Nothing: all is one thread."""


class VirtualTime:
    """What the modules of the shell see in place of `time`."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def monotonic(self) -> float:
        return self._loop.time()

    perf_counter = monotonic

    def time(self) -> float:
        return (START_MS + skew_ms.get()) / 1000 + self._loop.time()

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)


@contextmanager
def replaced(*swaps: tuple[ModuleType, str, Any]) -> Iterator[None]:
    """Put other values into modules, and the former ones back at the end."""
    before = [(module, name, getattr(module, name)) for module, name, _ in swaps]
    for module, name, value in swaps:
        setattr(module, name, value)
    try:
        yield
    finally:
        for module, name, value in reversed(before):
            setattr(module, name, value)


@cache
def uses_of(name: str, value: Any, rooms: tuple[str, ...]) -> list[ModuleType]:
    """List the loaded modules of some rooms that hold `value` under a name."""
    return [
        module
        for path, module in sorted(sys.modules.items())
        if path.startswith(rooms) and getattr(module, name, None) is value
    ]


def swaps_of(name: str, value: Any, by: Any, rooms: tuple[str, ...]) -> list[tuple[ModuleType, str, Any]]:
    """Say that `by` shall stand for `value` wherever these rooms use it."""
    return [(module, name, by) for module in uses_of(name, value, rooms)]


Effect = Callable[[], Any]
