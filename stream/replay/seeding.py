"""Seeding: the hours of a history out of events, by the engine, step by step and in order of arrival.

In:  lines of NDJSON.
Out: readings of every full hour, each as a worker knew it then; kinds that say nothing of their arrival.

Ads, cost and crm come late by their nature: without the time of their arrival a step would know what nobody knew then.
Such kinds are left out as a whole, and what rests on them is not to be filled in. A day and more in which no line
arrived is no quiet time but a file that is missing: windows that reach into it are holes.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Final

from stream.changes.panes import DAY_MS, HOUR_MS
from stream.contract.readings import Reading
from stream.judge.history import SLOTS
from stream.replay.replay import Placed, ReplayOptions
from stream.replay.steps import Steps, Stepwise
from stream.serve.prometheus import Snapshot

#: Kinds that are told later than they happen.
LATE: Final = frozenset({"ad", "cost", "crm", "signal"})


class Hours(Stepwise):
    """Reads every full hour that a history reaches back to."""

    def __init__(self, options: ReplayOptions) -> None:
        """Take options without windows: those that are kept are read."""
        first_ms = (options.now_ms // HOUR_MS - SLOTS + 1) * HOUR_MS
        super().__init__(options, Steps(HOUR_MS, first_ms), order="arrival")
        self.without: frozenset[str] = frozenset()
        self._gaps: list[tuple[int, int]] = []

    def _of_kinds_read(self, lines: list[Placed]) -> list[Placed]:
        self.without = frozenset(line.kind for _, line in lines if line.kind in LATE and not line.arrived)
        return super()._of_kinds_read([placed for placed in lines if placed[1].kind not in self.without])

    def placed(self, lines: Iterable[bytes]) -> list[Placed]:
        """Put lines in their order, and see where none arrived for a day."""
        placed = super().placed(lines)
        times = [time_ms for time_ms, line in placed if line.time_ms is not None]
        self._gaps = [(a, b) for a, b in pairwise(times) if b - a > DAY_MS]
        return placed

    def whole(self, snapshot: Snapshot) -> list[Reading]:
        """Give the readings of a step whose windows reach into no gap."""
        end_ms = snapshot.as_of_ms
        before = [to_ms for from_ms, to_ms in self._gaps if from_ms < end_ms]
        if not before:
            return list(snapshot.readings)
        return [one for one in snapshot.readings if one.window_start_ms is None or one.window_start_ms >= before[-1]]
