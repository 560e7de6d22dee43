"""Bounds: a person of whom too much is known is remembered in part, the same by both ways, and never more than that.

Bounds are drawn small, so that what takes a machine months of traffic in life happens within a dozen events.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import fields
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from stream.changes.panes import DAY_MS, HOUR_MS, MINUTE_MS
from stream.contract.times import format_ms, parse_ms
from stream.engine.shard import ShardFold
from stream.stages.visitors.bounds import DEFAULT_BOUNDS, Bounds
from stream.stages.visitors.fit import _halve
from stream.stages.visitors.row import Row, decode, encode, unpack
from stream.state.keys import PEOPLE
from stream.state.rows import Rows
from tests.laws.conftest import THOROUGH
from tests.laws.sums import nonzero, remembered
from tests.laws.test_folds_law import cut, folded
from tests.laws.traffic import START_MS, Envelope, named, people, shard

#: Faults of one in a bound show in few of the examples, and these are cheap.
MANY: Final = settings(max_examples=1_000 if THOROUGH else 300)

FEW: Final = st.integers(1, 5)
ROW_BYTES: Final = st.sampled_from((1, 150, 300, 600))
SMALL: Final = {field.name: ROW_BYTES if field.name == "row_bytes" else FEW for field in fields(Bounds)}
#: One bound is small, which no other hides; or any of them are.
BOUNDS: Final = st.one_of(
    *(st.builds(Bounds, **{name: few}) for name, few in SMALL.items()),
    st.builds(Bounds, **{name: few | st.just(getattr(DEFAULT_BOUNDS, name)) for name, few in SMALL.items()}),
)


def plain() -> st.SearchStrategy[list[Envelope]]:
    """Draw what goes the incremental way whole: direct page views and chats of one person, some minutes apart."""
    page = st.sampled_from("abcdefg").map(lambda name: ("page_view", {"page": {"path": "/", "content_id": name}}))
    message = st.sampled_from("abc").map(
        lambda name: ("chatbot", {"action": "message", "actor": "bot", "conversation_id": name})
    )
    gaps = st.sampled_from((1, 2, 5, 29, 31, 45))
    return st.lists(st.tuples(st.one_of(page, page, page, message), gaps), min_size=1, max_size=16).map(_told)


def _told(said: list[tuple[tuple[str, dict[str, Any]], int]]) -> list[Envelope]:
    events, minute = [], 0
    for (kind, data), gap in said:
        time = format_ms(START_MS + minute * MINUTE_MS)
        data = {"site_id": "s1", "visitor_id": "ann", **data}
        events.append({"specversion": "1.0", "source": "test", "type": kind, "time": time, "data": data})
        minute += gap
    return named(events)


def drawn(data: st.DataObject) -> list[list[Envelope]]:
    """Draw batches of a short time, so that sessions are long and hours full, or of a day."""
    span_ms = data.draw(st.sampled_from((HOUR_MS, 2 * HOUR_MS, DAY_MS // 4, DAY_MS)), label="span")
    events = data.draw(st.one_of(people(span_ms, max_size=40), plain()), label="events")
    if data.draw(st.booleans(), label="one person"):
        events = [{**e, "data": {**e["data"], **_as("ann", e)}} for e in events]
    if data.draw(st.booleans(), label="in order"):
        events = sorted(events, key=lambda event: (event["time"], event["id"]))
    return cut(data, events)


def _as(person: str, event: Envelope) -> dict[str, Any]:
    return {"visitor_id": person} if "visitor_id" in event["data"] else {}


@MANY
@given(data=st.data())
def test_both_ways_are_bounded_alike(data: st.DataObject) -> None:
    bounds = data.draw(BOUNDS, label="bounds")
    batches = drawn(data)
    incremental, reference = shard("visitors", bounds=bounds), shard("visitors", general=True, bounds=bounds)
    sums, account = folded(incremental, batches)
    reference_sums, reference_account = folded(reference, batches)
    assert remembered(incremental) == remembered(reference)
    assert nonzero(sums) == nonzero(reference_sums)
    assert account == reference_account


@MANY
@given(data=st.data())
def test_no_row_holds_more_than_the_bounds_say(data: st.DataObject) -> None:
    bounds = data.draw(BOUNDS, label="bounds")
    fold = shard("visitors", bounds=bounds)
    folded(fold, drawn(data))
    for raw in rows_of(fold):
        row = decode(raw)
        assert len(raw) <= bounds.row_bytes or nothing_left(row)
        assert 1 <= len(row.sessions) <= bounds.sessions
        for session in map(unpack, row.sessions):
            assert len(session.viewed) <= bounds.viewed
            # forms and chats behind the last page view are noted without asking for room
            assert sum(tick & 1 for tick in session.ticks) <= bounds.ticks
        if row.extra is not None:
            assert len(row.extra.offers) <= bounds.offers
            for made in (row.extra.conversations, row.extra.orders, row.extra.appointments):
                assert len(made) <= bounds.chats


def rows_of(fold: ShardFold) -> list[bytes]:
    """Give the rows of people as they are stored."""
    (rows,) = [table for table in fold.stage.tables if isinstance(table, Rows) and table.prefix == PEOPLE.prefix]
    return list(rows.encoded.values())


def nothing_left(row: Row) -> bool:
    """Tell whether a row is as small as it can be."""
    before = encode(row)
    return not _halve(row) and encode(row) == before


@MANY
@given(data=st.data())
def test_of_a_persons_hour_as_many_events_count_as_the_bound_says(data: st.DataObject) -> None:
    """Whatever is cut how: of n events in an hour the bound counts, the rest is flood. Written apart from both ways."""
    bounds = Bounds(flood_events=data.draw(FEW, label="bound"))
    events = [event for batch in drawn(data) for event in batch if event["data"].get("visitor_id")]
    events = [event for event in events if event["type"] != "chatbot"]
    if data.draw(st.booleans(), label="shuffled"):
        events = data.draw(st.permutations(events), label="order")
    batches = cut(data, events) if events else []
    _, account = folded(shard("visitors", bounds=bounds), batches)
    hours = Counter((event["data"]["visitor_id"], (parse_ms(event["time"]) or 0) // HOUR_MS) for event in events)
    counted = sum(min(n, bounds.flood_events) for n in hours.values())
    assert sum(n for name, n in account.items() if name.endswith("/counted")) == counted
    assert sum(n for name, n in account.items() if name.endswith("/flood")) == len(events) - counted


@MANY
@given(
    bound=FEW, minutes=st.lists(st.integers(0, 119), min_size=1, max_size=20), together=st.booleans(),
)  # fmt: skip
def test_of_a_persons_hour_as_many_conversations_begin_as_the_bound_says(
    bound: int, minutes: list[int], together: bool
) -> None:
    events = named([begun(number, minute) for number, minute in enumerate(sorted(minutes))])
    _, account = folded(
        shard("visitors", bounds=Bounds(flood_chats=bound)), [events] if together else [[event] for event in events]
    )
    hours = Counter(minute // 60 for minute in minutes)
    assert account["chatbot/counted"] == sum(min(n, bound) for n in hours.values())


def begun(number: int, minute: int) -> Envelope:
    """Make the start of a conversation of its own."""
    data = {
        "site_id": "s1", "visitor_id": "ann", "action": "conversation_started", "conversation_id": f"c{number}",
        "actor": "bot",
    }  # fmt: skip
    time = format_ms(START_MS + minute * MINUTE_MS)
    return {"specversion": "1.0", "source": "test", "type": "chatbot", "time": time, "data": data}
