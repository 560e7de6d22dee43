"""Sources: which event kinds a figure is made of, read off the cells that it counts.

In:  an entry of the catalog.
Out: the kinds without which it says nothing, as the label `sources`.
"""

from __future__ import annotations

from stream import catalog
from stream.catalog import Metric
from stream.changes.cells import CELLS
from stream.contract.kinds import KINDS
from stream.errors import CatalogError


def sources_of(metric: Metric) -> tuple[str, ...]:
    """Give the kinds that an entry needs, in the order of the flow."""
    found: set[str] = set()
    for _, count in metric.numerator + metric.denominator:
        for cell in catalog.COUNTS[count].cells:
            if cell not in CELLS:
                raise CatalogError(
                    f"No source is known for cells of kind {cell}.",
                    where=f"stream/catalog, {metric.name}",
                    do="Add the kind to CELLS in stream/changes/cells.py, with the events that it is made of.",
                )
            found.update(CELLS[cell].made_of)
    return tuple(kind for kind in KINDS if kind in found)


def label_of(kinds: tuple[str, ...]) -> str:
    """Write kinds as one label value.

    >>> label_of(("page_view", "form"))
    'page_view,form'
    """
    return ",".join(kinds)
