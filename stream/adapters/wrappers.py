"""Wrappers: what producers put around a record, taken off.

In:  the bytes of a record that no fast lane could read, and its headers.
Out: the JSON inside, or the name of a format that is none.

A byte order mark; gzip; the prefix of five bytes that clients of a schema registry write before JSON; the binary mode
of CloudEvents, where the attributes are headers and the value is the data alone. No record of the usual kind gets
here, so its headers are never looked at.
"""

from __future__ import annotations

import zlib
from typing import Any, Final, NamedTuple

from stream.contract.rejects import Reason

Headers = tuple[tuple[str, bytes | None], ...]

_MARK: Final = b"\xef\xbb\xbf"
_GZIP: Final = b"\x1f\x8b"
_AVRO_FILE: Final = b"Obj\x01"
_AVRO_SINGLE: Final = b"\xc3\x01"
_PREFIX: Final = 5
_INSIDE: Final = (b"{", b"[", _MARK, _GZIP)
_ATTRIBUTE: Final = "ce_"
#: A wrapper in a wrapper in a wrapper is no accident any more.
_LAYERS: Final = 4


class Unwrapped(NamedTuple):
    """The bytes inside, or the reason why there are none and the name of the format."""

    value: bytes
    reason: Reason | None = None
    format: str = ""


def unwrap(value: bytes, headers: Headers, most_bytes: int) -> Unwrapped:
    """Take wrappers off a value until there is none.

    >>> unwrap(b"\\x00\\x00\\x00\\x00\\x07{}", (), 99).value, unwrap(b"Obj\\x01", (), 99).format
    (b'{}', '(avro)')
    """
    for _ in range(_LAYERS):
        if value.startswith(_MARK):
            value = value[len(_MARK) :]
        elif value.startswith(_GZIP):
            unpacked = _gunzip(value, most_bytes)
            if unpacked is None or len(unpacked) > most_bytes:
                return Unwrapped(
                    b"", "not_json" if unpacked is None else "too_large", "(gzip)" if unpacked is None else ""
                )
            value = unpacked
        elif len(value) > _PREFIX and value[0] == 0 and value[_PREFIX:].lstrip().startswith(_INSIDE):
            value = value[_PREFIX:]
        else:
            break
    found = _other(value, headers)
    return Unwrapped(b"", "not_json", found) if found else Unwrapped(value)


def _gunzip(value: bytes, most_bytes: int) -> bytes | None:
    """Unpack up to one byte more than the bound, whatever the value claims to hold; None where it is broken."""
    unpacker = zlib.decompressobj(wbits=31)
    try:
        unpacked = unpacker.decompress(value, most_bytes + 1)
    except zlib.error:
        return None
    return unpacked if unpacker.eof or len(unpacked) > most_bytes else None


def _other(value: bytes, headers: Headers) -> str:
    """Name a format that is not JSON, "" where the value may be JSON."""
    said = (_header(headers, "content-type") or _header(headers, "ce_datacontenttype") or "").lower()
    for name in ("avro", "protobuf"):
        if name in said and value.lstrip()[:1] != b"{":
            return f"({name})"
    if value.startswith((_AVRO_FILE, _AVRO_SINGLE)):
        return "(avro)"
    if len(value) > _PREFIX and value[0] == 0:
        # the prefix of a registry, and something else than JSON behind it
        return "(avro or protobuf)"
    return ""


def attributes(headers: Headers) -> dict[str, Any]:
    """Give the attributes that the headers of a record in binary mode hold; {} where it is in none."""
    found: dict[str, Any] = {}
    for name, value in headers:
        plain = name.lower()
        if plain.startswith(_ATTRIBUTE) and value is not None:
            found[plain.removeprefix(_ATTRIBUTE)] = value.decode("utf-8", "replace")
    return found if "specversion" in found else {}


def _header(headers: Headers, name: str) -> str:
    return next((value.decode("utf-8", "replace") for key, value in headers if key.lower() == name and value), "")
