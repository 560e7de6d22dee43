"""Counting: what a cluster counts for, before and after whatever happens to it.

In:  homes that are about to change; the clock; rules.
Out: one difference a cluster and fold, as changes of cells; what of each lead has changed.

A row says by which clock and which rules it was counted last, so that what is taken back is what was told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Final, NamedTuple, Protocol

from stream.changes.accumulator import Accumulator, CellIds
from stream.changes.cells import Cell
from stream.identity.facts import Deal, Fact, Held, Refund, Visit
from stream.identity.ids import FIELDS, Id
from stream.lifecycle.rules import Rules
from stream.stages.leads.bundles import Bundle
from stream.stages.leads.calm import Step, calm_of, eased, step
from stream.stages.leads.clusters import groups, lives, visitor_of
from stream.stages.leads.due import Due
from stream.stages.leads.known import Known
from stream.stages.leads.life import view
from stream.stages.leads.rows import Calm, decoded
from stream.stages.leads.rulebook import Rulebook
from stream.stages.leads.store import Home
from stream.stages.leads.view import View
from stream.stages.stage import Shared

#: Takes a cell, the moment it is of (None: it stands) and an amount.
Out = Callable[[Cell, int | None, int], None]
#: Takes cells that come together, all with one moment and amount.
Together = Callable[[Bundle, int | None, int], None]
#: (label, value) → a value that may be shown.
Admit = Callable[[str, str | None], str]


#: Bundles whose numbers are remembered.
_MOST_BUNDLES: Final = 16_384


class Counts(Protocol):
    """Says what leads count for; `contribution` does."""

    def counted(self, site: str, view: View, rules: Rules, admit: Admit, out: Out, together: Together) -> None:
        """Tell all that a lead counts for."""

    def changed(
        self, site: str, was: View, now: View, rules: Rules, admit: Admit, out: Out, together: Together
    ) -> None:
        """Tell by what a lead counts for more and less now."""

    def alive(self, site: str, stage: str, was_ms: int, now_ms: int, out: Out) -> None:
        """Tell that a lead that is open has given another sign of life."""

    def unattributed(self, site: str, deal: Deal, refunds: Collection[Refund], admit: Admit, out: Out) -> None:
        """Tell what a deal counts for that is of no lead, and the money of it that was given back."""


class Lead(NamedTuple):
    """One lead of a cluster: its ids, and what it amounts to."""

    ids: list[Id]
    view: View
    visitors: int  # of whom something is known


class Sum:
    """What a cluster amounts to."""

    __slots__ = ("calm", "due_ms", "expired", "largest", "leads", "shared", "views")

    def __init__(self) -> None:
        self.views: list[View] = []  # of all who count, those of long ago too
        self.leads: list[Lead] = []  # of those who are leads now
        self.expired: list[Id] = []  # ids of those of whom nothing was heard for long
        self.shared: list[str] = []  # types of ids that are shared
        self.due_ms = 0
        self.largest = 0
        self.calm: Calm | None = None

    @property
    def identified(self) -> int:
        """Give how many leads have an id that joins."""
        return sum(lead.ids[0].strong for lead in self.leads)


#: Is told what a cluster was and what it is now.
Changed = Callable[[Home, Sum, Sum], None]


class Counting:
    """Takes what clusters counted for before they change, and writes the difference when all has changed."""

    def __init__(self, shared: Shared, book: Rulebook, counts: Counts, changed: Changed) -> None:
        """Take what says for what leads count, and what is told of each cluster that changed."""
        self._grid = shared.grid.pane_ms, shared.grid.origin_ms
        self._sites, self._admit = shared.sites, shared.admit
        self._book, self._counts, self._changed = book, counts, changed
        self._ease = eased(book.today)
        self._before: dict[Id, tuple[Home, Sum]] = {}
        self._ids: CellIds | None = None  # those that the numbers below are of
        self._numbers: dict[Bundle, list[int]] = {}
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

    def calmly(self, home: Home, fact: Fact) -> Step | None:
        """Take a fact that changes next to nothing, and write the little; None where all must be worked out.

        Whoever has been touched is worked out anyway.
        """
        row = home.row
        if row.calm is None or row.rules != self._book.number or home.id in self._before:
            return None
        due_ms = row.due_ms
        taken = step(home, row.calm, fact, max(self.clock_ms, row.counted_ms), self._ease)
        if taken is None:
            return None
        self.due.move(home.key, due_ms, row.due_ms)
        if taken.active_ms:
            accumulator, (pane_ms, origin_ms) = self.accumulator, self._grid

            def out(cell: Cell, time_ms: int | None, amount: int) -> None:
                accumulator.add(cell, ((time_ms or 0) - origin_ms) // pane_ms, amount)

            self._counts.alive(self._sites[row.site], row.calm.stage, taken.active_ms, row.calm.active_ms, out)
        return taken

    def settle(self) -> None:
        """Write what changed: one difference a cluster, whatever happened to it."""
        touched, self._before = self._before, {}
        for home, before in touched.values():
            self._settle(home, before)

    def settle_one(self, home: Home) -> None:
        """Write what changed of one cluster so far, as if the fold ended here."""
        touched = self._before.pop(home.id, None)
        if touched is not None:
            self._settle(*touched)

    def take_out(self, home: Home, change: Callable[[], None], *, silently: bool = False) -> None:
        """Let somebody go: what they count for in panes stays, what stands is taken back; silently: that stays, too."""
        self.settle_one(home)
        number = home.row.rules
        before = self.sum(home, home.row.counted_ms, number)
        change()
        after = self._counted_anew(home)
        if not silently:
            self._write(home.row.site, before, after, number, standing_only=True)
        self._changed(home, before, after)

    def _settle(self, home: Home, before: Sum) -> None:
        for part in home.parts.values():
            self.dropped += part.bound()
        number = home.row.rules
        after = self._counted_anew(home)
        self._write(home.row.site, before, after, number)
        self._changed(home, before, after)
        home.row.calm = after.calm

    def _counted_anew(self, home: Home) -> Sum:
        """Work out what a cluster counts for now, and note by what it was counted."""
        row = home.row
        row.counted_ms, row.rules, row.calm = max(row.counted_ms, self.clock_ms), self._book.number, None
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
        """Work out what a cluster amounts to."""
        out, row, rules = Sum(), home.row, self._book.rules(number)
        if not row.site:
            return out
        out.shared = [FIELDS[id.type] for id in row.gone]
        parts = home.parts
        if len(parts) == 1 and not row.edges:  # as most
            ((id, only),) = parts.items()
            if only.evident:
                self._lead(out, home, [id], only.decoded(), clock_ms, rules)
            return out
        if not any(part.evident for part in parts.values()):
            return out
        for group in self.groups(home, number):
            some = [parts[id] for id in group if id in parts]
            if any(part.evident for part in some):
                self._lead(out, home, group, known_of(some), clock_ms, rules)
        return out

    def groups(self, home: Home, number: int) -> list[list[Id]]:
        """Say which ids of a cluster are one lead by some rules."""
        row, parts = home.row, home.parts
        alone = {*row.gone, *self._ignored(parts, number)} if row.edges else ()
        return groups(list(parts), row.edges, alone, self._book.rules(number).largest)

    def _ignored(self, parts: Mapping[Id, Known], number: int) -> list[Id]:
        return [id for id, part in parts.items() if self._book.ignores(number, id.type, part.text)]

    def _lead(self, out: Sum, home: Home, group: list[Id], known: list[Fact], clock_ms: int, rules: Rules) -> None:
        """Work out each life of a group; the last one is what it is now."""
        row, parts = home.row, home.parts
        found: View | None = None
        life: list[Fact] = []
        one = row.newest_ms - row.oldest_ms <= rules.memory_ms
        some = [known] if one else lives(known, rules.memory_ms)
        for life in some:
            found = view(life, clock_ms, rules)
            if found is not None:
                out.views.append(found)
                if found.due_ms:
                    out.due_ms = min(out.due_ms, found.due_ms) if out.due_ms else found.due_ms
        if found is None:
            return
        if found.expired_ms:
            out.expired += group
            return
        out.leads.append(Lead(group, found, visitors_of(life)))
        if len(some) == 1 and len(group) >= len(parts) and not row.gone and not row.awaits:
            out.calm = calm_of(found, life, clock_ms, rules)
        if group[0].strong:
            out.largest = max(out.largest, len(group))

    # writing ----------------------------------------------------------------------------------------------

    def _write(self, name: str, before: Sum, after: Sum, number: int, *, standing_only: bool = False) -> None:
        """Write the difference of two sums; `standing_only`: what is in panes stays as it was counted."""
        if not name:
            return
        site, rules, admit = self._sites[name], self.rules, self._admit
        accumulator, (pane_ms, origin_ms) = self.accumulator, self._grid
        counts, ids, stand = accumulator.counts, accumulator.ids, accumulator.stand
        up, down = accumulator.up, accumulator.down

        def out(cell: Cell, time_ms: int | None, amount: int) -> None:
            if time_ms is None:
                stand(cell, amount)
            elif not standing_only:  # what a lead counts for is dozens of cells: no call for each
                number = ids[cell] + (time_ms - origin_ms) // pane_ms
                if amount == 1:
                    up(number)
                elif amount == -1:
                    down(number)
                else:
                    counts[number] += amount

        def back(cell: Cell, time_ms: int | None, amount: int) -> None:
            out(cell, time_ms, -amount)

        if ids is not self._ids or len(self._numbers) > _MOST_BUNDLES:
            self._ids, self._numbers = ids, {}
        numbers = self._numbers

        def together(bundle: Bundle, time_ms: int | None, amount: int) -> None:
            if time_ms is None:
                for cell in bundle.cells:
                    stand(cell, amount)
            elif not standing_only:
                some = numbers.get(bundle)
                if some is None:
                    some = numbers[bundle] = [ids[cell] for cell in bundle.cells]
                pane = (time_ms - origin_ms) // pane_ms
                if amount == 1:
                    for one in some:
                        up(one + pane)
                elif amount == -1:
                    for one in some:
                        down(one + pane)
                else:
                    for one in some:
                        counts[one + pane] += amount

        def together_back(bundle: Bundle, time_ms: int | None, amount: int) -> None:
            together(bundle, time_ms, -amount)

        if number == self._book.number and len(before.views) == len(after.views) == 1:
            self._counts.changed(site, before.views[0], after.views[0], rules, admit, out, together)
        else:
            for one in before.views:
                self._counts.counted(site, one, self._book.rules(number), admit, back, together_back)
            for one in after.views:
                self._counts.counted(site, one, rules, admit, out, together)
        if before.identified != after.identified:
            out(("identified", site), None, after.identified - before.identified)
        if before.shared != after.shared:
            for type in before.shared:
                out(("shared_id", site, type), None, -1)
            for type in after.shared:
                out(("shared_id", site, type), None, 1)


def known_of(parts: Sequence[Known]) -> list[Fact]:
    """Give what is known of some ids, each fact once."""
    if len(parts) == 1:
        return parts[0].decoded()
    return decoded(dict.fromkeys(fact for part in parts for fact in part.every))


def visitors_of(facts: Iterable[Fact]) -> int:
    """Count the visitors whose sessions are known."""
    found = set()
    for fact in facts:
        if fact.__class__ is Visit or (fact.__class__ is Held and fact.fact.__class__ is Visit):
            found.add(visitor_of(fact))
    return len(found)
