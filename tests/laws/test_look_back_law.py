"""Look-back: with direct sessions that go by another's touch, all that holds without them holds as well."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from stream.changes.panes import DAY_MS, HOUR_MS, Grid
from stream.engine.shard import ShardFold
from stream.ingest.touches import ChannelOptions
from stream.rollup.rollup import Rollup, RollupOptions
from stream.stages.visitors.contribution import contribution
from stream.stages.visitors.row import decode
from tests.laws.sums import Sums, add_cells, nonzero, remembered
from tests.laws.test_bounds_law import BOUNDS, drawn, rows_of
from tests.laws.test_folds_law import FOR_GOOD, cut, folded
from tests.laws.test_readings_law import read, told_by_people
from tests.laws.traffic import ARRIVAL_MS, REPORT, batch, people, shard

LOOK_BACKS = st.sampled_from((HOUR_MS, 3 * HOUR_MS, DAY_MS // 2, 90 * DAY_MS))


def looking_back(look_back_ms: int, **options: Any) -> ShardFold:
    return shard("visitors", channels=ChannelOptions(look_back_ms=look_back_ms), **options)


def people_of(fold: ShardFold) -> dict[str, Any]:
    """Give the rows of people; what leads of ad platforms sent is kept in the order in which it came."""
    return {key: row for key, row in remembered(fold).items() if key.startswith("v")}


@given(data=st.data())
def test_both_ways_look_back_alike(data: st.DataObject) -> None:
    look_back_ms, bounds = data.draw(LOOK_BACKS, label="look-back"), data.draw(BOUNDS, label="bounds")
    batches = drawn(data)
    incremental = looking_back(look_back_ms, bounds=bounds)
    reference = looking_back(look_back_ms, bounds=bounds, general=True)
    sums, account = folded(incremental, batches)
    reference_sums, reference_account = folded(reference, batches)
    assert remembered(incremental) == remembered(reference)
    assert nonzero(sums) == nonzero(reference_sums)
    assert account == reference_account


@given(data=st.data())
def test_order_and_cuts_of_batches_change_nothing_of_what_is_looked_up(data: st.DataObject) -> None:
    look_back_ms, events = data.draw(LOOK_BACKS, label="look-back"), data.draw(people(max_size=40), label="events")
    one, other = looking_back(look_back_ms), looking_back(look_back_ms)
    sums, _ = folded(one, [events])
    other_sums, _ = folded(other, cut(data, data.draw(st.permutations(events), label="order")))
    assert people_of(other) == people_of(one)
    assert nonzero(other_sums) == nonzero(sums)
    told = Sums()
    for raw in rows_of(one):
        add_cells(told, contribution("s1", decode(raw), Grid().pane, look_back_ms))
    of_people = {name: n for name, n in nonzero(sums).items() if name[0] in ("channel_visitors", "channel_sessions")}
    assert of_people == {
        name: n for name, n in nonzero(told).items() if name[0] in ("channel_visitors", "channel_sessions")
    }
    assert "channel_sessions" not in FOR_GOOD


@given(data=st.data())
def test_readings_equal_an_account_that_looks_back(data: st.DataObject) -> None:
    look_back_ms, events = data.draw(LOOK_BACKS, label="look-back"), data.draw(people(max_size=40), label="events")
    fold = looking_back(look_back_ms, grid=Grid(pane_ms=1))
    rollup = Rollup(RollupOptions({"visitors": 1}, exact=True))
    for seq, some in enumerate(cut(data, events), 1):
        fold.fold(batch(some))
        rollup.add(fold.take_delta(seq, REPORT))
    now_ms = ARRIVAL_MS + data.draw(st.integers(0, 12 * HOUR_MS), label="later")
    rollup.read_at(now_ms)
    for window in ("6h", "24h", "7d"):
        assert read(rollup, window) == told_by_people(events, now_ms, window, look_back_ms), window
