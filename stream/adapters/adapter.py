"""Adapter: how the bytes of one format become events of the contract.

In:  records of one kind, as they come from a topic.
Out: events with their places in the batch, and a reject for every other value.

A format is one file beside this one, a line in `formats`, and a writer in the contract suite, which then holds it
to what is promised here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from stream.contract.kinds import KindName
from stream.contract.records import Record
from stream.contract.rejects import Reject


@dataclass(frozen=True, slots=True)
class RecordLimits:
    """How large and how deep a record may be, in whatever format."""

    max_bytes: int = 256 << 10
    max_depth: int = 32


@dataclass(slots=True, eq=False)
class Parsed:
    """A batch, parsed: `events` and `index` (place in the batch, rising) run side by side.

    `ignored` names, by place in the batch, the fields of the data that could not be used and were dropped.
    """

    events: list[Any]
    index: list[int]
    rejects: list[Reject]
    ignored: dict[int, list[str]] = field(default_factory=dict)


class Adapter(Protocol):
    """Reads one format.

    Each record ends in exactly one of the two lists, and nothing that a value can hold raises. An event is an
    instance of the kind's struct, right in each field by itself and written as the contract has it (`liberal` does
    that for any format), without an address in any text; what depends on two fields or on the clock is found later,
    for every format alike. A reject says no word of the event.
    """

    @property
    def name(self) -> str:
        """The format, as settings and documents call it."""

    def read(self, kind: KindName, records: Sequence[Record], limits: RecordLimits) -> Parsed:
        """Read a batch of records of one kind."""
