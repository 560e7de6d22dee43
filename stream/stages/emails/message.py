"""Message: which parts of a message id are one copy.

In:  the recipients that events name, by lead_id, by email_hash or by both.
Out: recipients as numbers, the row of a message id, and the groups of recipients that are one.

Joins are transitive: two lead_ids of one address are one mailbox.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec
import xxhash

from stream.stages.emails.copy import Copy

#: Recipients whose parts stand in the row of the message; with more of them each part is a row of its own.
MOST_INSIDE: Final = 4
#: Pairs of a lead_id and an email_hash that a message remembers; from then on no more recipients are joined.
MOST_PAIRS: Final = 1_000

_HASHED: Final = 1


class Message(msgspec.Struct, array_like=True, gc=False):
    """A message id: its newest event, the parts that stand in it, and which ids were named together.

    `apart` says that its parts are rows of their own; then `parts` is empty.
    """

    last: int
    parts: dict[int, Copy] = {}
    pairs: list[tuple[int, int]] = []
    apart: bool = False


def recipient(data: Any) -> tuple[int, int | None]:
    """Name who got it as a number, and the second name where an event has both.

    Even numbers are lead_ids, odd ones hashes of addresses. 63 bits: two recipients of one message share a number
    once in 10^13 messages to a thousand people.
    """
    hashed = None if data.email_hash is None else xxhash.xxh3_64_intdigest(data.email_hash.encode()) | _HASHED
    if data.lead_id is None:
        assert hashed is not None, "the contract asks for one of the two"
        return hashed, None
    return xxhash.xxh3_64_intdigest(data.lead_id.encode()) & ~_HASHED, hashed


def pair(message: Message, lead: int, hashed: int) -> bool:
    """Remember that one event named both; False where the message has no more room for that."""
    both = (lead, hashed)
    if both not in message.pairs:
        if len(message.pairs) >= MOST_PAIRS:
            return False
        message.pairs = sorted([*message.pairs, both])  # in whichever order they came
    return True


def ids(message: Message) -> set[int]:
    """Give the recipients whose parts stand in the message, and those that were named beside them."""
    return set(message.parts).union(*message.pairs)


def groups(message: Message, wanted: Iterable[int]) -> list[set[int]]:
    """Give the copies, as sets of recipients, that any of the wanted ones belongs to."""
    links: dict[int, set[int]] = {}
    for a, b in message.pairs:
        links.setdefault(a, set()).add(b)
        links.setdefault(b, set()).add(a)
    if not message.apart:
        known = ids(message)
        hashed = {one for one in known if one & _HASHED}
        if len(hashed) == 1 and len(known) == 2:  # one lead_id and one hash in the whole message
            for one in known:
                links[one] = known
    out: list[set[int]] = []
    left = set(wanted)
    while left:
        group, waiting = set(), [left.pop()]
        while waiting:
            one = waiting.pop()
            if one not in group:
                group.add(one)
                waiting += links.get(one, ())
        left -= group
        out.append(group)
    return out
