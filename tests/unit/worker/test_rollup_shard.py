"""The publications of the rollup, without a broker: which windows are read, and what `complete` then stands for."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from stream.contract.readings import Reading
from stream.kafka.clock import BrokerClock
from stream.kafka.layout import Layout
from stream.worker import rollup_shard
from stream.worker.rollup_shard import FAST_WINDOWS, RollupShard
from tests.topics import Topics

LAYOUT = Layout("x.", [Topics("ads", ("ad",))])
READING = Reading("clicks", {}, "5m", 1, None, None, 1, 0, 1, 1, True, 0, 1, "c")


class Log:
    """Takes all writes."""

    tp = rollup_shard.TopicPartition(LAYOUT.rollup, 0)
    anew = frozenset()

    async def write(self, parts):
        pass


class Rollup:
    """Counts, reads it in each window when told to, and remembers which those were."""

    def __init__(self):
        self.count, self.complete, self.asked, self.clocks, self.seq = 0, False, [], [], 0

    @property
    def complete_along(self):
        return self.complete

    @property
    def records(self):
        return self.count

    def advance(self, now_ms, until_ms=None):
        self.clocks.append(now_ms)

    def readings(self, windows):
        self.asked.append(windows)
        self.seq += 1
        return [
            replace(READING, window=window, value=self.count, complete=self.complete, seq=self.seq)
            for window in windows or (*FAST_WINDOWS, "24h")
        ]

    def snapshot(self, full):
        return []


class Exporter:
    """Keeps what is shown."""

    def show_rollup(self, view):
        self.view = view


def make():
    """Give the rollup's shard with a centre that does what the test says."""
    rollup, exporter, clock = Rollup(), Exporter(), BrokerClock()
    clock.stamped(clock.sent(), 5_000)
    shard = RollupShard(rollup, Log(), LAYOUT, {"ads": 1}, lambda one: b"", exporter, clock=clock)
    shard._next = dict.fromkeys(shard._tps, 0)
    return rollup, exporter, shard


def publish(story, rollup, exporter, shard):
    """Publish once a step: (count, complete) of the rollup; give (complete, value of the day) as shown after each."""

    async def told():
        out = []
        for rollup.count, rollup.complete in story:
            await shard._publish()
            by_window = {reading.window: reading for reading in exporter.view.readings}
            out.append((by_window["5m"].complete, by_window["24h"].value, by_window["24h"].complete))
        return out

    return asyncio.run(told())


def test_complete_comes_with_every_window_read_after_the_last_record():
    rollup, exporter, shard = make()
    shown = publish([(100, False), (500, False), (900, False), (900, True), (900, True)], rollup, exporter, shard)
    assert shown == [
        (False, 100, False),
        (False, 100, False),  # long windows move slowly
        (False, 100, False),
        (True, 900, True),  # and are whole when that is said
        (True, 900, True),
    ]
    assert rollup.asked == [None, FAST_WINDOWS, FAST_WINDOWS, None, None]


def test_a_burst_that_is_read_at_once_is_in_every_window_at_once():
    rollup, exporter, shard = make()
    #  a backlog | it begins | steady: long windows lag | a burst in two parts and what is left | quiet
    counts = [1_000, 1_100, 1_190, 1_300, 1_400, 5_000, 9_000, 9_010, 9_010, 9_010, 9_010]
    told = publish([(count, True) for count in counts], rollup, exporter, shard)
    lag = [count - day for count, (_, day, _) in zip(counts, told, strict=True)]
    assert lag == [0, 0, 0, 110, 210, 0, 0, 0, 0, 0, 0]
    assert rollup.asked[-1] == FAST_WINDOWS


def test_what_is_no_longer_complete_is_said_of_every_window():
    rollup, exporter, shard = make()
    assert publish([(1, True), (2, False), (3, False)], rollup, exporter, shard) == [
        (True, 1, True),
        (False, 2, False),
        (False, 2, False),
    ]


def test_windows_are_read_at_the_brokers_time():
    rollup, exporter, shard = make()
    publish([(1, True)], rollup, exporter, shard)
    assert rollup.clocks == [pytest.approx(5_000, abs=1_000)]
    assert exporter.view.committed_ms == pytest.approx(5_000, abs=1_000)
