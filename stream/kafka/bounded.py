"""Bounded: waiting that ends, whatever it waits for does.

In:  something to await, and a limit.
Out: its result, or a TimeoutError after the limit.

`asyncio.wait_for` waits on after its limit until the cancelled call has ended, and some calls of the Kafka clients do
not end when they are cancelled. A commit limit must hold all the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def within(limit_s: float, call: Coroutine[Any, Any, T]) -> T:
    """Await a call; after the limit it is cancelled and left to itself."""
    task = asyncio.ensure_future(call)
    try:
        done, _ = await asyncio.wait({task}, timeout=limit_s)
    except asyncio.CancelledError:
        _abandon(task)
        raise
    if not done:
        _abandon(task)
        raise TimeoutError(f"not done after {limit_s:g} s")
    return task.result()


def _abandon(task: asyncio.Future[Any]) -> None:
    task.cancel()
    task.add_done_callback(lambda ended: None if ended.cancelled() else ended.exception())
