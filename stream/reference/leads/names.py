"""Names of people: which texts are ids, which ids are of everybody, and which ids are of one person.

In:  the ids that counted events name together.
Out: groups: each is one person, or nobody's where the id is shared.

Which ids join is read off the set of all links, so the order in which they were seen decides nothing.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any, Final, NamedTuple

from stream.reference.leads.rules import Rules

_NOBODY: Final = frozenset(
    {
        "-", "[object object]", "anonymous", "distinct_id", "distinctid", "email", "false", "guest", "id", "n/a",
        "nan", "none", "not_authenticated", "null", "test", "true", "undefined", "unknown", "user",
    }
)  # fmt: skip
_ZEROS: Final = re.compile(r"[0\-\s]*")
_FIELDS: Final = (("e", "email_hash"), ("l", "lead_id"), ("u", "user_id"))


class Id(NamedTuple):
    """An id of a site: e an e-mail hash, l a lead, u a user, v a visitor; they sort by what they are, then by name."""

    type: str
    value: str


def names_nobody(type_: str, value: str, ignore: frozenset[str] = frozenset()) -> bool:
    """Tell whether a value is what bugs and test accounts write, or is to be ignored.

    >>> names_nobody("l", " 'NULL' "), names_nobody("u", "00-00"), names_nobody("l", "l1")
    (True, True, False)
    """
    bare = value.strip().strip("'\"").strip().lower()
    field = dict([*_FIELDS, ("v", "visitor_id"), ("d", "deal_id")])[type_]
    listed = {value, f"{type_}:{value}", f"{field}:{value}"} & ignore
    return bare in _NOBODY or _ZEROS.fullmatch(bare) is not None or bool(listed)


def smallest(site: str, ids: Iterable[Id]) -> Id:
    """Give the id that stands for several which one thing names: by type, then by a hash as good as chance.

    So nobody is preferred for what they are called.

    >>> smallest("t", [Id("l", "a"), Id("e", "b" * 64), Id("e", "a" * 64)]).value[0]
    'b'
    """
    fields = dict(_FIELDS)

    def rank(one: Id) -> tuple[str, bytes]:
        return one.type, blake2b(f"{site}\x1f{fields[one.type]}\x1f{one.value}".encode(), digest_size=16).digest()

    return min(ids, key=rank)


def strong_ids(data: Mapping[str, Any], rules: Rules, platform: str = "") -> list[Id]:
    """List the ids of an event that join, smallest first; a form on an ad platform has the platform's lead ids."""
    out: list[Id] = []
    for type_, field in _FIELDS:
        value = data.get(field)
        if value and not names_nobody(type_, value, rules.ignore):
            out.append(Id(type_, f"{platform}:{value}" if platform and type_ == "l" else value))
    return out


class Links:
    """Everything that was ever named together, on one site."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._neighbours: dict[Id, set[Id]] = defaultdict(set)

    def together(self, ids: Iterable[Id]) -> None:
        """Note ids that one event names, a visitor's among them or not."""
        ids = list(ids)
        for one in ids:
            self._neighbours[one].update(other for other in ids if other != one)

    def shared(self) -> set[Id]:
        """Find the ids that are of more people than one: those with too many neighbours of some type."""
        out: set[Id] = set()
        for one, neighbours in self._neighbours.items():
            limits = self._rules.shared.get(one.type, {})
            if any(sum(other.type == type_ for other in neighbours) > most for type_, most in limits.items()):
                out.add(one)
        return out

    def groups(self) -> list[frozenset[Id]]:
        """Part the ids that join into people; shared ids are in no group, and a group of too many falls apart."""
        shared = self.shared()
        free = [one for one in sorted(self._neighbours) if one.type != "v" and one not in shared]
        found: list[frozenset[Id]] = []
        seen: set[Id] = set()
        for one in free:
            if one in seen:
                continue
            whole, edge = {one}, [one]
            while edge:
                near = {other for other in self._neighbours[edge.pop()] if other.type != "v" and other not in shared}
                edge += near - whole
                whole |= near
            seen |= whole
            found += [frozenset(whole)] if len(whole) <= self._rules.largest else [frozenset({each}) for each in whole]
        return found
