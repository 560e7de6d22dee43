"""Details: bounded, and the same whatever the order of events."""

from __future__ import annotations

from itertools import permutations

from stream.identity.ids import EMAIL, Id
from stream.stages.visitors.details import (
    MOST_ASKS,
    MOST_SAYINGS,
    MOST_SIGHTS,
    Ask,
    Details,
    KeyDetails,
    Saying,
    Sight,
    ask,
    joined,
    pruned,
    say,
    see,
)  # fmt: skip
from stream.stages.visitors.sightings import MOST_SIGHTINGS, with_moments


def who(n: int) -> Id:
    return Id(EMAIL, bytes([n] * 16), 0)


def seen(n: int, *times: int) -> list[Sight]:
    return [Sight(who(n), (time, f"e{time}"), (time, f"e{time}")) for time in times]


def test_sights_are_first_and_last_of_each_id_in_any_order() -> None:
    for some in permutations(seen(1, 5, 3, 4) + seen(2, 4)):
        sights: list[Sight] = []
        for one in some:
            sights = see(sights, Sight(one.id, one.first, one.last), "web")
        assert sights == [Sight(who(1), (3, "e3"), (5, "e5")), Sight(who(2), (4, "e4"), (4, "e4"))]


def test_of_one_moment_the_source_decides_also_where_it_is_left_out() -> None:
    #  "e9" is of the row's own source, web; "app" is before it, "zoo" behind it
    names = ["e9", "app\x1fe1", "zoo\x1fe1"]
    for some in permutations(names):
        sights: list[Sight] = []
        for name in some:
            sights = see(sights, Sight(who(1), (7, name), (7, name)), "web")
        assert sights == [Sight(who(1), (7, "app\x1fe1"), (7, "zoo\x1fe1"))]


def test_of_too_many_ids_the_first_and_the_last_ones_are_kept() -> None:
    sights: list[Sight] = []
    for n in range(40):
        (one,) = seen(n, 100 + n)
        sights = see(sights, one, "web")
    assert [sight.id for sight in sights] == [who(0), *(who(n) for n in range(41 - MOST_SIGHTS, 40))]


def test_of_too_many_kinds_of_forms_the_first_ones_are_kept() -> None:
    asks: list[Ask] = []
    for n in range(50, 0, -1):
        asks = ask(asks, Ask("demo", "", f"event {n:02}", (n, "e")), "web")
    assert [one.first[0] for one in asks] == list(range(1, MOST_ASKS + 1))
    assert ask(asks, Ask("demo", "", "event 01", (0, "e"), "ebook"), "web")[0].offer_type == "ebook"
    assert ask(asks, Ask("demo", "", "event 01", (2, "e")), "web") == asks


def test_of_too_many_sayings_the_last_ones_are_kept() -> None:
    sayings: list[Saying] = []
    for n in range(30):
        sayings = say(sayings, Saying((n, "e")), "web")
    assert [one.at[0] for one in sayings] == list(range(30 - MOST_SAYINGS, 30))
    assert say(sayings, sayings[0], "web") == sayings


def test_of_two_sessions_that_join_the_earlier_touch_and_key_event_are_kept() -> None:
    a = Details(key=KeyDetails((5, "e5"), "a"), campaign=(5, "e5", "77"))
    b = Details(key=KeyDetails((3, "e3"), "b"), campaign=(9, "e9", "78"))
    both = joined(a, b, "web")
    assert both == Details(key=KeyDetails((3, "e3"), "b"), campaign=(5, "e5", "77"))
    assert joined(None, b, "web") is b


def test_what_belongs_to_an_event_that_is_the_first_no_more_goes() -> None:
    held = Details(key=KeyDetails((5, "e5"), "a"), campaign=(5, "e5", "77"))
    assert pruned(held, (5, "e5"), (5, "e5")) == held
    assert pruned(held, (4, "e4"), (5, "e5")) == Details(key=held.key)
    assert pruned(held, None, (1, "e1")) is None


def test_of_too_many_sightings_what_changes_nothing_goes_first() -> None:
    moments = [(n, "crm", who(n // 5)) for n in range(20)]  # four people, five times each
    kept = with_moments([], moments)
    assert len(kept) == MOST_SIGHTINGS
    assert {moment[0] for moment in kept} >= {0, 4, 5, 9, 10, 14, 15, 19}, "the first and the last of each"
    assert with_moments(kept, moments[:1]) == kept
