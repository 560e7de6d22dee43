"""Series: one row of numbers for one count and one set of labels; and which series a cell adds to.

In:  cells as stages name them.
Out: for each cell the numbers of the series that it changes; for each window the labels that it shows them under.

A value that takes a place late has series of its own from a moment on; what lies before stays in `(other)`, where it
is also taken back. So a cell may add to one series up to a moment and to another one after it, and a window shows a
value under its own name only when all of it lies behind that moment.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from operator import itemgetter
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from stream import catalog
from stream.catalog import Count, Metric
from stream.catalog.words import PERIODS
from stream.changes.accumulator import Spread
from stream.changes.cells import CELLS, CLOSED_LABELS, Cell
from stream.changes.deltas import cell_of
from stream.changes.panes import DAY_MS, NOW, Grid, window_ms
from stream.rollup.budget import ALWAYS, LONG_MEMORY_MS, NEVER, SITES, Budget, Labels, Place, families, has_budget
from stream.rollup.room import Room, edge_after, fitted, folded, readings_of
from stream.rollup.targets import Name, Part, Targets
from stream.state.labels import FOLDED
from stream.windows.level import Window

Ints = NDArray[np.int64]
#: Buckets in order, and the series of each.
Buckets = tuple[list[int], list[int]]

_MOST_KNOWN = 20_000  # of one projection

#: Families with longer windows remember for longer what was folded.
_LONG_MS: Final = 90 * DAY_MS

#: The hidden series of folded values: labels are those of a place, and the value.
VOLUME: Final = "(volume)"


_SITES: Final = Place(SITES, "site", "")
_MOST_SITES: Final = 1_000  # whose places a projection remembers


class Windows(Protocol):
    """What a table of windows can do; `Levels` and `ExactWindows` both can."""

    series: int
    now_ms: int

    def add_series(self, windows: Iterable[Window]) -> int: ...
    def advance(self, now_ms: int) -> None: ...
    def apply(self, sids: Ints, panes: Ints, amounts: Ints) -> None: ...
    def stand(self, sids: Ints, amounts: Ints) -> None: ...
    def spread(self, sid: int, spread: Spread) -> None: ...
    def total(self, window: Window) -> Ints: ...
    def between(self, window: Window, sids: Ints, end_ms: int) -> Ints | None: ...
    def edge_ms(self, window: Window, end_ms: int) -> int: ...
    def span(self, window: Window, end_ms: int | None = None) -> tuple[int, int]: ...
    def by_age(self, window: Window, sids: Ints) -> tuple[Ints, Ints, Ints]: ...
    def recent(self, sids: Ints, lengths_ms: Ints) -> Ints: ...
    def oldest_ms(self, sids: Ints) -> Ints: ...
    def remembered_ms(self) -> int: ...


class _Projection:
    """How cells of one kind become labels of one count."""

    __slots__ = (
        "closed", "count", "family", "fate_at", "known", "mask", "needs_at", "picks", "places_of", "site_at", "spots",
        "values_of", "windows",
    )  # fmt: skip

    def __init__(self, kind: str, count: Count, windows: tuple[Window, ...], family: str) -> None:
        names = CELLS[kind].labels
        self.count, self.family = count, family
        self.windows = windows
        at = [names.index(label) + 1 for label in count.of_cells]
        #: Gives a tuple of values, or the bare value where a count has one label alone.
        self.values_of: Callable[[Cell], Any] = itemgetter(*at)
        self.known: dict[Any, list[Part]] = {}  # values of a cell → series; none: it adds to none
        self.site_at = count.labels.index("site")
        #: Labels whose values compete within a site, and where they stand.
        self.spots = [
            (at, label) for at, label in enumerate(count.labels) if label != "site" and label not in CLOSED_LABELS
        ]
        self.places_of: dict[str, list[tuple[int, Place]]] = {}  # site → the places of those
        self.closed = [label in CLOSED_LABELS for label in count.labels]
        self.mask = count.fate
        self.fate_at = names.index("fate") + 1 if count.fate else 0
        self.needs_at = names.index(count.needs) + 1 if count.needs in names else 0
        self.picks = [(names.index(label) + 1, value) for label, value in count.where]

    def places(self, site: str) -> list[tuple[int, Place]]:
        """Give the places of a site that values of this count compete for, and where the values stand."""
        known = self.places_of.get(site)
        if known is None:
            known = [(at, Place(self.family, label, site)) for at, label in self.spots]
            if len(self.places_of) < _MOST_SITES:
                self.places_of[site] = known
        return known


class Series:
    """All series of a rollup, made as cells first name them."""

    def __init__(
        self,
        table: Windows,
        budget: Budget,
        windows_of: dict[str, tuple[Window, ...]],
        metrics: Iterable[Metric],
        grid: Grid = Grid(),
        periods: Mapping[str, str] = PERIODS,
        core: Any = None,
    ) -> None:
        """Take what is kept and shown; `core` is the module of the compiled core, where there is one."""
        metrics = tuple(metrics)
        self.periods = periods
        self.table = table
        self.budget = budget
        self.windows_of = windows_of
        self.families = families(metrics)
        budget.memory_of = _memory(windows_of, self.families)
        self.sids: dict[str, dict[Labels, int]] = {name: {} for name in windows_of}
        self.volumes: dict[Labels, int] = {}
        self.order: list[tuple[str, Labels]] = []
        self.fresh: set[str] = set()  # counts that got series since the formulas looked
        self.moved = False  # series are no longer what they were, or shown under other labels
        self.full: set[Place] = set()  # places that were seen to be full
        #: Makes room in places; set by whoever may move series.
        self.make_room: Callable[[set[Place]], None] | None = None
        #: Which values a replay shows, of places that have too many.
        self.choice: dict[Place, frozenset[str]] = {}
        self.room = Room(budget, readings_of(metrics, self.families), self.families)
        self.changed_slices: set[int] = set()  # numbers of series that are another's now
        self._watched: frozenset[str] | None = None  # families; None: all of them, until it is known better
        self._grouped: dict[str, tuple[int, dict[Labels, Buckets]]] = {}  # count → how many of its series, and these
        self._plain: defaultdict[str, set[Labels]] = defaultdict(set)  # count → what every window shows as it is
        self._told: dict[tuple[str, Window], _Told] = {}  # what windows were found to show
        self._grid = grid
        self._projections: dict[str, list[_Projection]] = {kind: [] for kind in CELLS}
        for name, windows in windows_of.items():
            count = catalog.COUNTS[name]
            for kind in count.cells:
                self._projections[kind].append(_Projection(kind, count, windows, self.families[name]))
        self._targets = Targets(grid, core)

    # in ---------------------------------------------------------------------------------------------------

    def targets(self, cell: Cell) -> list[int]:
        """Give the series that a cell adds to by now."""
        return self._targets.sids(int(self.numbers([cell])[0]))

    def numbers(self, cells: Sequence[Cell]) -> Ints:
        """Give the numbers of cells, by which `expand` finds their series."""
        return self._numbers(lambda: self._targets.find(cells))

    def coded(self, names: bytes) -> Ints:
        """Give the numbers of a list of cells as a delta encodes it."""
        return self._numbers(lambda: self._targets.find_coded(names))

    def _numbers(self, find: Callable[[], tuple[Ints, Sequence[tuple[int, Name]]]]) -> Ints:
        """Room is made before any is found: a value that left afterwards would leave its number to another one."""
        numbers, unknown = find()
        if unknown and self.full and self.make_room is not None:
            self._look_for_room([name for _, name in unknown])
            numbers, unknown = find()  # where places changed, all are found anew
        for at, name in unknown:
            numbers[at] = self._find(name)
        return numbers

    def expand(self, changes: Sequence[tuple[Ints, Ints, Ints]]) -> tuple[Ints, Ints, Ints]:
        """Turn changes of cells, as (numbers, panes, amounts), into those of series; no number is in use after it."""
        return self._targets.expand(changes)

    def standing(self, cells: Sequence[Cell], amounts: Ints) -> tuple[Ints, Ints]:
        """Turn changes of what stands of cells into changes of series.

        What stands is in no pane, so it cannot be told where a value that got its place late stood before: for good
        it adds to the series that it added to at first, and is taken back there.
        """
        found = [parts[0].sids if parts else [] for parts in self.parts_of(cells)]
        sizes = np.fromiter(map(len, found), np.int64, len(found))
        return np.fromiter(chain.from_iterable(found), np.int64, int(sizes.sum())), np.repeat(amounts, sizes)

    def parts_of(self, cells: Sequence[Cell]) -> list[list[Part]]:
        """Give the series that each cell adds to, from moment to moment."""
        return [self._targets.parts(number) for number in self.numbers(cells).tolist()]

    def _find(self, name: Name) -> int:
        cell = cell_of(name) if isinstance(name, bytes) else name
        return self._targets.add(name, str(cell[0]), self._resolve(cell))

    def _look_for_room(self, names: Sequence[Name]) -> None:
        """Let dead values leave full places that new ones of these cells ask for, before any of them is resolved."""
        wanted: set[Place] = set()
        budget, full = self.budget, self.full
        for name in names:
            cell = cell_of(name) if isinstance(name, bytes) else name
            for projection in self._projections[str(cell[0])]:
                values = projection.values_of(cell)
                if values in projection.known:
                    continue  # they asked when they came first, and will again when places have changed
                every = values if isinstance(values, tuple) else (values,)
                for at, place in self._places(projection, every):
                    if place not in full or place.label in budget.allowed or budget.has_room(place):
                        continue
                    if str(every[at]) not in budget.kept.get(place, ()):
                        wanted.add(place)
        if wanted and self.make_room is not None:
            self.make_room(wanted)

    # what a cell adds to ----------------------------------------------------------------------------------

    def _resolve(self, cell: Cell) -> list[Part]:
        """Find or make the series of a cell, from moment to moment.

        Cells have many labels and are many; what a count takes of them is seldom new.
        """
        found: list[list[Part]] = []
        for projection in self._projections[str(cell[0])]:
            if projection.needs_at and cell[projection.needs_at] is None:
                continue
            if projection.mask and not int(cell[projection.fate_at] or 0) & projection.mask:
                continue
            if projection.picks and any(cell[at] != value for at, value in projection.picks):
                continue
            values = projection.values_of(cell)
            parts = projection.known.get(values)
            if parts is None:
                every = values if isinstance(values, tuple) else (values,)
                parts = [] if None in every else self._series(projection, every)
                if len(projection.known) < _MOST_KNOWN:
                    projection.known[values] = parts
            if parts:
                found.append(parts)
        return _joined(found)

    def _series(self, projection: _Projection, values: tuple[Any, ...]) -> list[Part]:
        count, budget, now_ms = projection.count, self.budget, self.table.now_ms
        names = count.labels
        since = [ALWAYS] * len(names)
        hidden: list[int] = []
        for at, place in self._places(projection, values):
            value = str(values[at])
            since[at] = budget.since(place, value, now_ms)
            if not budget.has_room(place):
                self.full.add(place)
            if since[at] == NEVER and value != FOLDED and place.label not in budget.allowed:
                self._follow(place, value)
            if self.volumes and count.name == place.family:
                sid = self.volumes.get((*place, value))
                if sid is not None:
                    hidden.append(sid)
        if not any(since) and not budget.late:  # as nearly all are: nothing is folded, and no set was put off
            labels = tuple([v if closed else str(v) for v, closed in zip(values, projection.closed, strict=True)])
            sid = self.sids[count.name].get(labels)
            if sid is not None:  # what has series has room
                return [Part(ALWAYS, NEVER, [sid, *hidden])]
        labels_at: dict[int, Labels] = {}
        moments = [ALWAYS, *(ms for ms in since if ms < NEVER)]
        while moments:
            ms = moments.pop()
            if ms not in labels_at:
                labels_at[ms], later = self._labels(projection, values, [one > ms for one in since], ms)
                moments += later
        out: list[Part] = []
        for ms, labels in sorted(labels_at.items()):
            sid = self.sids[count.name].get(labels)
            if sid is None:
                self.room.take(count, projection.family, labels)
                sid = self.make(count.name, labels, projection.windows)
            if out:
                out[-1] = out[-1]._replace(to_ms=ms)
            out.append(Part(ms, NEVER, [sid, *hidden]))
        return out

    def _labels(
        self, projection: _Projection, values: Sequence[Any], folds: Sequence[bool], ms: int
    ) -> tuple[Labels, list[int]]:
        """Give the labels that values are counted under at a moment, and later moments at which they are others."""
        count = projection.count
        labels = folded(count.labels, values, folds)
        if self.budget.everything:
            return labels, []
        now_ms, edge_ms = self.table.now_ms, edge_after(self.table.now_ms, self._grid)
        return fitted(
            count.labels,
            labels,
            ms,
            lambda names, some: self.room.since(projection.family, names, some, now_ms, edge_ms),
        )

    def _places(self, projection: _Projection, values: Sequence[Any]) -> list[tuple[int, Place]]:
        """Give the places that values compete for, and where those stand; none within a site that is folded itself."""
        site, budget = str(values[projection.site_at]), self.budget
        own = (projection.site_at, _SITES)
        if site in budget.kept.get(_SITES, ()):
            if _SITES.label not in budget.allowed:
                return [own, *projection.places(site)]
        elif not budget.everything:
            self.room.bound_sites()
        if site == FOLDED or self.budget.since(_SITES, site, self.table.now_ms) == NEVER:
            return [own]
        return [own, *projection.places(site)]

    def make(self, name: str, labels: Labels, windows: tuple[Window, ...]) -> int:
        sid = self.table.add_series(windows)
        self.sids[name][labels] = sid
        self._list(sid, name, labels)
        self.fresh.add(name)
        return sid

    def blank(self, sid: int) -> None:
        """Take a series off the list; its number may become another's."""
        self.order[sid] = "", ()
        self.changed_slices.add(sid)

    def _list(self, sid: int, name: str, labels: Labels) -> None:
        if sid < len(self.order):
            self.order[sid] = name, labels
            self.changed_slices.add(sid)
        else:
            self.order.append((name, labels))

    def _follow(self, place: Place, value: str) -> None:
        """Keep the volume of a folded value, so that it can be seen to be large."""
        if self.budget.follow(place, value, self.table.now_ms) and (*place, value) not in self.volumes:
            self.make_volume(place, value)

    def make_volume(self, place: Place, value: str) -> int:
        """Make the hidden series of a value."""
        labels = (*place, value)
        sid = self.volumes[labels] = self.table.add_series((self.longest(place),))
        self._list(sid, VOLUME, labels)
        return sid

    def longest(self, place: Place) -> Window:
        """Give the window in which the volume of the values of a place is compared."""
        windows = self.windows_of[place.family]
        return max(windows, key=lambda window: (0 if window[0] == NOW else window_ms(window[0]), -window[1]))

    def volume(self, place: Place) -> dict[str, int]:
        """Add up the first count of a family in its longest window, by the shown values of a label."""
        sums, out = self.table.total(self.longest(place)), dict[str, int]()
        names = catalog.COUNTS[place.family].labels
        at, site_at = names.index(place.label), names.index("site")
        for labels, sid in self.sids[place.family].items():
            if place.site in ("", labels[site_at]):
                value = str(labels[at])
                out[value] = out.get(value, 0) + int(sums[sid])
        return out

    # restart ----------------------------------------------------------------------------------------------

    def restore(self, name: str, labels: Labels) -> None:
        """Make a series again as a snapshot lists it; counts that the catalog dropped keep their number unused."""
        if name in self.sids:
            self.room.take(catalog.COUNTS[name], self.families[name], labels)
            self.make(name, labels, self.windows_of[name])
        elif name == VOLUME and labels[0] in self.windows_of:
            place = Place(*map(str, labels[:3]))
            self.make_volume(place, str(labels[3]))
        else:
            self.order.append((name, labels))
            self.table.add_series(())

    def clear(self, family: str | None = None) -> None:
        """Forget what cells were found to add to, because places changed: those of a family, else any.

        To find it again is dear, and few cells are of the family whose values come and go.
        """
        self.moved = True
        self._plain.clear()
        self._told.clear()
        self._grouped.clear()
        if family is None or family == _SITES.family:
            self._targets.forget()
            family = None
        for kind, projections in self._projections.items():
            of_family = [one for one in projections if family is None or one.family == family]
            for projection in of_family:
                projection.known.clear()
            if of_family:
                self._targets.forget([kind])

    # out --------------------------------------------------------------------------------------------------

    def shown(self, count: str, window: Window) -> tuple[Mapping[Labels, Sequence[int]], int]:
        """Give the series of a count by the labels that a window shows them under.

        And the start from which on the window shows more of them under their own names; NEVER: it shows all of them.
        """
        if not self.watches(count):
            return {labels: (sid,) for labels, sid in self.sids[count].items()}, NEVER
        start_ms, told = self.start_ms(window), self._told.get((count, window))
        if told is None or start_ms >= told.until_ms or self.choice:
            told = _Told()
        plain = set[Labels]() if self.choice else self._plain[count]
        own, out, lasts = self.sids[count], told.shown, True
        # while a campaign grows, new series come with every publication: only these are looked at
        for labels, sid in islice(own.items(), told.series, None):
            if labels in plain:
                out.setdefault(labels, []).append(sid)
                continue
            shown, moments = self._shown(count, labels, start_ms)
            if shown == labels and not any(moments):
                plain.add(labels)
            lasts = lasts and NEVER not in moments
            told.until_ms = min([told.until_ms, *(ms for ms in moments if start_ms < ms)])
            out.setdefault(shown, []).append(sid)
        told.series = len(own)
        if lasts and not self.choice:
            self._told[count, window] = told
        else:  # what something is folded to may come yet
            self._told.pop((count, window), None)
        return out, told.until_ms

    def _shown(self, count: str, labels: Labels, start_ms: int) -> tuple[Labels, list[int]]:
        """Give the labels that a window with this start shows a series under, and the moments that decide on it.

        NEVER is one of them where a set of labels is not there that would show more than what it is folded to.
        """
        family, names = self.families[count], catalog.COUNTS[count].labels
        site = str(labels[names.index("site")])
        moments = [
            self._shown_since(_SITES if name == "site" else Place(family, name, site), str(value))
            if name == "site" or has_budget(name)
            else ALWAYS
            for name, value in zip(names, labels, strict=True)
        ]
        shown = folded(names, labels, [ms > start_ms for ms in moments])
        if self.budget.everything:
            return shown, moments
        known: list[int] = []

        def since(of: tuple[str, ...], some: Labels) -> int:
            known.append(self.room.known(family, of, some))
            return known[-1]

        shown, _ = fitted(names, shown, start_ms, since)
        return shown, moments + known

    def grouped(self, count: str) -> Mapping[Labels, Buckets]:
        """Give the series of a count whose last label is a bucket by the labels before it, in order of buckets.

        New durations come for hours, each with a series: only what is new is put in its place.
        """
        own = self.sids[count]
        seen, groups = self._grouped.get(count, (0, {}))
        fresh = defaultdict[Labels, list[tuple[int, int]]](list)
        for labels, sid in islice(own.items(), seen, None):
            fresh[labels[:-1]].append((int(labels[-1]), sid))
        for labels, pairs in fresh.items():
            pairs = sorted([*zip(*groups.get(labels, ((), ())), strict=True), *pairs])
            groups[labels] = [bucket for bucket, _ in pairs], [sid for _, sid in pairs]
        self._grouped[count] = len(own), groups
        return groups

    def start_ms(self, window: Window) -> int:
        """Give the moment at which a window begins; what stands may have done so since always."""
        return ALWAYS if window[0] == NOW else self.table.span(window)[0]

    def watch(self) -> None:
        """Find out of which families a window may show series under other labels than their own."""
        budget = self.budget
        # what has no series of its own is shown nowhere else
        some = {family for (family, _), ms in budget.late.items() if ms < NEVER}
        some |= {place.family for place, kept in budget.kept.items() if any(kept.values())}
        self._watched = None if self.choice or SITES in some else frozenset(some)

    def watches(self, count: str) -> bool:
        """Tell whether any window may show series of a count under other labels than their own."""
        return self._watched is None or self.families[count] in self._watched

    def _shown_since(self, place: Place, value: str) -> int:
        chosen = self.choice.get(place)
        if chosen is not None and value in self.budget.kept.get(place, ()):
            return ALWAYS if value in chosen else NEVER
        return self.budget.kept.get(place, {}).get(value, ALWAYS)


@dataclass(slots=True)
class _Told:
    """What a window shows of the first series of a count, and the start of the window at which it is no longer so."""

    shown: dict[Labels, list[int]] = field(default_factory=dict)
    series: int = 0
    until_ms: int = NEVER


def _memory(windows_of: Mapping[str, tuple[Window, ...]], families: Mapping[str, str]) -> dict[str, int]:
    """Give the families of which more is remembered, since they have windows over 90 days; sites are in all of them."""
    long = {
        families[name]
        for name, windows in windows_of.items()
        if any(window != NOW and window_ms(window) + shift_ms > _LONG_MS for window, shift_ms in windows)
    }
    return dict.fromkeys({*long, SITES} if long else (), LONG_MEMORY_MS)


def _joined(found: list[list[Part]]) -> list[Part]:
    """Put the parts of several counts together, cut at all of their moments."""
    if all(len(parts) == 1 for parts in found):
        sids = [sid for parts in found for sid in parts[0].sids]
        return [Part(ALWAYS, NEVER, sids)] if sids else []
    moments = sorted({part.from_ms for parts in found for part in parts})
    out: list[Part] = []
    for ms, until_ms in zip(moments, [*moments[1:], NEVER], strict=True):
        here = [part for parts in found for part in parts if part.from_ms <= ms < part.to_ms]
        out.append(Part(ms, until_ms, [sid for part in here for sid in part.sids]))
    return out
