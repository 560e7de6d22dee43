"""Virtual clock: an event loop in which waiting costs nothing, and the modules of the shell tell its time.

In:  coroutines.
Out: the same order of steps each time they run; a minute passes in milliseconds.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import Context, ContextVar
from functools import cache
from heapq import heappop, heappush
from types import ModuleType
from typing import Any, Final
from weakref import WeakSet

START_MS = 1_767_254_400_000
#: How far the clock of the process that runs now is ahead, in milliseconds.
skew_ms: ContextVar[int] = ContextVar("skew_ms", default=0)


TICK_S: Final = 1e-6
_DUE_S: Final = 1e-9  # what is due within it is due now


class Standstill(Exception):
    """Nothing is left that could ever happen."""


class Timer:
    """What happens at a moment, unless it is taken back."""

    __slots__ = ("args", "callback", "context", "over")

    def __init__(self, callback: Callable[..., object], args: tuple[Any, ...], context: Context | None) -> None:
        self.callback, self.args, self.context, self.over = callback, args, context, False

    def cancel(self) -> None:
        """Take it back."""
        self.over = True


class VirtualLoop(asyncio.AbstractEventLoop):
    """Do what is ready, one round after the other, and jump to the next timer when nothing is.

    The order is that of asyncio's own loop. All that tasks, futures and timers need of one is here, and no more: a
    quarter of a run would else go into handles that nobody looks at.
    """

    def __init__(self) -> None:
        self._now = 0.0
        self._ready: deque[tuple[Context | None, Callable[..., object], tuple[Any, ...]]] = deque()
        self._timers: list[tuple[float, int, Timer]] = []
        self._numbers = itertools.count()
        self.tasks: list[asyncio.Task[Any]] = []  # all that were made, in order
        self.made: Callable[[asyncio.Task[Any], Context | None], None] = lambda task, context: None

    def time(self) -> float:
        return self._now

    get_debug = bool  # false without a frame of Python: each task and future asks

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Nothing: these are tasks of the dead."""

    def call_soon(self, callback: Any, *args: Any, context: Context | None = None) -> None:  # type: ignore[override]
        """Do something in the next round; it cannot be taken back, which nobody wants."""
        self._ready.append((context, callback, args))

    def call_later(self, delay: float, callback: Any, *args: Any, context: Context | None = None) -> Timer:  # type: ignore[override]
        return self.call_at(self._now + delay, callback, *args, context=context)

    def call_at(self, when: float, callback: Any, *args: Any, context: Context | None = None) -> Timer:  # type: ignore[override]
        timer = Timer(callback, args, context)
        heappush(self._timers, (when, next(self._numbers), timer))
        return timer

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(self, coro: Any, *, name: Any = "", context: Context | None = None) -> asyncio.Task[Any]:
        """Make a task, and tell `made` of it."""
        task: asyncio.Task[Any] = asyncio.Task(coro, loop=self, name=name, context=context)
        self.tasks.append(task)
        self.made(task, context)
        return task

    async def until(self, when_s: float) -> None:
        """Wait for a moment, which may have passed."""
        if when_s > self._now:
            woken: asyncio.Future[None] = asyncio.Future(loop=self)
            self.call_at(when_s, _wake, woken)
            await woken

    async def sleep(self, seconds: float) -> None:
        """Wait, as asyncio.sleep does at greater cost."""
        await self.until(self._now + seconds)

    def run_until_complete(self, future: Any) -> Any:
        """Run until it is done; raises Standstill if it waits for what never comes."""
        asyncio._set_running_loop(self)
        try:
            task, over = self.create_task(future), list[object]()
            task.add_done_callback(over.append)
            ready, timers, popleft = self._ready, self._timers, self._ready.popleft
            while not over:
                if ready:
                    self._now += TICK_S  # work takes time, too: else whoever waits for a moment could wait for ever
                else:
                    while timers and timers[0][2].over:
                        heappop(timers)
                    if not timers:
                        raise Standstill
                    self._now += max(timers[0][0] - self._now, TICK_S)
                due = self._now + _DUE_S
                while timers and timers[0][0] < due:
                    timer = heappop(timers)[2]
                    if not timer.over:
                        ready.append((timer.context, timer.callback, timer.args))
                for _ in range(len(ready)):
                    context, callback, args = popleft()
                    if context is None:
                        callback(*args)
                    else:
                        context.run(callback, *args)
            return task.result()
        finally:
            asyncio._set_running_loop(None)

    def close(self) -> None:
        """Forget what would still happen."""
        self._ready.clear()
        self._timers.clear()


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


#: Where asyncio keeps all tasks there are, weakly; each one in and out again costs more than the task.
_REGISTERS: Final = [
    found
    for name in ("_all_tasks", "_scheduled_tasks")
    if isinstance(found := getattr(asyncio.tasks, name, None), WeakSet)
]


@contextmanager
def unregistered() -> Iterator[None]:
    """Let nobody keep the tasks that are made: the loop has a list of them."""
    for register in _REGISTERS:
        register.add = _forget  # type: ignore[method-assign]
    try:
        yield
    finally:
        for register in _REGISTERS:
            del register.add


def _forget(task: object) -> None:
    """Take a task, and do nothing."""


class VirtualTime:
    """What the modules of the shell see in place of `time`."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop
        self.monotonic = self.perf_counter = loop.time

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
