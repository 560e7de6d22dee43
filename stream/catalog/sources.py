"""Sources: which kinds of events an entry is made of, and what it lacks where topics are missing.

In:  an entry; kinds that no topic brings.
Out: kinds of events.
"""

from __future__ import annotations

from functools import cache

from stream.catalog import BY_NAME
from stream.catalog.counts import COUNTS
from stream.catalog.words import Metric, counts_of
from stream.changes.cells import CELLS


@cache
def lacking(metric: Metric, missing: frozenset[str]) -> tuple[str, ...]:
    """Name the missing kinds without which an entry says nothing: those of a count that has no other source.

    >>> from stream.catalog import BY_NAME
    >>> crm, cost = frozenset({"crm"}), frozenset({"cost"})
    >>> lacking(BY_NAME["customer_acquisition_cost"], crm | {"signal"}), lacking(BY_NAME["stage_leads"], crm)
    (('crm',), ())
    >>> lacking(BY_NAME["speed_to_lead_seconds"], crm), lacking(BY_NAME["ltv_to_cac_ratio"], cost)
    (('crm',), ('cost',))
    """
    found: dict[str, None] = {}
    for _, name in metric.numerator + metric.denominator:
        of_cells = (kind for cell in COUNTS[name].cells for kind in CELLS[cell].made_of)
        kinds = dict.fromkeys(COUNTS[name].told_by or of_cells)
        if kinds and all(kind in missing for kind in kinds):
            found.update(kinds)
    if metric.against is not None:
        found.update(dict.fromkeys(lacking(BY_NAME[metric.against], missing)))
    return tuple(found)


@cache
def brought_by(metric: Metric) -> frozenset[str]:
    """Name every kind of events that an entry would be less without.

    >>> from stream.catalog import BY_NAME
    >>> sorted(brought_by(BY_NAME["emails_sent"])), sorted(brought_by(BY_NAME["visitors"]))
    (['email'], ['chatbot', 'form', 'page_view'])
    """
    found = {kind for name in counts_of(metric) for cell in COUNTS[name].cells for kind in CELLS[cell].made_of}
    return frozenset(found if metric.against is None else found | brought_by(BY_NAME[metric.against]))


@cache
def counts_leads(metric: Metric) -> bool:
    """Tell whether shards of leads count for an entry, or correct what others counted."""
    against = () if metric.against is None else counts_of(BY_NAME[metric.against])
    kinds = {kind for name in (*counts_of(metric), *against) for kind in COUNTS[name].cells}
    return metric.kind == "largest" or any(CELLS[kind].of_leads for kind in kinds)
