"""Store: rows of homes while they are worked on.

In:  encoded rows of homes and parts.
Out: homes, decoded once a fold however often they are asked for, and written back where they changed.
"""

from __future__ import annotations

from msgspec import Raw

from stream.identity.ids import Id
from stream.identity.messages import Puts
from stream.identity.packed import FACTS, unknown
from stream.stages.leads.known import MOST_FACTS, Known
from stream.stages.leads.rows import (
    NOTHING,
    Part,
    Quiet,
    Row,
    Told,
    encode,
    is_quiet,
    key,
    part_of,
    quiet_of,
    row_of,
    told_of,
)
from stream.stages.leads.tables import Encoded
from stream.state.keys import LEAD_HOMES, LEAD_PARTS


class Home:
    """An id at its home: a node of what was named together and, where it has no parent, the root of a cluster."""

    __slots__ = ("_parts", "_table", "_told", "changed", "id", "key", "row")

    def __init__(self, id: Id, named: bytes, row: Row, parts: Encoded) -> None:
        self.id, self.row, self.key = id, row, named
        self._table = parts
        self._parts: dict[Id, Known] | None = None
        self._told: list[Told] | None = None
        self.changed = False

    # the cluster ------------------------------------------------------------------------------------------

    @property
    def parts(self) -> dict[Id, Known]:
        """Give the parts of the cluster by their ids; the root's own comes first."""
        found = self._parts
        if found is None:
            row, rows = self.row, self._table.rows
            found = self._parts = {}
            if row.own is not None:
                found[self.id] = Known(row.own, row.version)
            for id in row.members:
                found[id] = Known(part_of(rows[self.key + key(id)]), row.version)
            if row.version != FACTS:
                row.version = FACTS
                self.changed = True
        return found

    @property
    def told(self) -> list[Told]:
        """Give what was told of the leads of the cluster; whoever changes it says so."""
        if self._told is None:
            self._told = told_of(self.row.told)
        return self._told

    @told.setter
    def told(self, told: list[Told]) -> None:
        self._told = told

    def part(self, id: Id) -> Known:
        """Give the part of an id, a new one where there is none."""
        parts = self.parts
        found = parts.get(id)
        if found is None:
            found = parts[id] = Known()
            found.changed = self.changed = True
            if id != self.id:
                self.row.members.append(id)
        return found

    def remove(self, id: Id) -> None:
        """Remove a part."""
        if self.parts.pop(id, None) is not None:
            self.changed = True
            if id != self.id:
                self.row.members.remove(id)
                self._table.remove(self.key + key(id))

    def clear(self) -> None:
        """Forget all that is here."""
        for id in list(self.parts):
            self.remove(id)
        self.row, self.changed, self._told = Row(0), True, None

    @property
    def has_cluster(self) -> bool:
        """Tell whether anything is known here or comes here, names aside."""
        row = self.row
        return bool(row.edges or row.gone or row.members or row.awaits) or (row.own is not None and not self._bare)

    @property
    def _bare(self) -> bool:
        own = self.parts.get(self.id)
        return own is None or own.empty

    # writing ----------------------------------------------------------------------------------------------

    def write(self, homes: Encoded) -> None:
        """Write what changed; a home of which nothing is left is removed."""
        row, parts = self.row, self._parts
        if self._told is not None:
            row.told = Raw(encode(self._told))
        if parts is not None:
            own = parts.get(self.id)
            if own is None:
                row.own = None
            elif own.changed:
                row.own = own.part()
                own.changed = False
            for id in row.members:
                if parts[id].changed:
                    self._table.put(self.key + key(id), encode(parts[id].part()))
                    parts[id].changed = False
        self.changed = False
        if row.own is None and self.bare:
            homes.remove(self.key)
        else:
            homes.put(self.key, encode(row))

    @property
    def bare(self) -> bool:
        """Tell whether nothing is left to be kept."""
        row = self.row
        return not (
            row.own or row.members or row.edges or row.gone or bytes(row.told) != NOTHING
            or row.parent or row.shared or row.near or row.visitors or row.deals
            or row.awaits or row.silent or row.children
        )  # fmt: skip


class Store:
    """The homes of one shard."""

    def __init__(self) -> None:
        self.homes = Encoded(LEAD_HOMES)
        self.parts = Encoded(LEAD_PARTS)
        self._open: dict[Id, Home] = {}

    def get(self, id: Id) -> Home | None:
        """Give the home of an id, None where nothing is known of it."""
        found = self._open.get(id)
        if found is None:
            named = key(id)
            raw = self.homes.rows.get(named)
            if raw is None:
                return None
            found = self._open[id] = Home(id, named, row_of(raw), self.parts)
        return found

    def make(self, id: Id) -> Home:
        """Give the home of an id, a new one where nothing is known of it."""
        found = self._open.get(id)
        if found is None:
            named = key(id)
            raw = self.homes.rows.get(named)
            found = self._open[id] = Home(id, named, Row(0) if raw is None else row_of(raw), self.parts)
        return found

    def add(self, told: Puts, clock_ms: int, rules: int) -> bool:
        """Add facts to what is known of somebody who is nobody's lead, with or without them; tell whether it is so.

        Nothing is counted and nobody is to be told, so it is done in the row as it lies. `rules` is their number.
        """
        id = told.at
        if id in self._open or (told.id is not None and told.id != id):
            return False
        named = key(id)
        raw = self.homes.rows.get(named)
        row: Quiet | Row
        if raw is None:
            row = Quiet(0, 0, 0, rules, 0, 0, "", 0, None, False, (), (), (), FACTS, Part())
        elif is_quiet(raw):
            row = quiet_of(raw)
        else:
            row = row_of(raw)
            if row.parent is not None or row.gone or row.members or row.edges:
                return False
        own, first = row.own, (told.seen_ms, told.seen_id)
        if own is None or own.evident or row.version != FACTS or row.rules not in (0, rules):
            return False
        n, facts = unknown(len(told.letters), told.facts, own.facts)
        if own.n + n > MOST_FACTS:
            return False
        newest_ms, oldest_ms = max(clock_ms, told.newest_ms), told.oldest_ms
        if told.site and not (own.site and first >= (own.first_ms, own.first_id)):
            own.site, own.text, own.first_ms, own.first_id = told.site, told.text, *first
            row.site = told.site
            newest_ms = max(newest_ms, told.seen_ms)
            oldest_ms = min(oldest_ms, told.seen_ms) if oldest_ms and told.seen_ms else oldest_ms or told.seen_ms
        own.n, own.facts, row.rules = own.n + n, own.facts + facts, rules
        row.newest_ms = max(row.newest_ms, newest_ms)
        if oldest_ms and (oldest_ms < row.oldest_ms or not row.oldest_ms):
            row.oldest_ms = oldest_ms
        self.homes.put(named, encode(row))
        return True

    def write(self) -> None:
        """Write what changed, and begin anew."""
        for home in self._open.values():
            if home.changed:
                home.write(self.homes)
        self._open.clear()


def id_of(key: bytes) -> Id:
    """Read an id from the first 19 bytes of a key."""
    return Id(key[0], key[1:17], key[17] << 8 | key[18])
