"""Told: events of any kind given to the stage of ads as the engine gives them, and what came of it.

In:  data of events with their times.
Out: the stage, and what it wrote into an accumulator.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import orjson

from stream.changes.accumulator import Accumulator
from stream.changes.cells import Cell
from stream.changes.panes import DAY_MS, Grid
from stream.contract.kinds import KindName
from stream.contract.times import format_ms
from stream.ingest.columns import columns_of
from stream.ingest.decode import decode
from stream.stages.ads.fold import Ads
from stream.stages.stage import Shared
from stream.state.labels import LabelGuard, Labels, clean
from stream.windows.spreads import cumulative
from tests.events import data_of, event

#: Kind, time and data.
Told = tuple[KindName, int, dict[str, Any]]


class Teller:
    """A shard of ads, as far as its stage goes."""

    def __init__(self, followers: Sequence[tuple[str, str]] = (), most: int = 1_000) -> None:
        guard = LabelGuard(most)

        def admit(label: str, value: str | None) -> str:
            return guard.admit(label, clean(value))

        self.ads = Ads(Shared(Grid(pane_ms=1), admit, Labels("site", admit), 35 * DAY_MS), followers)
        self.accumulator = Accumulator()
        self.stands: Counter[Cell] = Counter()
        self.marks: dict[str, int] = {}
        self._told = 0

    def tell(self, *told: Told, named: str | None = None) -> None:
        """Fold events, each by itself; those without a name are numbered."""
        for kind, time_ms, data in told:
            self._told += 1
            said = event(kind, data_of(kind, **data), id=named or f"e{self._told:03}", time=format_ms(time_ms))
            decoded = decode(kind, [(0, time_ms, None, orjson.dumps(said), ())])
            assert not decoded.rejects, decoded.rejects
            self.ads.take(columns_of(kind, decoded))
        self.ads.fold(self.accumulator)
        self.note()

    def note(self) -> None:
        """Take what stands and what is marked."""
        for cell, amount in zip(*self.accumulator.take_standing(), strict=True):
            self.stands[cell] += int(amount)
        for name, ms in self.ads.marks().items():
            self.marks[name] = max(ms, self.marks.get(name, 0))

    def restarted(self, followers: Sequence[tuple[str, str]] = ()) -> Teller:
        """Give a shard that has loaded what this one stored."""
        again = Teller(followers)
        by_prefix = {table.prefix: table for table in again.ads.tables}
        for table in self.ads.tables:
            for key, value in table.changes():
                by_prefix[key[:1]].load(key, value)
        again.stands, again.marks, again._told = self.stands.copy(), dict(self.marks), self._told
        return again

    def spent(self, low_ms: int, high_ms: int, *labels: str) -> int:
        """Give what was spent in a stretch of time, by the first labels of its cells."""
        cell = ("marketing_cost", *labels)
        return sum(
            one.sign * (cumulative(one, high_ms) - cumulative(one, low_ms))
            for one in self.accumulator.spreads
            if one.cell[: len(cell)] == cell
        )
