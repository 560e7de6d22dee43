"""Stored budget: a label budget in the log of the rollup, one small record for each thing that it remembers.

In:  the budget; records of the log.
Out: records of what changed; the budget as it was, and the settings that it was made with.

Under `b` alone lies what is one of a kind. Every other key is `b` and a packed list: what it is about, as one letter,
and whom; its value is a moment, or a number.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from stream.rollup.budget import NEVER, Budget, Place
from stream.rollup.pieces import Records
from stream.state.keys import LABEL_BUDGET

_KEPT, _LIMIT, _FOLLOWED, _LOST, _LATE = "kmfcs"
_LOST_SETS, _UNLISTED, _LISTED, _ALLOWED = "tuna"

Name = tuple[str, ...]

_encode = msgspec.msgpack.Encoder().encode
_name = msgspec.msgpack.Decoder(tuple[str, ...]).decode
_moment = msgspec.msgpack.Decoder(int).decode


class MadeWith(NamedTuple):
    """The settings that decide which series there are."""

    limit: int
    most_readings: int
    allowed: dict[str, frozenset[str]]


class _Budget(msgspec.Struct, array_like=True):
    """What lies under `b` alone; a former release put everything there."""

    kept: list[tuple[Place, dict[str, int]]]
    limits: list[tuple[Place, int]]
    followed: list[tuple[tuple[str, str, str, str], int]]
    lost_count: list[tuple[Place, int]]
    late: list[tuple[tuple[str, tuple[str, ...]], int]]
    folded: dict[str, int]
    hour: int
    limit: int | None = None
    most_readings: int | None = None


_budget = msgspec.msgpack.Decoder(_Budget).decode


class StoredBudget:
    """One budget and its records."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._written: dict[Name, int] = {}
        #: The settings that the state was made with; None where a former release did not say.
        self.made: MadeWith | None = None

    def records(self, full: bool, out: Records) -> None:
        """Write what changed since the last time, or all of it."""
        budget = self._budget
        if not budget.changed and not full:
            return
        head = _Budget([], [], [], [], [], budget.folded, budget.hour, budget.limit, budget.most_readings)
        out.append((LABEL_BUDGET.prefix, _encode(head)))
        now = dict(self._rows())
        for name, n in now.items():
            if full or self._written.get(name) != n:
                out.append((_key(name), _encode(n)))
        out += [(_key(name), None) for name in self._written.keys() - now.keys()]
        self._written = now
        budget.changed = False

    def _rows(self) -> Iterator[tuple[Name, int]]:
        budget = self._budget
        for place, kept in budget.kept.items():
            for value, ms in kept.items():
                yield (_KEPT, *place, value), ms
        for place, limit in budget.limits.items():
            yield (_LIMIT, *place), limit
        for followed, ms in budget.followed.items():
            yield (_FOLLOWED, *followed), ms
        for place, ms in budget.lost_count.items():
            yield (_LOST, *place), ms
        for (family, labels), ms in budget.late.items():
            yield (_LATE, family, *map(str, labels)), ms
        for family, ms in budget.lost_sets.items():
            yield (_LOST_SETS, family), ms
        for label, ms in budget.unlisted.items():
            yield (_UNLISTED, label), ms
        for listed, ms in budget.listed.items():
            yield (_LISTED, *listed), ms
        for label, values in budget.allowed.items():
            for value in ("", *values):
                yield (_ALLOWED, _text(label), _text(value)), 0

    def load(self, key: bytes, value: bytes | None) -> None:
        """Take a record of the log."""
        if key == LABEL_BUDGET.prefix:
            if value is not None:
                self._head(_budget(value))
            return
        name = _name(key[1:])
        if value is None:
            self._written.pop(name, None)
        else:
            self._written[name] = _moment(value)

    def _head(self, head: _Budget) -> None:
        budget = self._budget
        budget.folded, budget.hour = head.folded, head.hour
        if head.limit is not None and head.most_readings is not None:
            self.made = MadeWith(head.limit, head.most_readings, {})
            return
        budget.kept, budget.limits = dict(head.kept), dict(head.limits)
        budget.followed, budget.lost_count, budget.late = dict(head.followed), dict(head.lost_count), dict(head.late)
        budget.changed = True  # what was one record becomes many

    def restore(self) -> None:
        """Bring the budget up to what was loaded."""
        for name, n in self._written.items():
            self._take(name[0], name[1:], n)
        budget = self._budget
        budget.values = sum(map(len, budget.kept.values()))
        budget.waiting = sum(ms == NEVER for ms in budget.late.values())

    def _take(self, what: str, name: Name, n: int) -> None:
        budget = self._budget
        if what == _KEPT:
            budget.kept.setdefault(Place(*name[:3]), {})[name[3]] = n
        elif what == _LIMIT:
            budget.limits[Place(*name)] = n
        elif what == _FOLLOWED:
            budget.followed[name[0], name[1], name[2], name[3]] = n
        elif what == _LOST:
            budget.lost_count[Place(*name)] = n
        elif what == _LATE:
            budget.late[name[0], name[1:]] = n
        elif what == _LOST_SETS:
            budget.lost_sets[name[0]] = n
        elif what == _UNLISTED:
            budget.unlisted[name[0]] = n
        elif what == _LISTED:
            budget.listed[name[0], name[1]] = n
        elif what == _ALLOWED and self.made is not None:
            values = self.made.allowed.get(name[0], frozenset())
            self.made.allowed[name[0]] = values | {name[1]} if name[1] else values


def _key(name: Name) -> bytes:
    return LABEL_BUDGET.prefix + _encode(name)


def _text(value: str) -> str:
    """Give a setting as it can be stored; what cannot be is no value of a label either."""
    return value.encode("utf-8", "replace").decode()
