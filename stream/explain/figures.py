"""Figures: which entries of the catalog a cell feeds.

In:  a cell.
Out: names of entries, as readings have them.
"""

from __future__ import annotations

from functools import cache

from stream.catalog import COUNTS, METRICS, Count, counts_of
from stream.changes.cells import CELLS, Cell


@cache
def figures_of(cell: Cell) -> tuple[str, ...]:
    """Name the entries that rest on some count to which a cell adds, in order.

    >>> figures_of(("identified", "shop"))
    ('identified_leads',)
    """
    found = {name for count in _counts_of_kind(str(cell[0])) if _takes(count, cell) for name in _entries()[count.name]}
    return tuple(sorted(found))


def _takes(count: Count, cell: Cell) -> bool:
    """Tell whether a cell adds to a count: what a label says nothing of, the count passes over."""
    said = dict(zip(CELLS[str(cell[0])].labels, cell[1:], strict=True))
    if count.needs is not None and count.needs in said and said[count.needs] is None:
        return False
    if count.fate and not int(said.get("fate") or 0) & count.fate:
        return False
    if any(said[label] != value for label, value in count.where):
        return False
    return all(said[label] is not None for label in count.of_cells)


@cache
def _counts_of_kind(kind: str) -> tuple[Count, ...]:
    return tuple(count for count in COUNTS.values() if kind in count.cells)


@cache
def _entries() -> dict[str, list[str]]:
    out: dict[str, list[str]] = {name: [] for name in COUNTS}
    for metric in METRICS:
        for count in counts_of(metric):
            out[count].append(metric.series)
    return out
