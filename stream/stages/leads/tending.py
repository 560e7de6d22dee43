"""Tending: what happens to rows by time alone, a little with each commit.

In:  the clock; rows that are due, that go by former rules, or whose turn it is.
Out: rows counted anew, settled, or let go.

The clock is that of the slowest who tells. What lies `sure_after_ms` behind it is settled: records come late, and what
a visitor did may be given to somebody else for as long as the visitor is remembered, and for as long as the record that
says so may be late. So what is known of a visitor waits until that long after the last visit.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from stream.changes.panes import DAY_MS
from stream.identity.facts import OF_VISITORS, Fact
from stream.identity.ids import Id
from stream.identity.packed import encode_fact, moment_of
from stream.stages.leads.clusters import groups, lives
from stream.stages.leads.counting import Counting
from stream.stages.leads.forgetting import Forgetting
from stream.stages.leads.homes import Homes
from stream.stages.leads.rows import decoded, head_of
from stream.stages.leads.rulebook import Rulebook
from stream.stages.leads.settle import settle
from stream.stages.leads.store import Home, Store, id_of

#: Rows counted by other rules in one commit: at 120 µs a row, a commit of two seconds.
SLICE: Final = 20_000
#: Rows that are looked at in one commit, whether something about them is over.
LOOKED_AT: Final = 100
#: A row is settled again after so long.
_SETTLED_EVERY_MS: Final = 7 * DAY_MS
#: Sessions of one visitor that may still be given to somebody else; older ones have been folded away.
_MOVABLE: Final = 64
_NEVER: Final = 1 << 62


class Tending:
    """Looks after the rows of one shard."""

    def __init__(
        self, store: Store, homes: Homes, counting: Counting, forgetting: Forgetting, book: Rulebook, sure_after_ms: int
    ) -> None:
        self._store, self._homes, self._counting, self._forgetting, self._book = (
            store,
            homes,
            counting,
            forgetting,
            book,
        )
        self._sure_after_ms = sure_after_ms
        self._former: list[bytes] = []

    @property
    def behind(self) -> int:
        """Give how many rows are still counted by former rules."""
        return len(self._former)

    def learn(self) -> None:
        """Look at the beginnings of all rows once, after they were loaded."""
        number = self._book.number
        for key, raw in self._store.homes.rows.items():
            head = head_of(raw)
            self._counting.due.add(head.due_ms, key)
            self._counting.size(head.site, head.largest, 1)
            if head.rules != number and len(self._book) > 1:
                self._former.append(key)
        if not self._former:
            self._book.forget()

    def due(self, now_ms: int) -> None:
        """Count anew what changes by itself until now, at the moment at which it was due."""
        rows, due = self._store.homes.rows, self._counting.due
        late: list[tuple[int, bytes]] = []
        for key in due.by(now_ms):
            raw = rows.get(key)
            if raw is None:
                continue
            due_ms = head_of(raw).due_ms
            if due_ms > now_ms:
                late.append((due_ms, key))
            elif due_ms:
                home = self._store.make(id_of(key))
                self._homes.touch(home)
                home.row.due_ms = 0  # it is no longer listed
        for due_ms, key in late:
            due.add(due_ms, key)

    def rules(self) -> None:
        """Count a slice of the rows by the rules of today."""
        if not self._former:
            return
        some, self._former = self._former[:SLICE], self._former[SLICE:]
        for key in some:
            home = self._store.get(id_of(key))
            if home is not None and home.row.rules != self._book.number:
                self._homes.touch(home)
        if not self._former:
            self._book.forget()

    def look(self, now_ms: int) -> None:
        """Settle what is old in some rows, and let go of those of whom nothing was heard for long."""
        sure_ms = (now_ms - self._sure_after_ms) // DAY_MS * DAY_MS
        if sure_ms <= 0:
            return
        rows = self._store.homes.rows
        for key in list(self._store.homes.some(LOOKED_AT)):
            head = head_of(rows[key])
            if head.newest_ms and head.oldest_ms >= sure_ms:
                continue  # nothing of it is so old, as mostly; its time will come
            home = self._store.get(id_of(key))
            if home is not None and home.row.parent is None:
                self._look(home, now_ms, sure_ms)

    def _look(self, home: Home, now_ms: int, sure_ms: int) -> None:
        row = home.row
        if not row.newest_ms:  # from before the time was known
            row.newest_ms, home.changed = now_ms, True
        if sure_ms - row.settled_ms < _SETTLED_EVERY_MS:
            return
        row.settled_ms, home.changed = sure_ms, True
        parts, rules = home.parts, self._book.rules(row.rules)
        memory_ms = rules.memory_ms
        for group in groups(list(parts), row.edges, row.gone, rules.largest):
            facts = dict.fromkeys(fact for id in group if id in parts for fact in parts[id].every)
            kept: list[Fact] = []
            for life in lives(decoded(facts), memory_ms):
                if max(map(moment_of, life), default=sure_ms) + memory_ms < sure_ms:
                    continue  # it is over: all that it counted for stays
                if row.leads:
                    kept += settle(life, min(sure_ms, rests(life, sure_ms)), rules)
                else:
                    kept += recent(life, sure_ms)
            if not kept and row.newest_ms + memory_ms < sure_ms:
                self._forgetting.let_go(home, group)
            else:
                keep(home, group, facts, kept)


def rests(facts: Iterable[Fact], from_ms: int) -> int:
    """Give the moment before which nothing is of a session that may still be given to somebody else."""
    sessions: dict[str, list[int]] = {}
    for fact in facts:
        if isinstance(fact, OF_VISITORS):
            sessions.setdefault(fact.visitor, []).append(moment_of(fact))
    alive = [sorted(moments)[-_MOVABLE:] for moments in sessions.values() if max(moments) >= from_ms]
    return min((moments[0] for moments in alive), default=_NEVER)


def recent(facts: Iterable[Fact], from_ms: int) -> list[Fact]:
    """Give the facts about somebody who is no lead yet that would still count."""
    return [fact for fact in facts if moment_of(fact) >= from_ms]


def keep(home: Home, group: list[Id], before: Iterable[bytes], facts: Iterable[Fact]) -> None:
    """Keep some facts of a group where they are, and what is new of them at its smallest id."""
    kept = dict.fromkeys(map(encode_fact, facts))
    known = frozenset(before)
    for id in group:
        if id in home.parts:
            home.parts[id].keep(kept)
    new = [fact for fact in kept if fact not in known]
    for fact in new:
        home.part(group[0]).add(fact)
    home.changed = True
