"""Schemas: the contracts with producers and consumers as JSON Schema 2020-12 and one AsyncAPI 3 document.

In:  the types and rules of the kinds, the dead letter, and the form of a reading.
Out: the text of every file in `schemas/` but the examples, which are written by hand and are tests.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import msgspec

from stream.contract.conditions import Schema
from stream.contract.dead_letter import DeadLetter
from stream.contract.kinds import KINDS, KindName
from stream.contract.rejects import REASONS
from stream.render.asyncapi import CONTRACT_VERSION, document

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def render(root: Path) -> dict[Path, str]:
    """Give the text of each file below `root` that is made here; nothing is read or written."""
    folder = root / "schemas"
    files = {folder / f"{name}.schema.json": schema for name, schema in all_schemas().items()}
    files[folder / "asyncapi.json"] = document()
    return {path: json.dumps(content, indent=2, ensure_ascii=False) + "\n" for path, content in files.items()}


def all_schemas() -> dict[str, Schema]:
    """Give every schema by its name."""
    schemas: dict[str, Schema] = {name: event_schema(name) for name in KINDS}
    return {**schemas, "reading": reading_schema(), "dead_letter": dead_letter_schema()}


def event_schema(name: KindName) -> Schema:
    """Give the schema of one kind's envelope."""
    kind = KINDS[name]
    schema = _schema_of(kind.struct, name)
    if kind.rule is not None:
        schema["$defs"][kind.data.__name__]["allOf"] = list(kind.rule.conditions)
    return schema


def dead_letter_schema() -> Schema:
    """Give the schema of a record on the topic of dead letters."""
    schema = _schema_of(DeadLetter, "dead_letter")
    schema["properties"]["reason"] = {"enum": list(REASONS)}
    return schema


def reading_schema() -> Schema:
    """Give the schema of a record on the topic of results."""
    number = {"type": ["number", "null"]}
    time = {"type": "string", "format": "date-time"}
    return {
        "$schema": _DIALECT,
        "$id": _name("reading"),
        "title": "Reading",
        "description": "The value of one metric, for one set of labels, in one window, at one moment.",
        "type": "object",
        "properties": {
            "metric": {"type": "string", "pattern": "^[a-z][a-z0-9_]*$", "description": "Without the prefix"},
            "labels": {
                "type": "object",
                "properties": {"site": {"type": "string", "minLength": 1}},
                "additionalProperties": {"type": "string", "minLength": 1},
            },
            "window": {
                "type": ["string", "null"],
                "description": "Length, such as 5m, 24h or 30d; null for a total since the beginning",
            },
            "value": {**number, "description": "null where there is nothing to divide by"},
            "numerator": {**number, "description": "Of a ratio"},
            "denominator": {**number, "description": "Of a ratio"},
            "n": {**number, "description": "Observations that the value rests on"},
            "window_start": {"anyOf": [time, {"type": "null"}]},
            "window_end": {"anyOf": [time, {"type": "null"}]},
            "as_of": {**time, "description": "The moment of the reading"},
            "complete": {"type": "boolean", "description": "All shards restored and caught up"},
            "data_since": {
                "anyOf": [time, {"type": "null"}],
                "description": "The first event it could have seen",
            },
            "seq": {"type": "integer", "minimum": 0, "description": "Rises; the highest one stands"},
            "catalog_version": {"type": "string"},
        },
        "required": ["metric", "labels", "window", "value", "as_of", "complete", "seq", "catalog_version"],
    }


def _schema_of(struct: type[Any], name: str) -> Schema:
    """Give the schema of a struct, with the struct itself at the top and its parts in `$defs`."""
    made = _tidy(msgspec.json.schema(struct))
    parts = made["$defs"]
    top = parts.pop(struct.__name__)
    schema = {"$schema": _DIALECT, "$id": _name(name), **top}
    return {**schema, "$defs": parts} if parts else schema


def _name(name: str) -> str:
    return f"urn:leadpulse:{name}:{CONTRACT_VERSION.partition('.')[0]}"


def _tidy(node: Any) -> Any:
    """Leave out what only makes a schema long: nulls as defaults, and lists that a pattern stands for."""
    if isinstance(node, list):
        return [_tidy(item) for item in node]
    if not isinstance(node, dict):
        return node
    if "enum" in node and "pattern" in node:
        node = {"type": "string", **{key: value for key, value in node.items() if key != "enum"}}
    return {key: _tidy(value) for key, value in node.items() if not (key == "default" and value is None)}
