"""Shown: what the fold of a shard needs to know of how its cells are shown.

In:  the catalog; the cells that changed since the last commit.
Out: how many panes stand together for a kind of cell; which values of bounded labels are in use.
"""

from __future__ import annotations

from collections import defaultdict
from operator import itemgetter
from typing import Final

from stream import catalog
from stream.changes.accumulator import Accumulator
from stream.changes.cells import BUDGETED_LABELS, CELLS, Cell
from stream.changes.panes import DAY_MS, window_ms
from stream.state.labels import LabelGuard
from stream.windows.level import PLAN, level_of

#: Kind of cell → how many panes stand together: those that the windows are made of in which it is shown.
STEPS: Final = {
    kind: PLAN[level_of(min(map(window_ms, windows)))][1] // PLAN[0][1]
    for kind, windows in catalog.windows_of_cells().items()
}
#: Kind of cell → (place in the cell, label) of the labels whose values are bounded.
_BUDGETED: Final = {
    name: [(at, label) for at, label in enumerate(kind.labels, 1) if label in BUDGETED_LABELS]
    for name, kind in CELLS.items()
}


class ValuesInUse:
    """Tells the guard of a shard which values of labels changed something; each cell once a week of events."""

    def __init__(self, accumulator: Accumulator, labels: LabelGuard) -> None:
        self._accumulator, self._labels = accumulator, labels
        self._week = 0

    def note(self, newest_ms: int) -> None:
        """Look at the cells that are new since the last call."""
        week = newest_ms // (7 * DAY_MS)
        cells, self._accumulator.fresh = self._accumulator.fresh, []
        if week > self._week:
            self._week = week
            self._accumulator.forget_fresh()
        if not cells:
            return
        of_kind: defaultdict[str, list[Cell]] = defaultdict(list)
        for cell in cells:
            of_kind[cell[0]].append(cell)  # type: ignore[index]  # the first of a cell is its kind
        used: defaultdict[str, set[str | int | None]] = defaultdict(set)
        for kind, some in of_kind.items():
            for at, label in _BUDGETED[kind]:
                used[label].update(map(itemgetter(at), some))
        pairs = ((label, str(value)) for label, values in used.items() for value in values if value is not None)
        self._labels.see(newest_ms // DAY_MS, pairs)
