"""The position record: how far a shard has read, and whether it is still the same topic."""

from __future__ import annotations

import pytest

from stream.worker import position
from stream.worker.inbox import Batch, Inbox
from stream.worker.position import Position, SourcePosition, fingerprint


def batch(start, following, *rows):
    return Batch("ads", 0, "ad", 1, start, following, [(o, t, b"k", v, ()) for o, t, v in rows], 10)


def test_a_position_moves_behind_its_batches_and_remembers_the_last_record():
    at = SourcePosition(5)
    at.cover(batch(5, 9, (5, 100, b"a"), (7, 90, b"b")))
    at.cover(batch(9, 11))  # only control records: the position moves, the last record stays
    assert (at.next, at.last, at.last_ms, at.records) == (11, 7, 90, 2)
    assert at.fingerprint == fingerprint((7, 90, b"k", b"b", ()))


@pytest.mark.parametrize(
    "other",
    [
        (8, 90, b"k", b"b", ()),
        (7, 91, b"k", b"b", ()),
        (7, 90, b"kb", b"", ()),
        (7, 90, None, b"b", ()),
        (7, 90, b"k", b"c", ()),
    ],
)
def test_a_fingerprint_tells_records_apart(other):
    assert fingerprint(other) != fingerprint((7, 90, b"k", b"b", ()))


def test_a_position_record_comes_back_as_it_was_written():
    written = Position({"ad": SourcePosition(3, 2, "f", 7, 3)}, seq=9)
    assert position.decode(position.encode(written)) == written


def test_a_position_record_of_a_later_version_is_refused():
    with pytest.raises(ValueError, match="version 2"):
        position.decode(position.encode(Position({}, version=2)))


def test_an_inbox_gives_everything_once_in_the_order_it_came():
    inbox = Inbox()
    first, second = batch(0, 1, (0, 1, b"a")), batch(1, 2, (1, 1, b"b"))
    inbox.add(first)
    inbox.add(second)
    assert inbox.bytes == 20
    assert inbox.take() == {first.source: [first, second]}
    assert not inbox
    assert inbox.bytes == 0
