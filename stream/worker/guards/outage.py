"""Outage: what a failure is to be taken for: the end of the process, or a broker that does not answer.

In:  an error of a shard, and a way to ask whether a broker answers.
Out: nothing, once the shards are given up because no broker answers; for everything else the process ends.

While no broker answers nobody can take over anything: an end would only turn one outage into two. What is given up is
the state in memory and the producers, so that what follows is the same as after a start.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from aiokafka.errors import KafkaError

from stream.errors import BrokerError, LeadpulseError
from stream.kafka.refusals import chain
from stream.worker.guards.failstop import die

#: What to do with an error: where it happened, and what it is. It returns only when the shards are given up.
Fail = Callable[[str, BaseException], Awaitable[None]]

#: The broker has spoken: whatever it says, it answers.
SPOKEN: Final = ("Fenced", "InvalidProducerEpoch", "AuthorizationFailed", "AuthenticationFailed", "Unsupported")


async def dies(where: str, error: BaseException) -> None:
    """End the process on any error."""
    die(where, error)


def may_be_silence(error: BaseException) -> bool:
    """Say whether an error may come from a broker that does not answer.

    >>> may_be_silence(TimeoutError()), may_be_silence(ValueError())
    (True, False)
    """
    found = list(chain(error))
    if any(word in type(one).__name__ for one in found for word in SPOKEN):
        return False
    return any(isinstance(one, KafkaError | TimeoutError | OSError | BrokerError) for one in found)


class Outage:
    """Tell an outage from a fault, once for all shards of a worker."""

    def __init__(self, ask: Callable[[], LeadpulseError | None], give_up: Callable[[LeadpulseError], None]) -> None:
        """Take a question that gives the reason why no broker answers, and what gives up all shards for it."""
        self._ask, self._give_up = ask, give_up

    async def fail(self, where: str, error: BaseException) -> None:
        """Give up the shards if no broker answers; else end the process."""
        reason = await self.silence() if may_be_silence(error) else None
        if reason is None:
            die(where, error)
        self._give_up(reason)

    async def silence(self) -> LeadpulseError | None:
        """Ask the broker, in a thread: it may take seconds to say nothing. None: it answers."""
        return await asyncio.to_thread(self._ask)
