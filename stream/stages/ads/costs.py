"""Costs: what was spent outside the ad platforms, as totals of periods.

In:  cost events with their times.
Out: totals; marks that say until when the costs of a site are known.

A cost is of its whole period whenever it is told: a licence is paid ahead, and a month's salaries before the month is
over. Until when costs are known is the end of the newest period that has begun.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from typing import Any

from stream.changes.accumulator import Accumulator
from stream.changes.cells import Cell
from stream.contract.records import UNIT
from stream.contract.times import parse_ms
from stream.stages.ads.restated import Restated
from stream.stages.ads.totals import COST, Total

#: Takes the name of a mark and what it rises to.
Rise = Callable[[str, int], None]


class Costs:
    """The costs of one shard."""

    def __init__(self, totals: Restated, admit: Callable[[str, str | None], str], rise: Rise) -> None:
        self._totals, self._admit, self._rise = totals, admit, rise
        # start, name and end of periods that have not begun: as a heap; None: not read off the totals yet
        self._ahead: list[tuple[int, str, int]] | None = None

    def add(self, event: Any, time_ms: int, accumulator: Accumulator) -> None:
        """Take what was spent in a period."""
        data = event.data
        start, end = _ms(data.period_start), _ms(data.period_end)
        cell: Cell = (
            COST,
            self._admit("site", data.site_id),
            self._admit("category", data.category),
            self._admit("currency", data.currency),
        )
        name = event.source + UNIT + event.id
        total = Total(max(time_ms, end), data.revision, time_ms, name, start, end, data.amount_micros, list(cell))
        # rows of ads have more parts, so that no key of theirs is one of these
        self._totals.restate(UNIT.join((COST, data.site_id, data.category, data.currency)), total, accumulator)
        self._rise(f"total/{UNIT.join(map(str, cell))}", end)
        if start < time_ms:
            self._rise(_mark(cell), end)
        elif self._ahead is not None:
            heapq.heappush(self._ahead, (start, _mark(cell), end))

    def advance(self, now_ms: int) -> None:
        """Let marks rise to the ends of periods that have begun since they were told."""
        if self._ahead is None:
            told = (total for total in self._totals.of(COST) if total.cell[0] == COST)
            self._ahead = [
                (total.start, _mark(total.cell), total.end) for total in told if total.start >= total.reported
            ]
            heapq.heapify(self._ahead)
        while self._ahead and self._ahead[0][0] < now_ms:
            _, name, end = heapq.heappop(self._ahead)
            self._rise(name, end)


def _mark(cell: Sequence[str | int | None]) -> str:
    _, site, _, currency = cell
    return f"cost/{site}{UNIT}{currency}"


def _ms(text: str) -> int:
    """Read a moment that the decoder has found to be one."""
    moment = parse_ms(text)
    if moment is None:
        raise ValueError("a period has no readable edges")
    return moment
