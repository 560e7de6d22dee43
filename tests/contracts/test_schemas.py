"""Schemas: what is committed is what the code renders, and every schema is one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest
from jsonschema import Draft202012Validator

from stream.contract import alert, dead_letter
from stream.contract.rejects import REASONS, Reject
from stream.render.asyncapi import CONTRACT_VERSION
from stream.render.schemas import all_schemas, render

ROOT = Path(__file__).parents[2]
RENDERED = render(ROOT)


@pytest.mark.parametrize("path", RENDERED, ids=lambda path: path.name)
def test_the_committed_file_is_what_the_code_renders(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == RENDERED[path], "run `leadpulse render`"


def test_there_are_no_other_schemas() -> None:
    assert set((ROOT / "schemas").glob("*.json")) == set(RENDERED)


@pytest.mark.parametrize("name", all_schemas())
def test_each_schema_is_valid_and_named(name: str) -> None:
    schema = all_schemas()[name]
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == f"urn:leadpulse:{name}:{CONTRACT_VERSION.partition('.')[0]}"
    assert schema["title"]
    assert schema["description"]


def test_each_part_says_what_it_is() -> None:
    for schema in all_schemas().values():
        for part in schema.get("$defs", {}).values():
            assert part["description"]


def refs(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [ref for value in node.values() for ref in refs(value)]
    return [ref for value in node for ref in refs(value)] if isinstance(node, list) else []


@pytest.mark.parametrize("name", all_schemas())
def test_every_reference_leads_somewhere_and_every_part_is_used(name: str) -> None:
    schema = all_schemas()[name]
    used = set(refs(schema))
    assert used == {f"#/$defs/{part}" for part in schema.get("$defs", {})}


def test_unknown_fields_are_allowed_everywhere() -> None:
    assert 'additionalProperties": false' not in json.dumps(all_schemas())


def test_a_dead_letter_is_as_its_schema_says() -> None:
    validator = Draft202012Validator(all_schemas()["dead_letter"])
    record = (9, 1_750_000_000_000, b"k\xff", b"\x00{", (("trace", b"\x01"), ("empty", b"")))
    for reason in REASONS:
        _, value, _ = dead_letter.encode(Reject(0, reason, "data.page"), record, "form", "form", 3)
        validator.validate(orjson.loads(value))
    tombstone = (0, -1, None, None, ())
    validator.validate(orjson.loads(dead_letter.encode(Reject(0, "not_json"), tombstone, "ad", "ad", 0)[1]))
    assert not validator.is_valid({**orjson.loads(value), "reason": "other"})


READING = {
    "metric": "visit_to_lead_ratio",
    "labels": {"site": "s1"},
    "window": "24h",
    "value": 0.0614,
    "numerator": 61,
    "denominator": 993,
    "n": 993,
    "window_start": "2025-06-14T12:00:00.000Z",
    "window_end": "2025-06-15T12:00:00.000Z",
    "as_of": "2025-06-15T12:00:00.000Z",
    "complete": True,
    "data_since": "2025-06-01T00:00:00.000Z",
    "seq": 1_234,
    "catalog_version": "1",
}


@pytest.mark.parametrize(
    ("change", "valid"),
    [
        ({}, True),
        ({"value": None, "numerator": 0, "denominator": 0}, True),
        ({"numerator": None, "denominator": None}, True),
        ({"window": None, "window_start": None}, True),
        ({"data_since": None}, True),
        ({"verdict": {"state": "ok", "usual": 0.05, "limit": 0.045, "needed": 843, "weeks": 4}}, True),
        ({"verdict": {"usual": 0.05}}, False),
        ({"verdict": {"state": "fine"}}, False),
        ({"value": "0.06"}, False),
        ({"labels": {"site": ""}}, False),
        ({"metric": "Visit"}, False),
        ({"seq": -1}, False),
        ({"complete": "yes"}, False),
    ],
)
def test_a_reading_is_as_its_schema_says(change: dict[str, Any], valid: bool) -> None:
    validator = Draft202012Validator(all_schemas()["reading"])
    assert validator.is_valid({**READING, **change}) == valid


@pytest.mark.parametrize(
    ("change", "valid"),
    [
        ({}, True),
        ({"state": "resolved", "held": "quiet"}, True),
        ({"window": None, "figure": None, "parts": []}, True),
        ({"state": "pending"}, False),
        ({"held": "nobody"}, False),
        ({"since": 7}, False),
    ],
)
def test_an_alert_is_as_its_schema_says(change: dict[str, Any], valid: bool) -> None:
    validator = Draft202012Validator(all_schemas()["alert"])
    assert validator.is_valid({**alert.EXAMPLE, **change}) == valid


def test_the_example_of_an_alert_is_a_record_with_the_key_that_is_shown() -> None:
    record = msgspec.convert(alert.EXAMPLE, alert.AlertRecord)
    assert record.key == alert.KEY_EXAMPLE
    assert msgspec.to_builtins(record) == alert.EXAMPLE
