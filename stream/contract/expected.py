"""Expected: what the contract wants in a field, in words that a person can act on.

In:  a kind and the path of a field.
Out: "one of view, start, submit, error, abandon", "text of 1 to 256 characters", … made from the types, so
     that it cannot fall behind them.
"""

from __future__ import annotations

import re
from typing import Any, Final

from msgspec import inspect

from stream.contract.kinds import KINDS, KindName

#: Fields whose form is more than their type tells.
_SPECIAL: Final = {
    "data.email_hash": "the HMAC-SHA-256 of the trimmed, lower-cased address, as 64 lower-case hex digits",
    "data.geo.country": "a country of two upper-case letters (ISO 3166-1), such as DE",
    "data.currency": "a currency of three upper-case letters (ISO 4217), such as EUR",
}
_A_TIME: Final = "a time of RFC 3339 with its zone, such as 2025-06-15T12:00:00.000Z"
_TIMES: Final = ("time", "recordedtime", "data.appointment_at", "data.period_start", "data.period_end")
_INDEX: Final = re.compile(r"\[\w*\]")


def expected(kind: KindName, path: str) -> str:
    """Say what belongs into a field; "" for a path that the contract does not have.

    >>> expected("form", "data.platform"), expected("page_view", "data.page.path")
    ('one of google, linkedin, meta, site', 'text of at most 4,096 characters')
    """
    plain = _INDEX.sub("", path)
    if plain in _TIMES:
        return _A_TIME
    if plain in _SPECIAL:
        return _SPECIAL[plain]
    if not plain:
        return "an object in JSON, as CloudEvents has it"
    found: Any = inspect.type_info(KINDS[kind].struct)
    for name in plain.split("."):
        fields = {field.encode_name: field for field in getattr(_bare(found), "fields", ())}
        if name not in fields:
            return ""
        found = fields[name].type
    found = _bare(found)
    if isinstance(found, inspect.ListType) and path.endswith("]"):
        found = _bare(found.item_type)
    return _say(found)


def known_fields(kind: KindName, path: str) -> tuple[str, ...]:
    """Give the names that the contract has in the object at a path ("" is the envelope)."""
    found: Any = _bare(inspect.type_info(KINDS[kind].struct))
    for name in filter(None, path.split(".")):
        fields = {field.encode_name: field for field in getattr(found, "fields", ())}
        if name not in fields:
            return ()
        found = _bare(fields[name].type)
    return tuple(field.encode_name for field in getattr(found, "fields", ()))


def _bare(kind: Any) -> Any:
    """Take descriptions and null off a type."""
    while True:
        if isinstance(kind, inspect.Metadata):
            kind = kind.type
        elif isinstance(kind, inspect.UnionType):
            kind = next(one for one in kind.types if not isinstance(one, inspect.NoneType))
        else:
            return kind


def _say(kind: Any) -> str:
    match kind:
        case inspect.LiteralType(values=values):
            return f"one of {', '.join(map(str, values))}" if len(values) > 1 else f'"{values[0]}"'
        case inspect.StrType(min_length=least, max_length=most):
            return f"text of {least} to {most:,} characters" if least else f"text of at most {most:,} characters"
        case inspect.IntType():
            return f"a whole number {_range(kind)}"
        case inspect.FloatType():
            return f"a number {_range(kind)}"
        case inspect.BoolType():
            return "true or false"
        case inspect.ListType(item_type=item):
            return f"a list, each item {_say(_bare(item))}"
        case _:
            return "an object"


def _range(kind: inspect.IntType | inspect.FloatType) -> str:
    low = "" if kind.ge is None else f"from {kind.ge:g}"
    high = "with less than 2^53 in size" if kind.le is None else f"to {kind.le:g}"
    return f"{low} {high}".strip() if kind.le is not None else (f"{low}, {high}" if low else high)
