"""Leads: where an id belongs, who is one lead with it, what each amounts to and all that it counts for.

In:  an id; shards of leads, as their logs have them.
Out: the id's node, the way from it to its root, shard by shard; the cluster there with its facts, groups, views, cells.

Of each cluster it is told what it was counted for last, by the clock and the rules that its row names.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stream.engine.options import FoldOptions
from stream.explain.logs import Records, admits
from stream.explain.shown import Table, cell_of, event_of, fact_of, id_of, ids_of, time_of
from stream.explain.views import told_of, view_of
from stream.identity.ids import Id
from stream.stages.leads import contribution
from stream.stages.leads.counting import Counting, Sum
from stream.stages.leads.known import Known
from stream.stages.leads.rows import Waiting, decoded, key, waiting_of
from stream.stages.leads.rulebook import Rulebook
from stream.stages.leads.store import Home, Store
from stream.stages.stage import Shared
from stream.state.keys import LEAD_HOMES, LEAD_PARTS, LEAD_RULES, TO_FORGET
from stream.state.labels import Labels


class LeadShard:
    """One shard of leads, as its log has it."""

    def __init__(self, shard: int, records: Records, options: FoldOptions) -> None:
        self._admit = admits(records.items(), options.label_limit)
        sites = Labels("site", self._admit)
        shared = Shared(options.grid, self._admit, sites, options.memory_ms, shard, options.namer())
        self._sites, self._grid, self._book, self._store = sites, options.grid, Rulebook(options.rules), Store()
        self._counting = Counting(shared, self._book, contribution, lambda home, before, after: None)
        self._to_forget: dict[bytes, Waiting] = {}
        kept = {LEAD_HOMES.prefix: self._store.homes, LEAD_PARTS.prefix: self._store.parts}
        for name, value in records.items():
            prefix = name[:1]
            if prefix in kept:
                kept[prefix].load(name, value)
            elif prefix == LEAD_RULES.prefix:
                self._book.load(name, value)
            elif prefix == TO_FORGET.prefix:
                self._to_forget[name[1:]] = waiting_of(value)

    def home(self, id: Id) -> Home | None:
        """Give the home of an id; None where nothing is known of it."""
        return self._store.get(id)

    def forgetting(self, id: Id) -> Table | None:
        """Show a wish to be forgotten that is not done with yet."""
        wish = self._to_forget.get(key(id))
        if wish is None:
            return None
        return {"asked": time_of(wish.asked_ms), "due": time_of(wish.due_ms), "done_once": wish.again}

    def cluster(self, home: Home, names: dict[Id, str]) -> Table:
        """Show a cluster at its root, and learn what its ids are called."""
        row, parts = home.row, home.parts
        names |= {id: part.text for id, part in parts.items() if part.text}
        number = row.rules
        found = self._counting.sum(home, row.counted_ms, number)
        rules = self._book.rules(number)
        return {
            "root": id_of(home.id, names),
            "newest": time_of(row.newest_ms),
            "counted_at": time_of(row.counted_ms),
            "rules": "of today" if number == self._book.number else "former",
            "parts_on_their_way": row.awaits,
            "full": row.full,
            "shared": ids_of(row.gone, names),
            "links": [ids_of(link, names) for link in row.edges],
            "groups": [ids_of(group, names) for group in self._counting.groups(home, number)],
            "parts": [_part(id, part, names) for id, part in parts.items()],
            "leads": [
                {"ids": ids_of(lead.ids, names), "visitors": lead.visitors, **view_of(lead.view, rules)}
                for lead in found.leads
            ],
            "expired": ids_of(found.expired, names),
            "told": [told_of(one) for one in home.told],
            "counts": self._counts(home, found, number),
        }

    def _counts(self, home: Home, found: Sum, number: int) -> list[Table]:
        """Show all that a cluster counts for; each change of it wrote the difference."""
        out: list[Table] = []
        if not home.row.site:
            return out
        site, grid = self._sites[home.row.site], self._grid

        def take(cell: tuple[str | int | None, ...], time_ms: int | None, amount: int) -> None:
            out.append(cell_of(cell, None if time_ms is None else grid.start_ms(grid.pane(time_ms)), amount))

        for view in found.views:
            contribution.counted(site, view, self._book.rules(number), self._admit, take)
        if found.identified:
            take(("identified", site), None, found.identified)
        for type in found.shared:
            take(("shared_id", site, type), None, 1)
        return out


class Leads:
    """Goes ways from home to home, over as many shards as they lead through."""

    def __init__(self, shard: Callable[[int], LeadShard]) -> None:
        """Take what gives a shard by its number; it is asked once for each that is needed."""
        self._open, self._shards = shard, dict[int, LeadShard]()
        #: What ids are called, as far as clusters were shown in which they have a part.
        self.names: dict[Id, str] = {}
        self._roots: dict[Id, Table] = {}

    @property
    def clusters(self) -> list[Table]:
        """Give the clusters that ways ended at, each once."""
        return list(self._roots.values())

    def explain(self, id: Id, text: str = "") -> Table | None:
        """Show an id at its home and the way to its root, whose cluster is shown then; None where it is not known."""
        if text:
            self.names[id] = text
        shard = self._shard(id.home)
        home, forgetting = shard.home(id), shard.forgetting(id)
        if home is None:
            return None if forgetting is None else {"id": id_of(id, self.names), "forgetting": forgetting}
        way, last = [id], home
        while (parent := last.row.parent) is not None:
            way.append(parent)
            found = self._shard(parent.home).home(parent)
            if found is None:
                break
            last = found
        if last.row.parent is None and last.id not in self._roots:
            self._roots[last.id] = self._shard(last.id.home).cluster(last, self.names)
        return self._node(home, way, forgetting, arrived=last.row.parent is None)

    def _shard(self, number: int) -> LeadShard:
        found = self._shards.get(number)
        if found is None:
            found = self._shards[number] = self._open(number)
        return found

    def _node(self, home: Home, way: list[Id], forgetting: Table | None, *, arrived: bool) -> Table:
        row, names = home.row, self.names
        return {
            "id": id_of(home.id, names),
            "newest": time_of(row.newest_ms),
            "shared": row.shared,
            "full": row.full,
            "named_with": ids_of(row.near, names),
            "visitors": list(row.visitors),
            "deals": ids_of(row.deals, names),
            "way": ids_of(way, names),
            "arrived": arrived,
            "forgetting": forgetting,
        }


def _part(id: Id, part: Known, names: dict[Id, str]) -> Table:
    """Show what is known about one id of a cluster."""
    first_ms, first_id = part.first
    facts: list[dict[str, Any]] = [fact_of(fact) for fact in decoded(part.facts)]
    for way, raw in part.ways:
        facts += [{**fact_of(fact), "by": id_of(way, names)} for fact in decoded([raw])]
    return {
        "id": id_of(id, names),
        "first_named": {"at": time_of(first_ms), "event": event_of(first_id)},
        "facts": facts,
    }
