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
from stream.kernels import native
from stream.stages.emails.fold import MEMORY_MS
from stream.stages.emails.native import mails_core
from stream.stages.visitors.bounds import Bounds
from stream.stages.visitors.native import people_core
from tests.laws.traffic import REPORT, Envelope, ads, batch, emails, named, people, shard

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
        of.core = people_core(CORE, of.grid, of.facts, of.memory_ms, of._bounds, of._look_back_ms)
    elif fold.group == "ads":
        stage.core = CORE.AdsCore((stage._grid.pane_ms, stage._grid.origin_ms), HOUR_MS)
    else:
        stage.core = mails_core(CORE, stage._grid, MEMORY_MS, 16_384)
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
    return dict(change for one in fold._stored.values() for change in one.changes())


def hold_together(group: str, batches: list[list[Envelope]], **options: Any) -> None:
    """Fold batches without the core, with its fold behind Python's decode, and with all of it; compare what is written.

    There is a commit after each batch.
    """
    one, *others = [shard(group, native=wanted, **options) for wanted in ("off", "off", "on")]
    with_core(others[0])
    for seq, events in enumerate(batches, 1):
        for fold in (one, *others):
            fold.fold(batch(events))
        state, delta = stored(one), told(one.take_delta(seq, REPORT))
        for fold in others:
            assert stored(fold) == state
            assert told(fold.take_delta(seq, REPORT)) == delta


def cut(data: st.DataObject, events: list[Envelope]) -> list[list[Envelope]]:
    """Cut a list into batches."""
    edges = sorted(data.draw(st.sets(st.integers(1, max(1, len(events) - 1)), max_size=8), label="cuts"))
    return [events[a:b] for a, b in zip([0, *edges], [*edges, len(events)], strict=True) if a < b]


@pytest.mark.parametrize("bounds", [Bounds(), TIGHT], ids=["bounds", "tight"])
@pytest.mark.parametrize("span_ms", [DAY_MS // 24, DAY_MS // 4, DAY_MS])
@given(data=st.data())
def test_people_are_folded_as_python_folds_them(span_ms: int, bounds: Bounds, data: st.DataObject) -> None:
    events = data.draw(people(span_ms, max_size=40), label="events")
    if data.draw(st.booleans(), label="in order"):
        events = sorted(events, key=lambda event: (event["time"], event["id"]))
    hold_together("visitors", cut(data, events), bounds=bounds)


@given(data=st.data())
def test_messages_are_folded_as_python_folds_them(data: st.DataObject) -> None:
    events = named(data.draw(st.lists(emails(), min_size=1, max_size=40), label="events"))
    hold_together("emails", cut(data, events))


@given(data=st.data())
def test_ads_are_folded_as_python_folds_them(data: st.DataObject) -> None:
    events = named(data.draw(st.lists(ads(), min_size=1, max_size=40), label="events"))
    hold_together("ads", cut(data, events))
