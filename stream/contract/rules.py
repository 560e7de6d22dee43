"""Rules: what the contract asks beyond single fields: what a rule of a kind is, and what ids must be.

In:  one event, right in each field by itself.
Out: a reason and the path of the field at fault, or None.

Most events cannot be at fault and are told apart by one comparison in a pass over the batch (0.1 µs an
event); a rule is called for the others only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from msgspec.inspect import Metadata, StrType, StructType, Type, UnionType, type_info

from stream.contract.common import Envelope
from stream.contract.conditions import Schema, given
from stream.contract.fields import ADDRESS
from stream.contract.rejects import Reason

Fault = tuple[Reason, str]

#: Ids of people: an address in one of them is personal data.
PERSON_IDS: Final = ("visitor_id", "lead_id", "user_id")
#: A person who is known by no visit.
LEAD: Final[Schema] = {"anyOf": [given("lead_id"), given("email_hash")]}

_HAS_ADDRESS: Final = re.compile(ADDRESS).search
_HAS_CONTROL: Final = re.compile("[\x00-\x1f]").search


@dataclass(frozen=True, slots=True)
class Rule:
    """What a kind asks that depends on more than one field, said twice: as code and as JSON Schema.

    `suspects` gives the places of the events in a batch that `fault` has to see. `fault` takes the data of one,
    the newest time that is taken as the end of a period, and the longest period, both in ms. `conditions` say
    the same to producers; the examples and a property test hold the two together.
    """

    suspects: Callable[[Sequence[Any]], list[int]]
    fault: Callable[[Any, int, int], Fault | None]
    conditions: Sequence[Schema]


def fault_of_ids(event: Any, data_ids: Iterable[str]) -> Fault | None:
    """Ask that ids hold no control characters (they part keys) and that those of people are no addresses."""
    for owner, prefix, names in ((event, "", _ENVELOPE_IDS), (event.data, "data.", data_ids)):
        for name in names:
            value = getattr(owner, name)
            if value is None:
                continue
            if _HAS_CONTROL(value):
                return "out_of_range", prefix + name
            if name in PERSON_IDS and _HAS_ADDRESS(value):
                return "personal_data", prefix + name
    return None


def ids_of(struct: type[Any]) -> tuple[str, ...]:
    """List the fields of a struct that are ids: the texts that may not be empty."""
    info = type_info(struct)
    assert isinstance(info, StructType)
    return tuple(field.name for field in info.fields if _is_id(field.type))


def _is_id(kind: Type) -> bool:
    if isinstance(kind, Metadata):
        return _is_id(kind.type)
    if isinstance(kind, UnionType):
        return any(map(_is_id, kind.types))
    return isinstance(kind, StrType) and bool(kind.min_length)


_ENVELOPE_IDS: Final = ids_of(Envelope)
