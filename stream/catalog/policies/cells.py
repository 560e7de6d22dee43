"""Cells: what counts may say of the cells that they add up.

In:  the counts.
Out: nothing; CatalogError names the count, says what is wrong with it and what to do.
"""

from __future__ import annotations

from stream.catalog.policies.words import Counts, listed, refuse
from stream.catalog.words import ATS, OFS, Count
from stream.changes.cells import CELLS


def count_says_what_and_when(counts: Counts) -> None:
    """Refuse a count of a cell that nobody makes, of labels that its cells do not carry, or of an unknown word."""
    for name, count in counts.items():
        if count.of not in OFS or count.at not in ATS:
            raise refuse(name, f"The count {name} is of {count.of!r} at {count.at!r}.", "Take both from words.Of, At.")
        for kind in count.cells:
            if kind not in CELLS:
                raise refuse(name, f"The count {name} adds up cells of kind {kind}, which there are none of.",
                             "Declare the kind in stream/changes/cells.py.")  # fmt: skip
            if missing := {*count.of_cells, *dict(count.where)} - set(CELLS[kind].labels):
                raise refuse(name, f"Cells of kind {kind} do not carry {listed(missing)}, which {name} is told by.",
                             "Add the label to the kind of cell, or leave it out of the count.")  # fmt: skip


def cell_stands_at_one_moment(counts: Counts) -> None:
    """Refuse counts that say of the same cells that they stand at different moments."""
    first: dict[str, Count] = {}
    for count in counts.values():
        for kind in count.cells:
            other = first.setdefault(kind, count)
            if other.at != count.at:
                raise refuse(
                    count.name,
                    f"{count.name} stands at {count.at}, and {other.name}, of the same cells {kind}, at {other.at}.",
                    "A cell stands in one pane: look it up in the stage that writes it.",
                )
