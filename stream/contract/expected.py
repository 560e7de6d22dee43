"""Expected: what the contract wants in a field, in words that a person can act on.

In:  a kind and the path of a field.
Out: "one of view, start, submit, error, abandon", "text of 1 to 256 characters", … made from the types, so
     that it cannot fall behind them.
"""

from __future__ import annotations

import re
from typing import Final

from stream.contract.fields import MOST
from stream.contract.kinds import KindName
from stream.contract.table import Field, by_path

_INDEX: Final = re.compile(r"\[\w*\]")
_WORDS: Final = {
    "time": "a time of RFC 3339 with its zone, such as 2025-06-15T12:00:00.000Z",
    "hash": "the HMAC-SHA-256 of the trimmed, lower-cased address, as 64 hex digits",
    "country": "a country of two letters (ISO 3166-1), such as DE",
    "currency": "a currency of three letters (ISO 4217), such as EUR",
    "millionths": f"a number with less than {MOST:,} in size",
    "flag": "true or false",
    "agreement": "true or false",
    "list": "a list of texts",
    "object": "an object",
}


def expected(kind: KindName, path: str) -> str:
    """Say what belongs into a field; "" for a path that the contract does not have.

    >>> expected("form", "data.offer_stage"), expected("page_view", "data.page.group")
    ('one of bottom, middle, top', 'text of at most 4,096 characters')
    """
    if not path:
        return "an object in JSON, as CloudEvents has it"
    field = by_path(kind).get(_INDEX.sub("", path))
    return "" if field is None else say(field)


def known_fields(kind: KindName, path: str) -> tuple[str, ...]:
    """Give the names that the contract has in the object at a path ("" is the envelope)."""
    field = by_path(kind).get(path)
    return () if field is None else tuple(inner.name for inner in field.fields)


def say(field: Field) -> str:
    """Say what belongs into a field."""
    match field.reads:
        case "enum":
            values = sorted(field.values)
            return f"one of {', '.join(values)}" if len(values) > 1 else f'"{values[0]}"'
        case "list" if field.values:
            return f"a list of some of {', '.join(sorted(field.values))}"
        case "text":
            return f"text of at most {field.longest:,} characters"
        case "name":
            return f"text of at most {field.longest:,} characters, or a whole number"
        case "id" | "message_id":
            return f"text of 1 to {field.longest:,} characters, or a whole number"
        case "whole":
            return "a whole number, with less than 2^53 in size" if field.least is None else "a whole number from 0"
        case "floor" | "number":
            return "a number from 0"
        case reads:
            return _WORDS[reads]
