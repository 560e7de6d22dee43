"""Sources: which kinds of events an entry is made of, and what it lacks where topics are missing.

In:  an entry; kinds that no topic brings.
Out: kinds of events.
"""

from __future__ import annotations

from collections.abc import Collection

from stream.catalog.counts import COUNTS
from stream.catalog.words import Metric
from stream.changes.cells import CELLS


def lacking(metric: Metric, missing: Collection[str]) -> tuple[str, ...]:
    """Name the missing kinds without which an entry says nothing: those of a count that has no other source.

    >>> from stream.catalog import BY_NAME
    >>> lacking(BY_NAME["customer_acquisition_cost"], {"crm", "signal"}), lacking(BY_NAME["stage_leads"], {"crm"})
    (('crm',), ())
    """
    found: dict[str, None] = {}
    for _, name in metric.numerator + metric.denominator:
        kinds = dict.fromkeys(kind for cell in COUNTS[name].cells for kind in CELLS[cell].made_of)
        if kinds and all(kind in missing for kind in kinds):
            found.update(kinds)
    return tuple(found)
