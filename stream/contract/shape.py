"""Shape: what the types of a struct say, read once; to read them anew costs as much as a third of a start.

In:  the struct of an event.
Out: its fields, with all that is inside them.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from msgspec.inspect import Metadata, StructType, Type, UnionType, type_info


@cache
def shape_of(struct: type[Any]) -> StructType:
    """Read a struct and all structs inside it."""
    info = type_info(struct)
    assert isinstance(info, StructType)
    return info


def part_of(shape: StructType, name: str) -> StructType:
    """Give the struct inside a required field; raises StopIteration if there is no such field."""
    kind: Type = next(field.type for field in shape.fields if field.name == name)
    while isinstance(kind, Metadata | UnionType):
        kind = kind.type if isinstance(kind, Metadata) else kind.types[0]
    assert isinstance(kind, StructType)
    return kind
