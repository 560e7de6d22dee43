"""The rules of a shard, without a broker: a log and a source that only remember."""

from __future__ import annotations

import asyncio

import pytest

from stream.engine.chain import BrokenChain
from stream.engine.commit import Commit, Forward
from stream.errors import TopicError
from stream.ingest.route import partitions_of
from stream.kafka.fetch import Ends
from stream.kafka.layout import Layout, ShardId
from stream.stages.stage import HandOver
from stream.worker import pace, position, shard, writing
from stream.worker.guards import outage
from stream.worker.inbox import Batch
from stream.worker.life import Life
from stream.worker.outputs import Outputs
from stream.worker.position import Position, SourcePosition
from stream.worker.restore import Restored
from tests.topics import Topics

LAYOUT = Layout("x.", [Topics("ads", ("ad",)), Topics("leads", (), fed_by=("ads",))])
SHARDS = {"ads": 9, "leads": 5}


class Log:
    """Remembers what was written; fails when told to."""

    def __init__(self):
        self.written, self.error = [], None
        self.tp = shard.TopicPartition(LAYOUT.state("ads"), 3)

    async def fence(self):
        pass

    async def read(self, reader, load):
        return 0

    async def write(self, parts):
        if self.error is not None:
            raise self.error
        self.written.append([(topic, partition, list(rows)) for topic, partition, rows in parts])

    async def close(self):
        pass


class Source:
    """Remembers seeks and holds."""

    def __init__(self):
        self.sought, self.held, self.epoch = [], 0, 0

    async def seek(self, offsets):
        self.sought.append({tp.topic: offset for tp, offset in offsets.items()})
        self.epoch += 1
        return self.epoch

    def hold(self, partitions):
        self.held += 1

    def release(self, partitions):
        self.held -= 1


class Fold:
    """Remembers in which calls records came."""

    pending_bytes = 0

    def __init__(self):
        self.calls, self.loaded, self.out = [], [], Commit(deltas=[b"d"])

    def load(self, key, value):
        self.loaded.append(key)

    def fold(self, batches):
        self.calls.append([(source, len(records)) for source, records in batches])

    def changes(self, seq, report):
        self.report = report
        return self.out


class Options:
    commit_interval_s = 0.05

    def __init__(self):
        self.inbox_bytes = 100

    start = "earliest"
    start_ms = None


class Died(BaseException):
    """In place of the end of the process."""


@pytest.fixture(autouse=True)
def _survive(monkeypatch):
    def die(where, why, *, code=70):
        raise Died(f"{where}: {why}") from None

    monkeypatch.setattr(shard, "die", die)
    monkeypatch.setattr(outage, "die", die)


def make():
    """Give a shard that runs from offset 10 of both its sources."""
    made = shard.Shard(Outputs(LAYOUT, ShardId("ads", 3), SHARDS, 2), Fold(), Log(), Source(), Options())
    made.position = Position({"ad": SourcePosition(10), "reroute": SourcePosition(10)}, seq=4)
    return made


def batch(start, count, *, epoch=1, source="ad", size=10, at_ms=1_000):
    records = [(start + i, at_ms + i, b"k", b"v", ()) for i in range(count)]
    return Batch("ads", 3, source, epoch, start, start + count, records, size)


def run(story):
    """Let a story happen to a shard that has just resumed."""

    async def told():
        one = make()
        await one.resume()
        for source in ("ad", "reroute"):
            one.see_end(source, Ends(10, 10))
        await story(one)
        return one

    return asyncio.run(told())


def test_everything_between_two_commits_is_folded_in_one_call():
    async def story(one):
        for start in (10, 12, 14):
            one.feed(batch(start, 2))
        one.feed(batch(10, 1, source="reroute"))
        await one._commit()

    one = run(story)
    assert one._fold.calls == [[("ad", 6), ("reroute", 1)]]
    assert (one.position.seq, one.position.sources["ad"].next) == (5, 16)


def test_of_what_came_at_once_each_source_has_its_share_of_a_full_inbox():
    async def story(one):
        for start in range(10, 1_010, 100):
            one.feed(batch(start, 100))
        one.feed(batch(10, 1, source="reroute"))
        while one._full():
            await one._turn()
        await one._commit()

    one = run(story)
    assert one._fold.calls[0] == [("ad", 100), ("reroute", 1)]
    assert [count for call in one._fold.calls[1:] for _, count in call] == [200, 200, 500]
    assert (one.position.sources["ad"].next, one.position.sources["reroute"].next) == (1_010, 11)


def test_many_dead_letters_are_committed_before_the_commit_is_due():
    async def story(one):
        one._due = shard.time.monotonic() + 60
        one._fold.pending_bytes = shard.PENDING_BYTES + 1
        one.feed(batch(10, 2, size=512))
        await one._turn()

        latest = shard.PACES_S + one._options.commit_interval_s  # it is idle by then, and alone
        assert one._due - shard.time.monotonic() <= latest, "an early commit puts off none that follow"

    assert len(run(story)._log.written) == 1


@pytest.mark.parametrize(
    ("waiting", "interval_s", "becomes_s"),
    [
        (shard.BACKLOG + 1, 1.0, 2.0),
        (shard.BACKLOG, 1.0, 1.0),
        (shard.BACKLOG + 1, 0.2, 0.4),
        (shard.BACKLOG + 1, 1.5, shard.BACKLOG_S),
        (shard.BACKLOG + 1, 10.0, 10.0),
    ],
)
def test_a_shard_with_a_backlog_commits_half_as_often_but_often_enough(waiting, interval_s, becomes_s):
    async def story(one):
        asked = []
        one._slot = lambda after_s, every_s=None: asked.append((after_s - shard.time.monotonic(), every_s)) or after_s
        one._options.commit_interval_s = interval_s
        one.feed(batch(10, 2))
        one.see_end("ad", Ends(12 + waiting, 12 + waiting))
        await one._commit_when_due()
        ((rests_s, every_s),) = asked
        assert every_s == becomes_s
        assert rests_s == pytest.approx(interval_s / 2, abs=0.2)

    run(story)


def test_a_source_far_behind_sets_the_pace_of_the_others():
    async def story(one):
        one.see_end("ad", Ends(5_000, 5_000))
        one.see_end("reroute", Ends(16, 16))
        one.feed(batch(10, 2, at_ms=1_000))
        one.feed(batch(10, 6, source="reroute", at_ms=999))  # arrived at 999 to 1,004, the ad at 1,000 and 1,001
        await one._commit()
        assert one._fold.calls == [[("ad", 2), ("reroute", 3)]]
        assert one.position.sources["reroute"].next == 13
        assert not one._report().caught_up
        one.see_end("ad", Ends(14, 14))
        one.feed(batch(12, 2, at_ms=1_500))
        await one._commit()

    one = run(story)
    assert sorted(one._fold.calls[1]) == [("ad", 2), ("reroute", 3)]
    assert (one.position.sources["reroute"].next, one.position.sources["reroute"].records) == (16, 6)


def test_all_wait_until_it_is_known_how_far_each_source_goes():
    async def story(one):
        one._lag.clear()
        one.see_end("reroute", Ends(16, 16))
        one.feed(batch(10, 6, source="reroute"))
        await one._commit()
        assert one._fold.calls == []
        one.see_end("ad", Ends(10, 10))
        await one._commit()

    assert run(story)._fold.calls == [[("reroute", 6)]]


def test_nobody_waits_for_a_source_that_delivers_nothing(monkeypatch):
    monkeypatch.setattr(pace, "PATIENCE_S", 0.0)

    async def story(one):
        one.see_end("ad", Ends(5_000, 5_000))
        one.feed(batch(10, 6, source="reroute"))
        await one._commit()

    assert run(story)._fold.calls == [[("reroute", 6)]]


def test_nobody_waits_for_long(monkeypatch):
    monkeypatch.setattr(shard, "MOST_WAIT_S", 0.05)

    async def story(one):
        one.see_end("ad", Ends(5_000, 5_000))
        one.feed(batch(10, 2, at_ms=500))
        one.feed(batch(10, 6, source="reroute"))
        await one._commit()
        assert one._fold.calls == [[("ad", 2)]]
        await asyncio.sleep(0.06)
        await one._commit()

    assert run(story)._fold.calls[1:] == [[("reroute", 6)]]


def test_a_source_that_is_ahead_is_not_fetched_while_much_of_it_waits():
    async def story(one):
        one.see_end("ad", Ends(5_000, 5_000))
        one.feed(batch(10, 6, source="reroute", size=60))
        await one._commit()
        assert (one._fold.calls, one._source.held) == ([], 1)
        one.feed(batch(10, 2, at_ms=2_000))
        await one._commit()

    one = run(story)
    assert sorted(one._fold.calls[0]) == [("ad", 2), ("reroute", 6)]
    assert one._source.held == 0


def test_a_commit_writes_all_that_changed_in_order_and_the_position_last():
    async def story(one):
        one._fold.out = Commit(
            state=[(b"row", b"1"), (b"gone", None)],
            deltas=[b"delta", b"more"],
            dead_letters=[(b"k", b"bad", [])],
            forwards=[Forward(7, b"k", b"v", []), Forward(2, b"l", b"v", []), Forward(7, b"m", b"w", [])],
            hand_overs=[
                HandOver("leads", b"ann", b"{}"),
                HandOver("leads", b"bob", b"{}", 2, (("h", b"1"),)),
                HandOver("nobody", b"eve", b"{}"),  # a group that does not run
            ],
        )
        await one._commit()

    (written,) = run(story)._log.written
    place = written[-1][2][-1]
    assert written == [
        ("x.leadpulse.deltas.ads", 3, [(None, b"delta", None, []), (None, b"more", None, [])]),
        ("x.leadpulse.dead_letter", 1, [(b"k", b"bad", None, [])]),
        ("x.leadpulse.reroute.ads", 7, [(b"k", b"v", None, []), (b"m", b"w", None, [])]),
        ("x.leadpulse.reroute.ads", 2, [(b"l", b"v", None, [])]),
        ("x.leadpulse.handover.leads", partitions_of(["ann"], 5)[0], [(b"ann", b"{}", None, [])]),
        ("x.leadpulse.handover.leads", 2, [(b"bob", b"{}", None, [("h", b"1")])]),
        ("x.leadpulse.state.ads", 3, [(b"row", b"1", None, []), (b"gone", None, None, []), place]),
    ]
    assert place[0] == position.POSITION_KEY
    assert position.decode(place[1]).seq == 6


def test_a_commit_without_changes_writes_its_delta_and_the_position():
    async def story(one):
        await one._commit()

    (written,) = run(story)._log.written
    assert [(topic, partition, len(rows)) for topic, partition, rows in written] == [
        ("x.leadpulse.deltas.ads", 3, 1),
        ("x.leadpulse.state.ads", 3, 1),
    ]


def test_a_batch_from_before_the_last_seek_is_ignored():
    async def story(one):
        one.feed(batch(10, 2, epoch=0))
        await one._commit()

    assert run(story)._fold.calls == []


def test_a_gap_between_batches_ends_the_process():
    async def story(one):
        one.feed(batch(10, 2))
        with pytest.raises(Died, match="starts at 13, expected 12"):
            one.feed(batch(13, 1))

    run(story)


def test_a_failed_write_ends_the_process():
    async def story(one):
        one._log.error = RuntimeError("fenced")
        with pytest.raises(Died, match="fenced"):
            await one.quiesce()

    run(story)


def test_a_write_that_takes_too_long_ends_the_process(monkeypatch):
    monkeypatch.setattr(writing, "COMMIT_LIMIT_S", 0.05)

    async def story(one):
        async def stuck(parts):
            while True:
                try:
                    await asyncio.sleep(60)
                except asyncio.CancelledError:
                    continue  # as some client calls do

        one._log.write = stuck
        with pytest.raises(Died, match="not done after"):
            await one.quiesce()

    async def whole():
        one = make()
        await one.resume()
        for source in ("ad", "reroute"):
            one.see_end(source, Ends(10, 10))
        await story(one)

    loop = asyncio.new_event_loop()
    loop.run_until_complete(whole())  # the stuck call is left behind on purpose


def test_a_rebalance_drops_what_is_not_folded_and_reads_it_again():
    async def story(one):
        one.feed(batch(10, 2))
        await one.quiesce()
        one.feed(batch(12, 2))  # still on its way
        await one.resume()

    one = run(story)
    assert one._fold.calls == []
    assert len(one._log.written) == 1, "one commit, to prove that the shard was ours"
    assert one._source.sought[-1] == {"x.ad": 10, "x.leadpulse.reroute.ads": 10}


def test_a_paused_shard_has_nothing_to_commit_and_may_be_anothers():
    async def story(one):
        await one.quiesce()
        one._log.error = RuntimeError("fenced")
        await one.quiesce()

    run(story)


def test_a_rebalance_that_begins_while_it_seeks_keeps_a_shard_paused():
    async def story(one):
        await one.quiesce()

        async def seek(offsets):
            await one.quiesce()
            return 9

        one._source.seek = seek
        await one.resume()
        assert one.state == "paused"

    run(story)


def test_a_full_inbox_holds_its_partitions_until_it_is_folded():
    async def story(one):
        one.feed(batch(10, 1, size=101))
        assert one._source.held == 1
        await one._turn()
        assert one._source.held == 0
        assert one._fold.calls == [[("ad", 1)]]

    run(story)


@pytest.mark.parametrize(
    ("ends", "caught_up"),
    [
        ({}, False),
        ({"ad": 10}, False),  # the other source is not known yet
        ({"ad": 10, "reroute": 10}, True),
        ({"ad": 12, "reroute": 10}, False),
    ],
)
def test_a_shard_is_caught_up_when_every_source_is_read_to_its_end(ends, caught_up):
    async def story(one):
        one._lag.clear()
        for source, end in ends.items():
            one.see_end(source, Ends(end, end))
        await one._commit()

    one = run(story)
    assert one._fold.report.caught_up == caught_up
    assert one._fold.report.lag_records == {source: end - 10 for source, end in ends.items()}


def test_a_rebalance_that_ends_while_a_shard_writes_its_first_records_finds_it_restoring(monkeypatch):
    one = make()
    place = one.position
    one.position = Position({})
    seen = []

    async def restored(*_):
        return Restored(0, Life("a", "goes on"), 0, None)

    async def taken_over(*_):
        return place

    async def write(parts):
        await one.resume()
        seen.append((one.state, list(one._source.sought)))

    class Reader:
        async def __aenter__(self):
            return self

        async def __aexit__(self, *_):
            pass

    monkeypatch.setattr(shard, "restore", restored)
    monkeypatch.setattr(shard, "take_over", taken_over)
    one._log.write = write
    asyncio.run(one._restore(Reader))
    assert seen == [("restoring", [])]
    assert one.position is place


def test_what_somebody_told_and_is_gone_ends_the_process_with_the_way_out():
    async def story(one):
        def broken(batches):
            raise BrokenChain("mails/0 told number 3 behind 2, but number 1 came last")

        one._fold.fold = broken
        one._tps["touches"] = shard.TopicPartition("x.leadpulse.touches", 3)
        one.feed(batch(10, 1))
        with pytest.raises(TopicError, match="mails/0 told number 3") as told:
            await one._commit()
        assert "leadpulse.touches" in told.value.where
        assert "leadpulse topics rebuild" in told.value.do

    run(story)


def test_kinds_that_are_not_there_are_reported():
    layout = Layout("x.", [Topics("ads", ("ad", "cost"), optional_kinds=("cost",))]).running({"x.ad"})
    made = shard.Shard(Outputs(layout, ShardId("ads", 3), SHARDS, 2), Fold(), Log(), Source(), Options())
    made.position = Position({"ad": SourcePosition(10), "reroute": SourcePosition(10)}, seq=4)
    asyncio.run(made._commit())
    assert made._fold.report.missing == ("cost",)
