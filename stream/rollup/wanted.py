"""Wanted: the windows that counts must be readable in, so that every entry of the catalog can be told.

In:  entries; windows that replace those of the catalog, lengths that the rules of leads give.
Out: for each count its windows, and how much earlier than now each ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from stream.catalog import Metric
from stream.catalog.words import AGES, HORIZON_WINDOW, PERIODS
from stream.changes.panes import NOW
from stream.changes.targets import STEP_TARGETS_S
from stream.windows.level import Window

_TARGETS_MS: Final = {step: target_s * 1_000 for step, target_s in STEP_TARGETS_S.items()}


def windows_of(
    metrics: Iterable[Metric], names: tuple[str, ...] | None = None, periods: Mapping[str, str] = PERIODS
) -> dict[str, tuple[Window, ...]]:
    """List the windows that each count must be readable in; `names` replaces the windows of the catalog.

    `periods` are the lengths that the rules of leads give. What stands, and what is read apart, has the same windows
    whatever others are asked for.
    """
    out: dict[str, dict[Window, None]] = {}

    def add(count: str, windows: Iterable[str], shifts: Iterable[int] = (0,)) -> None:
        here = out.setdefault(count, {})
        for name in windows:
            here.update(dict.fromkeys((periods.get(name, name), shift_ms) for shift_ms in shifts))

    for metric in metrics:
        wanted, apart = windows_for(metric, names), dict(metric.read_in)
        for _, count in metric.numerator + metric.denominator:
            if count in apart:
                add(count, (apart[count],))
            else:
                add(count, wanted, shifts_of(metric))
        if metric.maturity is not None:
            add(metric.maturity.waits, wanted)
            add(metric.maturity.took, (HORIZON_WINDOW,))
        if metric.began is not None:
            add(metric.began, AGES if metric.kind == "count" else (*AGES, HORIZON_WINDOW))
        for beside in (metric.observed, metric.restated):
            if beside is not None:
                add(beside, (NOW,))
    return {name: tuple(windows) for name, windows in out.items()}


def windows_for(metric: Metric, names: tuple[str, ...] | None) -> tuple[str, ...]:
    """List the windows that an entry is read in, where others are asked for than those of the catalog."""
    return metric.windows if names is None or metric.windows == (NOW,) else names


def shifts_of(metric: Metric) -> tuple[int, ...]:
    """List how much earlier than now the windows of a metric end; by step where each waits for its target."""
    return tuple(sorted(set(_TARGETS_MS.values()))) if metric.waits_for_target else (metric.shift_ms,)


def shift_of(metric: Metric, labels: Mapping[str, str]) -> int:
    """Give how much earlier than now the windows of a metric end for some labels."""
    return _TARGETS_MS.get((labels["from"], labels["to"]), 0) if metric.waits_for_target else metric.shift_ms
