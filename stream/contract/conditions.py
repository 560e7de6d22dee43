"""Conditions: what one field asks of others, as JSON Schema says it.

In:  names of fields and values.
Out: parts of a schema, for the `allOf` of a kind's data.
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]


def given(*names: str) -> Schema:
    """Ask that fields are there and not null."""
    return {"required": list(names), "properties": {name: {"not": {"type": "null"}} for name in names}}


def when(name: str, values: list[str], *needed: str) -> Schema:
    """Ask for fields where another field has one of these values."""
    return {"if": {"properties": {name: {"enum": values}}, "required": [name]}, "then": given(*needed)}
