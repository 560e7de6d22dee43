"""Loose: what nobody caused says something of the session behind it, also when it is forgotten itself."""

from __future__ import annotations

from stream.changes.panes import DAY_MS
from stream.engine.commit import ShardReport
from stream.ingest.decode import Limits
from stream.stages.visitors.row import decode
from stream.state.keys import PEOPLE
from tests.laws.sums import LONG, Sums, add_delta
from tests.laws.traffic import ARRIVAL_MS, batch, shard
from tests.unit.golden.events import form, view


def test_a_session_keeps_the_channel_of_what_came_before_it_when_that_is_forgotten() -> None:
    #  10:00 a form comes into view, by an e-mail   10:10 the visit   five days later two others
    fold, sums = shard("visitors", limits=Limits(lateness_ms=40 * DAY_MS)), Sums()
    days = [
        [form("10:00", "ann", "view", utm="news/email/june"), view("10:10", "ann")],
        [view("06-20 10:00", "ann", "/a", referrer="partner.example")],
        [view("06-20 12:00", "ann")],
    ]
    for n, events in enumerate(days):
        fold.fold(batch([{"id": f"{n}{at}", **event} for at, event in enumerate(events)], ARRIVAL_MS + 10 * DAY_MS))
        changes = fold.take_delta(n + 1, ShardReport(caught_up=True, now_ms=ARRIVAL_MS + 10 * DAY_MS))
        add_delta(sums, changes, LONG)
        (raw,) = [raw for table in fold.stage.tables if table.prefix == PEOPLE.prefix for raw in table.encoded.values()]
        assert decode(raw).sessions[0].channel == ("email" if n else None)
    assert not [name for name, n in sums.items() if n < 0]
