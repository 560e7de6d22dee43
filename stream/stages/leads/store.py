"""Store: rows of homes while they are worked on.

In:  encoded rows of homes and parts.
Out: homes, decoded once a fold however often they are asked for, and written back where they changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Raw

from stream.identity.ids import Id
from stream.stages.leads.clusters import EVIDENCE, moment_of
from stream.stages.leads.messages import Moved
from stream.stages.leads.rows import (
    FACTS,
    NOTHING,
    Part,
    Row,
    decoded,
    encode,
    facts_in,
    key,
    listed,
    part_of,
    raws_of,
    row_of,
    tag,
)  # fmt: skip
from stream.stages.leads.tables import Encoded
from stream.state.keys import LEAD_HOMES, LEAD_PARTS

#: Facts about one id. No person is so busy: it bounds what a program can do that plays one.
MOST_FACTS: Final = 512

_NONE: Final = Raw(NOTHING)
_COUNTED: Final = ord("k")


class Known:
    """What is known about one id of a cluster: its name, and facts by their bytes, in the order in which they came."""

    __slots__ = ("changed", "facts", "first", "site", "text", "ways")

    def __init__(self, part: Part, version: int) -> None:
        self.site, self.text = part.site, part.text
        self.first = part.first_ms, part.first_id
        self.facts: dict[bytes, None] = dict.fromkeys(facts_in(raws_of(part.facts), version))
        ways = facts_in([fact for _, fact in part.ways], version)
        self.ways: dict[tuple[Id, bytes], None] = dict.fromkeys(zip([way for way, _ in part.ways], ways, strict=True))
        self.changed = False

    @property
    def empty(self) -> bool:
        """Tell whether no fact is known."""
        return not (self.facts or self.ways)

    @property
    def every(self) -> list[bytes]:
        """Give all facts, whichever way they came."""
        return [*self.facts, *(fact for _, fact in self.ways)]

    @property
    def tells_of_a_lead(self) -> bool:
        """Tell whether any fact may make a lead of somebody."""
        return any(tag(fact) in EVIDENCE for fact in self.every)

    def bound(self) -> int:
        """Keep no more facts than a part may have: of what is no evidence, money or record the oldest go first.

        Give how many went. Here alone the order of events matters, so whoever asks must say that it happened.
        """
        over = len(self.facts) + len(self.ways) - MOST_FACTS
        if over <= 0:
            return 0
        every: list[tuple[Id | None, bytes]] = [*((None, fact) for fact in self.facts), *self.ways]
        moments = [moment_of(fact) for fact in decoded(fact for _, fact in every)]
        weighty = [tag(fact) in EVIDENCE or tag(fact) == _COUNTED for _, fact in every]
        ranked = sorted(range(len(every)), key=lambda at: (weighty[at], moments[at], every[at][1]))
        for at in ranked[:over]:
            way, fact = every[at]
            if way is None:
                del self.facts[fact]
            else:
                del self.ways[way, fact]
        self.changed = True
        return over

    def name(self, site: str, text: str, first_ms: int, first_id: str) -> bool:
        """Learn the name, and when it was first told; False where that is no news."""
        first = first_ms, first_id
        if self.site and first >= self.first:
            return False
        self.site, self.text, self.first, self.changed = site, text, first, True
        return True

    def take(self, moved: Moved) -> None:
        """Take in what came from another root."""
        if moved.site:
            self.name(moved.site, moved.text, moved.first_ms, moved.first_id)
        self.facts.update(dict.fromkeys(facts_in(moved.facts, moved.version)))
        ways = [way for way, _ in moved.ways]
        self.ways.update(dict.fromkeys(zip(ways, facts_in([one for _, one in moved.ways], moved.version), strict=True)))
        self.changed = True

    def part(self) -> Part:
        """Give what is stored."""
        facts = Raw(listed(self.facts)) if self.facts else _NONE
        return Part(self.site, self.text, *self.first, facts, [(way, Raw(fact)) for way, fact in self.ways])


class Home:
    """An id at its home: a node of what was named together and, where it has no parent, the root of a cluster."""

    __slots__ = ("_parts", "_table", "changed", "id", "key", "row")

    def __init__(self, id: Id, row: Row, parts: Encoded) -> None:
        self.id, self.row, self.key = id, row, key(id)
        self._table = parts
        self._parts: dict[Id, Known] | None = None
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
                for part in found.values():
                    part.changed = True
                self.changed = True
        return found

    def part(self, id: Id) -> Known:
        """Give the part of an id, a new one where there is none."""
        parts = self.parts
        found = parts.get(id)
        if found is None:
            found = parts[id] = Known(Part(), FACTS)
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
        self.row, self.changed = Row(0), True

    @property
    def has_cluster(self) -> bool:
        """Tell whether anything is known here, names aside."""
        row = self.row
        return bool(row.edges or row.gone or row.members) or (row.own is not None and not self._bare)

    @property
    def _bare(self) -> bool:
        own = self.parts.get(self.id)
        return own is None or own.empty

    # writing ----------------------------------------------------------------------------------------------

    def write(self, homes: Encoded) -> None:
        """Write what changed; a home of which nothing is left is removed."""
        row, parts = self.row, self._parts
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
        if self.bare:
            homes.remove(self.key)
        else:
            homes.put(self.key, encode(row))

    @property
    def bare(self) -> bool:
        """Tell whether nothing is left to be kept."""
        row = self.row
        return not (
            row.own or row.members or row.edges or row.gone or row.told
            or row.parent or row.shared or row.near or row.visitors or row.deals
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
            raw = self.homes.rows.get(key(id))
            if raw is None:
                return None
            found = self._open[id] = Home(id, row_of(raw), self.parts)
        return found

    def make(self, id: Id) -> Home:
        """Give the home of an id, a new one where nothing is known of it."""
        found = self.get(id)
        if found is None:
            found = self._open[id] = Home(id, Row(0), self.parts)
        return found

    def opened(self) -> Iterator[Home]:
        """Give the homes that were asked for since they were last written."""
        return iter(self._open.values())

    def write(self) -> None:
        """Write what changed, and begin anew."""
        for home in self._open.values():
            if home.changed:
                home.write(self.homes)
        self._open.clear()


def id_of(key: bytes) -> Id:
    """Read an id from the first 19 bytes of a key."""
    return Id(key[0], key[1:17], key[17] << 8 | key[18])
