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
from stream.changes.panes import Grid
from stream.contract.readings import Reading
from stream.demo.traffic import KINDS, LEAD_KINDS
from stream.engine.groups import GROUPS
from stream.engine.options import FoldOptions
from stream.ingest.decode import Limits
from stream.ingest.ladder import Ladder
from stream.lifecycle.read import shipped
from stream.replay.folds import Folds
from stream.rollup.rollup import Rollup, RollupOptions
from tests.integration.engine import Engine, Series

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

#: Whole traffic lies in them, wherever their edges are.
WINDOWS = ("30d", "365d", "now")


def replayed(engine: Engine) -> dict[Series, Reading]:
    """Read all records of the broker by one shard of each group."""
    rules = shipped()
    limits = Limits(ladder=Ladder(rules.ladder))
    folds = Folds(FoldOptions(limits=limits, grid=Grid(pane_ms=1), rules=rules), GROUPS, leads=True)
    told = tuple(name for name in GROUPS if GROUPS[name].told_by)
    rollup = Rollup(
        RollupOptions(dict.fromkeys(GROUPS, 1), exact=True, label_limit=1_000, told=told, periods=rules.periods)
    )
    records: dict[Any, list[Any]] = defaultdict(list)
    for raw in sorted(engine.raw((*KINDS, *LEAD_KINDS)), key=lambda raw: (raw.timestamp_ms, raw.partition, raw.offset)):
        records[raw.kind].append((raw.offset, raw.timestamp_ms, raw.key, raw.value, ()))
    folds.fold(records)
    at_ms = folds.newest_ms + 1
    folds.advance(at_ms)
    for delta in folds.deltas():
        rollup.add(delta)
    rollup.read_at(at_ms)
    return {(one.metric, tuple(sorted(one.labels.items())), one.window): one for one in rollup.readings(None)}


def unlike(engine: Engine, limit_s: float = 90) -> list[str]:
    """Compare what leads come to, once everybody has told everything; the first differences as text."""
    wanted = {
        series: one
        for series, one in replayed(engine).items()
        if series[2] in WINDOWS and catalog.BY_NAME[series[0]].area in ("leads", "money")
    }
    assert len({metric for metric, _, _ in wanted}) > 20, "the traffic has leads"
    until = time.monotonic() + limit_s
    while True:
        found = {series: one for series, one in engine.readings().items() if series in wanted}
        out = [
            f"{metric} {dict(labels)} {window}: replay {one.value}, workers {(found.get(series) or {}).get('value')}"
            for series, one in wanted.items()
            for metric, labels, window in (series,)
            if (found.get(series) or {}).get("value") != one.value
        ]
        if not out or time.monotonic() > until:
            return sorted(out)
        time.sleep(2)


@pytest.mark.timeout(600)
def test_three_workers_killed_under_load_follow_people_as_a_replay_does(site):
    engine = Engine(site(partitions=3, optional=True, LEADPULSE_LEADS="on", LEADPULSE_READINGS_LIMIT="100000"))
    workers = [engine.worker(LEADPULSE_INSTANCE_ID=f"w{i}") for i in range(3)]
    sent: list[int] = []
    load = threading.Thread(target=lambda: sent.append(engine.produce(9_000, seed=6, rate=300, leads=True)))
    load.start()
    chance = random.Random(7)
    time.sleep(8)
    for _ in range(3):
        chance.choice(workers).kill(signal.SIGKILL)
        time.sleep(6)
    load.join()
    engine.wait_accounted(sent[0])
    assert sum(worker.exits.count(-9) for worker in workers) == 3
    assert [code for worker in workers for code in worker.exits if code != -9] == []
    assert unlike(engine) == []
