"""What passes between the shell and the centre: records in, changes out.

In:  records of the source topics as plain tuples (the fetch makes them, nothing wraps them again).
Out: what one transaction of a shard writes.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

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


class ShardReport(msgspec.Struct, frozen=True):
    """What the shell knows about a shard at the moment of a commit."""

    caught_up: bool
    now_ms: int
    lag_records: dict[str, int] = msgspec.field(default_factory=dict)
    missing: tuple[str, ...] = ()


@dataclass(slots=True)
class Forward:
    """A record on its way to the shard that owns its canonical key."""

    partition: int
    key: bytes | None
    value: bytes | None
    timestamp_ms: int
    headers: list[tuple[str, bytes]]


@dataclass(slots=True)
class Changes:
    """All that one commit of a shard must write, together or not at all."""

    state: list[tuple[bytes, bytes | None]] = field(default_factory=list)
    #: Numbered one after the other, beginning with the number that the commit was given.
    deltas: list[bytes] = field(default_factory=list)
    dead_letters: list[tuple[bytes, bytes, list[tuple[str, bytes]]]] = field(default_factory=list)
    forwards: list[Forward] = field(default_factory=list)
