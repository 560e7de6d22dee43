"""Fold: a person's events of one batch into their row, and the difference it makes into the accumulator.

In:  facts gathered by person.
Out: changed rows, changes of cells, and which events were flood.

Most events come in order and belong to the session that is open: for them the difference is written directly
(`in_order`). Everything else takes the general way: sum up what the row counts for, change the row, write the
difference. A property test holds the two ways together.
"""

from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter

from stream.changes.accumulator import Accumulator
from stream.changes.panes import Grid
from stream.stages.visitors.bounds import DEFAULT_BOUNDS, Bounds
from stream.stages.visitors.contribution import Contributions
from stream.stages.visitors.facts import Fact, Facts
from stream.stages.visitors.fit import fitting
from stream.stages.visitors.incremental import InOrder
from stream.stages.visitors.reference_way import fold_general
from stream.stages.visitors.row import Row, decode, encode
from stream.state.keys import PEOPLE
from stream.state.rows import Rows

_by_time_and_id = itemgetter(0, 1)


class PeopleFold:
    """The people of one shard: rows at rest stay encoded, as in the log."""

    def __init__(
        self, grid: Grid, facts: Facts, memory_ms: int, bounds: Bounds = DEFAULT_BOUNDS, *, always_general: bool = False
    ) -> None:
        self.grid = grid
        self.facts = facts
        self.memory_ms = memory_ms
        self._bounds = bounds
        self.rows = Rows(PEOPLE, memory_ms)
        self._contributions = Contributions(grid)
        self._in_order = InOrder(grid, facts, self._contributions, bounds)
        self._always_general = always_general  # for the test that holds the two ways together

    def fold(self, people: Mapping[str, list[Fact]], accumulator: Accumulator) -> list[Fact]:
        """Fold facts gathered by person; give those of events that were flood."""
        contributions, direct = self._contributions, self._in_order
        contributions.into(accumulator)
        direct.into(accumulator)
        encoded, dirty, sites = self.rows.encoded, self.rows.dirty, self.facts.sites
        memory_ms, always_general, most_bytes = self.memory_ms, self._always_general, self._bounds.row_bytes
        flood: list[Fact] = []
        for key, facts in people.items():
            if len(facts) > 1:
                facts.sort(key=_by_time_and_id)
                if facts[-1][0] - facts[0][0] > memory_ms and (back := _back_again(facts, memory_ms)):
                    flood += self.fold({key: facts[:back]}, accumulator)
                    facts = facts[back:]
            site = sites[facts[0][9]]
            raw = encoded.get(key)
            row = None if raw is None else decode(raw)
            if row is not None and facts[0][0] - row.last > memory_ms:
                row = None  # not seen for longer than people are remembered: a new visitor
            done = 0
            if always_general:
                row = row or Row(0, 0, 0, [])
            elif row is not None:
                done = direct.extend(site, row, facts)
            else:
                row, done = direct.begin(site, facts)
            if done < len(facts):
                flood += fold_general(contributions, self.facts, memory_ms, self._bounds, row, site, facts[done:])
            raw = encode(row)
            encoded[key] = raw if len(raw) <= most_bytes else fitting(row, most_bytes)
            dirty.add(key)
        direct.flush()
        return flood


def _back_again(facts: list[Fact], memory_ms: int) -> int:
    """Give the place of the last fact that follows a gap in which the person was forgotten; 0 without one."""
    for at in range(len(facts) - 1, 0, -1):
        if facts[at][0] - facts[at - 1][0] > memory_ms:
            return at
    return 0
