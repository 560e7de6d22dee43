"""Rules: what the contract asks beyond single fields: what a rule of a kind is, and what ids must be.

In:  one event, right in each field by itself.
Out: reasons and the paths of the fields at fault; none where nothing is.

Most events cannot be at fault and are told apart by one comparison in a pass over the batch (0.1 µs an
event); a rule is called for the others only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from msgspec.inspect import Metadata, StrType, StructType, Type, UnionType

from stream.contract.conditions import Schema, given
from stream.contract.fields import ID_MAX
from stream.contract.rejects import Reason

Fault = tuple[Reason, str]

#: A person who is known by no visit.
LEAD: Final[Schema] = {"anyOf": [given("lead_id"), given("email_hash")]}


class Moment(NamedTuple):
    """When an event arrived, the newest time that is taken as the end of a period, and the longest period; in ms."""

    arrival_ms: int
    newest_ms: int
    period_ms: int


@dataclass(frozen=True, slots=True)
class Rule:
    """What a kind asks that depends on more than one field, said twice: as code and as JSON Schema.

    `suspects` gives the places of the events in a batch that `faults` has to see. `faults` takes one of them and its
    moment. `conditions` say the same to producers; the examples and a property test hold the two together.
    """

    suspects: Callable[[Sequence[Any]], list[int]]
    faults: Callable[[Any, Moment], list[Fault]]
    conditions: Sequence[Schema]


def ids_of(shape: StructType) -> tuple[str, ...]:
    """List the fields of a struct that are ids: texts by which rows and people are known."""
    return tuple(field.name for field in shape.fields if _is_id(field.type))


def _is_id(kind: Type) -> bool:
    if isinstance(kind, Metadata):
        return _is_id(kind.type)
    if isinstance(kind, UnionType):
        return any(map(_is_id, kind.types))
    return isinstance(kind, StrType) and bool(kind.min_length) and (kind.max_length or 0) <= ID_MAX
