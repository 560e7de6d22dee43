"""Adapter: how the bytes of one format become events of the contract.

In:  values of records of one kind, as they come from a topic.
Out: events with their places in the batch, and a reject for every other value.

A format is one file beside this one, a line in `formats`, and a writer in the contract suite, which then holds it
to what is promised here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from stream.contract.kinds import KindName
from stream.contract.rejects import Reject


@dataclass(frozen=True, slots=True)
class Bounds:
    """How large and how deep a record may be, in whatever format."""

    max_bytes: int = 256 << 10
    max_depth: int = 32


@dataclass(slots=True, eq=False)
class Parsed:
    """A batch, parsed: `events` and `index` (place in the batch, rising) run side by side.

    `doubtful` are the places in `events` whose ids may hold an address or a control character. A format that can
    tell nothing from the bytes gives them all.
    """

    events: list[Any]
    index: list[int]
    rejects: list[Reject]
    doubtful: Sequence[int] = ()


class Adapter(Protocol):
    """Reads one format.

    Each value ends in exactly one of the two lists, and nothing that a value can hold raises. An event is an
    instance of the kind's struct, right in each field by itself; what depends on two fields or on the clock is
    found later, for every format alike. A reject says no word of the event.
    """

    @property
    def name(self) -> str:
        """The format, as settings and documents call it."""

    def read(self, kind: KindName, values: Sequence[bytes | None], bounds: Bounds) -> Parsed:
        """Read the values of a batch of one kind."""
