"""Expected: what a stream must come to, whatever happens on the way; worked out once for all runs that share it.

In:  an installation, the number of a stream.
Out: the account, the figures and the rows that the reference finds; what people amount to if nothing happens to those
     who follow them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import cache
from itertools import product
from typing import Any, Final

from stream.engine.groups import GROUPS
from stream.reference.account import Window
from tests.accounting import told_of
from tests.chaos.sim.installation import FIGURES, FOLLOWED, LEAD_FIGURES, LONG, PLAIN, SHORT, Installation, installation
from tests.chaos.sim.traffic import sendings
from tests.oracle import Raw, judge
from tests.straight import straight

Labels = tuple[tuple[str, str], ...]

#: Kinds that the reference of these runs does not know.
OF_LEADS: Final = ("crm", "privacy")
#: So many streams there are for each set of shards: those with people followed take ten times as long to work out.
STREAMS: Final = 20
FOLLOWED_STREAMS: Final = 8


class Expected:
    """One stream, and what it comes to."""

    def __init__(self, on: Installation, number: int) -> None:
        self.installation = on
        self.sendings = sendings(on.shards, number)
        ends: Counter[Any] = Counter()
        self.raw: list[Raw] = []
        for one in self.sendings:
            self.raw.append(Raw(one.tp.topic, one.tp.partition, ends[one.tp], one.time_ms, one.key, one.value))
            ends[one.tp] += 1
        judged = judge(raw for raw in self.raw if raw.kind not in OF_LEADS)
        #: (kind, outcome, reason) → records
        self.places: Counter[tuple[str, str, str]] = judged.places
        reference = told_of(judged)
        #: The prefix of a sort of rows, and how many of it all state logs together must have.
        self.rows = {b"v": reference.units("person"), b"m": reference.units("message")}
        edge_ms = max((event.at_ms for event in judged.events), default=0) + 1
        span = Window(SHORT, edge_ms - 3_600_000, edge_ms)
        #: In the short window; where people are followed, leads are people and no visitors.
        self.figures: dict[str, dict[Labels, Any]] = {
            name: {labels: one.value for labels, one in reference.between(name, span).items() if one.value}
            for name in FIGURES
            if not (name == "leads" and on.followed)
        }
        #: Rows and account of a shard that read these records and to which nothing ever happened: what comes by way of
        #: another shard lies in another order in each run, and is the same.
        self.plain: dict[object, Any] = {}
        #: In the long window: (metric, labels) → value, if nothing ever happens.
        self.people: Mapping[tuple[str, Labels], Any] = self._people() if on.followed else {}

    def _people(self) -> dict[tuple[str, Labels], Any]:
        """Read all records by one shard of each group."""
        records: dict[Any, list[Any]] = {}
        for raw in sorted(self.raw, key=lambda raw: (raw.timestamp_ms, raw.partition, raw.offset)):
            records.setdefault(raw.kind, []).append((raw.offset, raw.timestamp_ms, raw.key, raw.value, ()))
        found = straight(records, {name: GROUPS[name] for name in self.installation.shards}, windows=(LONG,))
        return {
            (metric, labels): one.value
            for (metric, labels, window), one in found.items()
            if window == LONG and metric in (*LEAD_FIGURES, "leads")
        }


@cache
def expected(place: int, followed: bool, number: int) -> Expected:
    """Give what a stream of an installation comes to."""
    return Expected(installation(place, followed), number)


def all_expected() -> None:
    """Work out all streams there are, so that processes forked from here on share them."""
    for followed, places, streams in ((False, PLAIN, STREAMS), (True, FOLLOWED, FOLLOWED_STREAMS)):
        for place, number in product(range(len(places)), range(streams)):
            expected(place, followed, number)
