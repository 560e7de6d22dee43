"""Faust as its documentation shows it: an agent that takes event by event, a table of visitors, four tumbling tables.

The changelogs are made before it starts. Where it makes them itself, an event that comes before the consumer has heard of them ends
the agent for good ("has 0 partitions").
"""

from __future__ import annotations

import asyncio
import sys
from datetime import datetime, timedelta

import faust
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from j1 import BROKER, EVENTS, GAP_MS, GROUP, LIVE, STATE, TOPIC, Cells, Meter

meter = Meter()
app = faust.App(
    GROUP,
    broker=f"kafka://{BROKER}",
    store="memory://",
    topic_partitions=4,
    topic_replication_factor=1,
    datadir=STATE,
)


class Campaign(faust.Record):
    medium: str


class Data(faust.Record):
    visitor_id: str
    campaign: Campaign


class Event(faust.Record, isodates=True):
    id: str
    type: str
    time: datetime
    data: Data


class Visitor(faust.Record):
    first_seen: float = 0
    last_seen: float = 0
    pages: int = 0
    is_lead: bool = False


def by_minute(name: str) -> faust.TableT:
    table = app.Table(name, default=int, partitions=4)
    return table.tumbling(60.0, expires=timedelta(hours=24)).relative_to_field(Event.time)


events = app.topic(TOPIC, key_type=bytes, value_type=Event, partitions=4)
visitors = app.Table("visitors", default=Visitor, partitions=4)
COUNTS = ("views", "sessions", "submits", "leads")
counts = page_views, sessions, submits, leads = [by_minute(name) for name in COUNTS]
seen = 0


@app.agent(events)
async def fold(stream: faust.StreamT) -> None:
    global seen
    async for event in stream:
        meter.first()
        time_s, channel, name = event.time.timestamp(), event.data.campaign.medium, event.data.visitor_id
        visitor = visitors[name]
        if not visitor.first_seen:
            visitor.first_seen = visitor.last_seen = time_s
            sessions[channel] += 1
        else:
            if time_s - visitor.last_seen > GAP_MS / 1000:
                sessions[channel] += 1
            visitor.first_seen = min(visitor.first_seen, time_s)
            visitor.last_seen = max(visitor.last_seen, time_s)
        if event.type == "form":
            submits[channel] += 1
            if not visitor.is_lead:
                visitor.is_lead = True
                leads[channel] += 1
        else:
            visitor.pages += 1
            page_views[channel] += 1
        visitors[name] = visitor
        seen += 1
        if seen == EVENTS:
            tell()


def tell() -> None:
    meter.last()
    cells: Cells = {}
    for place, table in enumerate(counts):
        for (channel, (start_s, _)), count in table.table.items():
            cells.setdefault((int(start_s) // 60, channel), [0] * 4)[place] += count
    rows = ((round(v.first_seen * 1000), round(v.last_seen * 1000), v.pages, v.is_lead) for v in visitors.values())
    meter.tell({} if LIVE else cells, None if LIVE else rows)


async def make_changelogs() -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=BROKER)
    await admin.start()
    names = [f"{GROUP}-{table}-changelog" for table in ("visitors", *COUNTS)]
    await admin.create_topics([NewTopic(name, 4, 1, topic_configs={"cleanup.policy": "compact"}) for name in names])
    await admin.close()


if __name__ == "__main__":
    asyncio.run(make_changelogs())
    sys.argv = [sys.argv[0], "worker", "--without-web", "-l", "warn"]
    app.main()
