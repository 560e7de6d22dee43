"""The broker of the simulation keeps the contract that a real one keeps."""

from __future__ import annotations

from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition

from stream.kafka import state_log
from stream.kafka.state_log import StateLog
from stream.kafka.topic_spec import STAMPED
from tests.chaos.log_contract import CHECKS
from tests.chaos.sim.broker import Broker
from tests.chaos.sim.clients import Producer, WireLink, WireReader
from tests.chaos.sim.clock import START_MS, VirtualLoop


class Straight:
    """A wire on which nothing happens."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker

    async def call(self, effect: Any) -> Any:
        return effect()

    async def gate(self) -> None:
        return


class Memory:
    """The side of the broker in memory."""

    rows, more = TopicPartition("rows", 0), TopicPartition("more", 0)

    def __init__(self) -> None:
        self._link: Any = WireLink(Straight(Broker(lambda: START_MS, dict.fromkeys(("rows", "more"), STAMPED))))

    def reader(self, *, patient: bool = False) -> WireReader:
        return WireReader(self._link, patient=patient)

    def log(self) -> StateLog:
        return StateLog(self._link, *self.rows, "writer")

    def plain_log(self) -> StateLog:
        return StateLog(self._link, *self.rows, None)

    async def delete_before(self, tp: TopicPartition, offset: int) -> None:
        self._link.wire.broker.delete_before(tp, offset)


@pytest.mark.parametrize("name", CHECKS)
def test_the_broker_in_memory(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert state_log.AIOKafkaProducer is AIOKafkaProducer
    monkeypatch.setattr(state_log, "AIOKafkaProducer", Producer)
    loop = VirtualLoop()
    try:
        loop.run_until_complete(CHECKS[name](Memory()))
    finally:
        loop.close()
