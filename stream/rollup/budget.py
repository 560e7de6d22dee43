"""The label budget: which label values get series of their own, and since when; the rest is added up in `(other)`.

In:  label values as they first appear; what the rollup decides once an hour.
Out: since when a value is shown; a count of what was folded, and its names for the log.

A place is that of a value among those of a label, a family of metrics and a site. `unknown` and `(other)` take none.
Where a site itself is folded, so are all of its values. A set of labels that finds no room among all readings is
folded as a whole: first all of its values, then its site. What was folded once and is not remembered by name counts
as folded until nothing of it can be shown any more.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, NamedTuple

from stream.catalog import COUNTS, Metric, counts_of
from stream.catalog.counts import OF_SITES
from stream.changes.cells import CLOSED_LABELS
from stream.state.labels import FOLDED, UNKNOWN

log = logging.getLogger("leadpulse.labels")

ALWAYS: Final = 0
NEVER: Final = 1 << 62
#: A value that is no longer among those of a place is remembered for so long: until no window and no figure that ends
#: in the past can show what it did. Of families with windows over 90 days for longer.
MEMORY_MS: Final = 125 * 86_400_000
LONG_MEMORY_MS: Final = 400 * 86_400_000
#: Readings kept in all, if nobody says how many: people who are followed bring as many again and more.
MOST_READINGS: Final = 10_000
MOST_WITH_LEADS: Final = 30_000
#: Folded values whose volume is followed, over all places.
MOST_FOLLOWED: Final = 2_000
#: Sets of labels that wait for room and are remembered by name; others wait, too, and are known by their family.
MOST_WAITING: Final = 2_000
#: The family of the label `site`, which all families have in common.
SITES: Final = OF_SITES
_NAMED: Final = 20

Labels = tuple[str | int, ...]
Family = tuple[str, Labels]  # name of the family; values of the labels that all of its counts have in common


def most_readings(said: int | None, *, followed: bool) -> int:
    """Give how many readings are kept; `said` None leaves that to whether people are `followed`."""
    if said is not None:
        return said
    return MOST_WITH_LEADS if followed else MOST_READINGS


class Place(NamedTuple):
    """What values compete within."""

    family: str
    label: str
    site: str


@dataclass(slots=True)
class Budget:
    """`limit` values a place, unless an allow-list names them; `most_readings` in all.

    With `everything` nothing is folded as it comes: a replay chooses when it reads.
    """

    limit: int = 50
    most_readings: int = MOST_READINGS
    allowed: Mapping[str, frozenset[str]] = field(default_factory=dict)
    everything: bool = False
    #: Family → how long what was folded is remembered, where that is not MEMORY_MS.
    memory_of: dict[str, int] = field(default_factory=dict)
    #: Value → the moment from which on it has series of its own.
    kept: dict[Place, dict[str, int]] = field(default_factory=dict)
    #: Places that had to give up some, because all readings were too many → their limit.
    limits: dict[Place, int] = field(default_factory=dict)
    #: Folded values whose volume is followed → since when.
    followed: dict[tuple[str, str, str, str], int] = field(default_factory=dict)
    #: Places of which more values were folded than are followed → when.
    lost_count: dict[Place, int] = field(default_factory=dict)
    #: Sets of labels that found no room among all readings → the moment from which on they have series of their own.
    late: dict[Family, int] = field(default_factory=dict)
    #: Families of which more sets of labels found no room than are remembered → when.
    lost_sets: dict[str, int] = field(default_factory=dict)
    #: Labels with an allow-list that is no more → when: what it kept out may be new, or not.
    unlisted: dict[str, int] = field(default_factory=dict)
    #: (label, value) that an allow-list took in later → the moment from which on it is shown.
    listed: dict[tuple[str, str], int] = field(default_factory=dict)
    folded: dict[str, int] = field(default_factory=dict)
    hour: int = 0  # of the last look at all places
    changed: bool = False
    values: int = 0  # that have a place, in all
    waiting: int = 0  # sets of labels that wait for room, of those that are remembered
    _names: dict[Place, list[str]] = field(default_factory=dict)

    def since(self, place: Place, value: str, now_ms: int) -> int:
        """Give the moment from which on a value has series of its own: ALWAYS, NEVER or between."""
        if value in (UNKNOWN, FOLDED):
            return ALWAYS if value == UNKNOWN else NEVER
        allowed = self.allowed.get(place.label)
        if allowed is not None and value not in allowed:
            self.fold(place, value)
            return NEVER
        kept = self.kept.get(place)
        if kept is None:
            kept = self.kept[place] = {}
        known = kept.get(value)
        if known is not None:
            return known
        if allowed is None and not self.everything and not (self.has_room(place) and self.is_new(place, value, now_ms)):
            return NEVER
        self.keep(place, value, self.listed.get((place.label, value), ALWAYS))
        return kept[value]

    def keep(self, place: Place, value: str, since_ms: int) -> None:
        """Give a value a place."""
        kept = self.kept.setdefault(place, {})
        self.values += value not in kept
        kept[value] = since_ms
        self.changed = True

    def release(self, place: Place, value: str) -> None:
        """Take a value's place."""
        del self.kept[place][value]
        self.values -= 1
        self.changed = True

    def has_room(self, place: Place) -> bool:
        """Tell whether a place takes one more value; nobody shows more values than readings."""
        most = min(self.limit, self.limits.get(place, self.limit))
        return len(self.kept.get(place, ())) < most and (self.everything or self.values < self.most_readings)

    def shows_site(self, site: str) -> bool:
        """Tell whether anything is shown of a site by its name."""
        return site == UNKNOWN or site in self.kept.get(Place(SITES, "site", ""), ())

    def memory_ms(self, family: str) -> int:
        """Give how long it is remembered what was folded of a family."""
        return self.memory_of.get(family, MEMORY_MS)

    def is_new(self, place: Place, value: str, now_ms: int) -> bool:
        """Tell whether nothing of a value can have been folded."""
        before_ms = now_ms - self.memory_ms(place.family)
        lost_ms = max(self.lost_count.get(place, before_ms - 1), self.unlisted.get(place.label, before_ms - 1))
        return (*place, value) not in self.followed and lost_ms < before_ms

    def is_new_set(self, key: Family, now_ms: int) -> bool:
        """Tell whether nothing of a set of labels can have been folded."""
        before_ms = now_ms - self.memory_ms(key[0])
        return key not in self.late and self.lost_sets.get(key[0], before_ms - 1) < before_ms

    def put_off(self, key: Family, now_ms: int) -> None:
        """Let a set of labels wait for room."""
        self.changed = True
        if self.waiting < MOST_WAITING:
            self.late[key] = NEVER
            self.waiting += 1
        else:
            self.lost_sets[key[0]] = now_ms

    def let_in(self, key: Family, from_ms: int) -> None:
        """Give a set of labels series of its own from a moment on."""
        self.waiting -= self.late.get(key) == NEVER
        self.late[key] = from_ms
        self.changed = True

    def follow(self, place: Place, value: str, now_ms: int) -> bool:
        """Follow the volume of a folded value, if there is room for one more."""
        name = (*place, value)
        if name in self.followed:
            return True
        self.changed = True
        self.fold(place, value)
        if len(self.followed) >= MOST_FOLLOWED:
            self.lost_count[place] = now_ms
            return False
        self.followed[name] = now_ms
        return True

    def fold(self, place: Place, value: str) -> None:
        """Count a value that goes to `(other)`, and remember its name for the log."""
        self.folded[place.label] = self.folded.get(place.label, 0) + 1
        self.changed = True
        names = self._names.setdefault(place, [])
        if len(names) <= _NAMED:
            names.append(value)

    def tell(self) -> None:
        """Name in the log what was folded since the last time."""
        for place, names in self._names.items():
            more = ", …" if len(names) > _NAMED else ""
            of = f" of {place.site}" if place.site else ""
            log.info("%s%s: added up in %s: %s%s", place.label, of, FOLDED, ", ".join(names[:_NAMED]), more)
        self._names.clear()


def families(metrics: Iterable[Metric]) -> dict[str, str]:
    """Give the family of each count: the name of the first count of it.

    A family are the counts that share a metric, or an area and labels; it keeps the same values in all of them. Counts
    of a metric that have no such labels in common, as the times that say how ripe it is, keep nothing in common.
    """
    first: dict[object, str] = {}
    leader: dict[str, str] = {}

    def head(name: str) -> str:
        while leader[name] != name:
            name = leader[name]
        return name

    order: dict[str, int] = {}
    for metric in metrics:
        for name in counts_of(metric):
            common = common_labels(COUNTS[name].labels)
            order.setdefault(name, len(order))
            leader.setdefault(name, name)
            for shared in ((metric.name, frozenset(filter(has_budget, common))), (metric.area, common)):
                other = first.setdefault(shared, name)
                a, b = sorted((head(name), head(other)), key=order.__getitem__)
                leader[b] = a
    return {name: head(name) for name in order}


def has_budget(label: str) -> bool:
    """Tell whether values of a label compete within a site."""
    return label not in CLOSED_LABELS and label != "site"


@lru_cache
def common_labels(labels: tuple[str, ...]) -> tuple[str, ...]:
    """Leave out labels that only one part of a ratio has."""
    return tuple(label for label in labels if label not in ASIDE)


CURRENCY: Final = "currency"
ASIDE: Final = frozenset({"bounce_type", "bucket", "age", CURRENCY})
