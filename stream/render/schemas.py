"""Schemas: the contracts with producers and consumers as JSON Schema 2020-12 and one AsyncAPI 3 document.

In:  the types and rules of the kinds, those of leads and of the dead letter, and the form of a reading.
Out: the text of every file in `schemas/` but the examples, which are written by hand and are tests.
"""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any, Final

import msgspec

from stream.contract.alert import EXAMPLE as ALERT
from stream.contract.alert import AlertRecord, Verdict
from stream.contract.conditions import NOTHING, Schema, given, word
from stream.contract.dead_letter import DeadLetter
from stream.contract.fields import ADDRESS, INT_LIMIT, MAY_LOOK_LIKE_ONE, MOST
from stream.contract.kinds import KINDS, KindName
from stream.contract.lead import EXAMPLE as LEAD
from stream.contract.lead import Lead
from stream.contract.lead_event import EXAMPLE as LEAD_EVENT
from stream.contract.lead_event import LeadEvent
from stream.contract.rejects import REASONS
from stream.contract.table import Field, envelope_of
from stream.contract.times import TIME_PATTERN
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
    leads = {
        "lead": {**_schema_of(Lead, "lead"), "examples": [LEAD]},
        "lead_event": {**_schema_of(LeadEvent, "lead_event"), "examples": [LEAD_EVENT]},
    }
    alert = {"alert": {**_schema_of(AlertRecord, "alert"), "examples": [ALERT]}}
    return {**schemas, "reading": reading_schema(), **leads, **alert, "dead_letter": dead_letter_schema()}


def event_schema(name: KindName) -> Schema:
    """Give the schema of one kind's envelope: it accepts exactly what is counted, liberal where the product is."""
    kind = KINDS[name]
    parts: dict[str, Schema] = {}
    top = _object(envelope_of(name), parts)
    data = parts[kind.data.__name__]
    # an address is found in whatever nobody knows, too
    data |= {"additionalProperties": _CLEAN, "propertyNames": {"not": {"pattern": ADDRESS}}}
    if kind.rule is not None and kind.rule.conditions:
        data["allOf"] = list(kind.rule.conditions)
    parts["NoAddress"] = _NO_ADDRESS
    return {"$schema": _DIALECT, "$id": _name(name), **top, "$defs": parts}


_CLEAN: Final[Schema] = {"$ref": "#/$defs/NoAddress"}
_NO_ADDRESS: Final[Schema] = {
    "description": "Anything, but with no e-mail address in any text of it.",
    "not": {"type": "string", "pattern": ADDRESS},
    "items": _CLEAN,
    "propertyNames": {"not": {"pattern": ADDRESS}},
    "additionalProperties": _CLEAN,
}
_ELSE: Final[Schema] = {"description": "Whatever else is there is ignored, and counted as ignored"}


def _object(known: Field, parts: dict[str, Schema]) -> Schema:
    """Give the schema of an object, and put those of its parts beside it."""
    assert known.part is not None
    made: Schema = {
        "title": known.part.__name__,
        "description": inspect.cleandoc(known.part.__doc__ or ""),
        "type": "object",
        "properties": {field.name: _field(field, parts) for field in known.fields},
    }
    needed = [field.name for field in known.fields if field.required and not field.instead]
    if needed:
        made["required"] = needed
    for field in known.fields:
        if field.instead:
            made["anyOf"] = [
                {"required": [field.name], "properties": {field.name: {"type": "string", "pattern": r"\S"}}},
                given(field.instead),
            ]
    return made


def _field(field: Field, parts: dict[str, Schema]) -> Schema:
    """Give the schema of a field: what it is meant to be, and what else is taken."""
    about: Schema = {"description": field.says} if field.says else {}
    if field.example is not None:
        about["examples"] = [field.example]
    if field.default not in (None, msgspec.NODEFAULT):
        about["default"] = 1 if field.reads == "millionths" else field.default
    if field.reads == "object":
        assert field.part is not None
        parts[field.part.__name__] = _object(field, parts)
        about = {}
    meant = _meant(field)
    taken = meant if field.required and field.strict else {"anyOf": [meant, NOTHING if field.strict else _ELSE]}
    if field.path.startswith("data.") and field.name not in MAY_LOOK_LIKE_ONE:
        taken = {**taken, "allOf": [_CLEAN]}
    return {**about, **taken}


def _meant(field: Field) -> Schema:
    """Give what a field is meant to be."""
    small: Schema = {"exclusiveMinimum": -INT_LIMIT, "exclusiveMaximum": INT_LIMIT}
    if field.least is not None:
        small = {"minimum": field.least, "exclusiveMaximum": INT_LIMIT}
    id_: Schema = {
        "type": ["string", "integer"], "pattern": r"\S", "maxLength": field.longest,
        "not": {"type": "string", "pattern": r"[\u0000-\u001f]"}, **small,
    }  # fmt: skip
    match field.reads:
        case "object":
            assert field.part is not None
            return {"$ref": f"#/$defs/{field.part.__name__}"}
        case "text":
            return {"type": "string", "maxLength": field.longest}
        case "name":
            return {"type": ["string", "integer"], "maxLength": field.longest}
        case "id":
            return id_
        case "message_id":
            bracketed = rf"^\s*<[^\u0000-\u001f]{{1,{field.longest}}}>\s*$"
            id_["not"] = {"type": "string", "pattern": r"[\u0000-\u001f]|^\s*<\s*>\s*$"}
            return {"anyOf": [id_, {"type": "string", "pattern": bracketed, "not": id_["not"]}]}
        case "hash":
            return {"type": "string", "pattern": r"^\s*[0-9a-fA-F]{64}\s*$"}
        case "enum":
            return {"anyOf": [{"enum": list(field.values)}, word(field.values)]}
        case "country":
            return {"type": "string", "pattern": r"^\s*[A-Za-z]{2}\s*$"}
        case "currency":
            return {"type": "string", "pattern": r"^\s*[A-Za-z]{3}\s*$"}
        case "time":
            return {"type": "string", "format": "date-time", "pattern": TIME_PATTERN}
        case "whole":
            return {"type": "integer", **small}
        case "millionths":
            return {"type": "number", "exclusiveMinimum": -MOST, "exclusiveMaximum": MOST}
        case "floor" | "number":
            return {"type": "number", **small}
        case "flag" | "agreement":
            return {"type": "boolean"}
        case "list":
            return {"type": "array", "items": {"type": "string", "maxLength": field.longest}}
    raise AssertionError(field.reads)


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
                "description": "Length, such as 24h; now for what stands; null for a total since the beginning",
            },
            "value": {**number, "description": "null where there is nothing to divide by"},
            "numerator": {**number, "description": "Of a ratio"},
            "denominator": {**number, "description": "Of a ratio"},
            "n": {**number, "description": "Observations that the value rests on"},
            "window_start": {"anyOf": [time, {"type": "null"}], "description": "null for what stands, and for totals"},
            "window_end": {"anyOf": [time, {"type": "null"}]},
            "as_of": {**time, "description": "The moment of the reading, or at which a figure ends or was observed"},
            "complete": {"type": "boolean", "description": "All shards restored and caught up"},
            "data_since": {
                "anyOf": [time, {"type": "null"}],
                "description": "The first event it could have seen",
            },
            "seq": {"type": "integer", "minimum": 0, "description": "Rises; the highest one stands"},
            "catalog_version": {"type": "string"},
            "maturity": {
                "type": "number",
                "maximum": 1,
                "minimum": 0,
                "description": "Of a cohort: the share of it that is not both waiting and young",
            },
            "restated": {
                "type": "boolean",
                "description": "Of a measurement: it replaced another one of the same moment",
            },
            "verdict": _verdict_schema(),
        },
        "required": ["metric", "labels", "window", "value", "as_of", "complete", "seq", "catalog_version"],
    }


def _verdict_schema() -> Schema:
    """Give the schema of a verdict, which stands inside a reading that is judged."""
    schema = dict(_tidy(msgspec.json.schema(Verdict))["$defs"][Verdict.__name__])
    return {**schema, "description": "Of what is judged: whether it is as usual"}


def _schema_of(record: type[Any], name: str) -> Schema:
    """Give the schema of a type of records, with itself at the top and its parts in `$defs`."""
    made = _tidy(msgspec.json.schema(record))
    parts = made["$defs"]
    top = parts.pop(record.__name__)
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
