"""The position record: how far a shard has read, and whether it is still the same topic."""

from __future__ import annotations

import pytest

from stream.errors import TopicError
from stream.state.keys import BIRTH
from stream.state.table import CountedOtherwise
from stream.worker import position
from stream.worker.inbox import Batch, Inbox
from stream.worker.position import Position, Restoring, SourcePosition, fingerprint
from tests import stored

LOG = "x.leadpulse.state.ads partition 3"


def unreadable(key, value):
    raise KeyError("of another shape")


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


@pytest.mark.parametrize(
    ("record", "says"),
    [
        (b'{"sources":{},"seq":3}', "an older release (format 1; this one reads 3)"),  # once it was not said
        (b'{"sources":{},"seq":3,"version":1}', "an older release (format 1; this one reads 3)"),
        (b'{"sources":{},"seq":3,"version":4}', "a newer release (format 4; this one reads 3)"),
        (b'{"places":[],"version":4}', "a newer release (format 4; this one reads 3)"),  # whatever else it says
        (b'{"next":{},"version":1}', "an older release"),  # that of the rollup
    ],
)
def test_a_log_of_another_release_is_refused_with_what_where_and_how_to_begin_anew(record, says):
    found = Restoring(unreadable, LOG)
    found.take(b"v1", b"of whatever shape")
    found.take(position.POSITION_KEY, record)
    with pytest.raises(TopicError) as refused:
        found.position()
    told = str(refused.value)
    assert says in told
    assert "where: x.leadpulse.state.ads partition 3" in told
    assert "`leadpulse topics rebuild`" in told


def test_the_position_that_the_former_release_left_is_refused():
    records, _ = stored.fixture(stored.FOLDER / "position.v1.json")
    found = Restoring(lambda key, value: None, LOG)
    found.take(*records[0])
    with pytest.raises(TopicError, match="older release"):
        found.position()


def test_a_record_of_our_own_format_that_cannot_be_read_is_an_error_as_it_is():
    taken = []
    found = Restoring(lambda key, value: taken.append((key, value)), LOG)
    assert found.position() is None
    for key in (b"v1", b"\x00alive", b"v2"):
        found.take(key, b"")
    found.take(position.POSITION_KEY, position.encode(Position({}, seq=4)))
    assert position.decode(found.position()).seq == 4
    assert taken == [(b"v1", b""), (b"v2", b"")]
    found = Restoring(unreadable, LOG)
    found.take(b"v1", b"")
    found.take(position.POSITION_KEY, position.encode(Position({}, seq=4)))
    with pytest.raises(KeyError, match="of another shape"):
        found.position()


class Many:
    """A table of many rows."""

    prefix = b"v"

    def __init__(self):
        self.records = []

    def load(self, key, value):
        self.records.append((key, value))

    def load_all(self, records):
        self.records += records

    def changes(self):
        return []


def test_many_records_are_taken_as_one_after_the_other_is():
    log = [(b"v1", b"a"), (b"\x00alive", b""), (b"", b"b"), (BIRTH.prefix, b"born"), (b"v1", None), (b"v2", b"c")]
    log.append((position.POSITION_KEY, position.encode(Position({}, seq=4))))
    records = [(at, 0, key or None, value, ()) for at, (key, value) in enumerate(log)]
    one, single, many = [], [], Many()
    for found in (
        Restoring(lambda key, value: one.append((key, value)), LOG),
        Restoring(lambda key, value: single.append((key, value)), LOG, {b"v": many}),
    ):
        found.take_all(records[:4])
        found.take_all(records[4:])
        assert (position.decode(found.position()).seq, found.birth, found.places) == (4, b"born", 1)
    assert one == [(b"v1", b"a"), (b"", b"b"), (b"v1", None), (b"v2", b"c")]
    assert many.records == [(b"v1", b"a"), (b"v1", None), (b"v2", b"c")]
    assert single == [(b"", b"b")]  # no key of ours
    many.load_all = lambda rows: unreadable(*rows[0])
    refused = Restoring(unreadable, LOG, {b"v": many})
    refused.take_all(records)
    with pytest.raises(KeyError, match="of another shape"):
        refused.position()


def test_a_log_that_other_settings_counted_is_refused_with_where_and_both_ways_out():
    def load(key, value):
        raise CountedOtherwise("Counted by another look-back.", "Set it again.")

    found = Restoring(load, LOG)
    found.take(b"v1", b"")
    found.take(position.POSITION_KEY, position.encode(Position({}, seq=4)))
    with pytest.raises(TopicError) as refused:
        found.position()
    told = str(refused.value)
    assert "where: x.leadpulse.state.ads partition 3" in told
    assert "do:    Set it again. Or begin anew: stop all workers, run `leadpulse topics rebuild`" in told


def test_an_inbox_gives_everything_once_in_the_order_it_came():
    inbox = Inbox()
    first, second = batch(0, 1, (0, 1, b"a")), batch(1, 2, (1, 1, b"b"))
    inbox.add(first)
    inbox.add(second)
    assert inbox.bytes == 20
    assert inbox.take() == {first.source: [first, second]}
    assert not inbox
    assert inbox.bytes == 0
