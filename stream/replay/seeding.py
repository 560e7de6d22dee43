"""Seeding: the hours of a history out of events, by the engine, step by step and in order of arrival.

In:  lines of NDJSON.
Out: readings of every full hour, each as a worker knew it then; kinds that say nothing of their arrival.

Ads, cost and crm come late by their nature: without the time of their arrival a step would know what nobody knew then.
Such kinds are left out as a whole, and what rests on them is not to be filled in.
"""

from __future__ import annotations

from typing import Final

from stream.changes.panes import HOUR_MS
from stream.judge.history import SLOTS
from stream.replay.replay import Placed, ReplayOptions
from stream.replay.steps import Steps, Stepwise

#: Kinds that are told later than they happen.
LATE: Final = frozenset({"ad", "cost", "crm", "signal"})


class Hours(Stepwise):
    """Reads every full hour that a history reaches back to."""

    def __init__(self, options: ReplayOptions) -> None:
        """Take options without windows: those that are kept are read."""
        first_ms = (options.now_ms // HOUR_MS - SLOTS + 1) * HOUR_MS
        super().__init__(options, Steps(HOUR_MS, first_ms), order="arrival")
        self.without: frozenset[str] = frozenset()

    def _of_kinds_read(self, lines: list[Placed]) -> list[Placed]:
        self.without = frozenset(line.kind for _, line in lines if line.kind in LATE and not line.arrived)
        return super()._of_kinds_read([placed for placed in lines if placed[1].kind not in self.without])
