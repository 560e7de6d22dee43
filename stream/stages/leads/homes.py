"""Homes: what the home of an id does with what it is told; a union-find over shards.

In:  messages of readers of events and of other homes.
Out: changed homes, messages for other homes.

What links connect is brought together in one place, the cluster at the smallest of the ids. A parent is smaller than
its child and is set once, for good: there are no loops, all that ever goes to an id goes one way, and what is sent
along a way arrives in order. Which ids of a cluster are one lead is not decided by that (`clusters`), so shared ids
can fall out of it without anything moving. Degrees are noted at both homes whatever the other one says: or the order
would decide who is shared.
"""

from __future__ import annotations

from collections import Counter
from typing import Final, TypeVar

import msgspec

from stream.identity.facts import Fact, Visit
from stream.identity.ids import FIELDS, VISITOR, Id, Namer
from stream.identity.messages import Drop, Link, Name, Put, Puts, Seen
from stream.identity.packed import FACTS, encode_fact, moment_of, tag
from stream.lifecycle.rules import Rules
from stream.stages.leads.clusters import EVIDENCE, VISITORS, visitor_of
from stream.stages.leads.counting import Counting
from stream.stages.leads.known import MOST_FACTS, Known
from stream.stages.leads.messages import Edge, Full, Join, Linked, Message, Moved, Sharing, Shipped, Standing, Union
from stream.stages.leads.post import Post
from stream.stages.leads.results import Results
from stream.stages.leads.rows import decoded
from stream.stages.leads.store import Home, Store
from stream.stages.leads.told import merged

#: Ids that lie in one place; over it no more are joined. Only chains get there, of shared ids or of records that each
#: name the id of the one before.
MOST_IDS: Final = 512

_LETTERS: Final = "eluv"

M = TypeVar("M", bound=Message)


class Homes:
    """The homes of one shard."""

    def __init__(
        self, store: Store, post: Post, counting: Counting, results: Results, namer: Namer, rules: Rules
    ) -> None:
        self._store, self._post, self._counting, self._namer = store, post, counting, namer
        self._results = results
        self._limits = [[rules.shared.get(a, {}).get(b, 0) for b in _LETTERS] for a in _LETTERS]
        self.clock_ms = 0
        self.unjoined: Counter[str] = Counter()  # ids by type that are not joined, for want of room

    def root(self, message: M) -> Home | None:
        """Give the home that a message is for, None where it has gone on towards the root."""
        home = self._store.make(message.at)
        parent = home.row.parent
        if parent is None:
            return home
        self._post.send(msgspec.structs.replace(message, at=parent))
        return None

    def touch(self, home: Home) -> None:
        """Note what a cluster counts for before it changes; whatever was decided by former rules is decided anew."""
        self._counting.touch(home)
        if home.row.rules != self._counting.number:
            self._share_anew(home)

    def _touch_lead(self, home: Home) -> None:
        """Do the same where somebody is a lead; else nothing is counted, whatever changes but facts."""
        row, number = home.row, self._counting.number
        if row.rules in (0, number) and not row.gone:
            for part in home.parts.values():
                if part.evident:
                    break
            else:
                row.rules = number
                return
        self.touch(home)

    # facts ------------------------------------------------------------------------------------------------

    def puts(self, message: Puts) -> None:
        """Take what was told of an id in one: at once where it makes no difference, else message by message."""
        is_news = not EVIDENCE.isdisjoint(message.letters)
        if not is_news and message.version == FACTS:
            if self._store.add(message, self.clock_ms, self._counting.number):
                return
        home, id = self._store.make(message.at), message.about
        row = home.row
        if row.parent is not None:
            self._post.send(msgspec.structs.replace(message, at=row.parent, id=id))
        elif not (is_news and self._at_once(home, id, message)):
            for one in message.apart():
                if isinstance(one, Put):
                    self.put(one)
                else:
                    self.name(one)

    def _at_once(self, home: Home, id: Id, message: Puts) -> bool:
        """Take facts about the only id of a cluster, one of which may make a lead of somebody; False for others.

        What it counts for is worked out anew in any case, so nothing need be asked between one fact and the next.
        """
        row = home.row
        if message.version != FACTS or row.gone or row.members or row.edges or id != home.id:
            return False
        self.touch(home)
        part = home.part(id)
        if message.site and not (part.site and (message.seen_ms, message.seen_id) >= part.first):
            part.name(message.site, message.text, message.seen_ms, message.seen_id)
            row.site = message.site
            self.hear_of(home, message.seen_ms)
        part.add_all(message.letters, message.facts)
        home.changed = True
        self.hear_of(home, message.oldest_ms)
        self.hear_of(home, message.newest_ms)
        return True

    def put(self, message: Put) -> None:
        """Keep a fact."""
        home = self.root(message)
        if home is None or (home.row.gone and self._away(home, message.id, message.fact)):
            return
        id, fact, by = message.id, message.fact, message.by
        raw, part = encode_fact(fact), home.parts.get(id)
        if part is not None and part.has(raw, by):
            return
        if part is None or by is not None or not self._calmly(home, part, raw, fact):
            self.touch(home)
        (home.part(id) if part is None else part).add(raw, by)
        home.changed = True
        self.hear_of(home, moment_of(fact))

    def _calmly(self, home: Home, part: Known, raw: bytes, fact: Fact) -> bool:
        """Take a fact in order that changes next to nothing; tell whether it was one."""
        if len(part) >= MOST_FACTS:
            return False
        if not (part.evident or tag(raw) in EVIDENCE or home.row.members):
            return True  # nobody is a lead, with it or without
        if isinstance(fact, Visit) and not part.mentions(fact.visitor):
            return False  # another visitor
        taken = self._counting.calmly(home, fact)
        if taken is not None and taken.says:
            self._results.again(home)
        return taken is not None

    def drop(self, message: Drop) -> None:
        """Forget a fact; what is not here may have gone to the visitor while the id was shared."""
        home = self.root(message)
        if home is None or self._away(home, message.id, message.fact, gone=True):
            return
        fact, part, by = encode_fact(message.fact), home.parts.get(message.id), message.by
        if part is not None and part.has(fact, by):
            self.touch(home)
            part.drop(fact, by)
            home.changed = True
        elif by is None and part is not None and message.id.strong:
            self._on(Drop, message.id, part.site, message.fact)

    def _away(self, home: Home, id: Id, fact: Fact, *, gone: bool = False) -> bool:
        """Send what a visitor did under a shared id to the visitor's own home; tell whether it went there.

        It is marked with its way: the visitor's reader may just be taking the same fact back by the short one.
        """
        return id in home.row.gone and self._on(Drop if gone else Put, id, home.part(id).site, fact)

    def _on(self, kind: type[Put] | type[Drop], id: Id, site: str, fact: Fact) -> bool:
        """Send on what a visitor did; what nobody is known to have done is nobody's then."""
        text = visitor_of(fact)
        if text:
            visitor = self._namer.id(VISITOR, site, text)
            if kind is Put:
                self._post.send(Name(visitor, visitor, site, text, moment_of(fact)))
            self._post.send(kind(visitor, visitor, fact, id))
        return text is not None

    def name(self, message: Name) -> None:
        """Learn what an id is called, and by which event it was named first."""
        home = self.root(message)
        if home is None:
            return
        known = home.parts.get(message.id)
        first = message.seen_ms, message.seen_id
        if known is not None and known.site and first >= known.first:
            return
        self._touch_lead(home)
        home.part(message.id).name(message.site, message.text, *first)
        home.row.site = message.site
        home.changed = True
        self.hear_of(home, message.seen_ms)

    # links ------------------------------------------------------------------------------------------------

    def seen(self, message: Seen) -> None:
        """Note a visitor, to find ids that many share and for whoever wants to be forgotten."""
        home = self._store.make(message.at)
        row = home.row
        if not row.shared and message.visitor_text not in row.visitors:
            row.visitors.append(message.visitor_text)
            self._noted(home)

    def link(self, message: Link) -> None:
        """Note the smaller id that this one was named with; one that is known knows of this one, too."""
        home = self._store.make(message.at)
        if message.other not in home.row.near:
            self._post.send(Linked(message.other, message.at, self._note(home, message.other)))

    def linked(self, message: Linked) -> None:
        """Note the larger id; where neither is shared they are one person."""
        if self._note(self._store.make(message.at), message.other) and message.agreed:
            self._post.send(Join(message.other, message.at))

    def _note(self, home: Home, other: Id) -> bool:
        """Note a neighbour; tell whether the id may be joined."""
        row = home.row
        if not row.shared and other not in row.near:
            row.near.append(other)
            self._noted(home)
            if row.full:
                self.unjoined[FIELDS[other.type]] += 1
        return not (row.shared or row.full)

    def _noted(self, home: Home) -> None:
        home.changed = True
        self.hear_of(home, 0)
        if self._over(home):
            home.row.shared = True
            self._post.send(Sharing(home.id, home.id, True))

    def _over(self, home: Home) -> bool:
        """Tell whether an id was named with more ids than a person has."""
        if not home.id.strong:
            return False
        most = self._limits[home.id.type]
        counts = [0, 0, 0]
        for other in home.row.near:
            counts[other.type] += 1
        return len(home.row.visitors) > most[VISITOR] or any(n > limit for n, limit in zip(counts, most, strict=False))

    def _share_anew(self, home: Home) -> None:
        """Say whether an id is shared by the rules of today; one that is no longer joins whom it knows."""
        shared = self._over(home)
        if shared == home.row.shared:
            return
        home.row.shared, home.changed = shared, True
        self._post.send(Sharing(home.id, home.id, shared))
        for other in home.row.near if not shared else ():
            self._post.send(Linked(other, home.id, True))

    # clusters ---------------------------------------------------------------------------------------------

    def join(self, message: Join) -> None:
        """Bring two ids together of which both homes say that they are one person."""
        larger, smaller = max(message.at, message.other), min(message.at, message.other)
        self._post.send(Edge(larger, larger, smaller))
        self._post.send(Union(larger, smaller))

    def edge(self, message: Edge) -> None:
        """Keep a link of the cluster."""
        home = self.root(message)
        if home is None or (message.a, message.b) in home.row.edges:
            return
        self._touch_lead(home)
        home.row.edges.append((message.a, message.b))
        home.changed = True

    def sharing(self, message: Sharing) -> None:
        """Keep that an id is shared: what visitors did under it goes to each of them."""
        home = self.root(message)
        if home is None or (message.id in home.row.gone) == message.shared:
            return
        self.touch(home)
        home.changed = True
        if not message.shared:
            home.row.gone.remove(message.id)
            return
        home.row.gone.append(message.id)
        part = home.part(message.id)
        theirs = [fact for fact in part.facts if tag(fact) in VISITORS]
        for raw, fact in zip(theirs, decoded(theirs), strict=True):
            if self._away(home, message.id, fact):
                part.drop(raw)

    def union(self, message: Union) -> None:
        """Bring two clusters together at the smaller one of their roots."""
        at, other = message.at, message.other
        if at == other:
            return
        home = self._store.make(at)
        parent = home.row.parent
        if parent is not None:
            if parent != other:
                self._post.send(Union(parent, other))
        elif at < other:
            self._post.send(Union(other, at))
        elif home.row.full:
            self.unjoined[FIELDS[at.type]] += 1
        else:
            self._ship(home, other)

    def _ship(self, home: Home, other: Id) -> None:
        """Send the whole cluster on; it takes back here what it counts for, and counts where it arrives."""
        self.touch(home)
        row, send = home.row, self._post.send
        row.parent = other
        told = [msgspec.to_builtins(one) for one in home.told]
        # what this one still waits for goes on to the other one, too
        parts = len(home.parts) + row.awaits
        times = row.counted_ms, row.newest_ms, row.oldest_ms
        send(Shipped(other, parts, row.edges, row.gone, told, *times, row.silent, home.id))
        for id, part in list(home.parts.items()):
            facts, ways = [msgspec.Raw(one) for one in part.facts], [(way, msgspec.Raw(one)) for way, one in part.ways]
            send(Moved(other, id, part.site, part.text, *part.first, facts, ways, FACTS))
            home.remove(id)
        row.own, row.edges, row.gone, row.awaits, row.silent, home.told = None, [], [], 0, [], []
        home.changed = True

    def shipped(self, message: Shipped) -> None:
        """Take in the frame of a cluster."""
        if message.child is not None:
            self._hang(message.at, message.child)
            message = msgspec.structs.replace(message, child=None)
        home = self.root(message)
        if home is None:
            return
        self.touch(home)
        row = home.row
        row.edges += [edge for edge in message.edges if edge not in row.edges]
        row.gone += [id for id in message.shared if id not in row.gone]
        home.told = merged(home.told, message.told)
        row.awaits += message.parts
        row.silent += [id for id in message.silent if id not in row.silent]
        row.counted_ms = max(row.counted_ms, message.clock_ms)
        home.changed = True
        self.hear_of(home, message.newest_ms)
        self.hear_of(home, message.oldest_ms)

    def _hang(self, at: Id, child: Id) -> None:
        parent = self._store.make(at)
        if child not in parent.row.children:
            parent.row.children.append(child)
            parent.changed = True

    def moved(self, message: Moved) -> None:
        """Take in a part of a cluster."""
        home = self.root(message)
        if home is None:
            return
        self.touch(home)
        home.part(message.id).take(message)
        home.row.awaits = max(0, home.row.awaits - 1)
        self._fill(home, message.id)
        if message.site:
            home.row.site = message.site
        home.changed = True

    def _fill(self, home: Home, id: Id) -> None:
        """Let the ids of a cluster that has become large enough know that they are joined to nobody else."""
        row = home.row
        if len(row.members) >= MOST_IDS:
            for one in (id,) if row.full else (home.id, *row.members):
                self._post.send(Full(one))

    def standing(self, message: Standing) -> None:
        """Say what a lead is of which something stands in the topic of leads."""
        home = self.root(message)
        if home is not None:
            self._results.answer(home, (message.site, message.id.type, message.text), message.version)

    def full(self, message: Full) -> None:
        """Take note that there is room for nobody else."""
        home = self._store.make(message.at)
        home.row.full = home.changed = True

    def hear_of(self, home: Home, time_ms: int) -> None:
        """Note that there is news, by the clock or by what happened."""
        row, newest_ms = home.row, time_ms if time_ms > self.clock_ms else self.clock_ms
        if newest_ms > row.newest_ms:
            row.newest_ms = newest_ms
        if time_ms and (time_ms < row.oldest_ms or not row.oldest_ms):
            row.oldest_ms = time_ms
