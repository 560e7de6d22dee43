"""Bounds on a real Kafka: what would make a record too large, or a worker wrong after its settings changed."""

from __future__ import annotations

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from kafka.partitioner import murmur2

from stream.changes.panes import DAY_MS, HOUR_MS
from stream.contract.times import format_ms
from stream.demo.traffic import Record
from tests import patience
from tests.integration.engine import Engine

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

CAMPAIGNS, REVISIONS = 100, 14
ACTIONS = {"impression": "ad_impressions", "click": "ad_clicks", "conversion": "ad_conversions", "spend": "ad_spend"}


def records(kind: str, key: str, events: list[dict[str, Any]], named: str) -> list[Record]:
    """Make records that arrive when they say they happened."""
    out = []
    for number, event in enumerate(events):
        time_ms = event["ms"]
        made = {"specversion": "1.0", "source": "test", "type": kind, "id": f"{named}-{number}"}
        made |= {"time": format_ms(time_ms), "data": event["data"]}
        out.append(Record(kind, event["data"][key].encode(), orjson.dumps(made), time_ms, None))  # type: ignore[arg-type]
    return out


def totals(revision: int, start_ms: int, end_ms: int, now_ms: int) -> list[dict[str, Any]]:
    """Make the totals of a day so far, of all campaigns."""
    period = {"period_start": format_ms(start_ms), "period_end": format_ms(end_ms), "revision": revision}
    out = []
    for campaign in range(CAMPAIGNS):
        for place, action in enumerate(ACTIONS):
            amount = (campaign + 1) * revision + place
            said = {"cost_micros": amount * 1_000_000, "currency": "EUR"} if action == "spend" else {"count": amount}
            data = {"site_id": "s", "action": action, "platform": "google", "campaign_id": f"c{campaign}"}
            out.append({"ms": now_ms, "data": data | period | said})
    return out


def visits(now_ms: int) -> list[dict[str, Any]]:
    """Make a page view each of 300 people of 20 campaigns."""
    campaigns = [{"source": "g", "medium": "cpc", "name": f"c{n}"} for n in range(20)]
    return [
        {
            "ms": now_ms,
            "data": {"site_id": "s", "visitor_id": f"v{n}", "page": {"path": "/"}, "campaign": campaigns[n % 20]},
        }
        for n in range(300)
    ]


def send(engine: Engine, some: list[Record]) -> None:
    asyncio.run(engine._send(some, 0, lambda key: murmur2(key) & 0x7FFFFFFF))


def wait_until(true: Callable[[], bool], limit_s: float) -> bool:
    until = patience.until(limit_s)
    while not (done := true()) and time.monotonic() < until:
        time.sleep(1)
    return done


def shown(engine: Engine, metric: str, window: str, label: str) -> dict[str, float]:
    """Give the values of a metric by a label."""
    out: Counter[str] = Counter()
    for (name, labels, of), reading in engine.readings().items():
        if (name, of) == (metric, window):
            out[dict(labels)[label]] += reading["value"]
    return dict(out)


@pytest.mark.timeout(240)
def test_todays_totals_restated_and_then_other_settings(site):
    """A hundred campaigns, four figures, 14 revisions; then a worker that shows more values than the one before."""
    engine = Engine(site(partitions=3))
    now_ms = int(time.time() * 1000)
    start_ms = (now_ms - 16 * HOUR_MS) // HOUR_MS * HOUR_MS
    worker = engine.worker(LEADPULSE_LABEL_LIMIT=5)
    sent = 0
    for revision in range(1, REVISIONS + 1):
        said = totals(revision, start_ms, start_ms + DAY_MS, start_ms + revision * HOUR_MS)
        send(engine, records("ad", "campaign_id", said, f"r{revision}"))
        sent += len(said)
        if revision == REVISIONS // 2:
            worker.kill(signal.SIGKILL)
    send(engine, records("page_view", "visitor_id", visits(now_ms - HOUR_MS // 6), "first"))
    sent += 300
    engine.wait_accounted(sent, 120)
    right = {
        metric: sum((campaign + 1) * REVISIONS + place for campaign in range(CAMPAIGNS))
        for place, metric in enumerate(ACTIONS.values())
    }

    def exact() -> bool:
        return all(sum(shown(engine, metric, "24h", "campaign").values()) == n for metric, n in right.items())

    assert wait_until(exact, 40), {metric: shown(engine, metric, "24h", "campaign") for metric in right}
    assert worker.exits == [-9]
    assert worker.stop() == 0

    again = engine.worker(LEADPULSE_LABEL_LIMIT=50)
    send(engine, records("page_view", "visitor_id", visits(now_ms), "second"))
    engine.wait_accounted(sent + 300, 120)

    def moved() -> bool:
        found = shown(engine, "campaign_visitors", "1h", "campaign")
        named = {name: n for name, n in found.items() if name != "(other)"}
        return sum(found.values()) == 300 and set(named.values()) == {15}

    assert wait_until(moved, 40), shown(engine, "campaign_visitors", "1h", "campaign")
    assert exact()
    assert again.exits == []
