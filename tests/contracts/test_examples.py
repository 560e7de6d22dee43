"""Examples: every file in `schemas/examples` does what its folder and its name say.

`valid/<what>.json` is accepted by the JSON Schema and by decode; `invalid/<reason>-<what>.json` is
rejected by decode for that reason, and by the schema wherever a schema can know.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator

from stream.contract.kinds import KINDS
from stream.contract.rejects import REASONS, Reject
from stream.contract.times import parse_ms
from stream.ingest.decode import decode
from stream.render.schemas import event_schema

ROOT = Path(__file__).parents[2] / "schemas" / "examples"
ARRIVAL_MS = parse_ms("2025-06-15T12:00:00Z") or 0

#: Reasons that lie in the bytes or in the clock, and two times that only a calendar or a comparison finds.
BEYOND_A_SCHEMA = ("not_json", "too_large", "too_deep", "too_late")
BEYOND_A_PATTERN = ("bad_time-no-such-day", "bad_time-years-ahead", "bad_time-period-backwards")


def files(folder: str) -> list[Any]:
    found = sorted(ROOT.glob(f"*/{folder}/*.json"))
    return [pytest.param(path, id=f"{path.parts[-3]}-{path.stem}") for path in found]


def rejects_of(path: Path) -> list[Reject]:
    """Decode a file as a replay would: it arrived when it was recorded."""
    value = path.read_bytes()
    arrival_ms = ARRIVAL_MS
    try:
        recorded = json.loads(value).get("recordedtime")
    except ValueError:
        recorded = None
    if recorded is not None:
        arrival_ms = parse_ms(recorded) or ARRIVAL_MS
    return decode(path.parts[-3], [(0, arrival_ms, None, value, ())]).rejects


def schema_accepts(path: Path) -> bool:
    return Draft202012Validator(event_schema(path.parts[-3])).is_valid(json.loads(path.read_text(encoding="utf-8-sig")))


@pytest.mark.parametrize("path", files("valid"))
def test_a_valid_example_is_accepted_by_schema_and_decode(path: Path) -> None:
    assert rejects_of(path) == []
    assert schema_accepts(path)


@pytest.mark.parametrize("path", files("invalid"))
def test_an_invalid_example_is_rejected_for_the_reason_in_its_name(path: Path) -> None:
    reason, _, _ = path.stem.partition("-")
    assert [reject.reason for reject in rejects_of(path)] == [reason]
    if reason not in BEYOND_A_SCHEMA and path.stem not in BEYOND_A_PATTERN:
        assert not schema_accepts(path)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_examples_of_every_reason_that_one_file_can_show(kind: str) -> None:
    shown = {path.stem.partition("-")[0] for path in (ROOT / kind / "invalid").glob("*.json")}
    # what depends on the bytes alone is shown once, on page_view; a crash cannot be shown, and what a source refuses needs a source
    once = {"too_large", "too_deep"} if kind != "page_view" else set()
    # an order of privacy is carried out however late it comes
    once |= {"too_late"} if kind == "privacy" else set()
    assert shown == set(REASONS) - {"crash", "mapping", "unknown_schema"} - once
    assert len(list((ROOT / kind / "valid").glob("*.json"))) >= 7


@pytest.mark.parametrize("kind", KINDS)
def test_the_example_in_the_documents_is_valid(kind: str) -> None:
    Draft202012Validator(event_schema(kind)).validate(KINDS[kind].example)
    value = orjson.dumps(KINDS[kind].example)
    assert decode(kind, [(0, ARRIVAL_MS, None, value, ())]).rejects == []
