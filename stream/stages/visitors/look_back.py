"""Look-back: whose channel a direct session has, where the last non-direct one is asked for.

In:  a person's sessions by start, each with its own channel or none.
Out: for each the place of the session whose touch it counts by.

As GA4 has it, a direct visit takes nothing away from what brought the person before: a session that came by no
channel of its own has that of the newest session before it that did, if that is not too long ago. What was looked
up is not looked up again: a direct session hands nothing on, so the time runs from the visit that came by a channel.
"""

from __future__ import annotations

from collections.abc import Sequence


def last_non_direct(starts: Sequence[int], channels: Sequence[str | None], look_back_ms: int) -> list[int]:
    """Give for each session, by start, the place of the one whose touch it has: mostly its own.

    `channels` are those that sessions came by, None where they were direct; 0 ms looks back at nothing.

    >>> day = 86_400_000
    >>> last_non_direct([0, 5 * day, 20 * day, 40 * day], ["email", None, None, None], 30 * day)
    [0, 0, 0, 3]
    """
    found: list[int] = []
    last = -1
    for place, (start, channel) in enumerate(zip(starts, channels, strict=True)):
        if channel is not None:
            last = place
        reaches = last >= 0 and start - starts[last] <= look_back_ms
        found.append(last if reaches else place)
    return found
