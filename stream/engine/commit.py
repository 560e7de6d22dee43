"""Commit: what one transaction of a shard writes, and what the shell says of the shard at that moment.

In:  nothing; these are the types between the engine and the shell that drives it.
Out: structs and tuples.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import msgspec

from stream.stages.stage import HandOver, Result, Stands
from stream.state.table import LogRecord

#: Key, value and headers of a dead letter.
Letter = tuple[bytes, bytes, list[tuple[str, bytes]]]


class ShardReport(msgspec.Struct, frozen=True):
    """What the shell knows about a shard at the moment of a commit."""

    caught_up: bool
    now_ms: int
    lag_records: dict[str, int] = msgspec.field(default_factory=dict)
    missing: tuple[str, ...] = ()
    life: str = ""  # of the shard's log
    results: Literal["kept", "all", "written"] = "written"  # kept to itself; from now on, and all that stands; written
    stands: tuple[Stands, ...] = ()  # in the topic of leads, and to be confirmed


@dataclass(slots=True)
class Forward:
    """A record on its way to the shard that owns its canonical key; `group` is that shard's if not our own."""

    partition: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]
    group: str = ""


@dataclass(slots=True)
class Commit:
    """All that one commit of a shard must write, together or not at all."""

    state: list[LogRecord] = field(default_factory=list)
    #: Numbered one after the other, beginning with the number that the commit was given.
    deltas: list[bytes] = field(default_factory=list)
    dead_letters: list[Letter] = field(default_factory=list)
    forwards: list[Forward] = field(default_factory=list)
    hand_overs: list[HandOver] = field(default_factory=list)
    #: Shard of leads, and a record of what it is told; those of one shard in order.
    touches: list[tuple[int, bytes]] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    #: Whether a part of all results that stand is still to come.
    untold: bool = False
    #: Whether there is more to do, though nothing comes.
    behind: bool = False
