"""Leads on a real Kafka: what shards tell each other counts once, whatever happens to the workers."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections import defaultdict
from typing import Any

import pytest

from stream import catalog
from stream.contract.readings import Reading
from stream.demo.traffic import KINDS, LEAD_KINDS, Traffic
from tests import patience
from tests.books_of_leads import differing, told_of
from tests.integration import way_out
from tests.integration.engine import Engine
from tests.integration.test_outage import _get
from tests.straight import Series, straight

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

#: Whole traffic lies in them, wherever their edges are.
WINDOWS = ("30d", "365d", "now")


def replayed(engine: Engine) -> dict[Series, Reading]:
    """Read all records of the broker by one shard of each group."""
    records: dict[Any, list[Any]] = defaultdict(list)
    for raw in sorted(engine.raw((*KINDS, *LEAD_KINDS)), key=lambda raw: (raw.timestamp_ms, raw.partition, raw.offset)):
        records[raw.kind].append((raw.offset, raw.timestamp_ms, raw.key, raw.value, ()))
    return straight(records, exact=False)


def of_leads(readings: dict[Series, Reading]) -> dict[Series, Reading]:
    """Give those that leads come to, in windows that all traffic lies in."""
    found = {
        series: one
        for series, one in readings.items()
        if series[2] in WINDOWS and catalog.BY_NAME[series[0]].area in ("leads", "money")
    }
    assert len({metric for metric, _, _ in found}) > 20, "the traffic has leads"
    return found


def unlike(engine: Engine, wanted: dict[Series, Reading], limit_s: float = 90) -> list[str]:
    """Compare what leads come to, once everybody has told everything; the first differences as text."""
    until = patience.until(limit_s)
    while True:
        found = engine.readings()
        out = [
            f"{metric} {dict(labels)} {window}: replay {one.value}, workers {(found.get(series) or {}).get('value')}"
            for series, one in wanted.items()
            for metric, labels, window in (series,)
            if (found.get(series) or {}).get("value") != one.value
        ]
        if not out or time.monotonic() > until:
            return sorted(out)
        time.sleep(2)


def unlike_books(engine: Engine, wanted: dict[Series, Reading]) -> list[str]:
    """Compare with the simulator's books, which know the truth and no code of the engine."""
    books = told_of(record for options in engine.traffic for record in Traffic(options))
    at_ms = max(one.as_of_ms for one in wanted.values())
    return [f"{key}: {one.value}, books {said}" for key, one, said in differing(wanted.values(), books, at_ms)]


@pytest.mark.timeout(600)
def test_three_workers_killed_under_load_follow_people_as_a_replay_does(site):
    engine = Engine(site(partitions=3, optional=True, LEADPULSE_LEADS="on", LEADPULSE_READINGS_LIMIT="100000"))
    workers = [engine.worker(LEADPULSE_INSTANCE_ID=f"w{i}") for i in range(3)]
    sent: list[int] = []
    load = threading.Thread(target=lambda: sent.append(engine.produce(12_000, seed=6, rate=300, leads=True)))
    load.start()
    chance = random.Random(7)
    time.sleep(8)
    for _ in range(5):
        chance.choice(workers).kill(signal.SIGKILL)
        time.sleep(6)
    load.join()
    engine.wait_accounted(sent[0])
    assert sum(worker.exits.count(-9) for worker in workers) == 5
    assert [code for worker in workers for code in worker.exits if code != -9] == []
    wanted = of_leads(replayed(engine))
    assert "\n".join(unlike(engine, wanted)) == ""
    assert "\n".join(unlike_books(engine, wanted)) == ""


def test_an_orderly_restart_without_transactions_repeats_nothing(embedded, site):
    engine = Engine(
        site(on=embedded, partitions=2, optional=True, LEADPULSE_LEADS="on", LEADPULSE_READINGS_LIMIT="100000")
    )
    first = engine.worker()
    sent = engine.produce(1_500, seed=3, leads=True)
    engine.wait_accounted(sent)
    assert first.stop() == 0
    engine.worker()
    sent += engine.produce(1_500, seed=4, leads=True)
    engine.wait_accounted(sent)
    assert "\n".join(unlike(engine, of_leads(replayed(engine)))) == ""


@pytest.mark.timeout(400)
def test_leads_are_switched_on_under_workers_that_run_and_off_by_a_rebuild(site, broker, tmp_path):
    here = site(partitions=2, off=True, LEADPULSE_LEADS="auto")
    engine = Engine(here)
    worker = engine.worker()
    sent = engine.produce(500, seed=1)
    engine.wait_accounted(sent)
    assert "People are not followed" in worker.log()
    assert "leadpulse_leads_complete" not in _get(engine.ports[0], "/metrics")[1]
    # wanted, and not there
    code, log = engine.refused(LEADPULSE_LEADS="on", LEADPULSE_INSTANCE_ID="wanted")
    assert code == 1
    assert "leadpulse.reroute.leads" in log
    assert "`leadpulse topics create`" in log
    # on
    told = way_out.run("leadpulse topics create --optional", here.settings)
    assert f"created  {here.prefix}leadpulse.touches  2 partition(s)" in told
    assert f"created  {here.prefix}crm  2 partition(s)" in told
    until = patience.until(100)
    while not (worker.exits and "leadpulse_leads_complete 1" in _get(engine.ports[0], "/metrics")[1]):
        assert time.monotonic() < until, worker.log()[-2000:]
        time.sleep(1)
    assert worker.exits == [70]
    assert "optional topics have come" in worker.log()
    assert "critical" not in worker.log()
    sent += engine.produce(500, seed=2, leads=True)
    engine.wait_accounted(sent)
    assert worker.stop() == 0
    # off: what was told could not be taken back
    off = {**here.settings, "LEADPULSE_LEADS": "off"}
    code, log = engine.refused(LEADPULSE_LEADS="off")
    assert code == 70
    assert "2 shards of leads" in log
    told = way_out.follow(log, off)
    assert "leadpulse.touches: deleted, because of LEADPULSE_LEADS=off" in told
    engine = Engine(here)  # whose results are topics made anew
    engine.worker(LEADPULSE_LEADS="off")
    engine.wait_accounted(sum(raw.kind in KINDS for raw in engine.raw()))
    assert "leads_complete" not in {metric for metric, _, _ in engine.readings()}
