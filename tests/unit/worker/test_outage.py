"""What a failure is taken for, and what becomes of the shards while no broker answers."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaTimeoutError, ProducerFenced

from stream.contract.readings import Reading
from stream.engine.groups import GROUPS
from stream.errors import BrokerError, TopicError
from stream.kafka.layout import Layout, ShardId
from stream.serve.views import RollupView, ShardView
from stream.worker.guards import outage
from stream.worker.owner import Shards

SILENCE = BrokerError("Nothing listens.", where="k:1", do="Start it.")
LAYOUT = Layout("", GROUPS.values())
ADS = {TopicPartition(topic, 0) for topic in LAYOUT.sources["ads"].values()}


class Died(BaseException):
    """In place of the end of the process."""


@pytest.fixture(autouse=True)
def _survive(monkeypatch):
    def die(where, why):
        raise Died(where)

    monkeypatch.setattr(outage, "die", die)


@pytest.mark.parametrize(
    ("error", "silence", "dies"),
    [
        (KafkaTimeoutError(), SILENCE, False),
        (KafkaTimeoutError(), None, True),  # the broker answers: what went wrong is another thing
        (ProducerFenced(), SILENCE, True),
        (TopicError("cut off"), SILENCE, True),
        (ValueError("a bug"), SILENCE, True),
    ],
)
def test_shards_are_given_up_only_where_no_broker_answers(error, silence, dies):
    given_up = []
    judge = outage.Outage(lambda: silence, given_up.append)
    if dies:
        with pytest.raises(Died):
            asyncio.run(judge.fail("here", error))
    else:
        asyncio.run(judge.fail("here", error))
    assert given_up == ([] if dies else [SILENCE])


class Kept:
    """A shard that remembers how it was closed."""

    state, committed, committed_at, unread = "running", {}, 0.0, {}

    def __init__(self, id: ShardId, closed: list[bool]) -> None:
        self.id, self._closed = id, closed

    def start(self, open_reader, slots, after) -> None:
        self.after = after

    async def close(self, *, stale: bool = False) -> None:
        self._closed.append(stale)

    def view(self) -> ShardView:
        return ShardView(self.id.group, self.id.shard, self.state)


def test_what_is_given_up_is_taken_over_anew_with_the_next_assignment(caplog):
    closed: list[bool] = []

    async def story() -> None:
        shards = Shards(LAYOUT, lambda id: Kept(id, closed), lambda **_: None)
        await shards.assign(ADS, 1)
        first = shards.owned[ShardId("ads", 0)]
        shards.give_up(SILENCE)
        shards.give_up(SILENCE)  # each of its shards notices
        assert shards.silent
        assert shards.owned == {}
        assert not shards.view().ready
        assert shards.view().silent_s is not None
        assert shards.stalled_s() == 0.0  # the watchdog has nothing to count
        await asyncio.sleep(0)
        await shards.assign(ADS, 1)
        assert not shards.silent
        assert shards.owned[ShardId("ads", 0)] is not first

    asyncio.run(story())
    assert closed == [True]
    assert "Nothing listens. 1 shards are given up" in caplog.text
    assert "where: k:1" in caplog.text


def test_the_last_figures_say_that_they_are_no_more_than_that():
    def reading(metric: str, value: float) -> Reading:
        return Reading(metric, {}, None, value, None, None, None, None, None, 5, True, None, 1, "c")

    stale = RollupView((reading("visitors", 7), reading("complete", 1)), 5, 6).stale()
    assert [(one.metric, one.value, one.complete) for one in stale.readings] == [
        ("visitors", 7, False),
        ("complete", 0, False),
    ]
