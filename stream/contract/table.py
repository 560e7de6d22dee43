"""Table: every field of a kind as its types say it, for whoever reads, writes or explains the contract.

In:  the structs of a kind.
Out: a tree of fields, each with the way it is read, its limits, what it is used for and an example.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import msgspec
from msgspec import inspect

from stream.contract.kinds import KINDS, KindName
from stream.contract.shape import shape_of


@dataclass(frozen=True, slots=True)
class Field:
    """One field.

    `name` is that on the wire, `attribute` that of the struct. `reads` is the way to read it, one of `WAYS`.
    `strict`: a value that cannot be taken refuses the event. `stray`: what another word than the listed ones becomes;
    "itself" keeps it. `instead`: the field beside it that will do in its place. `part`: the struct of an object, whose
    `fields` are also there by name.
    """

    name: str
    attribute: str
    path: str
    reads: str
    required: bool
    strict: bool
    default: Any = None
    says: str = ""
    example: Any = None
    values: tuple[str, ...] = ()
    longest: int = 0
    least: float | None = None
    most: float | None = None
    lower: bool = False
    stray: str = ""
    instead: str = ""
    part: type[Any] | None = None
    fields: tuple[Field, ...] = ()
    named: dict[str, Field] = dataclasses.field(default_factory=dict, compare=False, repr=False)


#: Every way in which a field is read.
WAYS: Final = (
    "text", "name", "id", "message_id", "hash", "enum", "time", "whole", "floor", "number", "millionths", "flag",
    "agreement", "country", "currency", "list", "object",
)  # fmt: skip


@cache
def envelope_of(kind: KindName) -> Field:
    """Give the field that stands for the whole event."""
    struct = KINDS[kind].struct
    fields = _fields(shape_of(struct), "")
    return Field("", "", "", "object", True, True, part=struct, fields=fields, named={f.name: f for f in fields})


@cache
def data_of(kind: KindName) -> Field:
    """Give the field `data`."""
    return next(field for field in envelope_of(kind).fields if field.name == "data")


@cache
def by_path(kind: KindName) -> dict[str, Field]:
    """Give every field by its path; the whole event has the path ""."""
    return {field.path: field for field in _walk(envelope_of(kind))}


@cache
def decorations(kind: KindName) -> frozenset[str]:
    """Give the paths in `data` of the fields that can be ignored: the closed list of what an account may name."""
    return frozenset(
        field.path.removeprefix("data.")
        for field in _walk(data_of(kind))
        if not field.strict and field.path.startswith("data.")
    )


def _walk(field: Field) -> Iterator[Field]:
    yield field
    for inner in field.fields:
        yield from _walk(inner)


def _fields(shape: inspect.StructType, prefix: str) -> tuple[Field, ...]:
    return tuple(_field(field, prefix) for field in shape.fields)


def _field(field: inspect.Field, prefix: str) -> Field:
    path = prefix + field.encode_name
    bare, said, extra = _bare(field.type)
    default: Any = None if field.default is msgspec.NODEFAULT else field.default
    made: dict[str, Any] = {
        "reads": extra.get("reads", ""),
        # what is required without more being said is what the event is about
        "strict": bool(extra.get("strict", field.required and "instead" not in extra)),
        "says": said.get("description", ""),
        "example": next(iter(said.get("examples") or ()), None),
        "lower": bool(extra.get("lower")),
        "stray": extra.get("stray", ""),
        "instead": extra.get("instead", ""),
        "default": default,
    }
    match bare:
        case inspect.LiteralType(values=values):
            made["values"] = tuple(map(str, values))
            made["reads"] = made["reads"] or "enum"
        case inspect.StrType(max_length=longest):
            made["longest"] = longest
        case inspect.IntType() | inspect.FloatType():
            made["least"] = bare.ge
        case inspect.ListType(item_type=item):
            made["reads"], inside = "list", _bare(item)[0]
            if isinstance(inside, inspect.LiteralType):
                made["values"] = tuple(map(str, inside.values))
            made["longest"] = max(map(len, made["values"])) if "values" in made else inside.max_length
        case inspect.StructType(cls=cls):
            made["reads"], made["part"] = "object", cls
            made["fields"] = inner = _fields(bare, f"{path}.")
            made["named"] = {each.name: each for each in inner}
            made["says"] = (cls.__doc__ or "").partition("\n")[0]
    assert made["reads"] in WAYS, path
    return Field(field.encode_name, field.name, path, required=field.required, **made)


def _bare(kind: Any) -> tuple[Any, dict[str, Any], dict[str, Any]]:
    """Take descriptions and null off a type; give them beside it, the outer ones before the inner ones."""
    said: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    while True:
        if isinstance(kind, inspect.Metadata):
            said = {**(kind.extra_json_schema or {}), **said}
            extra = {**(kind.extra or {}), **extra}
            kind = kind.type
        elif isinstance(kind, inspect.UnionType):
            kind = next(one for one in kind.types if not isinstance(one, inspect.NoneType))
        else:
            return kind, said, extra
