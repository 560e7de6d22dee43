"""Folding: who gets a place among the shown values, by volume.

In:  series and their sums; the moment.
Out: series moved between values and `(other)`; for a replay, the values that it shows.

A worker looks at all places once an hour: a value that counts nothing in any window leaves a full place, a folded one
that is half as large again as the smallest in the longest window takes its place, from the next edge of the longest
panes on. A replay chooses when it reads: it keeps the largest.
"""

from __future__ import annotations

from typing import Any, Final

from stream import catalog
from stream.changes.panes import HOUR_MS, MINUTE_MS
from stream.rollup.budget import ALWAYS, NEVER, SITES, Labels, Place, has_budget
from stream.rollup.room import OVER, edge_after
from stream.rollup.series import Series
from stream.state.labels import FOLDED, UNKNOWN
from stream.windows.levels import Levels

#: How much larger than the smallest value a folded one must be to take its place: twice, and once again half.
_LARGER: Final = (3, 2)
#: A family that shows so many times fewer sets of labels than the one with most gets some of its room.
_FEWER: Final = 4
_PERIOD_MS: Final = HOUR_MS
_PATIENCE_MS: Final = MINUTE_MS
#: Where readings are too many, so much of them is left when values have been folded: nine tenths.
_LEFT: Final = (9, 10)


class Folding:
    """Moves values in and out of the places of a worker's rollup."""

    def __init__(self, series: Series, levels: Levels) -> None:
        self._series, self._levels, self._budget = series, levels, series.budget
        self._looked: dict[Place, int] = {}  # when no dead value was found

    def make_room(self, places: set[Place]) -> None:
        """Let values leave that count nothing in any window, where a new one found a place full."""
        now_ms = self._levels.now_ms
        for place in sorted(self.due(places)):
            self._looked[place] = now_ms
            for value in self._dead(place):
                self.leave(place, value, follow=False)

    def due(self, places: set[Place]) -> set[Place]:
        """Give the places in which nobody has looked for dead values just now."""
        before_ms = self._levels.now_ms - _PATIENCE_MS
        return {place for place in places if self._looked.get(place, before_ms) <= before_ms}

    def look(self) -> None:
        """Look at all places, at most once an hour of the moment that windows are read at."""
        hour = self._levels.now_ms // _PERIOD_MS
        if hour <= self._budget.hour:
            return
        self._budget.hour, self._budget.changed = hour, True
        self._forget()
        self._series.room.bound_sites()
        for place in sorted({Place(*named[:3]) for named in self._budget.followed}):
            self._contest(place)
        self.fit()
        self._budget.tell()

    def _contest(self, place: Place) -> None:
        """Give free places to the largest folded values; else let one of them replace the smallest."""
        budget, levels = self._budget, self._levels
        sums = levels.total(self._series.longest(place))
        asking = sorted(
            (-int(sums[sid]), str(labels[3]))
            for labels, sid in self._series.volumes.items()
            if labels[:3] == place and labels[3] not in budget.kept.get(place, {}) and sums[sid] > 0
        )
        if not asking:
            return
        if not budget.has_room(place):
            for value in self._dead(place):
                self.leave(place, value, follow=True)
        while asking and budget.has_room(place):
            self._enter(place, asking.pop(0)[1])
        if not asking:
            return
        larger, value = -asking[0][0], asking[0][1]
        held = self._held(place)
        if held:
            smaller, leaving = min((n, name) for name, n in held.items())
            if larger * _LARGER[1] >= smaller * _LARGER[0]:
                self.leave(place, leaving, follow=True)
                self._enter(place, value)

    def _held(self, place: Place) -> dict[str, int]:
        """Give the volume of each value that has a place: of late ones also what lies in `(other)`."""
        own, sums = self._series.volume(place), self._levels.total(self._series.longest(place))
        out = {}
        for value in self._budget.kept.get(place, {}):
            hidden = self._series.volumes.get((*place, value))
            out[value] = own.get(value, 0) if hidden is None else int(sums[hidden])
        return out

    def _dead(self, place: Place) -> list[str]:
        """Name the values with a place that count nothing in any window of any count."""
        alive, room = set[str](), self._series.room
        kept = self._budget.kept.get(place, {})
        for name, series in self._of(place):
            names = catalog.COUNTS[name].labels
            at, site_at = names.index(place.label), names.index("site")
            totals = [self._levels.total(window) for window in self._series.windows_of[name]]
            for labels, sid in series.items():
                if place.site in ("", labels[site_at]) and any(total[sid] for total in totals):
                    alive.add(str(labels[at]))
        for value in kept:
            hidden = self._series.volumes.get((*place, value))
            if hidden is not None:
                alive.add(value)  # so new here that its longest window reaches back into `(other)`
        for key, from_ms in self._budget.late.items():
            names = room.names_of(key) if from_ms == NEVER and key[0] == place.family else ()
            if place.label in names and place.site in ("", key[1][names.index("site")]):
                alive.add(str(key[1][names.index(place.label)]))  # it waits for room, and would ask for a place again
        return [value for value in kept if value not in alive]

    def _of(self, place: Place) -> list[tuple[str, dict[Labels, int]]]:
        """Give the counts whose values compete for a place, with their series."""
        if place.family == SITES:
            return [(name, series) for name, series in self._series.sids.items()]
        families = self._series.families
        return [
            (name, series)
            for name, series in self._series.sids.items()
            if families.get(name) == place.family and place.label in catalog.COUNTS[name].labels
        ]

    def _enter(self, place: Place, value: str) -> None:
        """Give a value a place from the next edge on; what it did before stays where it is."""
        self._budget.keep(place, value, self.edge_ms)
        self._budget.followed.pop((*place, value), None)
        self._series.clear(place.family)

    @property
    def now_ms(self) -> int:
        """The moment that windows are read at."""
        return self._levels.now_ms

    @property
    def edge_ms(self) -> int:
        """From here on a value can be told apart from `(other)` in all windows."""
        return edge_after(self._levels.now_ms, self._levels.grid)

    def leave(self, place: Place, *values: str, follow: bool) -> None:
        """Take the places of values: what their series hold is added to those of `(other)`."""
        series, budget, gone = self._series, self._budget, frozenset(values)
        for value in values:
            if follow and budget.follow(place, value, self._levels.now_ms):
                if (*place, value) not in series.volumes:
                    sid = series.make_volume(place, value)
                    for _, own in self._with(place.family, place, frozenset((value,))):
                        self._levels.pour(own, sid)
            else:
                self.unfollow((*place, value))
            budget.release(place, value)
        for name, _ in self._of(place):
            for labels, own in self._with(name, place, gone):
                target = self._without(name, labels, place)
                home = series.sids[name].get(target)
                if home is None:
                    series.room.take(catalog.COUNTS[name], series.families[name], target)
                    home = series.make(name, target, series.windows_of[name])
                self._levels.pour(own, home)
                self._drop(name, labels)
        if place.family == SITES:
            for other in [other for other in budget.kept if other.site in gone]:
                budget.values -= len(budget.kept.pop(other))
            for named in [named for named in series.volumes if named[2] in gone]:
                self.unfollow((str(named[0]), str(named[1]), str(named[2]), str(named[3])))
        series.clear(place.family)

    def _with(self, name: str, place: Place, values: frozenset[str]) -> list[tuple[Labels, int]]:
        names = catalog.COUNTS[name].labels
        at, site_at = names.index(place.label), names.index("site")
        return [
            (labels, sid)
            for labels, sid in self._series.sids[name].items()
            if labels[at] in values and place.site in ("", labels[site_at])
        ]

    def _without(self, name: str, labels: Labels, place: Place) -> Labels:
        names = catalog.COUNTS[name].labels
        whole = place.family == SITES
        return tuple(
            FOLDED if label == place.label or (whole and has_budget(label)) else value
            for label, value in zip(names, labels, strict=True)
        )

    def _drop(self, name: str, labels: Labels) -> None:
        sid = self._series.sids[name].pop(labels)
        self._series.room.drop(catalog.COUNTS[name], self._series.families[name], labels)
        self._series.blank(sid)
        self._levels.drop(sid)
        self._series.fresh.add(name)

    def unfollow(self, named: tuple[str, str, str, str]) -> None:
        self._budget.followed.pop(named, None)
        sid = self._series.volumes.pop(named, None)
        if sid is not None:
            self._series.blank(sid)
            self._levels.drop(sid)
            self._series.clear(named[0])

    def _forget(self) -> None:
        """Follow no more what nothing is left of, and what has had a place of its own for long enough."""
        now_ms, budget, stands = self._levels.now_ms, self._budget, self._standing()
        for named in list(self._series.volumes):
            place, value = Place(str(named[0]), str(named[1]), str(named[2])), str(named[3])
            since = budget.kept.get(place, {}).get(value)
            if since is not None:
                gone = since <= self._series.start_ms(self._series.longest(place))
            else:
                before_ms = now_ms - budget.memory_ms(place.family)
                gone = budget.followed.get((*place, value), 0) < before_ms and place.family not in stands
                gone = gone and not self._levels.holds(self._series.volumes[named])
            if gone:
                self.unfollow((*place, value))
        for place, kept in budget.kept.items():
            if place.family not in stands:
                before_ms = now_ms - budget.memory_ms(place.family)
                kept.update({value: ALWAYS for value, since in kept.items() if ALWAYS < since < before_ms})
        late_ms = {key: budget.memory_ms(key[0]) for key in budget.late if key[0] not in stands}
        forgotten = _forget(budget.late, now_ms, late_ms)
        for name in budget.lost_sets.keys() & stands:
            budget.lost_sets[name] = now_ms  # what stands may be of somebody who comes back, however late
        for place in [place for place in budget.lost_count if place.family in stands]:
            budget.lost_count[place] = now_ms
        sets_ms = {name: budget.memory_ms(name) for name in budget.lost_sets}
        places_ms = {place: budget.memory_ms(place.family) for place in budget.lost_count}
        forgotten += _forget(budget.lost_sets, now_ms, sets_ms) + _forget(budget.lost_count, now_ms, places_ms)
        for dated in (budget.unlisted, budget.listed):  # of labels, so of all families
            forgotten += _forget(dated, now_ms, {} if stands else dict.fromkeys(dated, budget.memory_ms(SITES)))
        if forgotten:  # what could not be told apart may be new from now on
            self._series.clear()

    def _standing(self) -> set[str]:
        """Name the families in whose `(other)` anything stands: nobody can say that it is not of a value that comes."""
        out: set[str] = set()
        for name, series in self._series.sids.items():
            if catalog.COUNTS[name].at == "standing":
                if any(FOLDED in labels and self._levels.amounts.of(sid) for labels, sid in series.items()):
                    out |= {self._series.families[name], SITES}
        return out

    def fit(self) -> None:
        """Where readings were too many, fold more of the family with most values, and let others in."""
        budget, room = self._budget, self._series.room
        waiting = sorted((key for key, ms in budget.late.items() if ms == NEVER), key=str)
        held: dict[str, int] = {}
        for (family, _), (names, _) in room.sets.items():
            held[family] = held.get(family, 0) + any(map(has_budget, names))
        few = max(held.values(), default=0) // _FEWER
        others = [
            key for key in waiting if held.get(key[0], 0) <= few and not room.sites_are_many(key, room.names_of(key))
        ]
        left = budget.most_readings * _LEFT[0] // _LEFT[1]
        while room.readings > (left if others else budget.most_readings):
            place = self._largest(over=room.readings - budget.most_readings)
            if place is None:
                break
            # far too many are there after the bound was lowered: a quarter at a time
            size, many = len(budget.kept[place]), room.readings > 2 * budget.most_readings
            self.shrink(place, size - max(1, size // 4 if many else 1))
            budget.limits[place] = len(budget.kept[place])
        came = set[str]()
        for key in others:
            if not room.has_room(key, room.names_of(key)):
                break
            budget.let_in(key, self.edge_ms)
            came.add(key[0])
        for family in came:
            self._series.clear(family)

    def _largest(self, over: int) -> Place | None:
        """Give the place with most values; the last one of a place, and sites, only where readings are too many."""
        kept, spare = self._budget.kept, self._budget.most_readings // OVER
        several = [place for place in kept if len(kept[place]) > 1]
        some = [place for place in several if place.family != SITES]
        if not some and over > 0:
            some = [place for place in kept if kept[place] and place.family != SITES]
        if not some and over > spare:
            some = several
        return max(some, key=lambda place: (len(kept[place]), place), default=None)

    def shrink(self, place: Place, size: int) -> None:
        """Let the smallest values of a place leave until so many are left."""
        held = sorted((n, name) for name, n in self._held(place).items())
        leaving = [value for _, value in held[: len(held) - size]]
        self.leave(place, *leaving, follow=place.label not in self._budget.allowed)


def _forget(dated: dict[Any, int], now_ms: int, memory_ms: dict[Any, int]) -> int:
    """Drop what lies longer ago than it is remembered; give how many went."""
    gone = [key for key, ms in memory_ms.items() if dated[key] < now_ms - ms]
    for key in gone:
        del dated[key]
    return len(gone)


def choose(series: Series) -> None:
    """Choose the values that a replay shows: the largest in the longest window, ties by name."""
    budget = series.budget
    crowded = [place for place, kept in budget.kept.items() if len(kept) > budget.limit]
    if not crowded and series.room.readings <= budget.most_readings and not series.choice:
        return
    ranked: dict[Place, list[str]] = {}
    for place in budget.kept:
        volume = series.volume(place)
        ranked[place] = sorted(budget.kept[place], key=lambda value: (-volume.get(value, 0), value))
    limits = {place: min(budget.limit, len(ranked[place])) for place in ranked}
    while True:
        choice = {
            place: frozenset(ranked[place][: limits[place]]) for place in ranked if limits[place] < len(ranked[place])
        }
        if _readings(series, choice) <= budget.most_readings:
            break
        values: dict[str, int] = {}
        for place, limit in limits.items():
            if place.family != SITES:
                values[place.family] = values.get(place.family, 0) + limit
        family = max(values, key=lambda name: (values[name], name), default=None)
        if family is None or not values[family]:
            break
        # the places with most values give up a quarter of them
        top = max(limit for place, limit in limits.items() if place.family == family)
        for place, limit in limits.items():
            if place.family == family:
                limits[place] = min(limit, top - max(1, top // 4))
    if choice != series.choice:
        series.choice = choice
        series.moved = True
        budget.folded = {}
        for place, shown in choice.items():
            for value in ranked[place]:
                if value not in shown:
                    budget.fold(place, value)
        budget.tell()


def _readings(series: Series, choice: dict[Place, frozenset[str]]) -> int:
    """Count the readings that a choice leaves."""
    seen: dict[tuple[str, tuple[object, ...]], int] = {}
    for (family, labels), (names, brought) in series.room.sets.items():
        site = str(labels[names.index("site")]) if "site" in names else ""
        sites = choice.get(Place(SITES, "site", ""))
        whole = sites is not None and site not in sites
        shown: list[object] = []
        for name, value in zip(names, labels, strict=True):
            chosen = choice.get(Place(family, name, site)) if has_budget(name) else None
            folds = chosen is not None and value not in chosen and value not in (UNKNOWN, FOLDED)
            if whole and (name == "site" or has_budget(name)):
                folds = True
            shown.append(FOLDED if folds else value)
        seen[family, tuple(shown)] = brought
    return sum(seen.values())
