"""Conditions: what one field asks of others, as JSON Schema says it.

In:  names of fields and values.
Out: parts of a schema, for the `allOf` of a kind's data.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

Schema = dict[str, Any]

#: What is as if it were not there.
BLANK: Final[Schema] = {"type": "string", "pattern": r"^\s*$"}
NOTHING: Final[Schema] = {"anyOf": [{"type": "null"}, BLANK]}


def given(*names: str) -> Schema:
    """Ask that fields are there, and more than null or an empty text."""
    return {"required": list(names), "properties": {name: {"not": NOTHING} for name in names}}


def word(values: Iterable[str]) -> Schema:
    """Ask for one of some words, in whatever case and with white space around it.

    >>> word(["on", "b_2"])["pattern"]
    '^\\\\s*([oO][nN]|[bB]_2)\\\\s*$'
    """
    spelled = ("".join(f"[{c.lower()}{c.upper()}]" if c.isalpha() else c for c in value) for value in values)
    return {"type": "string", "pattern": rf"^\s*({'|'.join(spelled).replace('.', '[.]')})\s*$"}


def when(name: str, values: list[str], *needed: str) -> Schema:
    """Ask for fields where another field has one of these values."""
    return {"if": {"properties": {name: word(values)}, "required": [name]}, "then": given(*needed)}
