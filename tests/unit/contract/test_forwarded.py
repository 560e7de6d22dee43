"""A forwarded record fits any topic, and the other shard reads the same event in it."""

from __future__ import annotations

import orjson
import pytest

from stream.contract.forwarded import HEADER_MOST, KEY_KEPT, MOST_BYTES, carried
from stream.contract.kinds import KINDS
from stream.contract.times import parse_ms
from stream.ingest.decode import decode

EXAMPLE = KINDS["page_view"].example
ARRIVAL_MS = (parse_ms(EXAMPLE["time"]) or 0) + 1_000


def attributes(case=str, **more):
    """Give an event in binary mode: its attributes as headers."""
    named = {name: value for name, value in EXAMPLE.items() if name != "data"} | more
    return tuple((case(f"ce_{name}"), str(value).encode()) for name, value in named.items())


@pytest.mark.parametrize("case", [str, str.upper])
@pytest.mark.parametrize("extra", [(), (("traceparent", b"x" * 2_000_000), ("ce_unknown", b"y" * 900_000))])
def test_an_event_in_binary_mode_is_the_same_event_after_it_was_forwarded(case, extra):
    record = (1, ARRIVAL_MS, b"k", orjson.dumps(EXAMPLE["data"]), (*extra, *attributes(case)))
    key, value, headers = carried(record)
    first, again = (decode("page_view", [one]) for one in (record, (1, ARRIVAL_MS, key, value, tuple(headers))))
    assert len(first.events) == 1
    assert again.events == first.events
    assert sum(len(name) + len(text) for name, text in headers) < 2_000


def test_what_the_other_shard_does_not_read_stays_behind():
    headers = (("x", b"x" * 2_000_000), ("leadpulse-kind", b"form"), ("ce_dataschema", b"s" * (HEADER_MOST + 1)))
    assert carried((1, 0, b"k" * 900_000, b"{}", headers)) == (b"k" * KEY_KEPT, b"{}", [])


@pytest.mark.parametrize(("value", "goes"), [(b"x" * MOST_BYTES, True), (b"x" * (MOST_BYTES + 1), False), (None, True)])
def test_a_value_over_the_bound_does_not_go(value, goes):
    assert (carried((1, 0, None, value, ())) is not None) == goes


def test_of_an_attribute_the_last_header_counts_as_it_does_for_the_reader():
    headers = (("ce_id", b"first"), ("CE_ID", b"last"), ("ce_id", None))
    assert carried((1, 0, None, b"{}", headers)) == (None, b"{}", [("ce_id", b"last")])
