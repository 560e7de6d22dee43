"""Shop: one person on two devices, with mails and a crm, and somebody else; and what `explain` says of them.

In:  nothing.
Out: an installation that has read all of it, in two shards a group.

The person is the one of the design's example: pricing and an e-book on the laptop (v1), a demo by a mail on the phone
(v2), a lead of the crm (l1) that is won. Bob (v3) has another address, and uses the laptop once.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from stream.contract.times import parse_ms
from stream.demo.traffic import Record, Truth
from stream.explain.explain import Asked, explain
from stream.explain.logs import Log, Wanted
from stream.explain.shown import Table
from stream.ingest.route import partitions_of
from tests.laws.installation import Installation
from tests.unit.golden.events import Envelope, at_ms, crm, form, mail, view

ANN, BOB = "aa" * 32, "bb" * 32
SHARDS = 2
NOW_MS = at_ms("12:00")
TRUTH = Truth("counted", "", "s1", 0, "", None, None)
KEYS = {"page_view": "visitor_id", "form": "visitor_id", "email": "message_id", "crm": "lead_id", "privacy": "lead_id"}
EVENTS = [
    view("06-06 09:00", "v1", "pricing/plans", "google/cpc/brand", country="DE"),
    form("06-08 10:04", "v1", "submit", "download", offer_stage="top", email_hash=ANN),
    view("06-11 08:00", "v2", "demo/try", "news/email/june"),
    form("06-11 08:01", "v2", "submit", "demo", email_hash=ANN),
    mail("06-12 07:00", "m1", "sent", campaign="june", email_hash=ANN, lead_id=None),
    mail("06-12 07:01", "m1", "delivered", campaign="june", email_hash=ANN, lead_id=None),
    mail("06-12 07:30", "m1", "opened", campaign="june", email_hash=ANN, lead_id=None),
    crm("06-13 09:00", "l1", "lead_created", email_hash=ANN),
    crm("06-14 09:00", "l1", "deal_won", deal="d1", value=12_000, currency="EUR"),
    view("06-14 11:00", "v3", "blog/a"),
    form("06-14 11:01", "v3", "submit", "demo", email_hash=BOB),
    form("06-14 12:30", "v1", "submit", "demo", email_hash=BOB),
    view("06-15 10:00", "v9", "blog/a"),
]


def installed(
    events: Sequence[Envelope] = EVENTS, *, seed: int = 7, exact: bool = False, crash: float = 0.0
) -> Installation:
    """Let two shards a group read events in a random order, each as it came; `exact`: panes are milliseconds."""
    made = Installation(SHARDS, exact=exact, seed=seed, now_ms=NOW_MS, crash=crash)
    made.produce(record(number, event) for number, event in enumerate(events))
    made.run()
    return made


def record(number: int, event: Envelope) -> Record:
    """Put an event on its topic, at the time that it has."""
    named = {"id": f"e{number:02}", **event}
    data = event["data"]
    key = data.get(KEYS[event["type"]]) or data.get("lead_id") or data.get("email_hash")
    value = json.dumps(named).encode()
    return Record(event["type"], None if key is None else key.encode(), value, parse_ms(event["time"]) or 0, TRUTH)


class Reads:
    """Reads logs of an installation, and remembers of which shards it was asked."""

    def __init__(self, made: Installation) -> None:
        self._made = made
        self.shards: list[str] = []

    def __call__(self, group: str, shard: int, wanted: Wanted) -> Log:
        self.shards.append(f"{group}/{shard}")
        log = Log(wanted)
        for key, value in self._made.log(group, shard).items():
            log.load(key, value)
        return log

    def explain(self, field: str, value: str, site: str = "s1") -> Table | None:
        """Explain somebody."""
        return explain(Asked(site, field, value), self._made.options, _home, self)


def _home(_group: str, key: str) -> int:
    return int(partitions_of([key], SHARDS)[0])
