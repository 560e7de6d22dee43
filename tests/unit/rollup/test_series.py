"""Series: which counts a cell adds to, and what happens where series would be too many."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from stream import catalog
from stream.changes import cells
from stream.changes.cells import Cell
from stream.changes.panes import HOUR_MS, Grid
from stream.rollup.budget import Budget, Place
from stream.rollup.series import Series
from stream.rollup.wanted import windows_of
from stream.windows.exact import ExactWindows
from stream.windows.levels import Levels

WINDOWS = windows_of(catalog.METRICS)
START_MS = 1_750_000_000_000


def series(limit: int = 50, most_readings: int = 10_000) -> Series:
    return Series(ExactWindows(), Budget(limit, most_readings), WINDOWS, catalog.METRICS)


def added(made: Series, cell: Cell) -> set[tuple[object, ...]]:
    """Name the series that a cell adds to."""
    return {(made.order[sid][0], *made.order[sid][1]) for sid in made.targets(cell)}


def test_a_cell_adds_to_every_count_that_the_catalog_makes_of_its_kind() -> None:
    assert added(series(), ("view", "s1", "email")) == {
        ("page_views", "s1"),
        ("channel_page_views", "s1", "email"),
    }


def test_a_count_passes_over_a_cell_to_which_one_of_its_labels_does_not_apply() -> None:
    direct = ("session", "s1", "direct", None, None)
    assert added(series(), direct) == {("sessions", "s1"), ("channel_sessions", "s1", "direct")}
    visit = ("visit", "s1", "email", "june", None, None)  # by no social network, of somebody known
    assert added(series(), visit) == {
        ("visitors", "s1"), ("channel_visitors", "s1", "email"), ("campaign_visitors", "s1", "june"),
    }  # fmt: skip


def test_a_message_adds_to_the_counts_of_its_fate() -> None:
    fate = cells.SENT | cells.DELIVERED | cells.OPENED
    names = {name for name, *_ in added(series(), ("email", "s1", "june", "faq", "A", "example.com", None, fate))}
    assert names == {"emails_sent", "emails_delivered", "emails_opened", "domain_emails_sent"}
    lost = {
        name for name, *_ in added(series(), ("email", "s1", "j", "f", "A", "x", "hard", cells.SENT | cells.BOUNCED))
    }
    assert lost == {
        "emails_sent", "emails_bounced", "emails_bounced_any", "emails_undeliverable", "domain_emails_sent",
        "domain_emails_undeliverable",
    }  # fmt: skip


def test_every_kind_of_cell_is_counted_and_every_count_has_a_metric() -> None:
    assert {kind for count in catalog.COUNTS.values() for kind in count.cells} == set(cells.CELLS)
    used = {name for metric in catalog.METRICS for name in catalog.counts_of(metric)}
    assert used == set(catalog.COUNTS)


def test_changes_of_cells_become_changes_of_series() -> None:
    made = series()
    names: list[Cell] = [("view", "s1", "email"), ("form_view", "s1", "f")]
    view, form = made.numbers(names)
    sids, at, n = made.expand([(np.array([view, form, view]), np.array([5, 6, 7]), np.array([1, 2, 3]))])
    found = sorted((made.order[s][0], p, a) for s, p, a in zip(sids.tolist(), at.tolist(), n.tolist(), strict=True))
    assert found == [
        ("channel_page_views", 5, 1), ("channel_page_views", 7, 3), ("form_views", 6, 2), ("page_views", 5, 1), ("page_views", 7, 3),
    ]  # fmt: skip


def test_values_over_the_limit_go_to_other_and_channels_never_do() -> None:
    made = series(limit=1)
    assert added(made, ("content_view", "s1", "blog", "a")) == {("content_views", "s1", "blog", "a")}
    assert added(made, ("content_view", "s1", "docs", "b")) == {
        ("content_views", "s1", "(other)", "(other)"),
        # what is folded is followed, unseen
        ("(volume)", "content_views", "page_group", "s1", "docs"), ("(volume)", "content_views", "content", "s1", "b"),
    }  # fmt: skip
    assert added(made, ("view", "s1", "email")) == {("page_views", "s1"), ("channel_page_views", "s1", "email")}
    assert added(made, ("view", "s1", "sms")) == {("page_views", "s1"), ("channel_page_views", "s1", "sms")}
    assert ("page_views", "(other)") in added(made, ("view", "s2", "email"))


def message(campaign: str, fate: int) -> Cell:
    return ("email", "s1", campaign, "faq", "A", "example.com", None, fate | cells.SENT)


@pytest.mark.parametrize("most_readings", range(0, 600, 6))
def test_the_parts_of_a_ratio_stay_together_where_readings_run_out(most_readings: int) -> None:
    """A message that was sent under its own campaign is not opened under `(other)`."""
    made = series(most_readings=most_readings)
    for campaign in "abc":
        homes = set()
        for fate in (0, cells.DELIVERED, cells.DELIVERED | cells.OPENED, cells.CLICKED, cells.REPLIED, cells.BOUNCED):
            for name, *labels in added(made, message(campaign, fate)):
                if name.startswith("emails_"):
                    homes.add(tuple(labels[:4]))
        assert len(homes) == 1, homes


@pytest.mark.parametrize("most_readings", [0, 100, 300, 1000])
def test_readings_stay_within_their_bound(most_readings: int) -> None:
    made = series(most_readings=most_readings)
    for number in range(40):
        made.targets(message(f"c{number}", cells.DELIVERED | cells.OPENED))
        made.targets(("content_view", "s1", "blog", f"a{number}"))
    shown = 0
    for metric in catalog.METRICS:
        if not metric.numerator:
            continue  # a gauge of stages
        count = (metric.denominator or metric.numerator)[0][1]
        if set(metric.labels) - cells.CLOSED_LABELS - {"site"}:  # others have nothing to fold
            shown += len(metric.windows) * len([key for key in made.sids[count] if "(other)" not in key])
    assert shown <= most_readings


def test_a_restored_series_keeps_its_number_and_its_labels() -> None:
    made, again = series(most_readings=300), series(most_readings=300)
    wanted = [message(c, fate) for c in "abcd" for fate in (0, cells.OPENED)]
    first = [made.targets(cell) for cell in wanted[:5]]
    for name, labels in made.order:
        again.restore(name, labels)
    again.budget.kept, again.budget.late, again.budget.followed = (
        made.budget.kept,
        made.budget.late,
        made.budget.followed,
    )
    assert [again.targets(cell) for cell in wanted[:5]] == first
    assert [again.targets(cell) for cell in wanted] == [made.targets(cell) for cell in wanted]
    assert again.order == made.order


def test_a_count_that_the_catalog_dropped_keeps_its_number() -> None:
    made = series()
    made.restore("once_counted", ("s1",))
    made.restore("page_views", ("s1",))
    assert made.sids["page_views"] == {("s1",): 1}


def test_buckets_are_in_order_however_their_series_came() -> None:
    made = series()
    name = next(name for name, count in catalog.COUNTS.items() if "chat_seconds" in count.cells)
    for buckets in ((7, 3), (5,), (), (9, 1, 4)):
        for bucket in buckets:
            for bot in ("anna", "sally"):
                made.targets(("chat_seconds", "s1", bot, bucket))
        naive = {
            labels[:-1]: sorted((key[-1], sid) for key, sid in made.sids[name].items() if key[:-1] == labels[:-1])
            for labels in made.sids[name]
        }
        found = {labels: list(zip(*pairs, strict=True)) for labels, pairs in made.grouped(name).items()}
        assert found == naive
        assert list(found) == list(naive)
    made.clear()
    assert {labels: len(pairs[0]) for labels, pairs in made.grouped(name).items()} == dict.fromkeys(naive, 6)


def test_what_a_window_shows_is_the_same_however_often_it_is_asked() -> None:
    """Asked after every new series, and once after all of them; places are given late and windows move on."""
    random, budget = Random(7), Budget(3, 900)
    made, seen = Series(Levels(WINDOWS["content_views"], Grid()), budget, WINDOWS, catalog.METRICS), set[bool]()
    made.table.advance(START_MS)
    for turn in range(400):
        value = f"v{random.randrange(30)}"
        if random.random() < 0.1:  # as where somebody made room for a value that had been folded
            place = Place("content_views", "content", "s1")
            kept = budget.kept.setdefault(place, {})
            if value not in kept:
                if len(kept) == budget.limit:
                    budget.release(place, next(iter(kept)))
                budget.keep(place, value, made.table.now_ms + random.choice((0, HOUR_MS, 7 * HOUR_MS)))
                made.clear()
        made.targets(("content_view", "s1", random.choice(("blog", "docs")), value))
        made.table.advance(made.table.now_ms + random.randrange(0, HOUR_MS))
        made.watch()
        for window in WINDOWS["content_views"]:
            told = made.shown("content_views", window)
            kept_so = dict(made._told)
            made._told.clear()
            assert told == made.shown("content_views", window), (turn, window)
            made._told = kept_so
            seen.add(any(len(sids) > 1 for sids in told[0].values()))
    assert seen == {True, False}, "some are shown where others are"
