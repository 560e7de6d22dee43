"""Series: one row of numbers for one count and one set of labels; and which series a cell adds to.

In:  cells as stages name them.
Out: for each cell the numbers of the series that it changes; for each window the labels that it shows them under.

A value that takes a place late has series of its own from a moment on; what lies before stays in `(other)`, where it
is also taken back. So a cell may add to one series up to a moment and to another one after it, and a window shows a
value under its own name only when all of it lies behind that moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from stream import catalog
from stream.catalog import Count, Metric
from stream.changes.accumulator import Spread
from stream.changes.cells import CELLS, CLOSED_LABELS, Cell
from stream.changes.deltas import cell_of
from stream.changes.panes import Grid, window_ms
from stream.changes.targets import STEP_TARGETS_S
from stream.rollup.budget import (
    ALWAYS,
    ASIDE,
    NEVER,
    SITES,
    Budget,
    Family,
    Labels,
    Place,
    common_labels,
    families,
    has_budget,
)
from stream.state.labels import FOLDED
from stream.windows.levels import Window

Ints = NDArray[np.int64]

_MOST_CELLS = 100_000
_MOST_KNOWN = 20_000  # of one projection
_MOST_SITES = 1_000
_TARGETS_MS: Final = {step: target_s * 1_000 for step, target_s in STEP_TARGETS_S.items()}

#: The hidden series of folded values: labels are those of a place, and the value.
VOLUME: Final = "(volume)"


_SITES: Final = Place(SITES, "site", "")


class Windows(Protocol):
    """What a table of windows can do; `Levels` and `ExactWindows` both can."""

    series: int
    now_ms: int

    def add_series(self, windows: Iterable[Window]) -> int: ...
    def advance(self, now_ms: int) -> None: ...
    def apply(self, sids: Ints, panes: Ints, amounts: Ints) -> None: ...
    def spread(self, sid: int, spread: Spread) -> None: ...
    def total(self, window: Window) -> Ints: ...
    def between(self, window: Window, sids: Ints, end_ms: int) -> Ints | None: ...
    def edge_ms(self, window: Window, end_ms: int) -> int: ...
    def span(self, window: Window, end_ms: int | None = None) -> tuple[int, int]: ...


class Part(NamedTuple):
    """The series that a cell adds to in [from, to)."""

    from_ms: int
    to_ms: int
    sids: list[int]


class _Projection:
    """How cells of one kind become labels of one count."""

    __slots__ = (
        "closed", "count", "family", "fate_at", "known", "mask", "needs_at", "site_at", "spots", "spots_of",
        "values_of", "windows",
    )  # fmt: skip

    def __init__(self, kind: str, count: Count, windows: tuple[Window, ...], family: str) -> None:
        names = CELLS[kind].labels
        self.count, self.family = count, family
        self.windows = windows
        at = [names.index(label) + 1 for label in count.labels]
        #: Gives a tuple of values, or the bare value where a count has one label alone.
        self.values_of: Callable[[Cell], Any] = itemgetter(*at)
        self.known: dict[Any, list[Part]] = {}  # values of a cell → series; none: it adds to none
        self.site_at = count.labels.index("site")
        #: Labels whose values compete within a site, and where they stand.
        self.spots = [(at, label) for at, label in enumerate(count.labels) if has_budget(label)]
        self.spots_of: dict[str, list[tuple[int, Place]]] = {}  # site → their places
        self.closed = [label in CLOSED_LABELS for label in count.labels]
        self.mask = count.fate
        self.fate_at = names.index("fate") + 1 if count.fate else 0
        self.needs_at = names.index(count.needs) + 1 if count.needs in names else 0

    def places(self, site: str) -> list[tuple[int, Place]]:
        """Give the places of a site that values of this count compete for, and where the values stand."""
        known = self.spots_of.get(site)
        if known is None:
            known = [(at, Place(self.family, label, site)) for at, label in self.spots]
            if len(self.spots_of) < _MOST_SITES:
                self.spots_of[site] = known
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
    ) -> None:
        metrics = tuple(metrics)
        self.table = table
        self.budget = budget
        self.windows_of = windows_of
        self.families = families(metrics)
        self.sids: dict[str, dict[Labels, int]] = {name: {} for name in windows_of}
        self.volumes: dict[Labels, int] = {}
        self.order: list[tuple[str, Labels]] = []
        self.fresh: set[str] = set()  # counts that got series since the formulas looked
        self.watched = True  # some may be shown under other labels than their own, as `watch` last found
        self.moved = False  # series are no longer what they were, or shown under other labels
        self.full: set[Place] = set()  # places that were seen to be full
        #: Makes room in places; set by whoever may move series.
        self.make_room: Callable[[set[Place]], None] | None = None
        #: Which values a replay shows, of places that have too many.
        self.choice: dict[Place, frozenset[str]] = {}
        #: Sets of labels → the names of the labels, and the readings that they bring.
        self.sets: dict[Family, tuple[tuple[str, ...], int]] = {}
        self.readings = 0
        self.changed_slices: set[int] = set()  # numbers of series that are another's now
        self._open_sites: set[str] = set()  # sites that have always had series of their own
        self._grid = grid
        self._readings_of = _readings_of(metrics, self.families)
        self._projections: dict[str, list[_Projection]] = {kind: [] for kind in CELLS}
        for name, windows in windows_of.items():
            count = catalog.COUNTS[name]
            for kind in count.cells:
                self._projections[kind].append(_Projection(kind, count, windows, self.families.get(name, "")))
        self._targets: dict[Cell | bytes, list[int]] = {}
        self._parted: dict[
            Cell | bytes, list[Part]
        ] = {}  # cells that add to different series before and after a moment

    # in ---------------------------------------------------------------------------------------------------

    def targets(self, name: Cell | bytes) -> list[int]:
        """Give the series that a cell adds to by now; it may be named as a delta encodes it."""
        known = self._targets.get(name)
        if known is None:
            if self.full and self.make_room is not None:
                self._look_for_room([name])
            known = self._target(name)
        return known

    def parts(self, name: Cell | bytes) -> list[Part]:
        """Give the series that a cell adds to, from moment to moment."""
        sids = self.targets(name)
        return self._parted.get(name) or [Part(ALWAYS, NEVER, sids)]

    def _target(self, name: Cell | bytes) -> list[int]:
        parts = self._resolve(cell_of(name) if isinstance(name, bytes) else name)
        if len(self._targets) >= _MOST_CELLS:
            self._targets.clear()
            self._parted.clear()
        if len(parts) > 1:
            self._parted[name] = parts
        known = self._targets[name] = parts[-1].sids if parts else []
        return known

    def expand(self, names: Sequence[Cell | bytes], index: Ints, panes: Ints, amounts: Ints) -> tuple[Ints, Ints, Ints]:
        """Turn changes of cells into changes of series."""
        get, resolve = self._targets.get, self._target
        if self.full and self.make_room is not None:
            self._look_for_room([name for name in names if get(name) is None])
        targets = [resolve(name) if (known := get(name)) is None else known for name in names]
        sizes = np.fromiter(map(len, targets), np.int64, len(targets))
        flat = np.fromiter(chain.from_iterable(targets), np.int64, int(sizes.sum()))
        starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]) if len(sizes) else sizes
        early: list[tuple[Ints, Ints, Ints]] = []
        if self._parted:
            index, panes, amounts, early = self._early(names, index, panes, amounts)
        repeat = sizes[index]
        total = int(repeat.sum())
        offsets = np.repeat(starts[index] - (np.cumsum(repeat) - repeat), repeat) + np.arange(total)
        found = flat[offsets], np.repeat(panes, repeat), np.repeat(amounts, repeat)
        if not early:
            return found
        sids, at, n = (np.concatenate(column) for column in zip(found, *early, strict=True))
        return sids, at, n

    def _early(
        self, names: Sequence[Cell | bytes], index: Ints, panes: Ints, amounts: Ints
    ) -> tuple[Ints, Ints, Ints, list[tuple[Ints, Ints, Ints]]]:
        """Take out the changes that lie before the moment from which on their cells have series of their own."""
        late = np.ones(len(index), np.bool_)
        out: list[tuple[Ints, Ints, Ints]] = []
        for number, name in enumerate(names):
            for part in self._parted.get(name, ())[:-1]:
                first, end = (self._pane(ms) for ms in (part.from_ms, part.to_ms))
                here = (index == number) & (panes >= first) & (panes < end)
                late &= ~here
                for sid in part.sids:
                    out.append((np.full(int(here.sum()), sid, np.int64), panes[here], amounts[here]))
        return index[late], panes[late], amounts[late], out

    def _pane(self, ms: int) -> int:
        return -NEVER if ms == ALWAYS else self._grid.pane(ms)

    def _look_for_room(self, names: Sequence[Cell | bytes]) -> None:
        """Let dead values leave full places that new ones of these cells ask for, before any of them is resolved."""
        wanted: set[Place] = set()
        for name in names:
            cell = cell_of(name) if isinstance(name, bytes) else name
            for projection in self._projections[str(cell[0])]:
                values = projection.values_of(cell)
                every = values if isinstance(values, tuple) else (values,)
                for at, place in self._places(projection, every):
                    if place in self.full and not self.budget.has_room(place):
                        if str(every[at]) not in self.budget.kept.get(place, ()):
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
        since = [ALWAYS] * len(values)
        hidden: list[int] = []
        for at, place in self._places(projection, values):
            value = str(values[at])
            if place is not _SITES or value not in self._open_sites:
                since[at] = budget.since(place, value, now_ms)
            if place not in self.full and not budget.has_room(place):
                self.full.add(place)
            if since[at] == NEVER and value != FOLDED and place.label not in budget.allowed:
                self._follow(place, value)
            if self.volumes and count.name == place.family:
                sid = self.volumes.get((*place, value))
                if sid is not None:
                    hidden.append(sid)
        plain = not any(since)
        if plain:  # as nearly all are
            labels = tuple(
                [value if closed else str(value) for value, closed in zip(values, projection.closed, strict=True)]
            )
        else:
            labels = self._folded(count.labels, values, [ms == NEVER for ms in since], late=False)
        late = self._late(projection, labels)
        if plain and late == ALWAYS:
            return [Part(ALWAYS, NEVER, [self._sid(projection, labels), *hidden])]
        moments = {ALWAYS, *(ms for ms in since if ms < NEVER)}
        if ALWAYS < late < NEVER:
            moments.add(late)
        out: list[Part] = []
        for ms in sorted(moments):
            labels = self._folded(count.labels, values, [one > ms for one in since], late > ms)
            if out:
                out[-1] = out[-1]._replace(to_ms=ms)
            out.append(Part(ms, NEVER, [self._sid(projection, labels), *hidden]))
        return out

    def _sid(self, projection: _Projection, labels: Labels) -> int:
        """Find or make the series of some labels."""
        count = projection.count
        sid = self.sids[count.name].get(labels)
        if sid is None:
            self.take(count, projection.family, labels)
            sid = self.make(count.name, labels, projection.windows)
        return sid

    def _places(self, projection: _Projection, values: Sequence[Any]) -> list[tuple[int, Place]]:
        """Give the places that values compete for, and where those stand; none within a site that is folded itself."""
        site = str(values[projection.site_at])
        own = (projection.site_at, _SITES)
        if site not in self._open_sites:
            since = NEVER if site == FOLDED else self.budget.since(_SITES, site, self.table.now_ms)
            if since == NEVER:
                return [own]
            if since == ALWAYS:
                self._open_sites.add(site)
        return [own, *projection.places(site)]

    @staticmethod
    def _folded(names: Sequence[str], values: Sequence[Any], folds: Sequence[bool], late: bool) -> Labels:
        """Fold what is to be; with a site or as one set too many all that has a budget."""
        whole = any(fold for fold, name in zip(folds, names, strict=True) if name == "site")
        out: list[str | int] = []
        for name, value, fold in zip(names, values, folds, strict=True):
            if fold or ((whole or late) and has_budget(name)):
                out.append(FOLDED)
            else:
                out.append(value if name in CLOSED_LABELS else str(value))
        return tuple(out)

    def _late(self, projection: _Projection, labels: Labels) -> int:
        """Give the moment from which on a set of labels has series of its own, where readings were too many."""
        budget, count = self.budget, projection.count
        key = self.family_of(count, labels)
        if key is None or budget.everything:
            return ALWAYS
        known = budget.late.get(key)
        if known is not None:
            return known
        if key in self.sets or all(
            value == FOLDED for name, value in zip(common_labels(count.labels), key[1], strict=True) if has_budget(name)
        ):
            return ALWAYS
        if self.readings + self._readings_of.get((projection.family, common_labels(count.labels)), 0) <= (
            budget.most_readings
        ):
            return ALWAYS
        budget.late[key] = NEVER
        budget.fold(Place(projection.family, "labels", str(key[1][0])), " ".join(map(str, key[1][1:])))
        return NEVER

    def family_of(self, count: Count, labels: Labels) -> Family | None:
        """Name a set of labels without what only one part of a ratio has; None where none of them has a budget."""
        family = self.families.get(count.name)
        if family is None:
            return None
        return family, self._common(count, labels)

    def _common(self, count: Count, labels: Labels) -> Labels:
        """Leave out the values of labels that only one part of a ratio has."""
        if ASIDE.isdisjoint(count.labels):
            return labels
        return tuple([value for name, value in zip(count.labels, labels, strict=True) if name not in ASIDE])

    def take(self, count: Count, family: str, labels: Labels) -> None:
        """Count the readings that a set of labels brings, once for all counts that share it."""
        key = family or count.name, self._common(count, labels)
        if key not in self.sets:
            names = common_labels(count.labels)
            brought = self._readings_of.get((key[0], names), 0)
            self.sets[key] = names, brought
            self.readings += brought

    def brings(self, family: str) -> int:
        """Give the readings that one more set of labels of a family brings."""
        return self._readings_of.get((family, common_labels(catalog.COUNTS[family].labels)), 0)

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
        return max(self.windows_of[place.family], key=lambda window: (window_ms(window[0]), -window[1]))

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
            count = catalog.COUNTS[name]
            self.take(count, self.families.get(name, ""), labels)
            self.make(name, labels, self.windows_of[name])
        elif name == VOLUME and labels[0] in self.windows_of:
            place = Place(*map(str, labels[:3]))
            self.make_volume(place, str(labels[3]))
        else:
            self.order.append((name, labels))
            self.table.add_series(())

    def clear(self) -> None:
        """Forget what cells were found to add to, because places changed."""
        self._targets.clear()
        self._parted.clear()
        self._open_sites.clear()
        for projections in self._projections.values():
            for projection in projections:
                projection.known.clear()
        self.moved = True

    # out --------------------------------------------------------------------------------------------------

    def shown(self, count: str, window: Window) -> tuple[Mapping[Labels, Sequence[int]], int]:
        """Give the series of a count by the labels that a window shows them under.

        And the start from which on the window shows more of them under their own names; NEVER: it shows all of them.
        """
        if not self.watched:
            return {labels: (sid,) for labels, sid in self.sids[count].items()}, NEVER
        family, names = self.families.get(count, ""), catalog.COUNTS[count].labels
        start_ms, following = self.table.span(window)[0], NEVER
        out = dict[Labels, list[int]]()
        for labels, sid in self.sids[count].items():
            folds = [False] * len(names)
            site = str(labels[names.index("site")])
            moments: list[int] = []
            for at, label in enumerate(names):
                if label == "site" or has_budget(label):
                    place = _SITES if label == "site" else Place(family, label, site)
                    ms = self._shown_since(place, str(labels[at]))
                    folds[at] = ms > start_ms
                    moments.append(ms)
            key = self.family_of(catalog.COUNTS[count], labels)
            late = ALWAYS if key is None else self.budget.late.get(key, ALWAYS)
            following = min([following, *(ms for ms in (*moments, late) if start_ms < ms)])
            shown = self._folded(names, labels, folds, late > start_ms) if any(folds) or late > start_ms else labels
            out.setdefault(shown, []).append(sid)
        return out, following

    def watch(self) -> None:
        """Find out whether any window may show series under other labels than their own."""
        budget = self.budget
        late = any(ms < NEVER for ms in budget.late.values())  # what has no series of its own is shown nowhere else
        self.watched = bool(self.choice) or late or any(any(kept.values()) for kept in budget.kept.values())

    def _shown_since(self, place: Place, value: str) -> int:
        chosen = self.choice.get(place)
        if chosen is not None and value in self.budget.kept.get(place, ()):
            return ALWAYS if value in chosen else NEVER
        return self.budget.kept.get(place, {}).get(value, ALWAYS)


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


def windows_of(metrics: Iterable[Metric], names: tuple[str, ...] | None = None) -> dict[str, tuple[Window, ...]]:
    """List the windows that each count must be readable in; `names` replaces the windows of the catalog."""
    out: dict[str, dict[Window, None]] = {}
    for metric in metrics:
        wanted = metric.windows if names is None else names
        for _, count in metric.numerator + metric.denominator:
            here = out.setdefault(count, {})
            for name in wanted:
                here.update(dict.fromkeys((name, shift_ms) for shift_ms in shifts_of(metric)))
    return {name: tuple(windows) for name, windows in out.items()}


def shifts_of(metric: Metric) -> tuple[int, ...]:
    """List how much earlier than now the windows of a metric end; by step where each waits for its target."""
    return tuple(sorted(set(_TARGETS_MS.values()))) if metric.waits_for_target else (metric.shift_ms,)


def shift_of(metric: Metric, labels: Mapping[str, str]) -> int:
    """Give how much earlier than now the windows of a metric end for some labels."""
    return _TARGETS_MS.get((labels["from"], labels["to"]), 0) if metric.waits_for_target else metric.shift_ms


def _readings_of(metrics: Iterable[Metric], families: Mapping[str, str]) -> dict[tuple[str, tuple[str, ...]], int]:
    """Count the readings that one more set of labels brings with it, by family and names of labels."""
    out: dict[tuple[str, tuple[str, ...]], int] = {}
    for metric in metrics:
        apart = {name for name, _ in metric.constant} | ASIDE
        names = tuple([label for label in metric.labels if label not in apart])
        shown = len(catalog.QUANTILES) if metric.kind == "summary" else 1
        of = {families.get(count, count) for _, count in metric.numerator + metric.denominator}
        key = (next(iter(sorted(of))), names)
        out[key] = out.get(key, 0) + shown * len(metric.windows)
    return out
