"""Folding: places by volume, and every count true over its labels while values change places.

             shown       moment M (an edge of 6 h)
a ───────────────────────┤ leaves: all of it goes into (other)
c ── in (other) ─────────┼── series of its own ──────────────────────▶
                         [──── 24 h ────)  from here on a window of 24 h shows it
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.changes import cells
from stream.changes.accumulator import Spread
from stream.changes.cells import Cell
from stream.changes.deltas import Delta
from stream.changes.panes import DAY_MS, HOUR_MS, MINUTE_MS, Grid
from stream.rollup.rollup import Rollup, RollupOptions

BEGIN = 1_750_000_000_000 // DAY_MS * DAY_MS
MILLION = 1_000_000  # counts of ads are kept in millionths, as money is
OPTIONS = RollupOptions({"emails": 1}, clock="events", label_limit=2)


def mail(campaign: str, fate: int = cells.SENT) -> Cell:
    return ("email", "s1", campaign, "faq", "A", "example.com", None, fate)


class Feed:
    """One shard that reports to a rollup, which may be restarted from its log."""

    def __init__(self, options: RollupOptions = OPTIONS) -> None:
        self.options, self.rollup = options, Rollup(options)
        self.log: dict[bytes, bytes] = {}
        self._seq = 0
        self._full = True

    def tell(self, ms: int, *changes: tuple[Cell, int], at_ms: int | None = None, spreads: Any = ()) -> None:
        """Report changes of the pane of a moment, which `at_ms` is the newest of."""
        self._seq += 1
        names, size = [cell for cell, _ in changes], len(changes)
        self.rollup.add(
            Delta(
                "emails", 0, self._seq, names, np.arange(size, dtype=np.int32).tobytes(),
                np.full(size, Grid().pane(ms), np.int64).tobytes(), np.array([n for _, n in changes], np.int64).tobytes(),
                list(spreads), {"email": at_ms or ms}, ms, True, 0, {}, [], {}, {}, {},
            )
        )  # fmt: skip

    def store(self) -> None:
        for key, value in self.rollup.snapshot(self._full):
            if value is None:
                self.log.pop(key, None)
            else:
                self.log[key] = value
        self._full = False

    def restart(self) -> None:
        self.rollup = Rollup(self.options)
        for key, value in self.log.items():
            self.rollup.load(key, value)

    def read(self, metric: str, window: str, label: str = "campaign") -> dict[str, float]:
        out: Counter[str] = Counter()
        for one in self.rollup.readings(None):
            if (one.metric, one.window) == (metric, window):
                out[one.labels[label]] += one.value or 0  # type: ignore[assignment]
        return dict(out)

    def sent(self, window: str = "24h") -> dict[str, float]:
        return self.read("emails_sent", window)


def test_a_value_that_counts_nothing_any_more_makes_room_for_a_new_one_at_once() -> None:
    """A newsletter a week, each a campaign of its own: after a year the newest ones are shown."""
    feed = Feed()
    for week in range(60):
        feed.tell(BEGIN + week * 20 * DAY_MS, (mail(f"newsletter-{week:02d}"), 3))
    assert feed.sent("30d") == {"newsletter-58": 3, "newsletter-59": 3, "(other)": 0}


def test_a_new_value_is_added_up_while_all_others_count_something() -> None:
    feed = Feed()
    feed.tell(BEGIN, (mail("a"), 5), (mail("b"), 4), (mail("c"), 3), (mail("unknown"), 2), (mail("other"), 1))
    assert feed.sent() == {"a": 5, "b": 4, "(other)": 4, "unknown": 2}


def test_one_and_a_half_times_the_smallest_takes_its_place_from_the_next_edge_on() -> None:
    feed = Feed()
    feed.tell(BEGIN, (mail("a"), 5), (mail("b"), 4), (mail("c"), 5))
    feed.store()
    assert set(feed.sent()) == {"a", "b", "(other)"}  # 5 is less than 1.5 × 4
    now_ms = BEGIN + HOUR_MS
    feed.tell(now_ms, (mail("c"), 1))
    feed.store()
    assert feed.sent() == {"a": 5, "(other)": 10}  # b left; c is not shown before a whole window lies behind the edge
    edge_ms = BEGIN + 6 * HOUR_MS
    feed.tell(edge_ms + HOUR_MS, (mail("c"), 7))
    feed.tell(edge_ms - HOUR_MS, (mail("c", cells.SENT), -1), at_ms=edge_ms)  # taken back where it was given
    assert feed.sent() == {"a": 5, "(other)": 16}
    feed.tell(edge_ms + DAY_MS, (mail("a"), 1))
    assert feed.sent() == {"a": 1, "c": 7, "(other)": 0}
    assert feed.sent("5m") == {"a": 1, "c": 0, "(other)": 0}
    assert feed.sent("7d") == {"a": 6, "(other)": 16}
    feed.tell(edge_ms + 7 * DAY_MS, (mail("a"), 1))
    assert feed.sent("7d") == {"a": 2, "c": 7, "(other)": 0}


def test_within_an_hour_one_value_changes_places_and_the_log_names_it(caplog: pytest.LogCaptureFixture) -> None:
    feed = Feed()
    feed.tell(BEGIN, (mail("a"), 1), (mail("b"), 2), (mail("c"), 30), (mail("d"), 40))
    with caplog.at_level("INFO", "leadpulse.labels"):
        feed.store()
    assert feed.sent() == {"b": 2, "(other)": 71}
    assert any("campaign of s1: added up in (other): c, d, a" in line for line in caplog.messages)
    feed.tell(BEGIN + 59 * MINUTE_MS, (mail("b"), 1))
    feed.store()
    assert feed.sent() == {"b": 3, "(other)": 71}
    feed.tell(BEGIN + HOUR_MS, (mail("b"), 1))
    feed.store()
    assert feed.sent() == {"(other)": 75}


def test_a_total_that_is_not_over_is_parted_where_its_campaign_gets_a_place() -> None:
    feed = Feed(replace(OPTIONS, shards={"emails": 1}))

    def click(campaign: str, kind: str = "ad_click") -> Cell:
        return (kind, "s1", "google", campaign, "search", "x", "y")

    for name, n in (("a", 5), ("b", 4), ("c", 100)):
        feed.tell(BEGIN, (click(name, "ad_impression"), n * MILLION))
    feed.store()
    edge_ms, end_ms = BEGIN + 6 * HOUR_MS, BEGIN + 12 * HOUR_MS
    whole = Spread(click("c"), BEGIN, end_ms, 1_201 * MILLION, 1)
    feed.tell(BEGIN, spreads=[whole])
    feed.store()
    feed.restart()
    feed.tell(end_ms, (click("a"), MILLION))
    assert feed.read("ad_clicks", "24h") == {"a": 1, "(other)": 1_201}
    feed.tell(edge_ms + DAY_MS - 1, (click("a"), MILLION))
    assert feed.read("ad_clicks", "24h") == {"a": 2, "c": 600.5, "(other)": 0}
    feed.tell(edge_ms + DAY_MS - 1, spreads=[replace_sign(whole)])
    assert feed.read("ad_clicks", "24h") == {"a": 2, "c": 0, "(other)": 0}


def replace_sign(spread: Spread) -> Spread:
    return Spread(spread.cell, spread.start_ms, spread.end_ms, spread.amount, -1)


def test_numbers_of_series_that_went_are_given_again() -> None:
    feed = Feed()
    step_ms = 34 * DAY_MS  # the longest window of mails, 30 days, ends up to three days ago: by then nothing is in it
    for turn in range(100):
        feed.tell(BEGIN + turn * step_ms, (mail(f"n{turn}"), 3), (mail(f"m{turn}"), 3))
    series = feed.rollup._table.series
    for turn in range(100, 200):
        feed.tell(BEGIN + turn * step_ms, (mail(f"n{turn}"), 3), (mail(f"m{turn}"), 3))
    assert feed.rollup._table.series == series


# --- where all readings are too many --------------------------------------------------------------------------


def test_over_the_bound_of_readings_the_family_with_most_values_gives_some_up() -> None:
    options = replace(OPTIONS, label_limit=50, most_readings=1_500)
    feed = Feed(options)
    feed.tell(BEGIN, *((mail(f"c{n:02d}"), n + 1) for n in range(40)))
    before = feed.sent()
    assert 3 < len(before) < 40
    assert sum(before.values()) == 820
    feed.tell(BEGIN, (("form_start", "s1", "quote"), 2), (("form_start", "s1", "demo"), 1))
    assert feed.read("form_starts", "24h", "form") == {"(other)": 3}
    feed.store()
    assert sum(feed.sent().values()) == 820
    assert len(feed.sent()) < len(before)
    edge_ms = BEGIN + 6 * HOUR_MS
    feed.tell(edge_ms + DAY_MS, (("form_start", "s1", "quote"), 5))
    assert feed.read("form_starts", "24h", "form")["quote"] == 5


def test_a_value_that_waits_for_room_keeps_its_place_when_a_new_one_asks_for_it() -> None:
    feed = Feed(replace(OPTIONS, label_limit=8, most_readings=900))
    feed.tell(BEGIN, *((mail(f"c{n}"), n + 1) for n in range(8)))
    shown = feed.sent()
    places = {place: set(kept) for place, kept in feed.rollup._budget.kept.items() if place.label == "campaign"}
    assert {f"c{n}" for n in range(8)} in places.values()
    assert shown["(other)"] > 0, "some of them wait for room among all readings"
    feed.tell(BEGIN + 2 * MINUTE_MS, (mail("c8"), 1))
    assert feed.sent() == {**shown, "(other)": shown["(other)"] + 1}
    assert {place: set(kept) for place, kept in feed.rollup._budget.kept.items() if place in places} == places


# --- laws -----------------------------------------------------------------------------------------------------

STEPS = st.lists(
    st.tuples(
        st.sampled_from(("tell", "tell", "tell", "take back", "store", "restart", "later", "much later")),
        st.sampled_from("abcdef"),
        st.sampled_from((cells.SENT, cells.SENT | cells.OPENED, cells.OPENED)),
        st.integers(1, 9),
        st.integers(0, 30 * HOUR_MS),
    ),
    max_size=40,
)


@settings(max_examples=max(20, settings.default.max_examples // 4))
@given(STEPS, st.sampled_from((1, 2, 3)), st.sampled_from((10_000, 150)))
def test_sums_over_labels_are_true_and_what_is_shown_is_all_of_it(
    steps: list[tuple[str, str, int, int, int]], limit: int, most_readings: int
) -> None:
    """Whatever changes places when: nothing is lost, nothing is twice, and no value is shown in part."""
    feed = Feed(replace(OPTIONS, label_limit=limit, most_readings=most_readings))
    whole = Feed(replace(OPTIONS, label_limit=100, most_readings=100_000))
    now_ms = BEGIN
    told: list[tuple[int, Cell, int]] = []
    feed.store()
    waiting: list[tuple[int, tuple[Cell, int], int]] = []  # what was reported since the log was written
    for step, campaign, fate, n, ago_ms in steps:
        if step in ("later", "much later"):
            now_ms += ago_ms if step == "later" else 8 * DAY_MS + ago_ms
        change: tuple[int, tuple[Cell, int]] = now_ms, (mail("z"), 0)
        if step == "tell":
            change = now_ms - ago_ms, (mail(campaign, fate), n)
            told.append((now_ms - ago_ms, mail(campaign, fate), n))
        if step == "take back" and told:
            ms, cell, amount = told.pop()
            change = ms, (cell, -amount)
        if step == "store":
            feed.store()
            waiting = []
            continue
        if step == "restart":
            seq = feed._seq
            feed.restart()
            feed._seq -= len(waiting)
            for ms, one, at_ms in waiting:
                feed.tell(ms, one, at_ms=at_ms)
            assert feed._seq == seq
            continue
        if change[1][1]:
            waiting.append((*change, now_ms))
            for one in (feed, whole):
                one.tell(change[0], change[1], at_ms=now_ms)
        else:
            waiting.append((*change, now_ms))
            for one in (feed, whole):
                one.tell(change[0], at_ms=now_ms)
        _same(feed, whole)


def _same(feed: Feed, whole: Feed) -> None:
    for metric in ("emails_sent", "emails_opened"):
        for window in ("1h", "24h", "7d", "30d"):
            shown, right = feed.read(metric, window), whole.read(metric, window)
            assert sum(shown.values()) == sum(right.values()), (metric, window, shown, right)
            for name, value in shown.items():
                if name != "(other)":
                    assert value == right.get(name, 0), (metric, window, name)


@given(
    st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(1, 5), st.integers(0, 40 * DAY_MS - 1)), max_size=30),
    st.integers(1, 4),
)
def test_a_replay_shows_the_largest_of_its_longest_window(told: list[tuple[str, int, int]], limit: int) -> None:
    made = Rollup(replace(OPTIONS, exact=True, label_limit=limit, windows=("24h", "30d")))
    now_ms = BEGIN + 40 * DAY_MS
    volume: Counter[str] = Counter()
    for seq, (name, n, at) in enumerate(told, 1):
        volume[name] += n if at >= 10 * DAY_MS else 0
        made.add(
            Delta(
                "emails", 0, seq, [mail(name)], np.zeros(1, np.int32).tobytes(), np.array([BEGIN + at]).tobytes(),
                np.array([n]).tobytes(), [], {"email": BEGIN + at}, BEGIN, True, 0, {}, [], {}, {}, {},
            )
        )  # fmt: skip
    made.read_at(now_ms)
    found = {
        r.labels["campaign"]: r.value for r in made.readings(None) if (r.metric, r.window) == ("emails_sent", "30d")
    }
    kept = sorted({name for name, _, _ in told}, key=lambda name: (-volume[name], name))[:limit]
    wanted = {name: volume[name] for name in kept}
    if len(volume) > limit:
        wanted["(other)"] = sum(n for name, n in volume.items() if name not in kept)
    assert found == wanted


def test_a_site_that_has_no_place_is_added_up_with_all_of_its_values() -> None:
    feed = Feed(replace(OPTIONS, label_limit=1))

    def visits(site: str, n: int) -> list[tuple[Cell, int]]:
        return [(("traffic", site, "page_view", "human"), n), (("campaign_person", site, f"of {site}"), n)]

    feed.tell(BEGIN, *visits("s1", 2), *visits("s2", 9))
    assert feed.read("campaign_visitors", "24h", "site") == {"s1": 2, "(other)": 9}
    assert feed.read("campaign_visitors", "24h") == {"of s1": 2, "(other)": 9}
    feed.store()
    assert feed.read("campaign_visitors", "24h") == {"(other)": 11}  # s2 is larger, and shown from the next edge on
    feed.restart()
    feed.tell(BEGIN + 7 * HOUR_MS, *visits("s1", 1), *visits("s2", 4))
    assert feed.read("campaign_visitors", "24h", "site") == {"(other)": 16}
    feed.tell(BEGIN + 6 * HOUR_MS + DAY_MS, *visits("s2", 1))
    assert feed.read("campaign_visitors", "24h", "site") == {"s2": 5, "(other)": 1}
    assert feed.read("campaign_visitors", "24h") == {"of s2": 5, "(other)": 1}


TOTALS = st.lists(
    st.tuples(
        st.sampled_from(("restate", "restate", "restate", "all at once", "store", "restart", "later")),
        st.sampled_from("abcdef"),
        st.integers(1, 50),
        st.integers(1, 60 * HOUR_MS),
    ),
    max_size=25,
)


@settings(max_examples=max(20, settings.default.max_examples // 4))
@given(TOTALS, st.sampled_from((1, 2, 3)), st.sampled_from((10_000, 300)))
def test_totals_that_are_restated_are_exact_while_values_change_places(
    steps: list[tuple[str, str, int, int]], limit: int, most_readings: int
) -> None:
    """Totals of the past and of what is to come, of few campaigns for even fewer places."""
    feeds = [
        Feed(replace(OPTIONS, label_limit=limit, most_readings=most_readings)),
        Feed(replace(OPTIONS, label_limit=100, most_readings=100_000)),
    ]
    now_ms, stand, waiting = BEGIN, dict[str, Spread](), list[tuple[int, list[Spread]]]()
    feeds[0].store()
    for step, campaign, n, ms in steps:
        if step == "later":
            now_ms += ms
        elif step == "store":
            feeds[0].store()
            waiting = []
        elif step == "restart":
            feeds[0].restart()
            feeds[0]._seq -= len(waiting)
            for at_ms, spreads in waiting:
                feeds[0].tell(at_ms, spreads=spreads)
        else:
            spreads = []
            for name in "abcdef" if step == "all at once" else campaign:
                cell = ("ad_click", "s1", "google", name, "search", "x", "y")
                spread = Spread(cell, now_ms - ms, now_ms + ms // 3, n * MILLION, 1)
                spreads += [spread, *([replace_sign(stand[name])] if name in stand else [])]
                stand[name] = spread
            waiting.append((now_ms, spreads))
            for feed in feeds:
                feed.tell(now_ms, spreads=spreads)
        feed, whole = feeds
        for window in ("24h", "7d", "30d"):
            shown, right = feed.read("ad_clicks", window), whole.read("ad_clicks", window)
            assert sum(shown.values()) == pytest.approx(sum(right.values()), abs=1e-5), window
            for name, value in shown.items():
                assert name == "(other)" or value == right.get(name, 0), (window, name)
