"""A publication shows a whole round of reports, as soon as it is whole."""

from __future__ import annotations

from stream.worker.rounds import BEHIND_S, CALM, LATE, PUBLISH_S, SETTLES_S, Rounds

SHARDS = list(range(36))


def begun(reporters=SHARDS, at_s=100.0):
    """Give rounds in which so many shards reported last, published a moment ago."""
    rounds = Rounds(at_s)
    assert rounds.take(reporters, at_s, at_once=False)
    rounds.published(at_s, complete=True, calm=False)
    return rounds


def test_the_first_publication_waits_for_nobody():
    rounds = Rounds(100.0)
    assert rounds.wait_s(100.0) == 0
    assert rounds.take((), 100.0, at_once=False)


def test_a_round_is_shown_when_as_many_have_reported_as_usual():
    rounds = begun()
    assert rounds.wait_s(100.0) == PUBLISH_S * LATE
    assert not rounds.take(SHARDS[:20], 100.9, at_once=False)
    assert rounds.wait_s(100.9) == SETTLES_S
    assert not rounds.take(SHARDS[:20], 101.0, at_once=False)  # some of them once more
    assert rounds.take(SHARDS[20:], 101.1, at_once=False)


def test_where_fewer_report_than_usual_silence_ends_the_round():
    rounds = begun()
    assert not rounds.take(SHARDS[:30], 100.9, at_once=False)
    assert rounds.take((), 100.9 + SETTLES_S, at_once=False)
    rounds.published(101.2, complete=True, calm=False)
    assert rounds.take(SHARDS[:30], 102.0, at_once=False)  # that is what is usual now


def test_one_report_between_two_rounds_does_not_make_the_next_one_be_shown_in_parts():
    rounds = begun()
    assert not rounds.take([0], 100.6, at_once=False)
    assert rounds.take((), 100.6 + SETTLES_S, at_once=False)
    rounds.published(100.9, complete=True, calm=False)
    assert not rounds.take(SHARDS[:5], 101.4, at_once=False)


def test_a_round_is_not_waited_for_longer_than_a_quarter_of_a_period():
    rounds = begun()
    assert not rounds.take((), 101.2, at_once=False)  # nobody reported: nothing to show
    assert rounds.take((), 100 + PUBLISH_S * LATE, at_once=False)


def test_what_comes_right_behind_a_publication_waits_for_its_round():
    rounds = begun()
    assert not rounds.take(SHARDS, 100.2, at_once=False)
    assert rounds.take((), 100.5, at_once=False)


def test_what_ends_a_calm_is_shown_at_once():
    rounds = begun([])
    rounds.published(101.0, complete=True, calm=True)
    assert rounds.wait_s(101.0) == PUBLISH_S * CALM
    assert rounds.take([3], 101.1, at_once=True)


def test_a_backlog_is_shown_now_and_then():
    rounds = begun()
    rounds.published(101.0, complete=False, calm=False)
    assert not rounds.take(SHARDS, 103.9, at_once=False)
    assert rounds.take(SHARDS, 101.0 + BEHIND_S, at_once=False)
