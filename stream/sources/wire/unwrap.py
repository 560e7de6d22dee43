"""Unwrap: what stands around the items of a record, taken off step by step as a definition says.

In:  the bytes of a record, or what they were decoded to.
Out: the bytes or the value inside, and what stood around it; Fault where it cannot be taken off.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import parse_qs

import orjson

from stream.sources.faults import Fault, Unfit
from stream.sources.paths import getter, steps

#: (what stands around, value) → the same, one wrapper further in.
Step = Callable[[Any, Any], tuple[Any, Any]]
Unpack = Callable[[bytes, int], bytes]

_GZIP: Final = b"\x1f\x8b"
_FIELDS_MOST: Final = 100
#: Every step there is, as a definition writes it.
SAID: Final = ("gzip", "form:FIELD", "connect", "debezium", "sns", "in:PATH", "json:PATH")


def gunzip(value: bytes, most_bytes: int) -> bytes:
    """Unpack gzip by its magic, never past a bound; whatever else stays as it is.

    >>> gunzip(b"{}", 99)
    b'{}'
    """
    if not value.startswith(_GZIP):
        return value
    unpacker = zlib.decompressobj(wbits=31)
    try:
        unpacked = unpacker.decompress(value, most_bytes + 1)
    except zlib.error:
        raise Fault("not_json") from None
    if len(unpacked) > most_bytes:
        raise Fault("too_large")
    if not unpacker.eof:
        raise Fault("not_json")
    return unpacked


def unpackers(said: tuple[str, ...]) -> tuple[list[Unpack], list[Step]]:
    """Make the steps of a definition: those on bytes, which come first, and those on what was decoded.

    Raises Unfit for what is no step, or stands in the wrong place.
    """
    on_bytes, on_values = list[Unpack](), list[Step]()
    for step in said:
        if step == "gzip" or step.startswith("form:"):
            if on_values:
                raise Unfit(f"{step} is taken off bytes, and stands before all others")
            on_bytes.append(gunzip if step == "gzip" else _form_field(_after(step)))
        else:
            on_values.append(_step(step))
    return on_bytes, on_values


def _after(step: str) -> str:
    rest = step.partition(":")[2]
    if not rest:
        raise Unfit(f"{step!r} says not which; write one of {', '.join(SAID)}")
    return rest


def _form_field(name: str) -> Unpack:
    def unpack(value: bytes, most_bytes: int) -> bytes:
        if value[:1] in (b"{", b"["):
            return value  # a relay has taken it off already
        try:
            found = parse_qs(value.decode(), max_num_fields=_FIELDS_MOST).get(name)
        except (UnicodeDecodeError, ValueError):
            raise Fault("not_json") from None
        if not found:
            raise Fault("missing_field", name)
        return found[0].encode()

    return unpack


def _step(said: str) -> Step:
    if said in _NAMED:
        return _NAMED[said]
    if said.startswith("in:"):
        get = getter(_after(said))
        return lambda outer, value: (outer, value) if (inner := get(value)) is None else (value, inner)
    if said.startswith("json:"):
        return _nested(_after(said))
    raise Unfit(f"{said!r} is none of {', '.join(SAID)}")


def _connect(outer: Any, value: Any) -> tuple[Any, Any]:
    """Take off what Kafka Connect's JsonConverter writes with schemas.enable."""
    if value.__class__ is dict and "payload" in value and "schema" in value:
        return value, value["payload"]
    return outer, value


def _debezium(outer: Any, value: Any) -> tuple[Any, Any]:
    """Give the row as it is now, of a deleted one as it was; the change itself stands around it."""
    _, value = _connect(None, value)
    if value.__class__ is not dict or "op" not in value or not ("after" in value or "before" in value):
        return outer, value  # flattened by ExtractNewRecordState
    return value, value.get("before") if value["op"] == "d" else value.get("after")


def _sns(outer: Any, value: Any) -> tuple[Any, Any]:
    """Take off a notification of Amazon SNS; a message of raw delivery stays as it is."""
    if value.__class__ is dict and value.get("Type") == "Notification" and value.get("Message").__class__ is str:
        return value, _json(value["Message"], "Message")
    return outer, value


def _nested(path: str) -> Step:
    *above, last = steps(path)
    if not isinstance(last, str):
        raise Unfit(f"json:{path} must end in a name")
    holder_of = getter(".".join(map(str, above)).replace(".[", "[")) if above else getter(".")

    def nested(outer: Any, value: Any) -> tuple[Any, Any]:
        holder = holder_of(value)
        if holder.__class__ is dict and (text := holder.get(last)).__class__ is str:
            holder[last] = _json(text, path) if text else None
        return outer, value

    return nested


def _json(text: str, path: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Fault("not_json", path) from None


_NAMED: Final[dict[str, Step]] = {"connect": _connect, "debezium": _debezium, "sns": _sns}
