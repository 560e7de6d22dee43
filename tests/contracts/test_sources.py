"""What every preset of a vendor holds to, whatever its records look like; a new one is found by itself."""

from __future__ import annotations

import random
import string
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest

from stream.contract.fields import MAY_LOOK_LIKE_ONE
from stream.contract.kinds import KINDS
from stream.contract.records import Record
from stream.ingest.decode import Limits, decode
from stream.sources import presets
from stream.sources.definition import KEYS
from stream.sources.load import of_table, usual
from stream.sources.mapper import Mapper, Outcome
from stream.sources.preset import Preset

ROOT = Path(__file__).resolve().parents[2]
KEY = b"k" * 32
ARRIVAL_MS = 1_772_400_000_000
#: Planted into every text of a record: it must stand in nothing that goes on.
CANARY = "leak.canary@example.com"
LATE = Limits(lateness_ms=4_000 * 86_400_000, now_ms=ARRIVAL_MS)

every_preset = pytest.mark.parametrize(
    "preset", [presets.preset(name) for name in presets.names()], ids=presets.names()
)


def records(*values: bytes | None) -> list[Record]:
    return [(at, ARRIVAL_MS, b"key", value, ()) for at, value in enumerate(values)]


def mapped(preset: Preset, *values: bytes | None, key: bytes | None = KEY) -> Outcome:
    return Mapper(usual(preset), key).map(records(*values), "topic", 3)


@every_preset
def test_it_says_what_it_is_and_where_its_facts_come_from(preset: Preset) -> None:
    assert preset.title
    assert preset.facts, "say where each fact comes from"
    assert set(preset.kinds) <= set(KINDS)
    assert preset.options.__struct_config__.frozen
    assert preset.example
    assert (ROOT / "tests" / "unit" / "sources" / "presets" / f"test_{preset.name}.py").is_file(), (
        "it has its own tests"
    )


@every_preset
def test_its_examples_become_events_that_the_contract_takes(preset: Preset) -> None:
    out = mapped(preset, *preset.examples())
    assert out.refused == []
    assert {event.place for event in out.events} == set(range(len(preset.example)))
    for kind in {event.kind for event in out.events}:
        assert kind in preset.kinds
        values = [event.value for event in out.events if event.kind == kind]
        decoded = decode(kind, records(*values), LATE)
        assert decoded.rejects == []
        assert decoded.ignored == {}
        assert len(decoded.events) == len(values)


@every_preset
def test_each_kind_that_it_names_has_an_example(preset: Preset) -> None:
    assert {event.kind for event in mapped(preset, *preset.examples()).events} == set(preset.kinds)


@every_preset
def test_the_same_records_are_the_same_events_whatever_the_batch(preset: Preset) -> None:
    source = usual(preset)
    whole = Mapper(source, KEY).map(records(*preset.examples() * 2))
    one_by_one = [
        event.value for each in records(*preset.examples() * 2) for event in Mapper(source, KEY).map([each]).events
    ]
    assert [event.value for event in whole.events] == one_by_one
    half = len(whole.events) // 2
    assert [event.value for event in whole.events[:half]] == [event.value for event in whole.events[half:]]


@every_preset
def test_an_option_that_it_has_not_is_named(preset: Preset) -> None:
    with pytest.raises(Exception, match="there is no option nonsense"):
        of_table({"preset": preset.name, "site": "acme", "nonsense": 1}, "here", Path())


@every_preset
def test_without_a_key_no_address_goes_on_and_with_one_it_is_only_needed_where_it_says_so(preset: Preset) -> None:
    out = mapped(preset, *preset.examples(), key=None)
    assert preset.needs_key == any(each.reason == "personal_data" for each in out.refused)
    assert all(CANARY.encode() not in event.value for event in out.events)


@every_preset
def test_damaged_records_raise_nothing_and_leak_nothing(preset: Preset) -> None:
    values = [
        *_damaged(preset, 400),
        None,
        b"",
        b"{",
        b"\xff\xfe",
        b"null",
        b"[]",
        b"[[[]]]",
        b"0",
        b'"x"',
        b"[" * 99_999,
    ]
    out = mapped(preset, *values)
    assert out.items == out.mapped + out.unmapped.total() + out.ignored.total() + len(out.refused)
    assert not [each for each in out.refused if each.reason == "crash"]
    written: list[Any] = [out.refused, out.unmapped, out.ignored]
    for event in out.events:
        envelope = orjson.loads(event.value)
        assert envelope["id"] not in (None, "")
        assert envelope["time"] not in (None, "")
        # an id may have the form of a mail's, and a crawler names its owner
        assert envelope.pop("id") != CANARY
        written.append({**envelope, "data": {k: v for k, v in envelope["data"].items() if k not in MAY_LOOK_LIKE_ONE}})
    assert "canary@" not in repr(written)
    assert "canary%40" not in repr(written)


def _damaged(preset: Preset, count: int) -> list[bytes]:
    """Replace leaves of examples by whatever else; of rows, values between separators."""
    rng = random.Random(preset.name)
    made: list[bytes] = []
    for _ in range(count):
        value = rng.choice(preset.examples())
        try:
            record = orjson.loads(value)
        except orjson.JSONDecodeError:
            separator = b"\t" if preset.shape.format == "tsv" else b","
            row = value.split(separator)
            for _ in range(rng.randrange(1, 5)):
                row[rng.randrange(len(row))] = str(_junk(rng)).encode()
            made.append(separator.join(row[: rng.choice([len(row), len(row), 3])]))
            continue
        for _ in range(rng.randrange(1, 4)):
            record = _replaced(record, rng)
        made.append(orjson.dumps(record))
    return made


def _replaced(record: Any, rng: random.Random) -> Any:
    if record.__class__ is dict and record and rng.random() < 0.9:
        name = rng.choice(sorted(record))
        return {**record, name: _replaced(record[name], rng)}
    if record.__class__ is list and record and rng.random() < 0.9:
        at = rng.randrange(len(record))
        return [*record[:at], _replaced(record[at], rng), *record[at + 1 :]]
    return _junk(rng)


def _junk(rng: random.Random, depth: int = 0) -> Any:
    plain = [
        None, True, False, 0, -1, 1.5, 10**18, 10**30, "", " ", "x", "2024-01-01", "2024-01-01T00:00:00Z", "<a@b.c>", CANARY,
        f"Jo <{CANARY}>", CANARY.replace("@", "%40"), f"https://acme.example/?email={CANARY}", f"for {CANARY}!", "\u0000", "é" * 9, "1e400", "-0",
    ]  # fmt: skip
    if depth > 2 or rng.random() < 0.7:
        return rng.choice([each for each in plain if each != 10**30])
    if rng.random() < 0.5:
        return [_junk(rng, depth + 1) for _ in range(rng.randrange(3))]
    return {"".join(rng.choices(string.ascii_lowercase, k=3)): _junk(rng, depth + 1) for _ in range(rng.randrange(3))}


def test_no_option_is_named_like_a_key_of_every_source() -> None:
    """It could not be given: the key would take what was meant for it."""
    for name in presets.names():
        assert set(presets.preset(name).options.__struct_fields__).isdisjoint({*KEYS, "test"}), name


def test_options_are_structs_whose_fields_have_defaults() -> None:
    """A preset is usable by its name and a site alone."""
    for name in presets.names():
        for field in msgspec.structs.fields(presets.preset(name).options):
            assert not field.required, f"{name}: {field.name}"
