"""Adapters: every format reads the same events, and refuses the same records for the same reasons.

A new format adds its writer to `WRITERS`; all that is asked of it stands here already.
"""

from __future__ import annotations

import importlib
import inspect
import json
import math
import pkgutil
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import stream.adapters
from stream.adapters.adapter import Adapter, Parsed, RecordLimits
from stream.adapters.formats import ADAPTERS, DEFAULT
from stream.contract.fields import hook
from stream.contract.kinds import KINDS, KindName
from stream.contract.records import Record
from stream.contract.rejects import REASONS, Reject
from stream.ingest.decode import Limits, decode
from tests.contracts.poison import corpus
from tests.events import TIME_MS, data_of, event

Envelope = dict[str, Any]

#: Format → how an envelope is written in it.
WRITERS: dict[str, Callable[[Envelope], bytes]] = {
    "cloudevents": orjson.dumps,
}

#: Reasons that lie in the bytes of one format, and not in what they say.
OF_BYTES = ("not_json", "too_large", "too_deep")
CORPUS = corpus()

every_format = pytest.mark.parametrize("adapter", ADAPTERS.values(), ids=ADAPTERS)
every_kind = pytest.mark.parametrize("kind", KINDS)


def read(adapter: Adapter, kind: KindName, values: list[bytes | None], limits: RecordLimits = RecordLimits()) -> Parsed:
    """Read a batch, and hold the adapter to what is asked of every batch."""
    records: list[Record] = [(place, TIME_MS, None, value, ()) for place, value in enumerate(values)]
    batch = adapter.read(kind, records, limits)
    rejected = [reject.index for reject in batch.rejects]
    assert len(batch.events) == len(batch.index)
    assert batch.index == sorted(batch.index)
    assert sorted([*batch.index, *rejected]) == list(range(len(values)))
    assert all(isinstance(each, KINDS[kind].struct) for each in batch.events)
    assert set(batch.ignored) <= set(batch.index)
    assert {reject.reason for reject in batch.rejects} <= set(REASONS) - {"crash"}
    return batch


def values_of(events: list[Any]) -> Any:
    """Give events as plain values: a format may read into subclasses of the contract's types."""
    return msgspec.to_builtins(events)


def said_poison(kind: KindName) -> Iterator[tuple[str, Envelope, str | None]]:
    """Give the poison of a kind that is wrong by what it says, as an envelope that any format can write."""
    for name, of_kind, value, reason in CORPUS:
        if of_kind == kind and reason not in OF_BYTES and value is not None:
            try:
                envelope = json.loads(value, parse_float=_finite)
            except ValueError:
                continue  # a number that only text can hold
            if isinstance(envelope, dict):
                yield name, envelope, reason


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(text)
    return number


def test_each_adapter_is_in_the_list_and_has_a_writer_here() -> None:
    made = set()
    for module in pkgutil.iter_modules(stream.adapters.__path__, "stream.adapters."):
        for _, found in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if found.__module__ == module.name and found is not Adapter and hasattr(found, "read"):
                made.add(found)
    assert made == {type(adapter) for adapter in ADAPTERS.values()}
    assert set(WRITERS) == set(ADAPTERS) == {adapter.name for adapter in ADAPTERS.values()}
    assert DEFAULT in ADAPTERS.values()


@every_format
@every_kind
def test_a_valid_event_is_read_as_the_contract_has_it(adapter: Adapter, kind: KindName) -> None:
    write = WRITERS[adapter.name]
    for envelope in (KINDS[kind].example, event(kind)):
        batch = read(adapter, kind, [write(envelope)])
        assert values_of(batch.events) == values_of([msgspec.convert(envelope, KINDS[kind].struct, dec_hook=hook)])
        assert (batch.index, batch.rejects) == ([0], [])


@every_format
@every_kind
def test_fields_that_the_contract_does_not_name_are_ignored(adapter: Adapter, kind: KindName) -> None:
    envelope = {**event(kind, data_of(kind, extra={"deep": [1, None]})), "extra": [1.5, "x", {"y": True}]}
    batch = read(adapter, kind, [WRITERS[adapter.name](envelope)])
    assert values_of(batch.events) == values_of([msgspec.convert(event(kind), KINDS[kind].struct, dec_hook=hook)])


@every_format
@every_kind
def test_what_is_wrong_with_an_event_is_found_in_every_format(adapter: Adapter, kind: KindName) -> None:
    room = Limits(max_bytes=1 << 20)  # one format takes more bytes than another for the same
    wrong = []
    tried = 0
    for name, envelope, wanted in said_poison(kind):
        try:
            value = WRITERS[adapter.name](envelope)
        except (TypeError, ValueError, OverflowError):
            continue  # a number or a text that the format has no way to write
        tried += 1
        rejects = decode(kind, [(0, TIME_MS + 1, None, value, ())], room, adapter).rejects
        found = rejects[0].reason if rejects else None
        if found != wanted:
            wrong.append((name, found, wanted))
    assert wrong == []
    assert tried > 20


@every_format
@pytest.mark.parametrize(
    ("sentence", "kind", "change", "reason", "path"),
    [
        ("a field is missing", "page_view", {"source": None}, "missing_field", "source"),
        ("a list is no id", "page_view", {"id": []}, "wrong_type", "id"),
        ("a list is no data", "form", {"data": []}, "wrong_type", "data"),
        ("a text is too long", "ad", {"id": "x" * 257}, "out_of_range", "id"),
        ("a word is none of the list", "email", {"data": data_of("email", action="x")}, "out_of_range", "data.action"),
        ("a time is no text", "chatbot", {"time": 5}, "bad_time", "time"),
        ("an event of another kind", "form", {"type": "ad"}, "wrong_topic", "type"),
        ("an address for a hash", "email", {"data": data_of("email", email_hash="a@b.example")},
         "personal_data", "data.email_hash"),
    ],
)  # fmt: skip
def test_a_reject_says_why_and_where(
    adapter: Adapter, sentence: str, kind: KindName, change: Envelope, reason: str, path: str
) -> None:
    batch = read(adapter, kind, [WRITERS[adapter.name](event(kind, **change))])
    assert [(reject.reason, reject.path) for reject in batch.rejects] == [(reason, path)], sentence


@every_format
@every_kind
def test_bad_company_changes_nothing(adapter: Adapter, kind: KindName) -> None:
    """Bytes made for one format are poison to each other one; good records between them are read."""
    good = WRITERS[adapter.name](event(kind))
    poison = [value for _, _, value, _ in CORPUS]
    alone = [read(adapter, kind, [value]) for value in poison]
    batch = read(adapter, kind, [value for each in poison for value in (each, good)])
    rejects = {reject.index: reject for reject in batch.rejects}
    assert not [place for place in rejects if place % 2]
    for nth, by_itself in enumerate(alone):
        expected = by_itself.rejects
        found = rejects.get(nth * 2)
        assert ([] if found is None else [Reject(0, found.reason, found.path, found.site)]) == expected


@every_format
def test_a_record_cut_short_is_a_reject_wherever_it_is_cut(adapter: Adapter) -> None:
    whole = WRITERS[adapter.name](event("page_view"))
    batch = read(adapter, "page_view", [whole[:length] for length in range(len(whole))])
    assert batch.events == []


@every_format
def test_a_tombstone_is_a_reject(adapter: Adapter) -> None:
    assert read(adapter, "form", [None]).events == []


@every_format
def test_no_record_and_no_events_are_an_empty_batch(adapter: Adapter) -> None:
    batch = read(adapter, "ad", [])
    assert (batch.events, batch.index, batch.rejects) == ([], [], [])


@every_format
def test_the_limits_hold_to_the_byte_and_to_the_level(adapter: Adapter) -> None:
    write = WRITERS[adapter.name]
    small = write(event("page_view"))
    assert read(adapter, "page_view", [small], RecordLimits(max_bytes=len(small))).rejects == []
    assert read(adapter, "page_view", [small], RecordLimits(max_bytes=len(small) - 1)).rejects == [
        Reject(0, "too_large")
    ]
    deep = write({**event("page_view"), "extra": [[[[]]]]})
    assert read(adapter, "page_view", [deep], RecordLimits(max_depth=5)).rejects == []
    assert read(adapter, "page_view", [deep], RecordLimits(max_depth=4)).rejects == [Reject(0, "too_deep")]


@every_format
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("ann@example.com", "personal_data"),
        ("ann%40example.com", "personal_data"),
        ("ann@exämple.de", "personal_data"),
        ("иван@пример.рф", "personal_data"),
        ("a\x1fb", "out_of_range"),
        ("a\x00", "out_of_range"),
        ('x"\n', "out_of_range"),
        ("\u2003 ", "missing_field"),
    ],
)
def test_an_id_of_a_person_is_a_pseudonym_in_one_line(adapter: Adapter, text: str, reason: str) -> None:
    bodies = [event("page_view"), event("page_view", data_of("page_view", visitor_id=text)), event("page_view")]
    batch = read(adapter, "page_view", [WRITERS[adapter.name](body) for body in bodies])
    assert [(each.index, each.reason, each.path) for each in batch.rejects] == [(1, reason, "data.visitor_id")]


@every_format
@every_kind
def test_a_field_that_decorates_is_dropped_and_named(adapter: Adapter, kind: KindName) -> None:
    envelope = event(kind, data_of(kind, geo={"country": "Germany", "region": 7}, product=[], session_id=12))
    batch = read(adapter, kind, [WRITERS[adapter.name](event(kind)), WRITERS[adapter.name](envelope)])
    data = batch.events[1].data
    assert (data.geo.country, data.geo.region, data.product, data.session_id) == (None, None, None, "12")
    assert {place: sorted(names) for place, names in batch.ignored.items()} == {
        1: ["geo.country", "geo.region", "product"]
    }


@every_format
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_bytes_at_random_end_in_exactly_one_list(adapter: Adapter, data: st.DataObject) -> None:
    whole = WRITERS[adapter.name](event("page_view"))
    values: list[bytes | None] = []
    for _ in range(data.draw(st.integers(1, 8))):
        start = data.draw(st.integers(0, len(whole)))
        end = data.draw(st.integers(start, len(whole)))
        values.append(whole[:start] + data.draw(st.binary(max_size=8)) + whole[end:])
    batch = read(adapter, "page_view", values)
    alone = [bool(read(adapter, "page_view", [value]).events) for value in values]
    assert batch.index == [place for place, fits in enumerate(alone) if fits]
