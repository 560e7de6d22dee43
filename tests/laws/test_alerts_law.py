"""The law of alerts: kill the owner of the rollup at any look, before or after its commit: the same is told, once.

looks   1  2  3  4  5  6  7  8  9 10     D: forms dead
story   .  .  D  D  D  D  .  .  .  .
told             F           R           one spell, by whoever owns the rollup
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable
from functools import cache

import msgspec
import orjson
import pytest

from stream.changes.panes import MINUTE_MS
from stream.contract.alert import AlertRecord
from stream.contract.readings import Reading
from stream.contract.results import encode
from stream.history.kept import Kept
from stream.history.slices import figure_of_row
from stream.judge.history import History
from stream.judge.settings import Settings
from stream.kafka.clock import BrokerClock
from stream.worker.judging import Judging
from stream.worker.kept_log import KeptLog
from stream.worker.published import Published
from tests.unit.judge.made import NOON_MS
from tests.unit.judge.test_look import history, now

HISTORY, ALERTS, METRICS = "leadpulse.history", "leadpulse.alerts", "leadpulse.metrics"
TEN_MS = 10 * MINUTE_MS
STORY = "..DDDD...."

Log = dict[bytes, bytes]


@cache
def seeded() -> tuple[tuple[bytes, bytes], ...]:
    """Give six weeks of history as records of its log."""
    measured, seeds = history(), History()
    figures = figure_of_row(measured)
    for hour in measured.held():
        rows, tops, bottoms, _ = measured.hour(hour)
        seeds.put(hour, [seeds.row(figures[row]) for row in rows.tolist()], tops, bottoms, seed=True)
    return tuple((key, value) for key, value in Kept(seeds).seeds() if value is not None)


class Broker:
    """What was committed: logs as compaction leaves them, and every record of alerts that was ever written."""

    def __init__(self) -> None:
        self.logs: dict[str, Log] = defaultdict(dict)
        self.logs[HISTORY] = dict(seeded())
        self.told: list[AlertRecord] = []

    def commit(self, parts: Iterable[tuple[str, Iterable[tuple[bytes | None, bytes | None]]]]) -> None:
        for topic, rows in parts:
            for key, value in rows:
                assert key is not None
                self.logs[topic].pop(key, None)
                if value is not None:
                    self.logs[topic][key] = value
                    if topic == ALERTS:
                        self.told.append(msgspec.json.decode(value, type=AlertRecord))

    def verdicts(self) -> dict[bytes, object]:
        return {key: orjson.loads(value).get("verdict") for key, value in self.logs[METRICS].items()}


class Owner:
    """Who owns the rollup, from its take-over to its end."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._judging = Judging(KeptLog(HISTORY, BrokerClock()), ALERTS, Settings)
        self._published = Published(encode)
        history_log = broker.logs[HISTORY].items()
        for key, value in history_log:
            self._judging.looks.load(key, value)
        self._judging.kept.take([(0, 0, key, value, ()) for key, value in history_log], 0)
        for key, value in broker.logs[ALERTS].items():
            self._judging.spells.load(key, value)
        for key, value in broker.logs[METRICS].items():
            self._published.found(key, value)
        self._judging.settle(0)

    def publish(self, at_ms: int, readings: list[Reading], *, commits: bool = True) -> None:
        """Publish all windows, as the rollup does; a crash before the commit leaves nothing of it."""
        judging = self._judging
        judging.until_ms(at_ms, at_ms)
        parts = judging.parts(at_ms, readings, (), self._published, looks=judging.is_due(at_ms))
        rows = self._published.rows(readings, None)
        if commits:
            told = [(topic, [(key, value) for key, value, *_ in some]) for topic, _, some in parts]
            self._broker.commit([(METRICS, rows), *told])
            self._published.confirm()


def of(at: int, story: str) -> tuple[int, list[Reading]]:
    """Give the moment of a look, and what is read then."""
    at_ms = NOON_MS + at * TEN_MS
    readings = now(at_ms, rate=0.0 if story[at] == "D" else 0.05)
    return at_ms, [msgspec.structs.replace(reading, seq=at + 1) for reading in readings]


def run(killed: Collection[tuple[int, str]] = (), story: str = STORY) -> Broker:
    """Let looks follow each other; owners are killed at some, "before" or "after" their commit."""
    broker = Broker()
    owner = Owner(broker)
    for at in range(len(story)):
        at_ms, readings = of(at, story)
        if (at, "before") in killed:
            owner.publish(at_ms, readings, commits=False)
            owner = Owner(broker)
        owner.publish(at_ms, readings)
        owner.publish(at_ms + 15_000, readings)  # all windows again, between looks
        if (at, "after") in killed:
            owner = Owner(broker)
    return broker


@cache
def straight() -> Broker:
    return run()


def test_one_drop_is_one_spell() -> None:
    told = [record for record in straight().told if record.alert == "visit_to_lead_drop"]
    assert [record.state for record in told][:1] == ["firing"]
    assert [record.state for record in told].count("resolved") == 1
    assert len({record.key for record in told}) == 1
    states = {said["state"] for said in straight().verdicts().values() if isinstance(said, dict)}
    assert "ok" in states


KILLS = [[(at, when)] for at in range(len(STORY)) for when in ("before", "after")]


@pytest.mark.parametrize("killed", [*KILLS, [kill for (kill,) in KILLS]], ids=str)
def test_whoever_is_killed_the_same_is_told_once(killed: list[tuple[int, str]]) -> None:
    found, expected = run(killed), straight()
    assert found.told == expected.told
    assert found.logs[ALERTS] == expected.logs[ALERTS]
    assert found.verdicts() == expected.verdicts()


@pytest.mark.parametrize("lost", [b"look/", b""], ids=["what it remembers", "history and all"])
def test_what_fires_goes_on_firing_when_the_log_of_the_judge_is_lost(
    lost: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    broker = Broker()
    owner = Owner(broker)
    for at in range(6):
        owner.publish(*of(at, STORY))
    before = list(broker.told)
    for key in [key for key in broker.logs[HISTORY] if key.startswith(lost)]:
        del broker.logs[HISTORY][key]
    with caplog.at_level(logging.INFO, "leadpulse.judge"):
        owner = Owner(broker)
    fires = len({record.key for record in before})
    assert f"nothing was looked at yet, it begins young; {fires} alerts fire on the topic" in caplog.text
    for at in range(6, 10):
        owner.publish(*of(at, STORY))
    after = broker.told[len(before) :]
    assert {record.key for record in after} <= {record.key for record in before}, "no spell began anew"
    assert ("resolved" in {record.state for record in after}) == bool(lost), "what is young is neither yes nor no"
    assert all(record.text for record in after)
