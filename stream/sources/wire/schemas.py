"""Schemas: records in the wire format of a schema registry: a zero, the id of a schema in four bytes, and the data.

In:  schemas by id, as whoever asks the registry hands them in; what a definition says of Protobuf.
Out: decoded values; the ids that a batch needs and that are not known yet.

What an id stands for never changes, so a schema is asked for once and a record is read the same way for ever.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec
import orjson

from stream.errors import SettingsError
from stream.sources.faults import Fault

_PREFIX: Final = 5
Read = Callable[[bytes], Any]


class Schema(msgspec.Struct, frozen=True):
    """What a registry knows by an id: the kind of schema, its text, and the texts of those it refers to, in order."""

    type: str
    text: str
    references: tuple[str, ...] = ()


def id_of(value: bytes | None) -> int | None:
    """Give the id of the schema that a record was written with; None where it says none.

    >>> id_of(b"\\x00\\x00\\x00\\x00\\x07{}"), id_of(b"{}")
    (7, None)
    """
    if value is None or len(value) <= _PREFIX or value[0]:
        return None
    return int.from_bytes(value[1:_PREFIX], "big")


@dataclass(slots=True)
class Schemas:
    """Schemas of one registry; what is known to be unknown there is None."""

    known: dict[int, Schema | None] = field(default_factory=dict)
    _readers: dict[int, Read] = field(default_factory=dict)

    def missing(self, values: Iterable[bytes | None]) -> set[int]:
        """Name the ids in a batch that were not asked for yet."""
        return {number for value in values if (number := id_of(value)) is not None} - self.known.keys()

    def read(self, value: bytes) -> Any:
        """Decode a record of Avro or JSON Schema by the schema that it names."""
        number = id_of(value)
        if number is None:
            raise Fault("wrong_type")
        reader = self._readers.get(number)
        if reader is None:
            schema = self.known.get(number)
            if schema is None:
                raise Fault("unknown_schema")
            reader = self._readers[number] = _reader(schema)
        return reader(value)


def _reader(schema: Schema) -> Read:
    if schema.type == "JSON":
        return json
    if schema.type == "AVRO":
        return _avro(schema)
    raise Fault("unknown_schema")


def json(value: bytes) -> Any:
    """Read the JSON behind the id of a schema: what it has promised need not be proved again.

    >>> json(b"\\x00\\x00\\x00\\x00\\x07{}"), json(b"{}")
    ({}, {})
    """
    try:
        return orjson.loads(value if value[:1] != b"\0" else value[_PREFIX:])
    except orjson.JSONDecodeError:
        raise Fault("not_json") from None


def _avro(schema: Schema) -> Read:
    import fastavro

    named: dict[str, Any] = {}
    try:
        for text in schema.references:
            fastavro.parse_schema(orjson.loads(text), named)
        parsed = fastavro.parse_schema(orjson.loads(schema.text), named)
    except Exception:  # whatever a library makes of a schema that is none
        raise Fault("unknown_schema") from None
    read = fastavro.schemaless_reader

    def avro(value: bytes) -> Any:
        try:
            return read(io.BytesIO(value[_PREFIX:]), parsed, None)
        except Exception:  # bytes that do not fit may raise anything
            raise Fault("wrong_type") from None

    return avro


def protobuf(descriptor: Path, message: str) -> Read:
    """Make the reader of a message of Protobuf: `descriptor` is a file with a FileDescriptorSet.

    The indexes of messages before the data are passed over, and so is the id of the schema. Raises SettingsError where
    the file holds no such message.
    """
    from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

    where = str(descriptor)
    do = "Write it with `protoc --include_imports --descriptor_set_out=FILE`, and name the message in full."
    try:
        files = descriptor_pb2.FileDescriptorSet.FromString(descriptor.read_bytes())
    except OSError as error:
        raise SettingsError(f"The descriptor cannot be read: {error.strerror}.", where=where, do=do) from None
    except Exception:
        raise SettingsError("The descriptor is no FileDescriptorSet.", where=where, do=do) from None
    pool = descriptor_pool.DescriptorPool()
    try:
        for file in files.file:
            pool.Add(file)
        made = message_factory.GetMessageClass(pool.FindMessageTypeByName(message))
    except (KeyError, TypeError):
        raise SettingsError(f"The descriptor has no message {message}.", where=where, do=do) from None

    def read(value: bytes) -> Any:
        try:
            data = value[_behind_indexes(value) :] if value[:1] == b"\0" else value
            return json_format.MessageToDict(made.FromString(data), preserving_proto_field_name=True)
        except Exception:
            raise Fault("wrong_type") from None

    return read


def _behind_indexes(value: bytes) -> int:
    """Give where the message begins: behind the count of indexes and each of them; a lone zero stands for [0]."""
    count, at = _varint(value, _PREFIX)
    for _ in range(min(count, len(value))):
        _, at = _varint(value, at)
    return at


def _varint(value: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = value[at]
        number |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return (number >> 1) ^ -(number & 1), at


def installed(format: str) -> bool:
    """Tell whether the library for a format is there."""
    from importlib.util import find_spec

    needs: Mapping[str, str] = {"avro": "fastavro", "protobuf": "google.protobuf"}
    if format not in needs:
        return True
    try:
        return find_spec(needs[format]) is not None
    except ModuleNotFoundError:
        return False
