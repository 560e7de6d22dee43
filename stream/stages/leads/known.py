"""Known: what is known about one id of a cluster, its name and facts by their bytes.

In:  a part as it is stored; facts that come and go.
Out: the part to be stored.

Facts lie one behind the other as they came. One more is put behind them without looking at the others; they are parted
only when one goes.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Final

from msgspec import Raw

from stream.identity.facts import Fact
from stream.identity.ids import Id
from stream.identity.packed import FACTS, many, moment_of, parted, tag, unknown
from stream.stages.leads.clusters import EVIDENCE
from stream.stages.leads.messages import Moved
from stream.stages.leads.rows import Part, decoded, facts_in

#: Facts about one id. No person is so busy: it bounds what a program can do that plays one.
MOST_FACTS: Final = 512

_COUNTED: Final = ord("k")


class Known:
    """One part of a cluster while it is worked on; a fact may have come by the way of a shared id."""

    __slots__ = ("_blob", "_facts", "_n", "changed", "evident", "first", "site", "text", "ways")

    def __init__(self, part: Part = Part(), version: int = FACTS) -> None:
        self.site, self.text = part.site, part.text
        self.first = part.first_ms, part.first_id
        self.changed = version != FACTS
        self.evident = part.evident  # some fact may make a lead of somebody
        self._facts: dict[bytes, None] | None = None
        self._n, self._blob = part.n, part.facts
        if self.changed:
            self._facts = dict.fromkeys(facts_in(parted(self._n, self._blob), version))
        self.ways: dict[tuple[Id, bytes], None] = {}
        if part.ways:
            ways = facts_in([fact for _, fact in part.ways], version)
            self.ways = dict.fromkeys(zip([way for way, _ in part.ways], ways, strict=True))

    # facts ------------------------------------------------------------------------------------------------

    @property
    def facts(self) -> dict[bytes, None]:
        """Give the facts that came by no other way."""
        if self._facts is None:
            self._facts = dict.fromkeys(map(bytes, parted(self._n, self._blob)))
        return self._facts

    @property
    def every(self) -> list[bytes]:
        """Give all facts, whichever way they came."""
        return [*self.facts, *(fact for _, fact in self.ways)]

    @property
    def empty(self) -> bool:
        """Tell whether no fact is known."""
        return not (len(self) or self.ways)

    def __len__(self) -> int:
        return self._n if self._facts is None else len(self._facts)

    def decoded(self) -> list[Fact]:
        """Give what the facts say, however they came, each once."""
        if self._facts is None and not self.ways:
            return many(self._n, self._blob)
        return decoded(dict.fromkeys(self.every))

    def mentions(self, text: str) -> bool:
        """Tell whether a text stands in some fact that came by no other way."""
        return text.encode() in (self._blob if self._facts is None else b"".join(self._facts))

    def has(self, fact: bytes, way: Id | None = None) -> bool:
        """Tell whether a fact is known."""
        if way is not None:
            return (way, fact) in self.ways
        # the bytes of a fact begin with its letter and are as good as never part of another one's
        return (fact in self._blob) if self._facts is None else (fact in self._facts)

    def add(self, fact: bytes, way: Id | None = None) -> None:
        """Add a fact that is not known."""
        self.changed = True
        self.evident = self.evident or tag(fact) in EVIDENCE
        if way is not None:
            self.ways[way, fact] = None
        elif self._facts is None:
            self._n, self._blob = self._n + 1, self._blob + fact
        else:
            self._facts[fact] = None

    def add_all(self, letters: bytes, facts: bytes) -> None:
        """Add facts that lie one behind the other, but for those that are known; `letters` say what each is."""
        if self._facts is not None:
            self._facts |= dict.fromkeys(map(bytes, parted(len(letters), facts)))
        else:
            n, facts = unknown(len(letters), facts, self._blob)
            self._n, self._blob = self._n + n, self._blob + facts
        self.evident, self.changed = self.evident or not EVIDENCE.isdisjoint(letters), True

    def drop(self, fact: bytes, way: Id | None = None) -> None:
        """Forget a fact that is known."""
        self.changed = True
        if way is not None:
            del self.ways[way, fact]
        else:
            self.facts.pop(fact, None)
        self._look()

    def keep(self, kept: Container[bytes]) -> None:
        """Forget all facts but some."""
        if any(fact not in kept for fact in self.every):
            self.changed = True
            self._facts = dict.fromkeys(fact for fact in self.facts if fact in kept)
            self.ways = dict.fromkeys(way for way in self.ways if way[1] in kept)
            self._look()

    def _look(self) -> None:
        self.evident = any(tag(fact) in EVIDENCE for fact in self.every)

    def bound(self) -> int:
        """Keep no more facts than a part may have: of what is no evidence, money or record the oldest go first.

        Give how many went. Here alone the order of events matters, so whoever asks must say that it happened.
        """
        over = len(self) + len(self.ways) - MOST_FACTS
        if over <= 0:
            return 0
        every: list[tuple[Id | None, bytes]] = [*((None, fact) for fact in self.facts), *self.ways]
        moments = [moment_of(fact) for fact in decoded(fact for _, fact in every)]
        weighty = [tag(fact) in EVIDENCE or tag(fact) == _COUNTED for _, fact in every]
        ranked = sorted(range(len(every)), key=lambda at: (weighty[at], moments[at], every[at][1]))
        for way, fact in [every[at] for at in ranked[:over]]:
            if way is None:
                del self.facts[fact]
            else:
                del self.ways[way, fact]
        self.changed = True
        self._look()
        return over

    # the name, and the way to others ----------------------------------------------------------------------

    def name(self, site: str, text: str, first_ms: int, first_id: str) -> None:
        """Learn the name, and when it was first told."""
        first = first_ms, first_id
        if not self.site or first < self.first:
            self.site, self.text, self.first, self.changed = site, text, first, True

    def take(self, moved: Moved) -> None:
        """Take in what came from another root."""
        if moved.site:
            self.name(moved.site, moved.text, moved.first_ms, moved.first_id)
        for fact in facts_in(moved.facts, moved.version):
            if not self.has(fact):
                self.add(fact)
        ways = facts_in([fact for _, fact in moved.ways], moved.version)
        for (way, _), fact in zip(moved.ways, ways, strict=True):
            self.add(fact, way)
        self.changed = True

    def part(self) -> Part:
        """Give what is stored."""
        if self._facts is not None:
            self._n, self._blob = len(self._facts), b"".join(self._facts)
        ways = [(way, Raw(fact)) for way, fact in self.ways] if self.ways else []
        return Part(self.site, self.text, *self.first, self._n, self._blob, self.evident, ways)
