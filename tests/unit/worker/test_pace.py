"""Pace: up to which arrival the sources of a shard are folded."""

import pytest

from stream.worker import pace
from stream.worker.pace import Pace

FAR = pace.FAR_BEHIND + 1


def begun(**newest_ms):
    one = Pace()
    one.begin(newest_ms, 0.0)
    return one


def listen(one, sources, seconds, *, begin_s=0.0):
    """Hear of some sources for a while, as often as listening counts in full; give the end."""
    at_s = begin_s
    while at_s < begin_s + seconds:
        at_s += pace.LISTENS_S
        for source in sources:
            one.hear(source, at_s)
    return at_s


@pytest.mark.parametrize(
    ("to_fetch", "expected"),
    [
        ({"view": FAR, "form": FAR}, 1_000),
        ({"view": FAR, "form": 0}, 2_000),
        ({"view": None, "form": 0}, 2_000),
        ({"view": pace.FAR_BEHIND, "form": 0}, None),
    ],
)
def test_the_slowest_of_those_far_behind_sets_the_pace(to_fetch, expected):
    one = begun(view=0, form=0)
    one.come("view", 2_000)
    one.come("form", 1_000)
    assert one.horizon_ms(to_fetch.get, (), 0.0) == expected


def test_who_is_not_answered_for_while_others_are_sets_no_pace():
    one = begun(view=1_000, form=2_000)
    at_s = listen(one, ["form"], pace.PATIENCE_S - pace.LISTENS_S)
    assert one.horizon_ms({"view": FAR, "form": 0}.get, (), at_s) == 1_000
    at_s = listen(one, ["form"], pace.LISTENS_S, begin_s=at_s)
    assert one.horizon_ms({"view": FAR, "form": 0}.get, (), at_s) is None
    one.hear("view", at_s)
    assert one.horizon_ms({"view": FAR, "form": 0}.get, (), at_s) == 1_000


def test_who_is_answered_for_without_records_sets_the_pace():
    one = begun(view=1_000, form=2_000)
    at_s = listen(one, ["form", "view"], 10 * pace.PATIENCE_S)
    assert one.horizon_ms({"view": FAR, "form": 0}.get, (), at_s) == 1_000


def test_a_process_that_was_busy_for_long_heard_nobody_and_blames_nobody():
    one = begun(view=1_000, form=2_000)
    at_s = 10 * pace.PATIENCE_S
    one.hear("form", at_s)
    assert one.horizon_ms({"view": FAR, "form": 0}.get, (), at_s) == 1_000


def test_who_is_not_asked_for_more_is_not_silent_neither_then_nor_when_it_is_asked_again():
    one = begun(view=1_000, form=2_000)
    at_s = listen(one, ["form"], 2 * pace.PATIENCE_S)
    assert one.horizon_ms({"view": FAR, "form": 0}.get, {"view"}, at_s) == 1_000
    one.ask("view")
    assert one.horizon_ms({"view": FAR, "form": 0}.get, (), at_s) == 1_000
    at_s = listen(one, ["form"], pace.PATIENCE_S, begin_s=at_s)
    assert one.horizon_ms({"view": FAR, "form": 0}.get, (), at_s) is None


def test_where_nothing_is_heard_at_all_nobody_waits_for_those_that_are_asked():
    one = begun(view=1_000, form=2_000)
    one.hear("form", 1.0)
    far = {"view": FAR, "form": FAR}
    assert one.horizon_ms(far.get, {"form"}, 1.0 + pace.SILENCE_S - 0.1) == 1_000
    assert one.horizon_ms(far.get, {"form"}, 1.0 + pace.SILENCE_S) == 2_000
    assert one.horizon_ms(far.get, (), 1.0 + pace.SILENCE_S) is None


def test_a_new_beginning_forgets_who_was_silent():
    one = begun(view=1_000, form=2_000)
    at_s = listen(one, ["form"], 2 * pace.PATIENCE_S)
    one.begin({"view": 3_000, "form": 2_000}, at_s)
    assert one.horizon_ms({"view": FAR, "form": 0}.get, (), at_s) == 3_000
