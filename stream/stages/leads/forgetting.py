"""Forgetting: a person is taken out of everything that is known, in an order in which nothing comes back.

In:  messages of the homes of the person's ids.
Out: parts, nodes and deals without the person; orders for the readers of events.

The root knows all ids of the lead and takes their parts out at once: what was counted stays in its panes, what stands
is taken back. Then the ids go one after another, the largest first, since parents are smaller and no way may be broken
off before all went along it: each home tells readers what to forget, sends a wipe up its way behind what was still
coming, and lets the node go; the next id follows when the wipe has arrived.

Who comes again under an id is somebody new, who lies where the id is at home. Of what was still coming the root may
tell once more, and then that it is over: until it has, the id's home tells nothing of it. So what results say last of
an id is said by the one who has it. An id that others hang on keeps a hash and a way, or they would lie in two places.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

import msgspec

from stream.contract.records import ERASE, KIND_HEADER
from stream.identity import orders
from stream.identity.ids import EMAIL, LEAD, VISITOR, Id
from stream.identity.messages import Unlink
from stream.identity.packed import moment_of, tag
from stream.stages.leads.clusters import VISITORS, groups, visitor_of
from stream.stages.leads.counting import Counting
from stream.stages.leads.homes import Homes
from stream.stages.leads.messages import DealForget, Erasing, Forget, Wipe, Wiped
from stream.stages.leads.post import Post
from stream.stages.leads.results import Results
from stream.stages.leads.rows import decoded
from stream.stages.leads.store import Home, Store
from stream.stages.stage import EVERY, HandOver

_READERS: Final = ("visitors", "emails")
_HEADERS: Final = ((KIND_HEADER, ERASE),)


class Forgetting:
    """What the homes of one shard do to forget people."""

    def __init__(self, store: Store, post: Post, homes: Homes, counting: Counting, results: Results) -> None:
        self._store, self._post, self._homes, self._counting, self._results = store, post, homes, counting, results
        self.orders: list[HandOver] = []

    def consent(self, site: str, id: Id, text: str, given: bool) -> None:
        """Tell all readers whether events that name an id may count from now on."""
        for group in _READERS:
            self._order(group, text, orders.Erase(site, "", [id], given, [text]), EVERY)

    def erase(self, message: Erasing) -> None:
        """Take the whole lead out at its root, and let its ids go one by one."""
        home = self._homes.root(message)
        if home is None:
            return
        row, parts, site = home.row, home.parts, message.site
        found = groups(list(parts), row.edges, row.gone, self._counting.rules.largest)
        group = next((group for group in found if message.id in group), [message.id])
        if message.again_ms and self._came_since(home, group, message.again_ms):
            return
        names = [parts[id].text if id in parts else "" for id in group]
        names[group.index(message.id)] = message.text
        for visitor in self._visitors_of(home, group):
            self._order("visitors", visitor, orders.Erase(site, visitor, group, None, names))
        for id, name in zip(group, names, strict=True):
            if name and id.type in (EMAIL, LEAD):  # forms on ad platforms go by them
                self._order("visitors", name, orders.Erase(site, "", group, None, names))
        everywhere = orders.Erase(site, "", group, None, names)
        self._order("emails", "", everywhere, EVERY)
        if not set(group).isdisjoint(row.gone):  # more visitors were seen under it than are noted
            self._order("visitors", "", everywhere, EVERY)
        self._leave_ways(home, group)
        self._take_out(home, group)
        last, *others = sorted(group, reverse=True)
        self._post.send(Forget(last, site, group, names, others, True))

    def let_go(self, home: Home, group: list[Id]) -> None:
        """Forget a lead of which nothing was heard for long: what it counted for stays, and nobody need be told."""
        self._leave_ways(home, group)
        self._counting.settle_one(home)
        self._results.let_go(home, group)
        self._counting.take_out(home, lambda: self._remove(home, group), silently=True)
        last, *others = sorted(group, reverse=True)
        self._post.send(Forget(last, home.row.site, group, [], others, False))

    def forget(self, message: Forget) -> None:
        """Let an id go at its home."""
        id, home = message.at, self._store.make(message.at)
        row = home.row
        if message.orders:
            self._tell(message, home)
        for other in row.near:
            if other not in message.ids:
                self._post.send(Unlink(other, id, ""))
        for deal in row.deals if message.orders else ():
            self._post.send(DealForget(deal, message.ids))
        if row.parent is not None and not row.children:
            self._post.send(Unlink(row.parent, id, ""))  # ahead of the wipe, behind which the parent goes
        self._wipe(Wipe(id, id, message))
        if row.parent is not None or not home.has_cluster:
            self._let_go_of_node(home)
        else:  # others live with it: all that stays of it is where they live
            row.near, row.visitors, row.deals = [], [], []
        home.changed = True

    def _let_go_of_node(self, home: Home) -> None:
        """Leave nothing of an id; where others hang on it, its hash and its way."""
        before = home.row
        home.clear()
        row = home.row
        if before.children:
            row.parent, row.children = before.parent, before.children
        elif before.parent is not None or home.id in before.silent:
            row.silent = [home.id]

    def wipe(self, message: Wipe) -> None:
        """Follow what was still coming."""
        self._wipe(message)

    def _wipe(self, message: Wipe) -> None:
        home = self._homes.root(message)
        if home is None:
            return
        if message.last.others:
            first, *others = message.last.others
            self._post.send(msgspec.structs.replace(message.last, at=first, others=others))
        self._take_out(home, [message.id])
        if home.id != message.id:
            self._post.send(Wiped(message.id, message.id))

    def wiped(self, message: Wiped) -> None:
        """Tell from now on of whoever has come again under an id."""
        home = self._homes.root(message)
        if home is not None and message.id in home.row.silent:
            self._homes.touch(home)
            home.row.silent.remove(message.id)
            home.changed = True

    def unlink(self, message: Unlink) -> None:
        """Forget that an id was named with this one or hangs on it, or that a visitor was seen under it."""
        home = self._store.get(message.at)
        if home is None:
            return
        row = home.row
        if message.other in row.near:
            row.near.remove(message.other)
            home.changed = True
        if message.other in row.children:
            row.children.remove(message.other)
            home.changed = True
        if message.text and message.text in row.visitors:
            row.visitors.remove(message.text)
            home.changed = True

    def _leave_ways(self, home: Home, group: Collection[Id]) -> None:
        """Let shared ids forget the visitors of whom they have sent something on."""
        for id in group:
            part = home.parts.get(id)
            if part is not None:
                for way in dict.fromkeys(way for way, _ in part.ways):
                    self._post.send(Unlink(way, id, part.text))

    def _tell(self, message: Forget, home: Home) -> None:
        """Order the readers of the visitors that were seen under an id, or of the visitor itself."""
        ids, names, site = message.ids, message.texts, message.site
        for visitor in home.row.visitors:
            self._order("visitors", visitor, orders.Erase(site, visitor, ids, None, names))
        if message.at.type == VISITOR:
            own = names[ids.index(message.at)]
            self._order("visitors", own, orders.Erase(site, own, ids, None, names))

    def _order(self, group: str, key: str, order: orders.Erase, partition: int | None = None) -> None:
        self.orders.append(HandOver(group, key.encode(), orders.encode(order), partition, _HEADERS))

    @staticmethod
    def _came_since(home: Home, group: Collection[Id], time_ms: int) -> bool:
        raws = [fact for id in group if id in home.parts for fact in home.parts[id].every]
        return any(moment_of(fact) > time_ms for fact in decoded(raws))

    def _visitors_of(self, home: Home, group: Collection[Id]) -> Sequence[str]:
        """Name the visitors of whom a lead has facts."""
        raws = [
            fact
            for id in group
            if (part := home.parts.get(id)) is not None
            for fact in part.every
            if tag(fact) in VISITORS
        ]
        return sorted({text for text in map(visitor_of, decoded(raws)) if text})

    def _take_out(self, home: Home, ids: list[Id]) -> None:
        """Take ids out of a cluster. What they counted in panes stays; what stands goes."""
        row = home.row
        if row.edges or any(id in home.parts or id in row.gone or id in row.silent for id in ids):
            self._counting.settle_one(home)  # whatever is still to be told of them comes before the end
            self._results.erased(home, ids)
            self._counting.take_out(home, lambda: self._remove(home, ids))

    @staticmethod
    def _remove(home: Home, ids: list[Id]) -> None:
        gone, row = frozenset(ids), home.row
        for id in ids:
            home.remove(id)
        row.gone = [id for id in row.gone if id not in gone]
        row.silent = [id for id in row.silent if id not in gone or id == home.id]
        row.edges = [edge for edge in row.edges if gone.isdisjoint(edge)]
        home.changed = True
