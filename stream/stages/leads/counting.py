"""Counting: what a cluster counts for, before and after whatever happens to it.

In:  homes that are about to change; the clock; rules.
Out: one difference a cluster and fold, as changes of cells; what of each lead has changed.

A row says by which clock and which rules it was counted last, so that what is taken back is what was told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import NamedTuple

from stream.changes.accumulator import Accumulator
from stream.changes.cells import Cell
from stream.identity.ids import FIELDS, Id
from stream.lifecycle.rules import Rules
from stream.stages.leads.clusters import EVIDENCE, groups, lives, visitor_of
from stream.stages.leads.due import Due
from stream.stages.leads.life import view
from stream.stages.leads.rows import decoded, tag
from stream.stages.leads.rulebook import Rulebook
from stream.stages.leads.store import Home
from stream.stages.leads.view import View
from stream.stages.stage import Shared

#: Takes a cell, the moment it is of (None: it stands) and an amount.
Out = Callable[[Cell, int | None, int], None]
#: Tells all that a lead counts for: site, view, rules, (label, value) → a value that may be shown.
Counted = Callable[[str, View, Rules, Callable[[str, str | None], str], Out], None]


class Lead(NamedTuple):
    """One lead of a cluster: its ids, and what it amounts to."""

    ids: list[Id]
    view: View
    visitors: int  # of whom something is known


class Sum:
    """What a cluster counts for, by cell and pane (None: it stands), and its leads."""

    __slots__ = ("cells", "due_ms", "expired", "largest", "leads")

    def __init__(self) -> None:
        self.cells: dict[tuple[Cell, int | None], int] = {}
        self.leads: list[Lead] = []
        self.expired: list[Id] = []  # ids of those of whom nothing was heard for long
        self.due_ms = 0
        self.largest = 0


#: Is told what a cluster was and what it is now.
Changed = Callable[[Home, Sum, Sum], None]


class Counting:
    """Takes what clusters counted for before they change, and writes the difference when all has changed."""

    def __init__(self, shared: Shared, book: Rulebook, counted: Counted, changed: Changed) -> None:
        """Take what says for what a lead counts, and what is told of each cluster that changed."""
        self._pane, self._sites, self._admit = shared.grid.pane, shared.sites, shared.admit
        self._book, self._counted, self._changed = book, counted, changed
        self._before: dict[Id, tuple[Home, Sum]] = {}
        self.accumulator = Accumulator()
        self.clock_ms = 0
        self.dropped = 0  # facts, for want of room
        self.due = Due()
        #: site → ids of a lead → how many clusters have such a one as their largest
        self.sizes: dict[str, Counter[int]] = {}

    @property
    def number(self) -> int:
        """Give the number of the rules of today."""
        return self._book.number

    @property
    def rules(self) -> Rules:
        """Give the rules of today."""
        return self._book.today

    def touch(self, home: Home) -> None:
        """Note what a cluster counts for: it is about to change."""
        if home.id not in self._before:
            row = home.row
            self._before[home.id] = home, self.sum(home, row.counted_ms, row.rules)

    def settle(self) -> None:
        """Write what changed: one difference a cluster, whatever happened to it."""
        touched, self._before = self._before, {}
        for home, before in touched.values():
            self._settle(home, before)

    def take_out(self, home: Home, change: Callable[[], None], *, silently: bool = False) -> None:
        """Let somebody go: what they count for in panes stays, what stands is taken back; silently: that stays, too."""
        touched = self._before.pop(home.id, None)
        if touched is not None:
            self._settle(*touched)
        before = self.sum(home, home.row.counted_ms, home.row.rules)
        change()
        after = self._counted_anew(home)
        if not silently:
            write(self.accumulator, before, after, standing_only=True)

    def _settle(self, home: Home, before: Sum) -> None:
        for part in home.parts.values():
            self.dropped += part.bound()
        after = self._counted_anew(home)
        write(self.accumulator, before, after)
        self._changed(home, before, after)

    def _counted_anew(self, home: Home) -> Sum:
        """Work out what a cluster counts for now, and note by what it was counted."""
        row = home.row
        row.counted_ms, row.rules = max(row.counted_ms, self.clock_ms), self._book.number
        after = self.sum(home, row.counted_ms, row.rules)
        self.due.move(home.key, row.due_ms, after.due_ms)
        self.size(row.site, row.largest, -1)
        row.due_ms, row.leads, row.largest = after.due_ms, len(after.leads), after.largest
        self.size(row.site, row.largest, 1)
        home.changed = True
        return after

    def size(self, site: str, largest: int, sign: int) -> None:
        """Note one cluster more (1) or less (−1) whose largest lead has so many ids."""
        if largest:
            self.sizes.setdefault(site, Counter())[largest] += sign

    def sum(self, home: Home, clock_ms: int, number: int) -> Sum:
        """Work out what a cluster counts for."""
        out, row = Sum(), home.row
        if not row.site:
            return out
        site, rules = self._sites[row.site], self._book.rules(number)
        cells, pane = out.cells, self._pane

        def count(cell: Cell, time_ms: int | None, amount: int) -> None:
            key = cell, None if time_ms is None else pane(time_ms)
            cells[key] = cells.get(key, 0) + amount

        for id in row.gone:
            count(("shared_id", site, FIELDS[id.type]), None, 1)
        parts = home.parts
        if not any(part.tells_of_a_lead for part in parts.values()):
            return out
        alone = {*row.gone, *(id for id, part in parts.items() if self._book.ignores(number, id.type, part.text))}
        for group in groups(list(parts), row.edges, alone, rules.largest):
            facts: dict[bytes, None] = {}
            for id in group:
                part = parts.get(id)
                if part is not None:
                    facts.update(part.facts)
                    if part.ways:
                        facts.update((fact, None) for _, fact in part.ways)
            if any(map(EVIDENCE.__contains__, map(tag, facts))):
                self._lead(out, site, group, facts, clock_ms, rules, count)
        return out

    def _lead(
        self, out: Sum, site: str, group: list[Id], facts: Mapping[bytes, None], clock_ms: int, rules: Rules, count: Out
    ) -> None:
        """Count each life of a group; the last one is what it is now."""
        found: View | None = None
        for life in lives(decoded(facts), rules.memory_ms):
            found = view(life, clock_ms, rules)
            if found is not None:
                self._counted(site, found, rules, self._admit, count)
                if found.due_ms:
                    out.due_ms = min(out.due_ms, found.due_ms) if out.due_ms else found.due_ms
        if found is None:
            return
        if found.expired_ms:
            out.expired += group
            return
        out.leads.append(Lead(group, found, len({text for text in map(visitor_of, life) if text})))
        if group[0].strong:
            count(("identified", site), None, 1)
            out.largest = max(out.largest, len(group))


def write(accumulator: Accumulator, before: Sum, after: Sum, *, standing_only: bool = False) -> None:
    """Write the difference of two sums; `standing_only`: what is in panes stays as it was counted."""
    was, now = before.cells, after.cells
    for key, amount in now.items():
        _change(accumulator, key, amount - was.get(key, 0), standing_only)
    for key, amount in was.items():
        if key not in now:
            _change(accumulator, key, -amount, standing_only)


def _change(accumulator: Accumulator, key: tuple[Cell, int | None], amount: int, standing_only: bool) -> None:
    cell, pane = key
    if not amount:
        return
    if pane is None:
        accumulator.stand(cell, amount)
    elif not standing_only:
        accumulator.add(cell, pane, amount)
