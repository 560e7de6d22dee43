"""A real Kafka keeps the contract that the broker of the simulation keeps."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest
from aiokafka import TopicPartition
from kafka import KafkaAdminClient
from kafka import TopicPartition as AdminPartition

from stream.kafka.reader import Reader
from stream.kafka.state_log import StateLog
from tests.chaos.log_contract import CHECKS

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


class Real:
    """The side of a real broker: one partition of two topics of an installation, for each check another one."""

    def __init__(self, here, number: int) -> None:
        self._link, self._name = here.link, f"{here.prefix}contract-{number}"
        self.rows = TopicPartition(here.layout.state("ads"), number)
        self.more = TopicPartition(here.layout.deltas("ads"), number)
        self.reader = partial(Reader, here.link)

    def log(self) -> StateLog:
        return StateLog(self._link, *self.rows, self._name)

    def plain_log(self) -> StateLog:
        return StateLog(self._link, *self.rows, None)

    async def delete_before(self, tp: TopicPartition, offset: int) -> None:
        admin = KafkaAdminClient(bootstrap_servers=list(self._link.brokers))
        await asyncio.to_thread(admin.delete_records, {AdminPartition(*tp): offset})
        admin.close()


def test_a_real_kafka_keeps_every_point_of_the_contract(site):
    here = site(partitions=len(CHECKS))
    broken = {}
    for number, (name, check) in enumerate(CHECKS.items()):
        try:
            asyncio.run(asyncio.wait_for(check(Real(here, number)), 60))
        except BaseException as error:
            broken[name] = repr(error)
    assert broken == {}
