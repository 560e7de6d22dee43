"""Native fold: rows and changes of the compiled core are those of Python, byte for byte."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.changes.deltas import Delta
from stream.changes.panes import DAY_MS, HOUR_MS
from stream.engine.shard import ShardFold
from stream.ingest.touches import ChannelOptions
from stream.kernels import native
from stream.stages.emails.fold import MEMORY_MS
from stream.stages.emails.native import mails_core
from stream.stages.visitors.bounds import Bounds
from stream.stages.visitors.native import people_core
from tests.laws.followed import said
from tests.laws.traffic import (
    ARRIVAL_MS,
    REPORT,
    START_MS,
    Envelope,
    ads,
    batch,
    emails,
    named,
    people,
    returning,
    shard,
)

CORE, _ = native.found()
pytestmark = pytest.mark.native

#: As small as they can be, so that what is over a bound is common.
TIGHT = Bounds(
    flood_events=6, flood_chats=2, sessions=2, viewed=2, ticks=5, chats=3, offers=1, submissions=1, times=1,
    row_bytes=300,
)  # fmt: skip


def with_core(fold: ShardFold) -> ShardFold:
    """Let a shard fold by the core."""
    stage: Any = fold.stage
    if fold.group == "visitors":
        of = stage.people
        namer = None if stage.following is None else stage.following.namer
        of.core = people_core(CORE, of.grid, of.facts, of.memory_ms, of._bounds, of._look_back_ms, namer)
    elif fold.group == "ads":
        stage.core = CORE.AdsCore((stage._grid.pane_ms, stage._grid.origin_ms), HOUR_MS)
    else:
        namer = None if stage.telling is None else stage.telling.teller._namer
        stage.core = mails_core(CORE, stage._grid, MEMORY_MS, 16_384, namer)
    return fold


def told(delta: Delta) -> tuple[Any, ...]:
    """Give what a delta says, whatever the order of its cells."""
    index, panes = np.frombuffer(delta.name_index, np.int32), np.frombuffer(delta.panes, np.int64)
    amounts = np.frombuffer(delta.amounts, np.int64)
    cells = {
        (delta.names[at], pane): amount
        for at, pane, amount in zip(index.tolist(), panes.tolist(), amounts.tolist(), strict=True)
    }
    assert len(cells) == len(index)
    return cells, delta.spreads, delta.account, delta.newest_ms, delta.gauges, delta.marks


def stored(fold: ShardFold) -> dict[bytes, bytes | None]:
    """Give what a commit writes of the state."""
    return dict(change for one in fold.stored.values() for change in one.changes())


class Held:
    """Three shards that must write the same: without the core, with its fold behind Python's decode, with all of it."""

    def __init__(self, group: str, **options: Any) -> None:
        self._group, self._options = group, options
        self._log: dict[bytes, bytes | None] = {}
        self._seq = 0
        self._names: list[dict[Any, tuple[int, str]]] = [{}, {}, {}]
        self._folds = self._begun()

    def _begun(self) -> list[ShardFold]:
        one, behind, whole = [shard(self._group, native=wanted, **self._options) for wanted in ("off", "off", "on")]
        return [one, with_core(behind), whole]

    def fold(self, events: list[Envelope], arrival_ms: int = ARRIVAL_MS) -> None:
        """Fold a batch and commit it."""
        self._seq += 1
        for fold in self._folds:
            fold.fold(batch(events, arrival_ms))
        one, *others = self._folds
        told_leads, state, delta = said(one, self._names[0]), stored(one), told(one.take_delta(self._seq, REPORT))
        for fold, names in zip(others, self._names[1:], strict=True):
            assert said(fold, names) == told_leads
            assert stored(fold) == state
            assert told(fold.take_delta(self._seq, REPORT)) == delta
        self._log |= state

    def restart(self) -> None:
        """Begin anew with what the log holds."""
        self._folds = self._begun()
        for fold in self._folds:
            for key, value in self._log.items():
                fold.load(key, value)


def hold_together(group: str, batches: list[list[Envelope]], arrival_ms: int = ARRIVAL_MS, **options: Any) -> None:
    """Fold batches, each in a commit of its own, with a restart in the middle."""
    held = Held(group, **options)
    for at, events in enumerate(batches):
        if at and at == len(batches) // 2:
            held.restart()
        held.fold(events, arrival_ms)


def cut(data: st.DataObject, events: list[Envelope]) -> list[list[Envelope]]:
    """Cut a list into batches."""
    edges = sorted(data.draw(st.sets(st.integers(1, max(1, len(events) - 1)), max_size=8), label="cuts"))
    return [events[a:b] for a, b in zip([0, *edges], [*edges, len(events)], strict=True) if a < b]


def with_long_ids(data: st.DataObject, events: list[Envelope]) -> list[Envelope]:
    """Let visitors be called as most are, at length: the core sees at once that these are somebody."""
    more = data.draw(st.sampled_from(["", "-7f3a9c51d24e8b60", "-0000-0000-0000-0000"]), label="ids end with")
    for event in events:
        if isinstance(visitor := event["data"].get("visitor_id"), str) and not visitor.endswith(more):
            event["data"]["visitor_id"] = visitor + more
    return events


FOLLOWED: dict[str, Any] = {"leads": 3, "told_by": {"visitors": 1, "emails": 1, "leads": 3}}
OPTIONS: dict[str, dict[str, Any]] = {
    "as shipped": {},
    "tight": {"bounds": TIGHT},
    "looking back": {"channels": ChannelOptions(look_back_ms=DAY_MS // 4)},
    "followed": FOLLOWED,
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("span_ms", [DAY_MS // 24, DAY_MS // 4, DAY_MS])
@given(data=st.data())
def test_people_are_folded_as_python_folds_them(span_ms: int, options: dict[str, Any], data: st.DataObject) -> None:
    events = data.draw(people(span_ms, max_size=40), label="events")
    if data.draw(st.booleans(), label="in order"):
        events = sorted(events, key=lambda event: (event["time"], event["id"]))
    hold_together("visitors", cut(data, with_long_ids(data, events)), **options)


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("span_ms", [DAY_MS // 8, DAY_MS // 2])
@given(data=st.data())
def test_people_who_come_back_are_folded_as_python_folds_them(
    span_ms: int, options: dict[str, Any], data: st.DataObject
) -> None:
    events = data.draw(returning(span_ms), label="events")
    hold_together("visitors", cut(data, with_long_ids(data, events)), **options)


@given(data=st.data())
def test_people_who_were_forgotten_come_as_they_come_to_python(data: st.DataObject) -> None:
    events = data.draw(people(5 * DAY_MS, max_size=40), label="events")
    if data.draw(st.booleans(), label="in order"):
        events = sorted(events, key=lambda event: (event["time"], event["id"]))
    hold_together("visitors", cut(data, events), START_MS + 5 * DAY_MS, memory_ms=DAY_MS)


@pytest.mark.parametrize("options", [{}, FOLLOWED], ids=["as shipped", "followed"])
@given(data=st.data())
def test_messages_are_folded_as_python_folds_them(options: dict[str, Any], data: st.DataObject) -> None:
    events = named(data.draw(st.lists(emails(), min_size=1, max_size=40), label="events"))
    has_one_address = data.draw(st.booleans(), label="each message went to one address")
    for event in events:  # here and there an account, or nobody
        if has_one_address:
            event["data"] |= {"lead_id": None, "email_hash": event["data"]["message_id"][-1] * 64}
        event["data"] |= data.draw(
            st.sampled_from([{}] * 9 + [{"user_id": "u1"}, {"email_hash": "0" * 64}]), label="who"
        )
    hold_together("emails", cut(data, events), **options)


@given(data=st.data())
def test_ads_are_folded_as_python_folds_them(data: st.DataObject) -> None:
    events = named(data.draw(st.lists(ads(), min_size=1, max_size=40), label="events"))
    hold_together("ads", cut(data, events))
