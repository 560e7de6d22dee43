"""Options: tables of a file, read as frozen structs; all mistakes at once.

In:  values as TOML gives them, and the struct that they shall fill.
Out: the struct, and what is wrong: unknown keys with those that may have been meant, values of another type.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args, get_origin

import msgspec
from msgspec.structs import fields

from stream.sources.definition import Mistake, near


def filled(struct: type[msgspec.Struct], values: Mapping[str, Any], at: str = "") -> tuple[Any, list[Mistake]]:
    """Fill a struct; give None with the mistakes where it cannot be.

    >>> class Own(msgspec.Struct, kw_only=True):
    ...     forms: dict[str, int] = {}
    >>> print(*filled(Own, {"froms": {}, "forms": {"a": "x"}})[1], sep="\\n")
    froms: there is no option froms. Did you mean forms?
    forms.a: Expected `int`, got `str`.
    """
    known = {field.encode_name: field for field in fields(struct)}
    mistakes: list[Mistake] = []
    taken: dict[str, Any] = {}
    for name, value in values.items():
        if name not in known:
            do = near(name, known) if known else "It takes none."
            mistakes.append(Mistake(f"{at}{name}", f"there is no option {name}.", do))
            continue
        taken[name], wrong = _value(known[name].type, value, f"{at}{name}")
        mistakes += wrong
    for name, field in known.items():
        if field.required and name not in values:
            mistakes.append(Mistake(f"{at}{name}", "it is missing."))
    return (None if mistakes else msgspec.convert(taken, struct)), mistakes


def _value(kind: Any, value: Any, at: str) -> tuple[Any, list[Mistake]]:
    """Read one value; of tables and lists each item by itself, so that every mistake is said."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and isinstance(value, dict):
        return filled(kind, value, f"{at}.")
    if get_origin(kind) is dict and isinstance(value, dict):
        made, mistakes = {}, []
        for name, each in value.items():
            made[name], wrong = _value(get_args(kind)[1], each, f"{at}.{name}")
            mistakes += wrong
        return made, mistakes
    try:
        return msgspec.convert(value, kind), []
    except msgspec.ValidationError as error:
        return None, [Mistake(at, f"{str(error).partition(' - at')[0]}.")]
