"""Values: amounts, words and paths, as mappings need them.

In:  values of a record; None passes through.
Out: values of the contract; Unfit where a value cannot be one.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, Final

from stream.sources.faults import Unfit

_WHOLE: Final = Decimal(1)
#: How many millionths a unit of money is, by the name that definitions use.
MONEY: Final = {"unit": 1_000_000, "cent": 10_000, "micro": 1}


def micros(amount: Any, unit: str = "unit") -> int | None:
    """Give an amount in millionths of its currency; `unit` says what it is in: unit, cent or micro.

    >>> micros("12.345678"), micros(1299, "cent"), micros(5, "micro")
    (12345678, 12990000, 5)
    """
    if amount is None or amount == "":
        return None
    try:
        read = Decimal(str(amount)) * MONEY[unit]
        return int(read.quantize(_WHOLE, rounding=ROUND_HALF_EVEN))
    except (InvalidOperation, ValueError, OverflowError):
        raise Unfit("an amount") from None


def flag(value: Any) -> bool | None:
    """Read yes and no as vendors write them.

    >>> flag("true"), flag(0), flag(None)
    (True, False, None)
    """
    if value is None or value == "":
        return None
    if value.__class__ is bool:
        return bool(value)
    word = str(value).strip().lower()
    if word in ("1", "true", "t", "yes", "y"):
        return True
    if word in ("0", "false", "f", "no", "n"):
        return False
    raise Unfit("true or false")


def text(value: Any) -> str | None:
    """Give a text or a number as text; an empty text and whatever else is nothing.

    >>> text(17), text(""), text({"a": 1})
    ('17', None, None)
    """
    if value.__class__ is str:
        return value or None
    if value.__class__ is int:
        return str(value)
    if value.__class__ is float and value.is_integer():
        return str(int(value))
    return None


def first(value: Any) -> Any:
    """Give the first of a list; whatever else as it is.

    >>> first(["a", "b"]), first("a"), first([])
    ('a', 'a', None)
    """
    return (value[0] if value else None) if value.__class__ is list else value


def mail_id(value: Any) -> str | None:
    """Give the id of a mail without its <>; a slash stands for its @, so that nothing takes it for an address.

    >>> mail_id("<20160421.1@acme.example>"), mail_id(None)
    ('20160421.1/acme.example', None)
    """
    found = text(value)
    return None if found is None else found.strip("<> ").replace("@", "/") or None


def part(value: Any, name: str) -> dict[str, Any]:
    """Give an object inside an object, an empty one where there is none: for reading on without asking.

    >>> part({"page": {"path": "/"}}, "page"), part({"page": None}, "page"), part("?", "page")
    ({'path': '/'}, {}, {})
    """
    inner = value.get(name) if value.__class__ is dict else None
    return inner if inner.__class__ is dict else {}


def pick(items: Any, name: str, wanted: str, then: str) -> Any:
    """Give the field `then` of the first object in a list whose field `name` is `wanted`.

    >>> pick([{"key": "a", "value": 1}, {"key": "b", "value": 2}], "key", "b", "value")
    2
    """
    if items.__class__ is list:
        for item in items:
            if item.__class__ is dict and item.get(name) == wanted:
                return item.get(then)
    return None


def by_pattern(table: Mapping[str, str]) -> Callable[[Any], str | None]:
    """Make a look-up of the first pattern (with * and ?) that a text fits.

    >>> by_pattern({"/pricing*": "pricing", "/*": "other"})("/pricing/plans")
    'pricing'
    """
    rows = [(re.compile(fnmatch.translate(pattern)).match, value) for pattern, value in table.items()]
    if not rows:
        return lambda _: None

    @lru_cache(maxsize=16_384)  # sites have fewer pages than views
    def found(cut: str) -> str | None:
        return next((value for fits, value in rows if fits(cut)), None)

    return lambda value: found(value[:512]) if value.__class__ is str else None
