"""Records: what comes out of a topic, as a plain tuple (the fetch makes it, nothing wraps it again).

In:  nothing.
Out: the type, and the names that go over the wire between shards.
"""

from __future__ import annotations

import re
from typing import Final

#: (offset, timestamp in ms, key, value, headers); a tuple because it is made once an event.
Record = tuple[int, int, bytes | None, bytes | None, tuple[tuple[str, bytes], ...]]

#: A time as a record can have one: 64 bits.
_MILLIS: Final = re.compile(r"-?[0-9]{1,18}")

#: Between the parts of a key or a name; no id can hold it.
UNIT = "\x1f"

#: Header of a forwarded record: the kind of the topic that it was first read from.
KIND_HEADER = "leadpulse-kind"

#: Header of a forwarded record: the shard that forwarded it.
FROM_HEADER = "leadpulse-from"

#: Header of a forwarded record: when it first arrived, in ms; its own time is that of the forward.
ARRIVAL_HEADER = "leadpulse-arrival"

#: Kinds in that header which are no events but orders of leads to the shards that keep people's rows.
CLAIM, ERASE = b"claim", b"erase"
ORDERS = frozenset((CLAIM, ERASE))

#: Header of a record that was made of somebody else's: topic, partition, offset and item of that.
ITEM_HEADER = "leadpulse-item"

#: Name of the group that makes our events of anybody's topics, and what the names of its sources begin with.
SOURCES = "sources"
MAPPED = "topic/"

#: Source name of the topic by which records reach the shard that they belong to.
REROUTE = "reroute"

#: Source name of the topic by which other groups tell a group what it needs of them.
HANDOVER = "handover"

#: Source name of the topic by which shards tell those of leads what they know of people.
TOUCHES = "touches"


def arrival_ms(record: Record) -> int:
    """Give when a record of the reroute topic first arrived: as its header says, else by its own time.

    >>> arrival_ms((0, 7, None, b"", ((ARRIVAL_HEADER, b"5"),)))
    5
    """
    for name, value in reversed(record[4]):
        if name == ARRIVAL_HEADER:
            told = (value or b"").decode("ascii", "replace")
            return int(told) if _MILLIS.fullmatch(told) else record[1]
    return record[1]
