"""Series: one row of numbers for one count and one set of labels; and which series a cell adds to.

In:  cells as stages name them.
Out: for each cell the numbers of the series that it changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from stream import catalog
from stream.catalog import Count, Metric
from stream.changes.accumulator import Spread
from stream.changes.cells import CELLS, CLOSED_LABELS, Cell
from stream.changes.deltas import cell_of
from stream.changes.targets import STEP_TARGETS_S
from stream.rollup.budget import OTHER, Budget
from stream.windows.levels import Window

Ints = NDArray[np.int64]
Labels = tuple[str | int, ...]
#: The names and values of the labels that the parts of a ratio have in common.
Family = tuple[tuple[str, ...], Labels]

_TARGETS_MS = {step: target_s * 1_000 for step, target_s in STEP_TARGETS_S.items()}
_MOST_CELLS = 100_000
_ASIDE = frozenset({"bounce_type", "bucket", "currency"})
_MOST_KNOWN = 20_000  # of one projection


class Windows(Protocol):
    """What a table of windows can do; `Levels` and `ExactWindows` both can."""

    series: int
    now_ms: int

    def add_series(self, windows: Iterable[Window]) -> int: ...
    def advance(self, now_ms: int) -> None: ...
    def apply(self, sids: Ints, panes: Ints, amounts: Ints) -> None: ...
    def spread(self, sid: int, spread: Spread) -> None: ...
    def total(self, window: Window) -> Ints: ...
    def between(self, window: Window, sid: int, end_ms: int) -> int | None: ...
    def span(self, window: Window, end_ms: int | None = None) -> tuple[int, int]: ...


class _Projection:
    """How cells of one kind become labels of one count."""

    __slots__ = ("budgeted", "count", "fate_at", "known", "mask", "needs_at", "values_of", "windows")

    def __init__(self, kind: str, count: Count, windows: tuple[Window, ...]) -> None:
        names = CELLS[kind].labels
        self.count = count
        self.windows = windows
        at = [names.index(label) + 1 for label in count.labels]
        #: Gives a tuple of values, or the bare value where a count has one label alone.
        self.values_of: Callable[[Cell], Any] = itemgetter(*at)
        self.known: dict[Any, int | None] = {}  # values of a cell → series; None: it adds to none
        self.budgeted = [label not in CLOSED_LABELS for label in count.labels]
        self.mask = count.fate
        self.fate_at = names.index("fate") + 1 if count.fate else 0
        self.needs_at = names.index(count.needs) + 1 if count.needs in names else 0


class Series:
    """All series of a rollup, made as cells first name them."""

    def __init__(
        self, table: Windows, budget: Budget, windows_of: dict[str, tuple[Window, ...]], metrics: Iterable[Metric]
    ) -> None:
        self.table = table
        self.budget = budget
        self.windows_of = windows_of
        self.sids: dict[str, dict[Labels, int]] = {name: {} for name in windows_of}
        self.order: list[tuple[str, Labels]] = []
        self.fresh: set[str] = set()  # counts that got series since the formulas looked
        self._readings = _readings_of(metrics)
        self._kept: set[Family] = set()
        self._projections: dict[str, list[_Projection]] = {kind: [] for kind in CELLS}
        for name, windows in windows_of.items():
            count = catalog.COUNTS[name]
            for kind in count.cells:
                self._projections[kind].append(_Projection(kind, count, windows))
        self._targets: dict[Cell | bytes, list[int]] = {}

    def targets(self, name: Cell | bytes) -> list[int]:
        """Give the series that a cell adds to; it may be named as a delta encodes it."""
        known = self._targets.get(name)
        if known is None:
            known = self._resolve(cell_of(name) if isinstance(name, bytes) else name)
            if len(self._targets) >= _MOST_CELLS:
                self._targets.clear()
            self._targets[name] = known
        return known

    def expand(self, names: Sequence[Cell | bytes], index: Ints, panes: Ints, amounts: Ints) -> tuple[Ints, Ints, Ints]:
        """Turn changes of cells into changes of series."""
        get, resolve = self._targets.get, self.targets
        targets = [get(name) or resolve(name) for name in names]
        sizes = np.fromiter(map(len, targets), np.int64, len(targets))
        flat = np.fromiter(chain.from_iterable(targets), np.int64, int(sizes.sum()))
        starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]) if len(sizes) else sizes
        repeat = sizes[index]
        total = int(repeat.sum())
        offsets = np.repeat(starts[index] - (np.cumsum(repeat) - repeat), repeat) + np.arange(total)
        return flat[offsets], np.repeat(panes, repeat), np.repeat(amounts, repeat)

    def restore(self, name: str, labels: Labels) -> None:
        """Make a series again as a snapshot lists it; counts that the catalog dropped keep their number unused."""
        if name in self.sids:
            self._kept.add(_family(catalog.COUNTS[name].labels, labels))
            self._make(name, labels, self.windows_of[name])
        else:
            self.table.add_series(())
            self.order.append((name, labels))

    def _resolve(self, cell: Cell) -> list[int]:
        """Find or make the series of a cell.

        Cells have many labels and are many; what a count takes of them is seldom new.
        """
        out = []
        for projection in self._projections[str(cell[0])]:
            if projection.needs_at and cell[projection.needs_at] is None:
                continue
            if projection.mask and not int(cell[projection.fate_at] or 0) & projection.mask:
                continue
            values = projection.values_of(cell)
            known = projection.known
            if values in known:
                sid = known[values]
            else:
                every = values if isinstance(values, tuple) else (values,)
                sid = None if None in every else self._series(projection, every)
                if len(known) < _MOST_KNOWN:
                    known[values] = sid
            if sid is not None:
                out.append(sid)
        return out

    def _series(self, projection: _Projection, values: tuple[Any, ...]) -> int:
        count, budget = projection.count, self.budget
        labels: Labels = tuple(
            budget.admit(label, str(value)) if budgeted else value
            for label, value, budgeted in zip(count.labels, values, projection.budgeted, strict=True)
        )
        known = self.sids[count.name].get(labels)
        if known is None and not self._affords(count, labels):
            for label, value, budgeted in zip(count.labels, labels, projection.budgeted, strict=True):
                if budgeted and label != "site" and value != OTHER:
                    budget.fold(label)
            labels = tuple(
                OTHER if budgeted and label != "site" else value
                for label, value, budgeted in zip(count.labels, labels, projection.budgeted, strict=True)
            )
            known = self.sids[count.name].get(labels)
        return self._make(count.name, labels, projection.windows) if known is None else known

    def _affords(self, count: Count, labels: Labels) -> bool:
        """Tell whether series of these labels have a place, once for all counts that share them.

        Else the numerator of a ratio could end in `other` and its denominator under its own name.
        """
        family = _family(count.labels, labels)
        named = [value for name, value in zip(*family, strict=True) if name not in CLOSED_LABELS and name != "site"]
        if family in self._kept or (named and all(value == OTHER for value in named)):
            return True
        if not self.budget.afford(self._readings.get(family[0], 0)):
            return False
        self._kept.add(family)
        return True

    def _make(self, name: str, labels: Labels, windows: tuple[Window, ...]) -> int:
        sid = self.table.add_series(windows)
        self.sids[name][labels] = sid
        self.order.append((name, labels))
        self.fresh.add(name)
        return sid


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


def _family(names: tuple[str, ...], labels: Labels) -> Family:
    """Leave out labels that only one part of a ratio has."""
    common = [at for at, name in enumerate(names) if name not in _ASIDE]
    return tuple([names[at] for at in common]), tuple([labels[at] for at in common])


def _readings_of(metrics: Iterable[Metric]) -> dict[tuple[str, ...], int]:
    """Count the readings that one more set of labels brings with it."""
    out: dict[tuple[str, ...], int] = {}
    for metric in metrics:
        apart = {name for name, _ in metric.constant} | _ASIDE
        names = tuple([label for label in metric.labels if label not in apart])
        shown = len(catalog.QUANTILES) if metric.kind == "summary" else 1
        out[names] = out.get(names, 0) + shown * len(metric.windows)
    return out
