"""Whether a log is whole: its birth, its position, and where it begins."""

from __future__ import annotations

import pytest

from stream.errors import TopicError
from stream.worker.life import Log, birth, life_of, new_life

AT = "x.leadpulse.state.ads partition 3"


@pytest.mark.parametrize(
    ("begin", "end", "born", "named", "life", "how"),
    [
        #                                         what stands in the log
        (0, 0, None, None, "new", "empty"),  #    nothing
        (9, 9, None, None, "new", "empty"),  #    nothing any more
        (0, 2, None, None, "new", "empty"),  #    marks of aborted transactions alone
        (0, 3, "a", None, "a", "goes on"),  #     a birth, and the end of its owner
        (0, 9, "a", "a", "a", "goes on"),
        (0, 9, "a", "", "a", "goes on"),  #       an older release went on with it
        (0, 9, None, "", "new", "adopted"),  #    of an older release
    ],
)
def test_a_log_that_is_whole_goes_on_in_its_life(begin, end, born, named, life, how):
    found = Log(AT, begin, end, None if born is None else birth(born), named)
    assert life_of(found, "new") == (life, how)


@pytest.mark.parametrize(
    ("begin", "born", "named", "says"),
    [
        (5, None, "a", "offsets 5 to 9 are left, its first records are gone"),
        (0, None, "a", "has lost its beginning"),  # made anew, and an old owner wrote on
        (5, None, "", "has lost its beginning"),  # an older release's, which has no birth
        (5, "a", "a", "has lost its beginning"),  # of an older release once, and its birth stands behind its rows
        (0, "b", "a", "has the life b, its position is of the life a"),
    ],
)
def test_a_log_that_is_not_whole_is_refused_by_name_with_the_way_on(begin, born, named, says):
    with pytest.raises(TopicError, match=says) as told:
        life_of(Log(AT, begin, 9, None if born is None else birth(born), named), "new")
    assert told.value.where == AT
    assert "leadpulse topics rebuild" in told.value.do


def test_a_log_that_was_emptied_for_a_beginning_goes_on_from_where_it_began():
    assert life_of(Log(AT, 7, 9, birth("a", 7), "a"), "new") == ("a", "goes on")
    with pytest.raises(TopicError, match="lost its beginning"):
        life_of(Log(AT, 8, 9, birth("a", 7), "a"), "new")


def test_a_birth_of_a_newer_release_is_refused_as_such():
    with pytest.raises(TopicError, match=r"newer release \(format 2; this one reads 1\)"):
        life_of(Log(AT, 0, 9, b'{"life":"a","version":2,"new":[]}', "a"), "new")


def test_lives_are_never_the_same():
    assert len({new_life() for _ in range(1_000)}) == 1_000
