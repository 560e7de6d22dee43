"""Seeds: hours filled in from readings as they were told, and from events as they arrived."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import orjson
import pytest

from stream import catalog
from stream.changes.panes import HOUR_MS
from stream.contract.readings import Reading
from stream.contract.results import encode
from stream.contract.times import format_ms
from stream.errors import InputError
from stream.history.seeds import Seeding, news
from stream.history.shown import readings, shown
from stream.history.told import Moment, is_reading, moments
from stream.judge.history import KEPT, SLOTS, History
from stream.replay.replay import ReplayOptions
from stream.replay.seeding import Hours
from tests.unit.golden.events import Envelope, ad, at_ms, view
from tests.unit.golden.story import lines
from tests.unit.history.test_kept import NAN, RATIO, VISITORS, figure, says

NOON = at_ms("12:00") // HOUR_MS
MINUTE_MS = 60_000


def reading(at: int, value: float = 5, **changed: Any) -> Reading:
    made = Reading(
        "visitors", {"site": "shop"}, "1h", value, None, None, value, at - HOUR_MS, at, at, True, 0, at, catalog.version()
    )  # fmt: skip
    return msgspec.structs.replace(made, **changed)


def moment(hour: float, minute: float = 0) -> int:
    return int((NOON + hour) * HOUR_MS + minute * MINUTE_MS)


def told(*of: tuple[int, float], now: int = moment(100)) -> dict[int, float]:
    """Tell readings at moments; give hour → value."""
    seeding = Seeding(now)
    for at, value in of:
        seeding.tell(at, [reading(at, value)])
    return {hour - NOON: top for (_, hour), (top, _, _) in says(seeding.history).items()}


@pytest.mark.parametrize(
    ("of", "filled"),
    [
        # read at the full hour, by steps of an hour
        ([(moment(0), 5), (moment(1), 6)], {0: 5, 1: 6}),
        # the first within ten minutes counts
        ([(moment(0, 1), 5), (moment(0, 2), 6), (moment(1, 10), 7)], {0: 5, 1: 7}),
        # nothing at the hour: what stood, if anything was read in the hour before
        ([(moment(0), 5), (moment(0, 50), 6), (moment(1, 20), 7)], {0: 5, 1: 6}),
        ([(moment(0, 30), 5), (moment(1, 30), 6), (moment(2, 30), 7)], {1: 5, 2: 6}),
        # nothing in an hour: a hole
        ([(moment(0), 5), (moment(3), 6)], {0: 5, 1: 5, 3: 6}),
        ([(moment(0, 5), 5), (moment(4, 30), 6)], {0: 5, 1: 5}),
        ([(moment(-900), 5)], {-900: 5}),
        # before the history reaches, and after now
        ([(moment(100 - SLOTS), 5), (moment(101 - SLOTS), 6), (moment(101), 7)], {101 - SLOTS: 6, 102 - SLOTS: 6}),
    ],
)
def test_a_full_hour_has_what_was_told_of_it(of: list[tuple[int, float]], filled: dict[int, float]) -> None:
    assert told(*of) == filled


def test_a_figure_stands_until_its_next_reading() -> None:
    seeding = Seeding(moment(10))
    other = reading(moment(0), 3, metric="leads", labels={"site": "shop"})
    seeding.tell(moment(0), [reading(moment(0), 5), reading(moment(0), 8, window="6h")])
    seeding.tell(moment(1), [reading(moment(1), 6), other])
    at = {(one.window, hour - NOON): top for (one, hour), (top, _, _) in says(seeding.history).items()
          if one.metric == "visitors"}  # fmt: skip
    assert at["1h", 1] == 6
    assert at["6h", 1] == 8


def test_what_is_not_whole_is_a_hole() -> None:
    seeding = Seeding(moment(10))
    seeding.tell(moment(0), [reading(moment(0), complete=False)])
    seeding.tell(moment(1), [reading(moment(1), data_since_ms=moment(0, 1))])
    seeding.tell(moment(2), [reading(moment(2), data_since_ms=moment(1))])
    assert {hour - NOON for _, hour in says(seeding.history)} == {2}


def test_readings_of_another_catalog_are_passed_over_and_counted() -> None:
    seeding = Seeding(moment(10), catalog.version())
    seeding.tell(moment(0), [reading(moment(0), catalog_version="other"), reading(moment(0), window="6h")])
    assert {one.window for one, _ in says(seeding.history)} == {"6h"}
    assert seeding.foreign == {"other": 1}


def test_the_measured_figure_counts_and_a_contradiction_is_told() -> None:
    known, seeds = History(), History()
    known.put(NOON, [known.row(RATIO), known.row(VISITORS)], [2, 7], [40, NAN])
    known.put(NOON + 1, [known.row(VISITORS)], [8], [NAN], seed=True)
    for hour in range(2):
        rows = [seeds.row(one) for one in (VISITORS, RATIO, figure("new"))]
        seeds.put(NOON + hour, rows, [9, 2, 1], [NAN, 40, NAN], seed=True)
    fresh = news(seeds, known)
    assert (fresh.filled, fresh.measured, fresh.contradicted) == (4, 2, 1)
    assert says(fresh.history) == {
        (figure("new"), NOON): (1, None, True),
        (VISITORS, NOON + 1): (9, None, True),
        (RATIO, NOON + 1): (2, 40, True),
        (figure("new"), NOON + 1): (1, None, True),
    }


# -- lines


def test_lines_are_read_as_they_were_told() -> None:
    told = [reading(moment(0)), reading(moment(0), 8, window="6h"), reading(moment(1), 6)]
    found = list(moments([encode(one) for one in told] + [b'{"account":{}}\n', b"\n"], "file"))
    assert found == [Moment(moment(0), told[:2], 1), Moment(moment(1), told[2:], 3)]


def test_the_moment_is_the_newest_of_what_was_told_together() -> None:
    early = reading(moment(-3), seq=5, metric="ad_clicks")
    assert [one.at_ms for one in moments(map(encode, [early, reading(moment(0), seq=5)]), "f")] == [moment(0)]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ([b"no json"], "no reading"),
        ([b"[]"], "no reading"),
        ([b'{"metric":"visitors","labels":[]}'], "no reading"),
        ([b'{"metric":"visitors","as_of":"soon"}'], "as_of is no time: 'soon'"),
        ([encode(reading(moment(1))), encode(reading(moment(0)))], "not in order"),
    ],
)
def test_what_is_no_reading_names_its_line(text: list[bytes], what: str) -> None:
    with pytest.raises(InputError, match=what) as error:
        list(moments(text, "file f"))
    assert error.value.where == f"file f, line {len(text)}"


def test_what_is_shown_as_readings_fills_in_the_same_history() -> None:
    rng = np.random.default_rng(2)
    known = History()
    figures = [VISITORS, RATIO, figure("b"), figure(window="24h")]
    for hour in range(0, 30, 2):
        rows = [known.row(one) for one in figures]
        trials = [one if ratio else NAN for one, ratio in zip(rng.integers(0, 9, 4), (0, 1, 0, 0), strict=True)]
        known.put(NOON + hour, rows, rng.integers(0, 9, 4), trials)
    seeding = Seeding(moment(40), catalog.version())
    for one in moments(readings(known), "shown"):
        seeding.put(one.at_ms, one.readings)
    assert {key: pair[:2] for key, pair in says(seeding.history).items()} == {
        key: pair[:2] for key, pair in says(known).items()
    }
    assert is_reading(next(readings(known)))
    assert not is_reading(next(iter(lines([view("10:00", "a")]))))


def test_figures_are_shown_with_their_holes() -> None:
    known = History()
    for hour in (0, 1, 4):
        known.put(NOON + hour, [known.row(VISITORS)], [hour], [NAN], seed=hour == 0)
    known.put(NOON + 9, [known.row(RATIO)], [1], [20])
    one = shown(known, ["visitors"])["figures"]
    assert [(row["metric"], row["hours"], row["seeds"], row["holes"]) for row in one] == [("visitors", 3, 1, 2)]
    assert one[0]["missing"] == [format_ms(moment(2)), format_ms(moment(3))]
    whole = shown(known)
    assert (whole["hours"], len(whole["figures"])) == (4, 2)
    assert shown(History())["first"] is None


# -- events


def filled(events: Iterable[Envelope], now: int) -> tuple[Hours, dict[tuple[str, str, int], float]]:
    hours, seeding = Hours(replace(ReplayOptions(now), windows=KEPT)), Seeding(now)
    for snapshot in hours.snapshots(lines(list(events))):
        seeding.put(snapshot.as_of_ms, hours.whole(snapshot), hours.without)
    return hours, {(f.metric, f.window, hour - NOON): top for (f, hour), (top, _, _) in says(seeding.history).items()}


def came(event: Envelope, time: str) -> Envelope:
    return event | {"recordedtime": format_ms(at_ms(time))}


def test_hours_of_events_know_no_more_than_was_known_then() -> None:
    events = [
        view("09:30", "first"),
        view("10:40", "a"),
        came(view("10:45", "b"), "11:20"),  # it was not there at eleven
        view("11:30", "c"),
    ]
    _, at = filled(events, moment(0, 30))
    assert {hour: top for (metric, window, hour), top in at.items() if (metric, window) == ("visitors", "1h")} == {
        -1: 1
    }
    _, later = filled([*events, view("12:20", "d"), view("13:10", "e")], moment(3))
    assert later["visitors", "1h", -1] == 1
    assert later["visitors", "1h", 0] == 1
    assert later["visitors", "1h", 1] == 1
    assert ("visitors", "6h", 1) not in later, "a window that begins before anything is known"


def test_ads_that_do_not_say_when_they_arrived_are_left_out_with_what_rests_on_them() -> None:
    some = [view(f"{hour:02d}:30", f"v{hour}") for hour in range(8, 13)]
    ads = [ad(f"{hour:02d}:10", "click") for hour in range(8, 13)]
    hours, at = filled([*some, *ads], moment(1))
    assert hours.without == {"ad"}
    assert not [metric for metric, _, _ in at if metric.startswith("ad_")]
    assert at["visitors", "1h", 0] == 1
    told = [came(event, f"{hour:02d}:12") for hour, event in zip(range(8, 13), ads, strict=True)]
    hours, at = filled([*some, *told], moment(1))
    assert hours.without == frozenset()
    assert [metric for metric, _, _ in at if metric.startswith("ad_")]
    assert orjson.loads(lines(told)[0])["recordedtime"]


def test_a_day_of_which_no_line_is_there_is_a_hole_and_a_quiet_night_is_none() -> None:
    """Views at 08:10, 09:10, a night of twelve hours, 21:10, 22:10; then nothing for two days."""

    def at(day: int, time: str, name: str) -> Envelope:
        event = view(time, name)
        return event | {"time": format_ms(at_ms(time) + day * 24 * HOUR_MS)}

    events = [at(0, "08:10", "a"), at(0, "09:10", "b"), at(0, "21:10", "c"), at(0, "22:10", "d"), at(2, "22:30", "e"),
              at(3, "01:10", "f"), at(3, "05:10", "g")]  # fmt: skip
    _, found = filled(events, moment(100))
    hours = {hour: top for (metric, window, hour), top in found.items() if (metric, window) == ("visitors", "1h")}
    assert hours[-2] == 1
    assert [hours[hour] for hour in range(-1, 9)] == [0] * 9 + [0]
    assert hours[10] == 1
    assert not [hour for hour in hours if 10 < hour < 60], "nobody knows of these"
    assert hours[62] == 1
    longer = {hour for (metric, window, hour) in found if (metric, window) == ("visitors", "6h")}
    assert not [hour for hour in longer if 10 < hour < 64], "six hours that reach into the gap"
    assert 65 in longer
