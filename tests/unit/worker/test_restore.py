"""A take-over reads and refuses before it fences, so that a wrong worker harms nobody."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka import TopicPartition

from stream.errors import LeadpulseError, SettingsError, TopicError
from stream.kafka.state_log import Extent
from stream.state.keys import BIRTH
from stream.worker import position, restore
from stream.worker.guards.anew import refuse_half_a_reset
from stream.worker.life import birth
from stream.worker.position import Owner, Position, Restoring
from stream.worker.restore import Claim
from stream.worker.writing import taken

OURS = Claim(Owner("g", "w1", "r1"), {"partitioner": "murmur2"})


class Log:
    """A log in memory, in which others may write between two reads."""

    tp = TopicPartition("state", 0)

    def __init__(self, *records):
        self.records, self.fenced, self.later = list(records), False, []

    async def fence(self):
        self.fenced = True

    async def read_all(self, reader, take, start=0):
        read = self.records[start:]
        take([(start + at, 0, key, value, ()) for at, (key, value) in enumerate(read)])
        end = len(self.records)
        if self.later:
            self.records.append(self.later.pop(0))
        return Extent(0, end, len(read))


def place(seq, claim=OURS, life="a"):
    at = Position({}, seq=seq)
    claim.mark(at, life)
    return position.POSITION_KEY, position.encode(at)


def take_over(log, loaded=None, claim=OURS):
    rows = [] if loaded is None else loaded
    found = Restoring(lambda key, value: rows.append(key), "state partition 0")
    return asyncio.run(restore.restore(log, None, found, claim))


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(restore, "SILENT_S", 0.05)
    monkeypatch.setattr(restore, "LOOK_S", 0.01)


def test_what_was_written_between_reading_and_fencing_is_read_too_and_once():
    log, loaded = Log((BIRTH.prefix, birth("a")), (b"r1", b""), place(1)), []
    log.later = [(b"r2", b"")]
    found = take_over(log, loaded)
    assert (found.records, found.life.id, found.life.how, loaded) == (4, "a", "goes on", [b"r1", b"r2"])
    assert log.fenced


def test_an_empty_log_gets_a_birth_and_one_that_has_it_none():
    found = take_over(Log())
    assert found.life.how == "empty"
    assert [key for key, *_ in found.rows(b"{}", b"p")] == [BIRTH.prefix, b"p"]
    found = take_over(Log((BIRTH.prefix, birth("a")), place(1)))
    assert [key for key, *_ in found.rows(b"{}", b"p")] == [b"p"]


@pytest.mark.parametrize(
    ("records", "claim", "error"),
    [
        ([(b"r", b""), place(1)], OURS, TopicError),  # no birth
        ([(BIRTH.prefix, birth("b")), place(1)], OURS, TopicError),  # another one
        ([(BIRTH.prefix, birth("a")), place(1)], Claim(OURS.owner, {"partitioner": "crc32"}), SettingsError),
        ([(position.POSITION_KEY, b'{"sources":{},"version":4}')], OURS, TopicError),  # of a newer release
    ],
)
def test_what_must_not_go_on_is_refused_before_the_owner_that_there_is_is_fenced(records, claim, error):
    log = Log(*records)
    with pytest.raises(error):
        take_over(log, claim=claim)
    assert not log.fenced


def test_an_owner_of_another_group_that_goes_on_committing_is_left_alone():
    theirs = Claim(Owner("h"), OURS.settings)
    log = Log((BIRTH.prefix, birth("a")), place(1, theirs))
    log.later = [place(seq, theirs) for seq in range(2, 5)]
    with pytest.raises(SettingsError, match="theirs is h, ours is g") as told:
        take_over(log)
    assert "LEADPULSE_GROUP_ID" in str(told.value)
    assert not log.fenced


def test_an_owner_of_another_group_that_is_no_more_is_followed():
    log = Log((BIRTH.prefix, birth("a")), place(1, Claim(Owner("h"), OURS.settings)))
    log.later = [(b"r", b"")]  # what a broker still commits or aborts for it is no sign of life
    assert take_over(log).life.id == "a"
    assert log.fenced


@pytest.mark.parametrize(
    ("now", "says"),
    [
        (Owner("h", "x", "r9"), "a worker of the group h, instance x; this worker is of the group g"),
        (Owner("g", "w2", "r9"), "taken over by a worker of the group g, instance w2"),
        (OURS.owner, "Somebody else opened the transactional id"),
        (Owner(), "Somebody else opened the transactional id"),
    ],
)
def test_a_fenced_worker_says_who_has_the_shard_now(now, says):
    told = taken(now, OURS.owner, "state partition 0")
    assert isinstance(told, LeadpulseError)
    assert says in str(told)


def test_half_a_reset_lists_all_that_is_left():
    refuse_half_a_reset([])
    with pytest.raises(TopicError) as told:
        refuse_half_a_reset(["a", "b"])
    assert told.value.where == "a, b"
    assert "leadpulse topics rebuild" in told.value.do
