"""Records: what comes out of a topic, as a plain tuple (the fetch makes it, nothing wraps it again).

In:  nothing.
Out: the type, and the names that go over the wire between shards.
"""

from __future__ import annotations

#: (offset, timestamp in ms, key, value, headers); a tuple because it is made once an event.
Record = tuple[int, int, bytes | None, bytes | None, tuple[tuple[str, bytes], ...]]

#: Between the parts of a key or a name; no id can hold it.
UNIT = "\x1f"

#: Header of a forwarded record: the kind of the topic that it was first read from.
KIND_HEADER = "leadpulse-kind"

#: Header of a forwarded record: the shard that forwarded it.
FROM_HEADER = "leadpulse-from"

#: Source name of the topic by which records reach the shard that they belong to.
REROUTE = "reroute"

#: Source name of the topic by which other groups tell a group what it needs of them.
HANDOVER = "handover"
