"""Own: leadpulse does the job; its real worker, with everything that the main job is.

In:  a broker, the job, the answer that is expected.
Out: what its process needed from the first record until its readings stand, and in what they deviate.

It has no switch for the job alone: contract, de-duplication, robots, channels, sessions, all windows, funnels, rows and changes to
the log, rollup and readings, in transactions. Only leads are off, since the job has none of their topics. The account is complete some
seconds before long windows are told, so a run ends with the last reading of 24 hours. CPU is read of the process from outside.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from tests.bench import usage
from tests.bench.drain import ready
from tests.bench.peers import topics
from tests.bench.peers.environments import NotHere
from tests.bench.peers.job import PARTITIONS, Job
from tests.bench.peers.program import Run
from tests.bench.peers.reference import Answer
from tests.bench.site import Account, Batches, Site, site
from tests.integration.brokers import Broker
from tests.integration.supervisor import Worker

WINDOW: Final = "24h"
SETTINGS: Final = {"LEADPULSE_LEADS": "off"}
PATIENCE_S: Final = 60.0  # for the readings, when the account is complete


@contextmanager
def installed(broker: Broker, name: str) -> Iterator[Site]:
    """Make an installation for the job; drop its topics at the end."""
    with site(broker, name, PARTITIONS, SETTINGS) as here:
        try:
            yield here
        finally:
            topics.drop(broker, name)


async def fill(here: Site, job: Job) -> None:
    """Write the job's records into the topics of their kinds."""
    async with here.producer() as producer:
        batches = Batches(producer, here.prefix)
        for partition, event in job.records():
            await batches.add(event, partition)
        await batches.flush()


def wanted(expected: Answer) -> dict[str, int]:
    """Give what the readings of all 24 hours come to.

    >>> from tests.bench.peers.reference import People
    >>> wanted(Answer({"0|qr": [5, 2, 1, 1]}, People(2, 1, 5, 0, 0)))
    {'page_views': 5, 'sessions': 2, 'leads': 1, 'visitors': 2, 'new_visitors': 2}
    """
    views, sessions, _, leads = expected.totals
    assert expected.people is not None
    people = expected.people.visitors
    return {"page_views": views, "sessions": sessions, "leads": leads, "visitors": people, "new_visitors": people}


async def run(broker: Broker, job: Job, expected: Answer, name: str, limit_s: float) -> tuple[Run, str]:
    """Do the job once."""
    with installed(broker, name) as here:
        await fill(here, job)
        with here.worker() as worker:
            ready(worker)
            pid = worker.process.pid
            began, before_s = time.monotonic(), usage.cpu_s(pid)
            wrong = await _follow(here, worker, job.events, wanted(expected), limit_s)
            wall_s, cpu_s = time.monotonic() - began, usage.cpu_s(pid) - before_s
            return Run(job.events, wall_s, cpu_s, before_s, usage.memory_mb(pid)), wrong


async def _follow(here: Site, worker: Worker, events: int, want: dict[str, int], limit_s: float) -> str:
    """Read what the worker tells until it is what is wanted; give in what it is not."""
    tp = TopicPartition(f"{here.prefix}leadpulse.metrics", 0)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=here.broker.bootstrap, isolation_level="read_committed", auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        consumer.assign([tp])
        await consumer.seek_to_beginning(tp)
        account, sums = Account(), Sums(want)
        until, complete = time.monotonic() + limit_s, False
        while not (complete and sums.totals == want):
            if worker.exits or (not complete and time.monotonic() > until):
                raise NotHere(f"{account.ended:,} of {events:,} records have ended: {worker.log()[-300:]}")
            if time.monotonic() > until:
                break
            for rows in (await consumer.getmany(tp, timeout_ms=100)).values():
                for row in rows:
                    if row.value and row.key.startswith((b'["events_total"', b'["conservation_error"')):
                        account.take(orjson.loads(row.value))
                    elif row.value:
                        sums.take(row.key, row.value)
            if not complete and account.ended >= events:
                complete, until = True, time.monotonic() + PATIENCE_S
        parts = [
            f"{name} {sums.totals[name]:,} for {count:,}" for name, count in want.items() if sums.totals[name] != count
        ]
        if account.error:
            parts.append(f"conservation error {account.error:.0f}")
        return ", ".join(parts)
    finally:
        await consumer.stop()


class Sums:
    """The newest readings of some metrics in the window, added up over their labels."""

    def __init__(self, names: dict[str, int]) -> None:
        self._heads = {name: b'["%b"' % name.encode() for name in names}
        self._rows: dict[bytes, tuple[str, float]] = {}

    def take(self, key: bytes, value: bytes) -> None:
        """Take over a record of the result topic, if it is one of these."""
        for name, head in self._heads.items():
            if key.startswith(head):
                reading: dict[str, Any] = orjson.loads(value)
                if reading["window"] == WINDOW and reading["value"] is not None:
                    self._rows[key] = name, reading["value"]

    @property
    def totals(self) -> dict[str, float]:
        """Add up what stands."""
        out: dict[str, float] = dict.fromkeys(self._heads, 0)
        for name, value in self._rows.values():
            out[name] += value
        return out
