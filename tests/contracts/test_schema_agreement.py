"""Agreement: a JSON Schema accepts an event exactly if decode does.

Valid events are changed at random, field by field, with values from both sides of every limit. Left out is
what a schema cannot say: distances between times, days that a month does not have, and 1.0 for a whole
number (JSON Schema takes it for an integer, the contract does not).
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from stream.contract.kinds import KINDS
from stream.contract.times import is_time
from stream.ingest.decode import decode
from stream.render.schemas import event_schema
from tests.events import TIME_MS, data_of, event, total
from tests.examples import examples

HASH = "0f" * 32
VALUES: list[Any] = [
    None, True, False, 0, 1, -1, 100, 101, 0.5, -0.5, 1e300, 2**53 - 1, 2**53, -(2**53), 2**64,
    "", "x", "x" * 64, "x" * 65, "x" * 256, "x" * 257, "x" * 4096, "x" * 4097, "é" * 256, "😀" * 257,
    "a\u0000", "a\n", "\u001f", "a b", "ann@example.com", "<a@b>", "@", "a@b.c d",
    HASH, HASH.upper(), HASH + "\n", HASH[:-1],
    "EUR", "eur", "EURO", "EUR\n", "DE", "de", "D", "DEU",
    "site", "meta", "google", "submit", "view", "spend", "click", "bounced", "sent", "message",
    "order_started", "appointment_set", "deal_won", "refund", "stage_changed", "erase", "consent_changed",
    "tools", "keyword_rank", "undefined", " 'Null'", "0-0", "visitor", "hard", "human", "search", "top", "demo", "welcome",
    "2025-06-15T12:00:00Z", "2025-06-15T12:00:00.5+02:00", "2025-06-15", "soon", "2025-06-15T12:00:00+0200",
    [], ["a"], ["a", 1], [None], ["x" * 4097], {}, {"path": "/"}, {"path": 1}, {"source": 1},
    {"country": "DE"}, {"country": "xx"}, {"class": "bot"}, {"class": "x"}, {"reasons": ["a"]},
    {"analytics": None}, {"ads": 1}, {"known": ["a"]}, {"url": None, "path": "/"}, {"unknown": [1]},
]  # fmt: skip

ENVELOPE = ("specversion", "id", "source", "type", "recordedtime", "dataschema", "traceparent", "unknown")
BASES = [
    *((kind, data_of(kind)) for kind in KINDS),
    ("ad", total()),
    ("email", data_of("email", action="bounced", bounce_type="hard")),
    ("crm", data_of("crm", action="deal_won", deal_id="d", value=5, currency="EUR")),
    ("crm", data_of("crm", action="refund", deal_id="d", value=5, currency="EUR", lead_id=None)),
    ("privacy", data_of("privacy", action="consent_changed", consent={"analytics": False})),
]


@cache
def validator(kind: str) -> Draft202012Validator:
    return Draft202012Validator(event_schema(kind))


@cache
def data_fields(kind: str) -> tuple[str, ...]:
    schema = event_schema(kind)
    name = schema["properties"]["data"]["$ref"].rpartition("/")[2]
    return (*schema["$defs"][name]["properties"], "unknown")


def decode_accepts(kind: str, body: dict[str, Any]) -> bool:
    return not decode(kind, [(0, TIME_MS, None, json.dumps(body).encode(), ())]).rejects


@st.composite
def changed(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    kind, data = draw(st.sampled_from(BASES))
    data = dict(data)
    for _ in range(draw(st.integers(1, 3))):
        name = draw(st.sampled_from(data_fields(kind)))
        if draw(st.booleans()) and name in data:
            del data[name]
        else:
            data[name] = draw(st.sampled_from(VALUES))
    body = event(kind, data)
    if draw(st.integers(0, 3)) == 0:
        body[draw(st.sampled_from(ENVELOPE))] = draw(st.sampled_from(VALUES))
    return kind, body


@settings(max_examples=examples(500), deadline=None)
@given(changed())
def test_schema_and_decode_agree(made: tuple[str, dict[str, Any]]) -> None:
    kind, body = made
    assert validator(kind).is_valid(body) == decode_accepts(kind, body)


@pytest.mark.parametrize("kind", KINDS)
def test_schema_and_decode_agree_on_every_field_and_value(kind: str) -> None:
    # fields that all kinds have are tried on one of them
    mine = data_fields(kind) if kind == "page_view" else set(data_fields(kind)) - set(data_fields("page_view"))
    wrong = []
    for name in mine:
        for value in VALUES:
            if kind == "cost" and name.startswith("period_") and isinstance(value, str) and is_time(value):
                continue  # whether one moment lies before another no schema can say
            body = event(kind, {**data_of(kind), name: value})
            if validator(kind).is_valid(body) != decode_accepts(kind, body):
                wrong.append((name, value))
    assert wrong == []


@pytest.mark.parametrize("kind", KINDS)
def test_schema_and_decode_agree_on_what_must_be_there(kind: str) -> None:
    for base_kind, data in BASES:
        if base_kind == kind:
            for name in data:
                body = event(kind, {field: value for field, value in data.items() if field != name})
                assert validator(kind).is_valid(body) == decode_accepts(kind, body), name
    for name in event(kind):
        body = {field: value for field, value in event(kind).items() if field != name}
        assert validator(kind).is_valid(body) == decode_accepts(kind, body), name


@pytest.mark.parametrize("kind", KINDS)
def test_schema_and_decode_agree_on_every_action(kind: str) -> None:
    """Each action with nothing it needs, with all of it, and with each of it missing."""
    extras = {
        "submission_id": "s", "actor": "bot", "order_id": "o", "appointment_id": "a", "bounce_type": "soft",
        "cost_micros": 1, "currency": "EUR", "lead_id": "l",
        "to": "sql", "deal_id": "d", "value": 5, "consent": {"analytics": True},
    }  # fmt: skip
    actions = [value for value in VALUES if isinstance(value, str)] if "action" in data_fields(kind) else []
    for action in actions:
        bare = {name: value for name, value in data_of(kind, action=action).items() if name not in extras}
        full = {**bare, **{name: value for name, value in extras.items() if name in data_fields(kind)}}
        for data in (bare, full, *({n: v for n, v in full.items() if n != left} for left in extras)):
            body = event(kind, data)
            assert validator(kind).is_valid(body) == decode_accepts(kind, body), data
