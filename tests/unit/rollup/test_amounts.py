"""What stands while values change places: every sum is true, and a value that is shown by name is shown whole.

a ── shown ───────────┤ leaves: what stands of it goes into (other), and is taken back there
c ── in (other) ──────┼── has a place: counts in panes are shown by name, what stands stays in (other) for good
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.changes.cells import Cell
from stream.changes.deltas import Delta
from stream.changes.panes import DAY_MS, HOUR_MS, Grid
from stream.rollup.rollup import Rollup, RollupOptions
from tests.ladder import small_catalog

BEGIN = 20_000 * DAY_MS
OPTIONS = RollupOptions({"leads": 1}, clock="events", label_limit=2)


class Feed:
    """One shard of leads that reports to a rollup, which may be restarted from its log."""

    def __init__(self, options: RollupOptions = OPTIONS) -> None:
        self.options, self.rollup = options, Rollup(options)
        self.log: dict[bytes, bytes] = {}
        self.seq = 0

    def stand(self, ms: int, **amounts: int) -> None:
        self.tell(ms, {("t_rep", "s1", rep): n for rep, n in amounts.items()})

    def tell(self, ms: int, standing: dict[Cell, int], cells: tuple[Cell, ...] = ()) -> None:
        self.seq += 1
        size = len(cells)
        self.rollup.add(
            Delta(
                "leads", 0, self.seq, list(cells), np.arange(size, dtype=np.int32).tobytes(),
                np.full(size, Grid().pane(ms), np.int64).tobytes(), np.ones(size, np.int64).tobytes(), [],
                {"page_view": ms}, ms, True, 0, {}, [], {}, {}, {}, standing=list(standing),
                stands=np.array(list(standing.values()), np.int64).tobytes(),
            )
        )  # fmt: skip

    def store(self, full: bool = False) -> None:
        for key, value in self.rollup.snapshot(full):
            if value is None:
                self.log.pop(key, None)
            else:
                self.log[key] = value

    def restart(self, options: RollupOptions | None = None) -> None:
        self.rollup = Rollup(options or self.options)
        for key, value in self.log.items():
            self.rollup.load(key, value)

    def reps(self, window: str = "now") -> dict[str, Any]:
        found = Counter[str]()
        for one in self.rollup.readings(None):
            if (one.metric, one.window) == ("rep_leads", window):
                found[one.labels["campaign"]] += one.value  # type: ignore[assignment]
        return dict(found)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    small_catalog(monkeypatch)


def test_what_stands_of_values_without_a_place_adds_up_and_is_taken_back_there() -> None:
    feed = Feed()
    feed.stand(BEGIN, ann=3, bob=2, cat=4, dan=1)
    assert feed.reps() == {"ann": 3, "bob": 2, "(other)": 5}
    feed.stand(BEGIN + HOUR_MS, dan=-1, ann=-1)
    assert feed.reps() == {"ann": 2, "bob": 2, "(other)": 4}


def test_a_value_that_gets_a_place_late_stays_where_it_stood() -> None:
    feed = Feed()
    feed.stand(BEGIN, ann=3, bob=1, cat=9)
    feed.store()  # cat is larger by far: it takes the place of bob, from the next edge on
    for day in (1, 40, 500, 900):
        feed.stand(BEGIN + day * DAY_MS, cat=1)
        feed.store()
        assert feed.reps() == {"ann": 3, "(other)": 10 + (1, 40, 500, 900).index(day) + 1}
    feed.stand(BEGIN + 901 * DAY_MS, cat=-13, bob=-1)
    assert feed.reps() == {"ann": 3, "(other)": 0}


def test_what_stands_comes_back_from_the_log() -> None:
    feed = Feed()
    feed.stand(BEGIN, ann=3, bob=2, cat=1)
    feed.store()
    feed.stand(BEGIN + HOUR_MS, ann=-1)
    feed.store()
    feed.restart()
    assert feed.reps() == {"ann": 2, "bob": 2, "(other)": 1}
    feed.stand(BEGIN + HOUR_MS, ann=-2, bob=-2, cat=-1)
    feed.store()
    assert not [key for key in feed.log if key[:1] == b"a"], "nothing stands, so nothing is kept"


STEP = st.tuples(
    st.sampled_from(["ann", "bob", "cat", "dan", "eve"]),
    st.integers(-6, 9),
    st.sampled_from([0, HOUR_MS, 7 * HOUR_MS, 30 * DAY_MS, 420 * DAY_MS]),
    st.sampled_from(["", "store", "restart", "one more", "one less"]),
)


@given(st.lists(STEP, max_size=30))
def test_whatever_changes_places_sums_are_true_and_names_are_whole(steps: list[tuple[str, int, int, str]]) -> None:
    feed, stock, now_ms, limit = Feed(), Counter[str](), BEGIN, 2
    for rep, amount, later_ms, what in steps:
        now_ms += later_ms
        amount = max(amount, -stock[rep])
        stock[rep] += amount
        feed.stand(now_ms, **{rep: amount})
        if what:
            feed.store()
        if what in ("restart", "one more", "one less"):
            limit = max(1, limit + {"restart": 0, "one more": 1, "one less": -1}[what])
            feed.restart(replace(OPTIONS, label_limit=limit))
        shown = feed.reps()
        assert sum(shown.values()) == stock.total()
        for name, value in shown.items():
            assert value >= 0
            assert name == "(other)" or value == stock[name], name


def test_a_level_that_a_former_release_had_not_begins_with_what_shorter_panes_hold() -> None:
    feed = Feed()
    for day in (0, 20, 50, 80):
        feed.tell(BEGIN + day * DAY_MS, {}, (("t_entered", "s1", "paid_search"),) * (day // 10 + 1))
    feed.store(full=True)
    before = [one for one in feed.rollup.readings(None) if one.metric == "paid_entries"]
    feed.log = {key: value for key, value in feed.log.items() if key[:2] != b"x\x04"}
    feed.restart()
    assert [one for one in feed.rollup.readings(None) if one.metric == "paid_entries"] == before
    feed.store()
    assert any(key[:2] == b"x\x04" for key in feed.log), "and is kept from then on"
