"""Segment: what the simulator says as calls is read back as it was."""

from __future__ import annotations

import tomllib
from collections import Counter
from pathlib import Path

from msgspec import to_builtins

from stream.demo import segment
from stream.demo.traffic import Options, Traffic
from stream.ingest.decode import decode
from stream.sources.load import of_table
from stream.sources.mapper import Mapper


def test_each_event_comes_back_with_the_same_data_and_in_the_same_order() -> None:
    mapper = Mapper(of_table(tomllib.loads(segment.DEFINITION), "demo", Path()), b"k" * 32)
    seen: Counter[str] = Counter()
    for record in Traffic(Options(start_ms=1_772_357_600_000, length_ms=3_600_000, rate=0.6, leads=True)):
        if record.truth.outcome == "dead_lettered":
            continue
        call = segment.dressed(record.kind, record.value)
        assert (call is not None) == (record.kind in segment.KINDS)
        if call is None or record.value is None:
            continue
        (made,) = mapper.map([(0, record.time_ms, None, call, ())]).events
        (before,) = decode(record.kind, [(0, record.time_ms, None, record.value, ())]).events
        (after,) = decode(record.kind, [(0, record.time_ms, None, made.value, ())]).events
        assert to_builtins(after.data) == to_builtins(before.data)
        assert (after.time, after.id) == (before.time, f"{before.source} {before.id}")
        seen[record.kind] += 1
    assert set(seen) == set(segment.KINDS)


def test_what_is_no_event_of_a_visit_or_mail_stays_as_it_is() -> None:
    for kind, value in (
        ("ad", b"{}"),
        ("page_view", None),
        ("page_view", b"{"),
        ("form", b"[]"),
        ("form", b'{"type":"form","data":{}}'),
    ):
        assert segment.dressed(kind, value) is None
