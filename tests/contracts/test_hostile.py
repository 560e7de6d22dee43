"""Hostile input: no record can hurt, and each ends in exactly one of two lists.

The corpus is made by hand (`poison.py`); the fuzz takes valid events apart at random.
"""

from __future__ import annotations

import gc
import json
import weakref
from collections import Counter
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.adapters.cloudevents import LANES, CloudEvents, Lanes
from stream.contract.kinds import KINDS
from stream.contract.oversize import UNREAD, Cut
from stream.contract.records import Record
from stream.contract.rejects import REASONS, Reject
from stream.ingest.decode import Limits, decode
from stream.ingest.lines import decode_lines
from tests.contracts.poison import Poison, corpus
from tests.events import TIME_MS, data_of, event, total
from tests.examples import examples

ARRIVAL_MS = TIME_MS + 1
CORPUS = corpus()
CANARY = "canary-7f3a"


def record(value: bytes | None, offset: int = 0) -> Record:
    return (offset, ARRIVAL_MS, None, value, ())


def outcomes(kind: str, values: list[bytes | None]) -> list[str | None]:
    """Give the reason of each record, None where it counts; fails if one is in both lists or in none."""
    decoded = decode(kind, [record(value, i) for i, value in enumerate(values)])
    assert len(decoded.events) == len(decoded.times) == len(decoded.index)
    assert sorted([*decoded.index, *(reject.index for reject in decoded.rejects)]) == list(range(len(values)))
    found: list[str | None] = [None] * len(values)
    for reject in decoded.rejects:
        found[reject.index] = reject.reason
    return found


def test_the_corpus_is_large_and_covers_every_reason_but_crash() -> None:
    bad = [poison for poison in CORPUS if poison[3] is not None]
    assert len(bad) >= 300
    # what a mapping of a source can be refused for needs a source
    assert {reason for *_, reason in bad} == set(REASONS) - {"crash", "mapping", "unknown_schema"}


@pytest.mark.parametrize("kind", KINDS)
def test_each_record_of_the_corpus_ends_where_it_should(kind: str) -> None:
    mine = [poison for poison in CORPUS if poison[1] == kind]
    alone = [outcomes(kind, [value])[0] for _, _, value, _ in mine]
    wrong = [(name, found, wanted) for (name, _, _, wanted), found in zip(mine, alone, strict=True) if found != wanted]
    assert wrong == []


@pytest.mark.parametrize("kind", KINDS)
def test_bad_company_changes_nothing(kind: str) -> None:
    """A batch of everything at once, good records between: the same outcome as each by itself."""
    good = orjson.dumps(event(kind))
    mine = [poison for poison in CORPUS if poison[1] == kind]
    values = [value for _, _, poison, _ in mine for value in (good, poison, good)]
    wanted = [reason for *_, poison_reason in mine for reason in (None, poison_reason, None)]
    assert outcomes(kind, values) == wanted


class Held(list[Record]):
    """Records that can be looked for once nobody needs them."""


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_wrong_with_a_record_holds_on_to_no_others(kind: str) -> None:
    """Nothing but the collector would free a batch that an error holds by its frames, and it runs once in hours."""

    def read(value: bytes | None) -> weakref.ref[Held]:
        batch = Held([record(value), record(orjson.dumps(event(kind)), 1)])
        decode(kind, batch)
        return weakref.ref(batch)

    gc.disable()
    try:
        assert [name for name, of, value, _ in CORPUS if of == kind and read(value)() is not None] == []
    finally:
        gc.enable()


def test_a_batch_of_nothing_but_poison_is_all_rejects() -> None:
    bad = [value for _, kind, value, reason in CORPUS if kind == "page_view" and reason is not None]
    assert None not in outcomes("page_view", bad)


def test_the_order_of_a_batch_changes_nothing() -> None:
    mine = [poison for poison in CORPUS if poison[1] == "page_view"]
    forth = outcomes("page_view", [value for _, _, value, _ in mine])
    back = outcomes("page_view", [value for _, _, value, _ in reversed(mine)])
    assert forth == back[::-1]


def test_no_word_of_an_event_is_in_its_reject() -> None:
    told = []
    for kind in KINDS:
        for field in data_of(kind):
            for value in (CANARY * 600, [CANARY], {CANARY: CANARY}, f"{CANARY}@example.com"):
                told += decode(kind, [record(orjson.dumps(event(kind, {**data_of(kind), field: value})))]).rejects
        for name in event(kind):
            for value in (CANARY * 600, [CANARY], {CANARY: CANARY}):
                told += decode(kind, [record(orjson.dumps({**event(kind), name: value}))]).rejects
    assert len(told) > 100
    # the site is kept for the account of the site, and only for that
    assert not [reject for reject in told if CANARY in reject.reason + reject.path]


@pytest.mark.parametrize(
    "text",
    ["x - at `$.data.secret`", "` - at `$.a`", "$.data", " - at `$", "a\n - at `$.b`"],
)
def test_a_text_that_looks_like_a_path_is_not_taken_for_one(text: str) -> None:
    rejects = decode("form", [record(orjson.dumps(event("form", data_of("form", action=text))))]).rejects
    assert rejects == [Reject(0, "out_of_range", "data.action", "shop")]


@pytest.mark.parametrize("error", [ValueError("x"), KeyError("x"), MemoryError(), AssertionError()])
def test_a_fault_of_our_own_becomes_a_crash_and_stops_nobody_else(error: Exception) -> None:
    def parser(value: bytes) -> Any:
        if b"e13" in value:
            raise error
        return LANES["page_view"].open(value)

    values = [orjson.dumps(event("page_view", id=f"e{i}")) for i in range(20)]
    decoded = decode(
        "page_view",
        [record(value) for value in values],
        adapter=CloudEvents({"page_view": Lanes(parser, parser)}),
    )
    assert decoded.rejects == [Reject(13, "crash")]
    assert [each.id for each in decoded.events] == [f"e{i}" for i in range(20) if i != 13]


def test_limits_are_settings() -> None:
    deep = orjson.dumps({**event("page_view"), "extra": [[[[]]]]})
    assert decode("page_view", [record(deep)], Limits(max_depth=5)).rejects == []
    assert [reject.reason for reject in decode("page_view", [record(deep)], Limits(max_depth=4)).rejects] == [
        "too_deep"
    ]
    small = orjson.dumps(event("page_view"))
    assert decode("page_view", [record(small)], Limits(max_bytes=len(small))).rejects == []
    assert decode("page_view", [record(small)], Limits(max_bytes=len(small) - 1)).rejects == [Reject(0, "too_large")]


# fuzz -----------------------------------------------------------------------------------------------------

SEEDS = [
    *((kind, orjson.dumps(event(kind))) for kind in KINDS),
    ("ad", orjson.dumps(event("ad", total()))),
    ("email", orjson.dumps(event("email", data_of("email", action="bounced", bounce_type="hard")))),
]
PIECES = [
    b'"',
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\\",
    b"\\u",
    b"\\ud800",
    b"\xff",
    b"\x00",
    b"@",
    b"null",
    b"1e999",
    b"-",
]


@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, bytes]:
    """A valid event with some bytes cut out, doubled or replaced."""
    kind, value = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(0, 6))):
        start = draw(st.integers(0, len(value)))
        end = min(len(value), start + draw(st.integers(0, 8)))
        change = draw(st.sampled_from(["cut", "double", "piece", "bytes"]))
        new = {
            "cut": b"",
            "double": value[start:end] * 2,
            "piece": draw(st.sampled_from(PIECES)) * draw(st.integers(1, 40)),
            "bytes": draw(st.binary(max_size=8)),
        }[change]
        value = value[:start] + new + value[end:]
    return kind, value


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=examples(120), deadline=None)
@given(st.lists(mutated(), min_size=1, max_size=20), st.integers(-(2**63), 2**63 - 1))
def test_events_taken_apart_at_random_end_in_exactly_one_list(batch: list[tuple[str, bytes]], arrival_ms: int) -> None:
    for kind in KINDS:
        values = [value for _, value in batch]
        found = outcomes(kind, list(values))
        alone = [outcomes(kind, [value])[0] for value in values]
        assert found == alone
        records = [(i, arrival_ms, None, value, ()) for i, value in enumerate(values)]
        decoded = decode(kind, records)
        assert len(decoded.events) + len(decoded.rejects) == len(values)
        assert "crash" not in {reject.reason for reject in decoded.rejects}


@settings(max_examples=examples(200), deadline=None)
@given(
    st.sampled_from(list(KINDS)),
    st.dictionaries(st.sampled_from(sorted({f for k in KINDS for f in data_of(k)})), JSON),
)
def test_any_json_in_any_field_ends_in_exactly_one_list(kind: str, changes: dict[str, Any]) -> None:
    value = json.dumps(event(kind, {**data_of(kind), **changes})).encode("utf-8", "replace")
    reason = outcomes(kind, [value])[0]
    assert reason is None or (reason in REASONS and reason != "crash")


@settings(max_examples=examples(100), deadline=None)
@given(st.lists(st.binary(max_size=200) | mutated().map(lambda made: made[1]), max_size=30))
def test_lines_of_anything_are_all_accounted_for(lines: list[bytes]) -> None:
    read = decode_lines(lines, now_ms=ARRIVAL_MS)
    done = Counter({"rejects": len(read.rejects)})
    for decoded in read.decoded.values():
        done["rejects"] += len(decoded.rejects)
        done["events"] += len(decoded.events)
    assert done.total() == sum(1 for line in lines if line.strip())
    assert "crash" not in {reject.reason for reject in read.rejects}


def test_names_in_the_corpus_are_unique_by_kind() -> None:
    def named(poison: Poison) -> tuple[str, str]:
        return poison[1], poison[0]

    assert [name for name, n in Counter(map(named, CORPUS)).items() if n > 1] == []


@pytest.mark.parametrize("value", [UNREAD, Cut(b'{"a":1}', 1 << 30), Cut(b"", 0, 9)])
def test_what_was_cut_on_the_way_is_too_large_whatever_is_around_it(value: bytes) -> None:
    good = orjson.dumps(event("page_view"))
    for many in ([value], [good, value, good], [value, b"", None, good], [b"{}"] * 200 + [value]):
        found = outcomes("page_view", many)
        assert [reason for reason, one in zip(found, many, strict=True) if one is value] == ["too_large"]
