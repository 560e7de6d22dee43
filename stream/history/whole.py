"""Whole: which readings may stand for their hour: nothing of theirs is missing, and nothing was before they began.

In:  readings of all windows; the kinds of events that are behind, if that is known.
Out: readings of entries and windows of which every one is whole.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from stream.catalog import METRICS, Metric
from stream.catalog.sources import counts_leads
from stream.contract.readings import Reading
from stream.judge.plan import kinds_of

_ENTRIES: dict[str, list[Metric]] = {}
for _metric in METRICS:
    _ENTRIES.setdefault(_metric.series, []).append(_metric)


def whole(readings: Iterable[Reading], behind: Collection[str] | None = None) -> list[Reading]:
    """Pick readings that are complete, and whose window begins at or after the first event that was seen.

    A source that is behind takes nothing from figures of others: with `behind` it is asked for the kinds of each entry.
    What adds up over labels is as whole as the least of them, so a metric's window goes as one.
    """
    kept: dict[tuple[str, str | None], list[Reading]] = {}
    broken: set[tuple[str, str | None]] = set()
    for reading in readings:
        name = reading.metric, reading.window
        kept.setdefault(name, []).append(reading)
        if not (_covered(reading) and (reading.complete or _apart(reading.metric, behind))):
            broken.add(name)
    return [reading for name, some in kept.items() if name not in broken for reading in some]


def _covered(reading: Reading) -> bool:
    start_ms, since_ms = reading.window_start_ms, reading.data_since_ms
    return start_ms is not None and since_ms is not None and start_ms >= since_ms


def _apart(series: str, behind: Collection[str] | None) -> bool:
    """Tell whether nothing that is behind brings events of an entry; leads are told by all."""
    if behind is None:
        return False
    entries = _ENTRIES.get(series, [])
    return bool(entries) and all(
        not counts_leads(entry) and bool(kinds := kinds_of(entry)) and kinds.isdisjoint(behind) for entry in entries
    )
