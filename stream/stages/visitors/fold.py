"""Fold: a person's events of one batch into their row, and the difference it makes into the accumulator.

In:  facts gathered by person.
Out: changed rows, changes of cells, and which events were flood.

Most events come in order and belong to the session that is open: for them the difference is written at once, by the
incremental way. Everything else takes the reference way: sum up what the row counts for, change the row, write the
difference. Laws hold the two ways together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from operator import attrgetter
from typing import Any

from stream.changes.accumulator import Accumulator
from stream.changes.panes import Grid
from stream.stages.stage import Natively
from stream.stages.visitors.bounds import DEFAULT_BOUNDS, Bounds
from stream.stages.visitors.contribution import Contributions
from stream.stages.visitors.counted_by import CountedBy, PeopleRows
from stream.stages.visitors.facts import Fact, Facts, People
from stream.stages.visitors.fit import fitting
from stream.stages.visitors.following import Following
from stream.stages.visitors.incremental import Incremental
from stream.stages.visitors.known import KnownPeople
from stream.stages.visitors.native import people_core
from stream.stages.visitors.reference_way import fold_by_reference, forget
from stream.stages.visitors.row import Extra, Row, decode, encode
from stream.stages.visitors.sightings import Moment
from stream.state.rows import Rows

_in_order = attrgetter("time_ms", "source", "id")


class PeopleFold:
    """The people of one shard: rows at rest stay encoded, as in the log."""

    def __init__(
        self,
        grid: Grid,
        facts: Facts,
        memory_ms: int,
        bounds: Bounds = DEFAULT_BOUNDS,
        *,
        look_back_ms: int = 0,
        always_reference: bool = False,
        following: Following | None = None,
        native: Any = None,
    ) -> None:
        """Take `native`, the module of the compiled core, which folds common cases; None: all is done here."""
        self.grid = grid
        self.facts = facts
        self.memory_ms = memory_ms
        self._look_back_ms = look_back_ms
        self._bounds = bounds
        self.counted_by = CountedBy(look_back_ms)
        self.rows: Rows = PeopleRows(memory_ms, self.counted_by)
        self.known = KnownPeople()
        #: Fields of events that found no room in their rows, as the account names them.
        self.noted: Counter[str] = Counter()
        self._contributions = Contributions(grid, look_back_ms)
        self._incremental = Incremental(grid, facts, self._contributions, bounds)
        self._always_reference = always_reference  # for the test that holds the two ways together
        self._following = following
        self.core: Any = None
        if native is not None:
            namer = None if following is None else following.namer
            self.core = people_core(native, grid, facts, memory_ms, bounds, look_back_ms, namer)

    def fold(self, people: Mapping[str, list[Fact]], accumulator: Accumulator) -> list[Fact]:
        """Fold facts gathered by person; give those of events that were flood."""
        if people and self.core is not None and not self._always_reference:
            people, large = self.core.fold(people, self, accumulator)
            self._fit(large)
        return self._fold(people, accumulator)

    def fold_kept(self, kept: Natively, waiting: People, accumulator: Accumulator) -> None:
        """Fold what went the native way, as far as the core does; `waiting` gets the facts of what is left over."""
        if self.core is None or self._always_reference:
            saying = kept.people(waiting)
        else:
            large, saying = kept.fold_people(self.core, waiting, self, accumulator)
            self._fit(large)
        if saying and self._following is not None:
            self._following.take_back(saying)

    def forget(self) -> None:
        """Forget whose names were told: somebody was erased where they were told."""
        if self._following is not None:
            self._following.teller.forget()
        if self.core is not None:
            self.core.forget()

    def _fit(self, keys: Iterable[str]) -> None:
        """Make rows smaller that were folded by the core, and are larger than they may be."""
        encoded, most_bytes = self.rows.encoded, self._bounds.row_bytes
        for key in keys:
            encoded[key] = fitting(decode(encoded[key]), most_bytes, self._look_back_ms, self.memory_ms)

    def _fold(self, people: Mapping[str, list[Fact]], accumulator: Accumulator) -> list[Fact]:
        contributions, incremental = self._contributions, self._incremental
        contributions.into(accumulator)
        incremental.into(accumulator)
        encoded, dirty, sites = self.rows.encoded, self.rows.dirty, self.facts.sites
        memory_ms, most_bytes = self.memory_ms, self._bounds.row_bytes
        flood: list[Fact] = []
        always_reference, following = self._always_reference, self._following
        noted, loaded = self.known.noted, self.known.rows.sums
        said, outside = ((), ()) if following is None else following.concerned
        for key, facts in people.items():
            if len(facts) > 1:
                before_ms = -1
                for fact in facts:  # mostly they came in order: then looking is a third of what sorting costs
                    if fact.time_ms <= before_ms:
                        facts.sort(key=_in_order)
                        break
                    before_ms = fact.time_ms
                if facts[-1].time_ms - facts[0].time_ms > memory_ms and (back := _back_again(facts, memory_ms)):
                    flood += self._fold({key: facts[:back]}, accumulator)
                    facts = facts[back:]
            site = sites[facts[0].site_id]
            raw = encoded.get(key)
            row = None if raw is None else decode(raw)
            if row is not None and facts[0].time_ms - row.last > memory_ms:
                row = None  # not seen for longer than people are remembered
            key_ms = done = 0
            if row is None and (hash(key) in noted or loaded) and (known := self.known.last(key)):
                row = Row(0, [], extra=Extra(known=known))
            elif row is not None and row.extra is not None:
                key_ms = max(row.extra.known, last_key(row))
            if always_reference:
                row = row or Row(0, [])
            elif row is None:
                row, done = incremental.begin(site, facts)
            elif row.sessions:
                done = incremental.extend(site, row, facts)
            flooded, is_left = len(flood), done < len(facts)
            if is_left:
                flood += fold_by_reference(contributions, self.facts, self._bounds, row, site, facts[done:], self.noted)
            if following is not None and (
                (is_left and row.extra is not None) or incremental.tells or key in said or key in outside
            ):
                incremental.tells = False
                following.person(key, raw, row, facts[-1].time_ms, flood[flooded:])
            if is_left:
                forget(row, memory_ms, self._bounds, self._look_back_ms)
            # of a session that was folded away in this very call the row knows no more than its extra
            if (extra := row.extra) is not None and (newest_ms := max(extra.known, last_key(row))) > key_ms:
                self.known.note(key, newest_ms)
            raw = encode(row)
            encoded[key] = raw if len(raw) <= most_bytes else fitting(row, most_bytes, self._look_back_ms, memory_ms)
            dirty.add(key)
        incremental.flush()
        if following is not None:
            following.flush()
        return flood

    def claim(self, key: str, moments: list[Moment]) -> None:
        """Take what the crm says of a visitor: as whom they were seen, and when."""
        following = self._following
        assert following is not None, "nobody claims a visitor where nobody is followed"
        raw = self.rows.encoded.get(key)
        row = None if raw is None else decode(raw)
        following.claim(key, raw, row, moments)
        if row is not None and (now := encode(row)) != raw:
            self.rows.put(key, now)


def last_key(row: Row) -> int:
    """Give when the sessions of a row last had a key event; 0 is never."""
    return max([session.last_key for session in row.sessions], default=0)


def _back_again(facts: list[Fact], memory_ms: int) -> int:
    """Give the place of the last fact that follows a gap in which the person was forgotten; 0 without one."""
    for at in range(len(facts) - 1, 0, -1):
        if facts[at].time_ms - facts[at - 1].time_ms > memory_ms:
            return at
    return 0
