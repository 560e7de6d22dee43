"""Constructors: the types of the functions by which mappings say what happened, rendered from the contract.

In:  the kinds and their fields.
Out: `stream/sources/events.pyi`, by which editors complete the fields of a kind and type checkers know wrong ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from stream.contract.kinds import KINDS
from stream.contract.table import Field, data_of

PATH: Final = "stream/sources/events.pyi"

_HEAD: Final = """\
# Rendered from `stream/contract` by `leadpulse render`; do not edit.
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, TypedDict

import msgspec

from stream.contract.kinds import KindName
from stream.sources.hashed import Hashed, HashedPrint

Constructor = Callable[..., Event]
CONSTRUCTORS: Final[dict[KindName, Constructor]]

def argument(name: str) -> str: ...

class Event(msgspec.Struct):
    kind: KindName
    id: Any
    time: Any
    recordedtime: Any
    data: dict[str, Any]
"""
_TYPES: Final = {
    "text": "str | Hashed",
    "name": "str | int",
    "id": "str | int | Hashed | HashedPrint",
    "message_id": "str | int | Hashed | HashedPrint",
    "hash": "str | Hashed",
    # a word of a vendor's table is a text to the type checker: which words there are is told where one is wrong
    "enum": "str",
    "time": "str | datetime",
    "whole": "int",
    "floor": "int | float",
    "number": "int | float",
    "millionths": "int | float",
    "flag": "bool",
    "agreement": "bool",
    "country": "str",
    "currency": "str",
    "list": "list[str]",
}
_RESERVED: Final = ("from", "class")


def stub() -> str:
    """Write the file."""
    parts: dict[str, str] = {}
    functions: list[str] = []
    for kind in KINDS:
        fields = data_of(kind).fields
        for field in fields:
            if field.part is not None:
                parts[field.part.__name__] = _part(field)
        functions.append("\n".join(_function(kind, fields)))
    return "\n".join([_HEAD, *parts.values(), *functions])


def _function(kind: str, fields: tuple[Field, ...]) -> Iterator[str]:
    needed = [field for field in fields if field.required and field.name != "site_id"]
    others = [field for field in fields if field not in needed]
    yield f"def {kind}("
    yield "    *,"
    yield "    id: str | int | Hashed | HashedPrint | None,"
    yield "    time: str | datetime | None,"
    for field in needed:
        yield f"    {_argument(field)}: {_type(field)} | None,"
    yield "    recordedtime: str | datetime | None = ...,"
    for field in others:
        yield f"    {_argument(field)}: {_type(field)} | None = ...,"
    yield ") -> Event: ..."
    yield ""


def _part(field: Field) -> str:
    assert field.part is not None
    name = field.part.__name__
    if any(inner.name in _RESERVED for inner in field.fields):
        inner = ", ".join(f'"{each.name}": {_type(each)} | None' for each in field.fields)
        return f'{name} = TypedDict("{name}", {{{inner}}}, total=False)\n'
    lines = (f"    {inner.name}: {_type(inner)} | None" for inner in field.fields)
    return "\n".join([f"class {name}(TypedDict, total=False):", *lines, ""])


def _type(field: Field) -> str:
    if field.part is not None:
        return field.part.__name__
    return _TYPES[field.reads]


def _argument(field: Field) -> str:
    return f"{field.name}_" if field.name in _RESERVED else field.name
