"""Clusters: which ids that lie together are one lead, and which of what is known of it is one life.

In:  the ids and links of a cluster, which of them are shared; facts.
Out: groups of ids; facts, parted where nothing was heard for longer than leads are remembered.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from stream.identity.facts import OF_VISITORS, Fact, Held
from stream.identity.ids import Id
from stream.identity.packed import moment_of

#: What visitors may have done, and what makes a lead of somebody, by the letters that tell what a fact is.
VISITORS: Final = frozenset(b"sekfbxqH")
EVIDENCE: Final = frozenset(b"epcdrSH")

Link = tuple[Id, Id]


def groups(ids: Sequence[Id], edges: Sequence[Link], shared: Collection[Id], largest: int) -> list[list[Id]]:
    """Say which ids are one lead: those that links join, but for links of shared ids.

    More than `largest` of them are no person: each is alone.
    """
    if not edges:
        return [[id] for id in ids]
    near: dict[Id, list[Id]] = {id: [] for id in ids}
    for a, b in edges:
        of_a, of_b = near.setdefault(a, []), near.setdefault(b, [])
        if a not in shared and b not in shared:
            of_a.append(b)
            of_b.append(a)
    out: list[list[Id]] = []
    seen: set[Id] = set()
    for start in sorted(near):
        if start in seen:
            continue
        group, todo = [start], [start]
        seen.add(start)
        while todo:
            for other in near[todo.pop()]:
                if other not in seen:
                    seen.add(other)
                    group.append(other)
                    todo.append(other)
        group.sort()
        out += [group] if len(group) <= largest else [[id] for id in group]
    return out


def lives(facts: list[Fact], memory_ms: int) -> list[list[Fact]]:
    """Part facts where nothing was heard for longer than leads are remembered: what comes after is another lead."""
    moments = [moment_of(fact) for fact in facts]
    if not moments or max(moments) - min(moments) <= memory_ms:
        return [facts]
    out: list[list[Fact]] = []
    before_ms = 0
    for moment_ms, at in sorted(zip(moments, range(len(facts)), strict=True)):
        if not out or moment_ms - before_ms > memory_ms:
            out.append([])
        out[-1].append(facts[at])
        before_ms = moment_ms
    return out


def visitor_of(fact: Fact) -> str | None:
    """Name the visitor who did it; "" for one without a name, None where it is nothing that a visitor did."""
    if isinstance(fact, Held):
        fact = fact.fact
    return fact.visitor if isinstance(fact, OF_VISITORS) else None
