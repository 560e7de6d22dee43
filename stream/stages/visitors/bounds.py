"""Limits: how much of one person is remembered, and how much of it counts.

A bound on what is remembered changes no count; a bound on what counts filters as `flood`.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Flood:
    """How much of one person counts in one UTC hour of event time: events, and conversations begun."""

    events: int = 5_000
    chats: int = 200


#: Older sessions are folded together.
MOST_SESSIONS: Final = 64
#: Page groups and contents that a session remembers having seen.
MOST_VIEWED: Final = 64
#: Events of a session whose page views can still move to another channel.
MOST_TICKS: Final = 20_000
MOST_CHATS: Final = 5_000
MOST_OFFERS: Final = 64
#: Bytes of a row: brokers refuse records over 1 MiB, and a worker that cannot write a row cannot go on.
MOST_ROW: Final = 400_000
