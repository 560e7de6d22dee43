"""One heartbeat for all idle shards of a worker; a shard that has something to do speaks for itself."""

from __future__ import annotations

import asyncio

import pytest

from stream.changes.holds import Held, unpack
from stream.kafka.clock import BrokerClock
from stream.kafka.fetch import Ends
from stream.kafka.layout import ShardId
from stream.worker import heart
from stream.worker.heart import HEARTBEAT_S, PACES_S, RESTS_S, Heart
from tests.unit.worker.test_shard import batch, make


class Resting:
    """A shard that remembers what it was told."""

    def __init__(self, number, *, holds=True):
        self.id, self.holds, self.roused, self.repeated = ShardId("ads", number), holds, 0, 0

    def still(self):
        return Held(*self.id, 7, "a") if self.holds else None

    def carried(self):
        self.repeated += 1

    def rouse(self):
        self.roused += 1


@pytest.fixture
def at(monkeypatch):
    """Give what sets the steady clock."""
    now = [100.0]
    monkeypatch.setattr(heart.time, "monotonic", lambda: now[0])

    def later(seconds):
        now[0] += seconds

    return later


def stamped():
    clock = BrokerClock()
    clock.stamped(clock.sent(), 1_000_000)
    return clock


def test_whoever_commits_speaks_for_those_whose_report_holds(at):
    beats, shards = Heart(stamped()), [Resting(0), Resting(1), Resting(2, holds=False)]
    for shard in shards:
        beats.join(shard)

    ((key, value, _, _),), resting = beats.beat(shards[0])

    assert value is None, "no delta: a release that knows no heartbeats passes over it"
    assert unpack(key).shards == [Held("ads", 1, 7, "a")]
    assert unpack(key).now_ms == 1_000_000
    assert list(resting.values()) == [shards[1]]


def test_one_heartbeat_a_second_is_enough_however_many_commit(at):
    beats, shards = Heart(stamped()), [Resting(0), Resting(1)]
    for shard in shards:
        beats.join(shard)
    assert beats.beat(shards[0])[0]
    assert beats.beat(shards[1]) == ([], {})
    at(HEARTBEAT_S)
    assert beats.beat(shards[1])[0]


def test_there_is_no_heartbeat_while_the_brokers_time_is_not_known(at):
    beats, shard = Heart(BrokerClock()), Resting(1)
    beats.join(shard)
    assert beats.beat(Resting(0)) == ([], {})


def test_when_the_pacemaker_leaves_the_next_one_takes_its_place_at_once():
    beats, shards = Heart(BrokerClock()), [Resting(0), Resting(1), Resting(2)]
    for shard in shards:
        beats.join(shard)
    assert [beats.is_pacemaker(shard) for shard in shards] == [True, False, False]
    beats.leave(shards[2])
    assert not shards[0].roused
    beats.leave(shards[0])
    assert shards[1].roused == 1
    assert beats.is_pacemaker(shards[1])


def idle_shard():
    """Give a shard that has read all there is, and said so twice."""

    async def told():
        one = make()
        one._heart.join(Resting(9))  # another one sets the pace
        await one.resume()
        for _ in range(2):
            for source in ("ad", "reroute"):
                one.see_end(source, Ends(10, 10))
            one._wrote_at = 0.0
            await one._commit_when_due()
        return one

    return told


def story(of):
    async def told():
        await of(await idle_shard()())

    asyncio.run(told())


def test_an_idle_shard_rests_and_its_report_holds():
    async def of(one):
        now = heart.time.monotonic()
        assert one._due > now
        assert one._due - now <= RESTS_S + one._options.commit_interval_s
        assert one.still() == Held("ads", 3, one.position.seq, one.position.life)
        one.committed_at = 0.0
        one.carried()
        assert one.committed_at >= now, "it does not stand still"

    story(of)


def test_the_pacemaker_commits_however_idle_it_is():
    async def of(one):
        one._heart.leave(next(iter(one._heart._running.values())))
        assert not one._idle
        one._wrote_at = 0.0
        one.see_end("ad", Ends(10, 10))
        await one._commit_when_due()
        assert one._idle
        assert one._due - heart.time.monotonic() <= PACES_S + one._options.commit_interval_s < RESTS_S
        one.feed(batch(10, 2))
        assert one._due - heart.time.monotonic() <= one._options.commit_interval_s, "and what comes waits for no pace"

    story(of)


@pytest.mark.parametrize("what", ["records came", "a source goes further", "one is being committed", "it is paused"])
def test_nothing_holds_of_a_shard_that_has_something_to_do(what):
    async def of(one):
        if what == "records came":
            one.feed(batch(10, 2))
        elif what == "a source goes further":
            one.see_end("ad", Ends(10, 12))  # behind an open transaction
        elif what == "one is being committed":
            await one._busy.acquire()
        else:
            await one.quiesce()
        assert one.still() is None
        if what in ("records came", "a source goes further"):
            assert one._due <= heart.time.monotonic() + one._options.commit_interval_s, "it says so itself, and soon"

    story(of)


def test_a_shard_that_has_not_reported_since_it_runs_does_not_hold():
    async def of(one):
        await one.quiesce()
        await one.resume()
        for source in ("ad", "reroute"):
            one.see_end(source, Ends(10, 10))
        assert one.still() is None

    story(of)
