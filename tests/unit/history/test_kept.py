"""Kept: which rows are written when, and a history that is restored from any state of its log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.catalog import BY_NAME
from stream.changes.panes import HOUR_MS
from stream.history.kept import Kept, Row, restored
from stream.history.packed import SLICE
from stream.history.slices import SPARED_HOURS, figure_of_row
from stream.judge.history import SLOTS, Figure, History, figure_of

NOON = 490_000  # an hour, counted from 1970
NAN = float("nan")
Pair = tuple[float, float]


def figure(site: str = "shop", metric: str = "visitors", window: str = "1h") -> Figure:
    return figure_of(BY_NAME[metric], {"site": site}, window)


VISITORS, RATIO = figure(), figure(metric="visit_to_lead_ratio")


class Log:
    """A topic: what was written, and what compaction leaves of it."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def write(self, rows: Iterable[Row]) -> list[Row]:
        some = list(rows)
        self.rows += some
        return some

    def compacted(self, dirty: int = 0) -> list[Row]:
        """Give the newest of each key; the last `dirty` rows are not compacted yet."""
        clean, tail = (self.rows[: len(self.rows) - dirty], self.rows[len(self.rows) - dirty :])
        last = {key: at for at, (key, _) in enumerate(clean)}
        return [row for at, row in enumerate(clean) if last[row[0]] == at and row[1] is not None] + tail


def says(history: History) -> dict[tuple[Figure, int], tuple[float, float | None, bool]]:
    figures = figure_of_row(history)
    return {
        (figures[row], hour): (top, None if np.isnan(bottom) else bottom, bool(seed))
        for hour in history.held()
        for row, top, bottom, seed in zip(*(column.tolist() for column in history.hour(hour)), strict=True)
    }


def at(hour: float, minute: float = 0) -> int:
    return int((NOON + hour) * HOUR_MS + minute * 60_000)


# -- when


@pytest.mark.parametrize(
    ("minute", "kept"),
    [
        #  11:00          12:00    12:10          13:00
        #    |              |--------|              |
        (-1, "11"),  # 11:59 is no first publication of 11:00 any more
        (0, "12"),
        (0.3, "12"),
        (10, "12"),
        (10.1, ""),
    ],
)
def test_a_full_hour_is_kept_from_a_publication_within_ten_minutes(minute: float, kept: str) -> None:
    keeper = Kept()
    rows = keeper.rows(at(0, minute), {VISITORS: (5, NAN)})
    assert [key for key, _ in rows if key.startswith(b"hour")] == ([b"hour/%d/0" % NOON] if kept == "12" else [])
    assert says(keeper.history) == ({(VISITORS, NOON): (5, None, False)} if kept == "12" else {})


def test_the_first_publication_counts_and_later_ones_write_nothing() -> None:
    keeper = Kept()
    assert keeper.rows(at(0), {VISITORS: (5, NAN)})
    assert keeper.rows(at(0, 1), {VISITORS: (6, NAN)}) == []
    assert keeper.rows(at(0, 1), {VISITORS: (6, NAN), figure("new"): (1, NAN)}) == [], "it was not there at the hour"
    assert says(keeper.history) == {(VISITORS, NOON): (5, None, False)}


def test_what_was_not_whole_is_taken_when_it_is_and_the_hour_is_written_again_as_a_whole() -> None:
    keeper, log = Kept(), Log()
    log.write(keeper.rows(at(0), {}))
    assert log.rows == []
    log.write(keeper.rows(at(0, 2), {VISITORS: (5, NAN)}))
    log.write(keeper.rows(at(0, 9), {VISITORS: (7, NAN), RATIO: (1, 20)}))
    assert log.write(keeper.rows(at(0, 11), {figure(window="6h"): (40, NAN)})) == [], "too late: a hole"
    expected = {(VISITORS, NOON): (5, None, False), (RATIO, NOON): (1, 20, False)}
    assert says(keeper.history) == says(restored(log.compacted()).history) == expected


def test_a_new_owner_goes_on_where_the_former_one_was() -> None:
    log = Log()
    log.write(Kept().rows(at(0), {VISITORS: (5, NAN)}))
    owner = restored(log.rows)
    assert log.write(owner.rows(at(0, 3), {VISITORS: (9, NAN)})) == []
    log.write(owner.rows(at(0, 4), {VISITORS: (9, NAN), RATIO: (1, 20)}))
    log.write(owner.rows(at(1), {VISITORS: (6, NAN)}))
    assert says(restored(log.rows).history) == {
        (VISITORS, NOON): (5, None, False),
        (RATIO, NOON): (1, 20, False),
        (VISITORS, NOON + 1): (6, None, False),
    }
    assert len({key for key, _ in log.rows if key.startswith(b"names")}) == 2, "known names are not written again"


def test_an_hour_older_than_the_history_reaches_is_taken_back() -> None:
    keeper, log = Kept(History(slots=3)), Log()
    for hour in range(5):
        log.write(keeper.rows(at(hour), {VISITORS: (hour, NAN)}))
    gone = [key for key, value in log.rows if value is None]
    assert gone == [b"hour/%d/0" % NOON, b"hour/%d/0" % (NOON + 1)]
    assert {key for key, _ in log.compacted() if key.startswith(b"hour")} == {
        b"hour/%d/0" % (NOON + hour) for hour in (2, 3, 4)
    }


def test_names_that_nothing_uses_any_more_go_a_day_later() -> None:
    keeper, log = Kept(History(slots=3)), Log()
    log.write(keeper.rows(at(0), {figure("old"): (1, NAN)}))
    names = {key for key, _ in log.rows if key.startswith(b"names")}
    for hour in range(1, SPARED_HOURS + 3):
        log.write(keeper.rows(at(hour), {VISITORS: (hour, NAN)}))
        assert (names <= {key for key, value in log.rows if value is None}) is (hour >= SPARED_HOURS)
    assert figure("old") not in restored(log.compacted()).history.rows


def test_a_row_that_another_figure_has_taken_is_named_as_that_figure() -> None:
    keeper, log = Kept(History(slots=3)), Log()
    log.write(keeper.rows(at(0), {figure("old"): (1, NAN), VISITORS: (2, NAN)}))
    for hour in range(1, 30):
        log.write(keeper.rows(at(hour), {VISITORS: (hour, NAN)}))
    assert figure("old") not in keeper.history.rows
    log.write(keeper.rows(at(30), {VISITORS: (5, NAN), figure("new"): (7, NAN)}))
    assert keeper.history.height == 2
    again = Kept(History(slots=3))
    for row in log.compacted():
        again.load(*row)
    again.settle()
    assert says(again.history) == says(keeper.history)
    assert says(again.history)[figure("new"), NOON + 30] == (7, None, False)
    log.write(again.rows(at(31), {figure("old"): (3, NAN)}))
    assert says(restored(log.compacted()).history)[figure("old"), NOON + 31] == (3, None, False)


def test_many_figures_lie_in_several_records_none_of_which_is_too_large() -> None:
    rng = Random(3)
    sites = {figure(f"site-with-a-long-name-{n}", window=window): (float(rng.randrange(2**31)), 1.0 * rng.randrange(2**31))
             for n in range(8_400) for window in ("1h", "6h")}  # fmt: skip
    keeper, log, small = Kept(History(slots=3)), Log(), Kept(History(slots=3))
    rows = log.write(keeper.rows(at(0), sites))
    assert max(len(value or b"") for _, value in rows) < 200_000
    assert sum(key.startswith(b"hour") for key, _ in rows) == 2
    for row in rows:
        small.load(*row)
    assert small.settle() == 0
    assert says(small.history) == says(keeper.history)


def test_figures_that_come_one_by_one_are_named_anew_together_when_slices_are_many() -> None:
    keeper, log = Kept(), Log()
    for hour in range(60):
        log.write(keeper.rows(at(hour), {figure(f"s{n}"): (1, NAN) for n in range(hour + 1)}))
    names = [key for key, _ in log.rows if key.startswith(b"names")]
    assert len(names) < 60 + 2
    last = [value for key, value in log.rows if key.startswith(b"hour")][-1]
    assert last is not None
    assert len(last) < 500, "and not a digest for each of sixty slices"
    assert says(restored(log.compacted()).history) == says(keeper.history)


# -- what a log may have become


def told(hours: int, sites: int, seed: int = 1) -> tuple[Kept, Log]:
    rng, keeper, log = Random(seed), Kept(), Log()
    for hour in range(hours):
        some: Mapping[Figure, Pair] = {
            one: (float(rng.randrange(50)), NAN if one.metric == "visitors" else float(rng.randrange(1, 900)))
            for n in range(sites)
            for one in (figure(f"s{n}"), figure(f"s{n}", "visit_to_lead_ratio", "24h"))
            if rng.random() < 0.8
        }
        log.write(keeper.rows(at(hour, rng.choice((0, 1, 12))), some))
    return keeper, log


@settings(max_examples=30)
@given(st.integers(1, 40), st.integers(1, 12), st.integers(0, 60), st.integers(0, 99))
def test_a_restored_history_is_that_in_memory_in_any_state_of_compaction(
    hours: int, sites: int, dirty: int, seed: int
) -> None:
    keeper, log = told(hours, sites, seed)
    assert says(restored(log.compacted(dirty)).history) == says(keeper.history)
    twice = restored(chain(log.compacted(dirty), log.rows))  # read again, as an owner reads what it wrote
    assert says(twice.history) == says(keeper.history)


@settings(max_examples=30)
@given(st.integers(0, 200), st.integers(0, 99))
def test_of_a_torn_log_nothing_is_told_that_was_not_so(lost: int, seed: int) -> None:
    keeper, log = told(20, 5, seed)
    rng = Random(lost)
    left = [row for row in log.rows if rng.random() < lost / 200]
    before = says(keeper.history)
    kept = restored(left)
    assert says(kept.history).items() <= before.items()
    # and it goes on: what comes after is restored with what is left
    more = kept.rows(at(30), {VISITORS: (5, NAN)})
    assert says(restored([*left, *more]).history) == says(kept.history)
    assert says(kept.history)[VISITORS, NOON + 30] == (5, None, False)


def test_a_lost_log_begins_young() -> None:
    assert says(restored([]).history) == {}


def test_what_nobody_can_read_is_passed_over_and_counted() -> None:
    keeper, log = told(3, 2)
    junk: list[Row] = [
        (b"hour/x/0", b"?"),
        (b"", b"?"),
        (b"hour/490000/7", b"?"),
        (b"names/00", b"?"),
        (b"other", None),
    ]
    kept = restored([*junk, *log.rows])
    assert says(kept.history) == says(keeper.history)
    assert kept.unreadable == 2


def test_records_whose_names_are_lost_wait_for_them() -> None:
    keeper, log = told(3, 2)
    names = [row for row in log.rows if row[0].startswith(b"names")]
    kept = restored(row for row in log.rows if row not in names)
    assert says(kept.history) == {}
    assert kept.settle() == len(list(keeper.history.held()))
    for row in names:
        kept.load(*row)
    assert kept.settle() == 0
    assert says(kept.history) == says(keeper.history)


def test_a_changed_definition_begins_anew_and_an_unchanged_one_survives() -> None:
    keeper, log = Kept(), Log()
    former = VISITORS._replace(shape="00000000")
    gone = VISITORS._replace(metric="no_entry_of_today")
    log.write(keeper.rows(at(0), {former: (5, NAN), gone: (6, NAN), RATIO: (1, 20)}))
    kept = restored(log.rows)
    assert says(kept.history) == {(RATIO, NOON): (1, 20, False)}
    log.write(kept.rows(at(1), {VISITORS: (7, NAN), RATIO: (2, 20)}))
    assert says(restored(log.compacted()).history) == {
        (RATIO, NOON): (1, 20, False),
        (VISITORS, NOON + 1): (7, None, False),
        (RATIO, NOON + 1): (2, 20, False),
    }


def test_what_is_later_than_now_waits() -> None:
    """A clock that was ahead must not take the places of all that is known."""
    keeper, log = Kept(), Log()
    log.write(keeper.rows(at(0), {VISITORS: (5, NAN)}))
    ahead = Log()
    ahead.write(Kept().rows(at(5_000), {VISITORS: (9, NAN)}))
    kept = restored([*log.rows, *ahead.rows], at(1))
    assert says(kept.history) == {(VISITORS, NOON): (5, None, False)}
    log.write(kept.rows(at(1), {VISITORS: (6, NAN)}))
    kept.settle(at(5_000))
    assert says(kept.history)[VISITORS, NOON + 5_000] == (9, None, False)


# -- seeds


def seeded(pairs: Mapping[tuple[Figure, int], Pair]) -> list[Row]:
    history = History()
    for (one, hour), (top, bottom) in pairs.items():
        history.put(hour, [history.row(one)], [top], [bottom], seed=True)
    return list(Kept(history).seeds())


@pytest.mark.parametrize("first", ["seed", "measured"])
def test_the_measured_figure_counts_whichever_came_first(first: str) -> None:
    log = Log()
    measured = Kept().rows(at(0), {VISITORS: (5, NAN)})
    seeds = seeded({(VISITORS, NOON): (50, NAN), (VISITORS, NOON - 1): (40, NAN), (RATIO, NOON): (2, 40)})
    for rows in (seeds, measured) if first == "seed" else (measured, seeds):
        log.write(rows)
    for rows in (log.rows, log.compacted()):
        assert says(restored(rows).history) == {
            (VISITORS, NOON): (5, None, False),
            (VISITORS, NOON - 1): (40, None, True),
            (RATIO, NOON): (2, 40, True),
        }


def test_the_same_seeds_again_are_the_same_records() -> None:
    some = {(figure(f"s{n}"), NOON - hour): (n + hour, NAN) for n in range(SLICE + 40) for hour in range(3)}
    rows = seeded(some)
    assert rows == seeded(some)
    assert len(rows) == 2 + 3 * 2
    others = seeded({(RATIO, NOON - 1): (1, 9)})
    assert len(says(restored([*rows, *others]).history)) == len(some) + 1, "other figures of an hour stand beside them"


def test_an_owner_follows_seeds_and_takes_old_ones_back() -> None:
    owner, log = Kept(History(slots=48)), Log()
    log.write(owner.rows(at(0), {VISITORS: (5, NAN)}))
    for row in log.write(seeded({(VISITORS, NOON - hour): (hour, NAN) for hour in range(1, 40)})):
        owner.load(*row)
    assert owner.settle(at(0)) == 0
    assert says(owner.history)[VISITORS, NOON - 30] == (30, None, True)
    for hour in range(1, 48):
        log.write(owner.rows(at(hour), {VISITORS: (5, NAN)}))
    assert sum(key.startswith(b"seed") and value is None for key, value in log.rows) == 39
    assert says(restored(log.compacted()).history) == says(owner.history)


def test_the_log_holds_six_weeks_and_no_more() -> None:
    keeper, log = Kept(), Log()
    for hour in range(0, SLOTS + 200, 8):
        log.write(keeper.rows(at(hour), {VISITORS: (1, NAN)}))
    hours = {key for key, _ in log.compacted() if key.startswith(b"hour")}
    assert len(hours) == SLOTS // 8
