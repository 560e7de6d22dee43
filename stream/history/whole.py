"""Whole: readings as complete as their own sources are.

In:  readings of all windows; the kinds of events that are behind.
Out: the same readings; who lacks nothing of what is behind is complete.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import cache

import msgspec

from stream.catalog import METRICS, Metric
from stream.catalog.sources import brought_by, counts_leads
from stream.contract.readings import Reading


def by_own_sources(readings: Iterable[Reading], behind: Collection[str]) -> list[Reading]:
    """Take a source that is behind as nothing to figures of others; what leads count for is told by all.

    The worker's own word stands where nothing is known to be behind: then something else is not as it should be.
    """
    if not behind:
        return list(readings)
    return [
        msgspec.structs.replace(reading, complete=True)
        if not reading.complete and _apart(reading.metric).isdisjoint(behind)
        else reading
        for reading in readings
    ]


@cache
def _apart(series: str) -> frozenset[str]:
    """Name the kinds that a metric rests on; all there are, where it is not to be looked at by itself."""
    entries = _entries().get(series, ())
    if not entries or any(counts_leads(entry) or not brought_by(entry) for entry in entries):
        return frozenset().union(*(brought_by(metric) for metric in METRICS))
    return frozenset().union(*map(brought_by, entries))


@cache
def _entries() -> dict[str, list[Metric]]:
    out: dict[str, list[Metric]] = {}
    for metric in METRICS:
        out.setdefault(metric.series, []).append(metric)
    return out
