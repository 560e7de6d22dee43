"""Telling: what a shard that reads events tells the homes of ids, each name, link and sight once.

In:  the ids that events name; facts that hold from now on, and those that no longer do.
Out: messages for each shard of leads, names before anything else.

What was told already is a cache: it is bounded, it is in no log, and what is told twice changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Final, Generic, NamedTuple, TypeVar

import msgspec

from stream.identity.facts import Fact
from stream.identity.ids import EMAIL, FIELDS, LEAD, USER, VISITOR, Id, Namer, links
from stream.identity.messages import Drop, Link, Name, Seen, Unlink
from stream.identity.outgoing import Outgoing

#: A cache holds up to twice as many: some 300 bytes for each name, 100 for each link.
_MOST: Final = 8_192

_K = TypeVar("_K")
_V = TypeVar("_V")


class Named(NamedTuple):
    """The ids that an event names, and when."""

    site: str
    email: str | None
    lead: str | None
    user: str | None
    time_ms: int
    event: str  # source and id


class _Known:
    """An id, None for a value that names nobody; and the earliest event by which its name was told."""

    __slots__ = ("event", "id", "ids", "time_ms")

    def __init__(self, id: Id | None) -> None:
        self.id = id
        self.ids: list[Id] = [] if id is None else [id]  # the same for all events that name nothing else
        self.time_ms: int | None = None
        self.event = ""


class _Recent(Generic[_K, _V]):
    """What was needed lately: when it is full, all that was not needed since it was last full is forgotten."""

    __slots__ = ("_most", "new", "old")

    def __init__(self, most: int) -> None:
        self._most = most
        self.new: dict[_K, _V] = {}
        self.old: dict[_K, _V] = {}

    def get(self, key: _K) -> _V | None:
        """Give what is known by a key."""
        found = self.new.get(key)
        if found is None and (found := self.old.get(key)) is not None:
            self.put(key, found)
        return found

    def put(self, key: _K, value: _V) -> None:
        """Remember something."""
        if len(self.new) >= self._most:
            self.old, self.new = self.new, {}
        self.new[key] = value

    def clear(self) -> None:
        """Forget everything."""
        self.new, self.old = {}, {}


class Teller:
    """Gathers what the shards of leads must be told with the next commit."""

    def __init__(self, namer: Namer, most: int = _MOST) -> None:
        self._namer = namer
        self._known: _Recent[tuple[int, str, str], _Known] = _Recent(most)
        self._linked: _Recent[bytes, bool] = _Recent(most)
        self._outgoing = Outgoing()
        self._ignored: Counter[str] = Counter()

    def people(self, named: Sequence[Named]) -> list[list[Id]]:
        """Give the strong ids of each event, smallest first; tells nothing yet."""
        wanted = [(name.site, _values(name)) for name in named]
        self._learn((type, site, value) for site, values in wanted for type, value in values)
        found: list[list[Id]] = []
        for site, values in wanted:
            ids = [self._of(type, site, value).id for type, value in values]
            found.append([id for id in ids if id is not None])
        return found

    def tell(self, kind: str, name: Named, ids: Sequence[Id]) -> None:
        """Tell the names of an event's ids and that they are one person; count values that name nobody."""
        values = _values(name)
        for type, value in values:
            known = self._of(type, name.site, value)
            if known.id is None:
                self._ignored[f"{kind}/ignored_id/{FIELDS[type]}"] += 1
            else:
                self._name(known, known.id, name.site, value, name.time_ms, name.event)
        for larger, smaller in links(list(ids)) if len(ids) > 1 else ():
            if self._is_news(larger, smaller):
                self._outgoing.send(Link(larger, smaller))

    def alone(self, kind: str, type: int, named: Sequence[tuple[str, str, int, str]]) -> list[list[Id]]:
        """Give the ids of events that name one value of a type each, and tell the names: as `people` and `tell` do.

        An event is (site, value, time, source and id).
        """
        keys = [(type, site, value) for site, value, _, _ in named]
        self._learn(keys)
        out: list[list[Id]] = []
        for key, (site, value, time_ms, event) in zip(keys, named, strict=True):
            known = self._known.new.get(key) or self._of(*key)
            if known.id is None:
                self._ignored[f"{kind}/ignored_id/{FIELDS[type]}"] += 1
            elif known.time_ms is None or known.time_ms >= time_ms:
                self._name(known, known.id, site, value, time_ms, event)
            out.append(known.ids)
        return out

    def put(self, id: Id, fact: Fact) -> None:
        """Tell a fact that holds from now on."""
        self._outgoing.put(id, fact)

    def drop(self, id: Id, fact: Fact) -> None:
        """Tell a fact that no longer holds."""
        self._outgoing.send(Drop(id, id, fact))

    def send_encoded(self, messages: Iterable[tuple[int, bytes, bytes]]) -> None:
        """Tell what is encoded already, in its order: the home of an id, its hash, a message to it."""
        self._outgoing.send_encoded(messages)

    def visitors(self, named: Iterable[tuple[str, str]]) -> list[Id | None]:
        """Give the ids of visitors, by site and text; None for those whose text names nobody."""
        keys = [(VISITOR, site, text) for site, text in named]
        self._learn(keys)
        return [self._of(*key).id for key in keys]

    def seen(self, id: Id, visitor: Id, text: str) -> None:
        """Tell that a visitor was seen under an id."""
        if self._is_news(id, visitor):
            self._outgoing.send(Seen(id, visitor, text))

    def unseen(self, id: Id, visitor: Id, text: str) -> None:
        """Tell that nobody shall know any more that a visitor was seen under an id."""
        self._outgoing.send(Unlink(id, visitor, text))

    def visitor(self, id: Id, site: str, text: str, time_ms: int) -> None:
        """Tell the name of a visitor, about whom facts follow."""
        self._name(self._of(VISITOR, site, text), id, site, text, time_ms, "")

    def change(self, before: Collection[tuple[Id, Fact]], after: Collection[tuple[Id, Fact]]) -> None:
        """Tell what of some facts no longer holds, and what does from now on."""
        for id, fact in before:
            if (id, fact) not in after:
                self.drop(id, fact)
        for id, fact in after:
            if (id, fact) not in before:
                self.put(id, fact)

    def forget(self) -> None:
        """Forget what was told: somebody was erased where it was told."""
        self._known.clear()
        self._linked.clear()

    def take(self) -> dict[int, list[msgspec.Raw]]:
        """Give the messages since the last call, by shard of leads."""
        return self._outgoing.take()

    def noted(self) -> Counter[str]:
        """Give how often a value named nobody, by kind and field, since the last call."""
        ignored, self._ignored = self._ignored, Counter()
        return ignored

    def _is_news(self, a: Id, b: Id) -> bool:
        pair = a.hash + b.hash
        if self._linked.get(pair):
            return False
        self._linked.put(pair, True)
        return True

    def _learn(self, named: Iterable[tuple[int, str, str]]) -> None:
        """Find the ids of whatever is not known yet, all in one go."""
        new: dict[tuple[int, str, str], None] = {}
        recent = self._known
        for key in named:
            if key not in recent.new and recent.get(key) is None:
                if self._namer.ignored(key[0], key[2]):
                    self._known.put(key, _Known(None))
                else:
                    new[key] = None
        if new:
            for key, id in zip(new, self._namer.ids(list(new)), strict=True):
                self._known.put(key, _Known(id))

    def _of(self, type: int, site: str, value: str) -> _Known:
        """Give what is known of an id, learning again what was forgotten while the rest of its batch was learned."""
        known = self._known.get((type, site, value))
        if known is None:
            self._learn([(type, site, value)])
            known = self._known.get((type, site, value))
            assert known is not None, "it was put a line above"
        return known

    def _name(self, known: _Known, id: Id, site: str, value: str, time_ms: int, event: str) -> None:
        """Tell a name, unless it was told by an event that came no later."""
        told_ms = known.time_ms
        if told_ms is not None and (told_ms < time_ms or (told_ms == time_ms and known.event <= event)):
            return
        known.time_ms, known.event = time_ms, event
        self._outgoing.name(Name(id, id, site, value, time_ms, event))


def _values(name: Named) -> list[tuple[int, str]]:
    pairs = (EMAIL, name.email), (LEAD, name.lead), (USER, name.user)
    return [(type, value) for type, value in pairs if value is not None]
