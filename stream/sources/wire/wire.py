"""Wire: the bytes of a record → its items, by the format and the wrappers that a definition names.

    bytes → unpack → decode → take wrappers off → fan out

In:  bytes and headers of a record; schemas, where the format needs them.
Out: pairs of what stands around an item, and the item; Fault where the record cannot be read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
import orjson

from stream.sources.faults import Fault, Unfit
from stream.sources.paths import getter
from stream.sources.wire import tables
from stream.sources.wire.schemas import Schemas, json
from stream.sources.wire.unwrap import unpackers

FORMATS: Final = ("json", "csv", "tsv", "avro", "protobuf", "json_schema", "cloudevents")
#: Formats whose records name a schema of a registry that must be known to read them.
BY_SCHEMA: Final = ("avro",)
MOST_ITEMS: Final = 10_000

Headers = tuple[tuple[str, bytes | None], ...]
Items = Sequence[tuple[Any, Any]]
Decode = Callable[[bytes], Any]


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """How records look: their format, the wrappers around them, and the path of the list that is fanned out.

    `columns` are those of csv and tsv; of wide rows `reads` are the ones that a mapping reads.
    """

    format: str = "json"
    unwrap: tuple[str, ...] = ()
    each: str = ""
    columns: tuple[str, ...] = ()
    reads: frozenset[str] | None = None


class Wire:
    """Takes records of one source apart."""

    def __init__(
        self, shape: Shape, schemas: Schemas | None = None, protobuf: Decode | None = None, most_bytes: int = 8 << 20
    ) -> None:
        """Raise Unfit for a shape that cannot be."""
        self._most_bytes = most_bytes
        self._unpack, self._steps = unpackers(shape.unwrap)
        self._each = getter(shape.each) if shape.each else None
        self._binary = shape.format == "cloudevents"
        self._decode = _decoder(shape, schemas, protobuf)
        self._plain = not (self._unpack or self._steps or self._each or self._binary)

    def items(self, value: bytes, headers: Headers = ()) -> Items:
        """Give the items of a record, at most `MOST_ITEMS`; an empty list has none."""
        if len(value) > self._most_bytes:
            raise Fault("too_large")
        for unpack in self._unpack:
            value = unpack(value, self._most_bytes)
        found = self._decode(value)
        if self._plain:
            return ((None, found),)
        if self._binary:
            found = _with_attributes(found, headers)
        outer: Any = None
        for step in self._steps:
            outer, found = step(outer, found)
        if self._each is None:
            return ((outer, found),)
        inner = self._each(found)
        if inner.__class__ is not list:
            return ((outer, found),)  # one that was not put into a list
        if len(inner) > MOST_ITEMS:
            raise Fault("too_large")
        around = outer if inner is found else found
        return [(around, item) for item in inner]


def _decoder(shape: Shape, schemas: Schemas | None, protobuf: Decode | None) -> Decode:
    match shape.format:
        case "json" | "cloudevents":
            return _json
        case "json_schema":
            return json
        case "tsv":
            return tables.tsv(_columns(shape), shape.reads)
        case "csv":
            return tables.comma(_columns(shape))
        case "avro":
            return (schemas or Schemas()).read
        case "protobuf":
            if protobuf is None:
                raise Unfit("protobuf needs descriptor and message")
            return protobuf
        case other:
            raise Unfit(f"{other!r} is none of {', '.join(FORMATS)}")


def _columns(shape: Shape) -> tuple[str, ...]:
    if not shape.columns:
        raise Unfit(f"{shape.format} needs columns: the names of the values of a row, in order")
    return shape.columns


def _json(value: bytes) -> Any:
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        raise Fault("not_json") from None


def _with_attributes(data: Any, headers: Headers) -> Any:
    """Give a CloudEvent as one object, whichever mode it came in."""
    said = {
        name[3:].lower(): value.decode("utf-8", "replace")
        for name, value in headers
        if value is not None and name[:3].lower() == "ce_"
    }
    return {**said, "data": data} if "specversion" in said else data
