"""Tried: one record of a source, before and after: which of its values made a difference, and which nothing reads.

In:  a mapper, and one record.
Out: values by path, with addresses masked; the envelopes; paths that nothing reads; what is missing.

A value is read if the events are others without it: that is asked of the mapping itself, leaf by leaf, so it holds for
presets, paths and functions alike. Fields that only say which branch is taken are found by it as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import orjson

from stream.contract.fields import ADDRESS
from stream.contract.records import Record
from stream.sources.mapper import Mapper, Outcome

LEAVES_MOST: Final = 300
_SHOWN_MOST: Final = 80
_ADDRESS: Final = re.compile(rf"[^\s<>\"]*{ADDRESS}")

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class TriedRecord:
    """What one record says and becomes: `read` and `unread` are path → value, as they may be shown."""

    outcome: Outcome
    events: list[dict[str, Any]]
    read: dict[str, str]
    unread: dict[str, str]


def tried(mapper: Mapper, record: Record) -> TriedRecord:
    """Try a record."""
    outcome = mapper.map([record])
    events = [orjson.loads(event.value) for event in outcome.events]
    read: dict[str, str] = {}
    unread: dict[str, str] = {}
    for path, value, without in _leaves(mapper, record):
        again = mapper.map([(*record[:3], without, record[4])])
        same = [event.value for event in again.events] == [event.value for event in outcome.events]
        (unread if same else read)[_text(path)] = masked(value)
    return TriedRecord(outcome, events, read, unread)


def masked(value: Any) -> str:
    """Show a value shortly, and no address in it.

    >>> masked("Jo <jo@acme.example>"), masked({"a": 1})
    ('Jo <(address)>', '{"a":1}')
    """
    text = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
    shown = _ADDRESS.sub("(address)", text)
    shown = "".join(c if c.isprintable() else "·" for c in shown)
    return shown if len(shown) <= _SHOWN_MOST else f"{shown[: _SHOWN_MOST - 1]}…"


def _leaves(mapper: Mapper, record: Record) -> Iterator[tuple[Path, Any, bytes]]:
    """Give each value of a record with the record without it; only JSON can be written again without a value."""
    value = record[3] or b""
    columns = mapper.source.shape.columns
    if mapper.source.shape.format == "tsv" and columns:
        row = value.split(b"\t")
        for at, (name, each) in enumerate(zip(columns, row, strict=False)):
            if each:
                yield (name,), each.decode("utf-8", "replace"), b"\t".join([*row[:at], b"", *row[at + 1 :]])
        return
    try:
        whole = orjson.loads(value)
    except orjson.JSONDecodeError:
        return
    for count, path in enumerate(_paths(whole, ())):
        if count >= LEAVES_MOST:
            return
        found = whole
        for step in path:
            found = found[step]
        yield path, found, orjson.dumps(_without(whole, path))


def _paths(value: Any, at: Path) -> Iterator[Path]:
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _paths(inner, (*at, name))
    elif isinstance(value, list) and value:
        for number, inner in enumerate(value):
            yield from _paths(inner, (*at, number))
    elif at:
        yield at


def _without(value: Any, path: Path) -> Any:
    step, *rest = path
    if isinstance(value, dict):
        if not rest:
            return {name: inner for name, inner in value.items() if name != step}
        return {name: _without(inner, tuple(rest)) if name == step else inner for name, inner in value.items()}
    # the places of other items stay as they are
    return [(_without(inner, tuple(rest)) if rest else None) if at == step else inner for at, inner in enumerate(value)]


def _text(path: Path) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
