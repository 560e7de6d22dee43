"""Resettled: whatever settings of labels a state was made with, no series shows under its name what is not all of it.

           limit 1            limit 3 from here on
b ──────── in (other) ────────┤ in (other) ──┤ edge of 6 h: series of its own ────▶ shown once a window lies behind it
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.changes.panes import DAY_MS, HOUR_MS, MINUTE_MS
from tests.unit.rollup.test_folding import BEGIN, OPTIONS, Feed, _same, mail

JUNE, JULY = frozenset({"a"}), frozenset({"b", "c"})


def again(feed: Feed, **options: Any) -> None:
    """Stop, and start with other settings."""
    feed.store()
    feed.options = replace(feed.options, **options)
    feed.restart()


def moved(feed: Feed, ms: int, names: str, n: int) -> None:
    """People come again: each leaves the pane in which they stood."""
    for name in names:
        feed.tell(BEGIN, (mail(name), -n), at_ms=ms)
        feed.tell(ms, (mail(name), n))


def test_a_higher_limit_shows_more_values_once_all_of_them_can_be_shown() -> None:
    feed = Feed(replace(OPTIONS, label_limit=1))
    feed.tell(BEGIN, *((mail(name), 5) for name in "abc"))
    again(feed, label_limit=3)
    moved(feed, BEGIN + 10 * MINUTE_MS, "abc", 5)
    assert feed.sent("1h") == {"a": 5, "(other)": 10}
    feed.store()
    feed.tell(BEGIN + 8 * HOUR_MS, (mail("b"), 2))
    assert feed.sent("1h") == {"a": 0, "b": 2, "(other)": 0}
    assert feed.sent("24h") == {"a": 5, "(other)": 12}


def test_a_lower_limit_keeps_the_largest_values_whole() -> None:
    feed = Feed(replace(OPTIONS, label_limit=3))
    feed.tell(BEGIN, (mail("a"), 5), (mail("b"), 7), (mail("c"), 6))
    again(feed, label_limit=1)
    assert feed.sent() == {"b": 7, "(other)": 11}
    moved(feed, BEGIN + HOUR_MS, "a", 5)
    assert feed.sent() == {"b": 7, "(other)": 11}
    feed.store()
    feed.restart()
    assert feed.sent() == {"b": 7, "(other)": 11}


@pytest.mark.parametrize(
    ("before", "now", "shown"),
    [
        ({}, {"campaign": JUNE}, {"a": 5, "(other)": 10}),
        ({"campaign": JUNE}, {}, {"a": 5, "(other)": 10}),
        ({"campaign": JUNE}, {"campaign": JULY}, {"(other)": 15}),
        ({"campaign": JUNE}, {"campaign": JUNE | JULY}, {"a": 5, "(other)": 10}),
        ({"campaign": JUNE | JULY}, {"campaign": JUNE}, {"a": 5, "(other)": 10}),
        ({}, {"site": JUNE}, {"(other)": 15}),
        ({"site": JUNE}, {}, {"(other)": 15}),
    ],
)
def test_allow_lists_change(before: Mapping[str, Any], now: Mapping[str, Any], shown: dict[str, int]) -> None:
    feed = Feed(replace(OPTIONS, label_limit=9, allowed=before))
    feed.tell(BEGIN, *((mail(name), 5) for name in "abc"))
    again(feed, allowed=now)
    moved(feed, BEGIN + HOUR_MS, "abc", 5)
    assert feed.sent() == shown
    again(feed)
    moved(feed, BEGIN + 30 * HOUR_MS, "abc", 0)
    feed.tell(BEGIN + 31 * HOUR_MS, *((mail(name), 1) for name in "abc"))
    sent = feed.sent("1h")
    assert sum(sent.values()) == 3
    assert set(sent.values()) <= {0, 1, 2, 3}
    listed = now.get("campaign")
    if listed is not None:
        assert {name for name in sent if name != "(other)"} <= listed
        assert sent == {**dict.fromkeys(listed & set("abc"), 1), "(other)": 3 - len(listed)}


def test_a_lower_bound_of_readings_holds_from_the_start() -> None:
    feed = Feed(replace(OPTIONS, label_limit=50))
    feed.tell(BEGIN, *((mail(f"c{n:02d}"), n + 1) for n in range(40)))
    assert len(feed.sent()) == 40
    again(feed, most_readings=1_000)
    sent = feed.sent()
    assert sum(sent.values()) == 820
    assert 1 < len(sent) < 10
    assert all(sent[name] == int(name[1:]) + 1 for name in sent if name != "(other)")
    assert sum(1 for reading in feed.rollup.readings(None) if reading.window) <= 1_100


def test_the_same_settings_change_nothing() -> None:
    feed = Feed(replace(OPTIONS, label_limit=2, allowed={"variant": frozenset("A")}))
    feed.tell(BEGIN, *((mail(name), 5) for name in "abc"))
    feed.store()
    feed.restart()
    assert feed.sent() == {"a": 5, "b": 5, "(other)": 5}
    assert [key for key, _ in feed.rollup.snapshot(False) if key[:1] != b"q"] == []


SETTINGS = st.fixed_dictionaries(
    {
        "label_limit": st.integers(1, 4),
        "most_readings": st.sampled_from((150, 400, 10_000)),
        "allowed": st.sampled_from(({}, {}, {"campaign": JUNE}, {"campaign": JULY}, {"site": frozenset({"s1"})},
                                    {"campaign": JUNE | JULY, "site": JUNE})),
    }
)  # fmt: skip
STEPS = st.lists(
    st.tuples(
        st.sampled_from(("tell", "tell", "tell", "move", "move", "store", "other settings", "later")),
        st.sampled_from("abcdef"),
        st.integers(1, 9),
        st.integers(0, 30 * HOUR_MS),
        SETTINGS,
    ),
    max_size=30,
)


@settings(max_examples=max(25, settings.default.max_examples // 4))
@given(STEPS, SETTINGS)
def test_no_named_series_shows_a_wrong_number_whatever_settings_follow_each_other(
    steps: list[tuple[str, str, int, int, dict[str, Any]]], first: dict[str, Any]
) -> None:
    feed = Feed(replace(OPTIONS, **first))
    whole = Feed(replace(OPTIONS, label_limit=100, most_readings=100_000))
    now_ms, stood = BEGIN, dict[tuple[str, int], int]()
    for step, campaign, n, ago_ms, other in steps:
        if step == "later":
            now_ms += ago_ms
        elif step == "store":
            feed.store()
        elif step == "other settings":
            again(feed, **other)
        elif step == "tell":
            stood[campaign, now_ms - ago_ms] = stood.get((campaign, now_ms - ago_ms), 0) + n
            for one in (feed, whole):
                one.tell(now_ms - ago_ms, (mail(campaign), n), at_ms=now_ms)
        elif step == "move" and stood:
            (name, ms), amount = stood.popitem()
            for one in (feed, whole):
                one.tell(ms, (mail(name), -amount), at_ms=now_ms)
                one.tell(now_ms, (mail(name), amount))
            stood[name, now_ms] = stood.get((name, now_ms), 0) + amount
        _same(feed, whole)
        shown = [reading for reading in feed.rollup.readings(None) if reading.window and reading.numerator is None]
        assert all((reading.value or 0) >= 0 for reading in shown)


def test_days_pass_under_other_settings() -> None:
    """What was folded long ago is new again, when nothing of it can be shown any more."""
    feed = Feed(replace(OPTIONS, label_limit=9, allowed={"campaign": JUNE}))
    feed.tell(BEGIN, *((mail(name), 5) for name in "abc"))
    again(feed, allowed={})
    later_ms = BEGIN + 130 * DAY_MS
    feed.tell(later_ms, (mail("a"), 1))
    feed.store()
    feed.tell(later_ms, (mail("d"), 1))
    assert feed.sent("1h") == {"a": 1, "d": 1, "(other)": 0}
