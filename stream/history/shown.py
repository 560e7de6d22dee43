"""Shown: what a history knows, for people and for `leadpulse history seed`.

In:  a history; names of metrics, none for all.
Out: figures with their hours and holes as plain values; every hour as lines of readings.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import numpy as np

from stream import catalog
from stream.catalog import BY_NAME
from stream.changes.panes import HOUR_MS, window_ms
from stream.contract.readings import Reading
from stream.contract.results import encode, time_text
from stream.history.slices import figure_of_row
from stream.judge.history import Figure, History


def shown(history: History, names: Collection[str] = ()) -> dict[str, Any]:
    """Say of each figure how many hours are known, how many of them were filled in, and where holes lie between."""
    hours = list(history.held())
    known = np.zeros((2, history.height, len(hours)), np.bool_)
    for at, hour in enumerate(hours):
        rows, _, _, seeded = history.hour(hour)
        known[0, rows, at], known[1, rows, at] = True, seeded
    figures = [
        _figure(figure, hours, known[:, row])
        for figure, row in sorted(history.rows.items())
        if known[0, row].any() and (not names or BY_NAME[figure.metric].series in names)
    ]
    return {
        "hours": len(hours),
        "first": time_text(hours[0] * HOUR_MS) if hours else None,
        "last": time_text(hours[-1] * HOUR_MS) if hours else None,
        "figures": figures,
    }


def _figure(figure: Figure, hours: list[int], known: np.ndarray) -> dict[str, Any]:
    there = [hours[at] for at in np.flatnonzero(known[0]).tolist()]
    missing = sorted(set(range(there[0], there[-1])) - set(there))
    return {
        "metric": BY_NAME[figure.metric].series,
        "labels": dict(figure.labels),
        "window": figure.window,
        "hours": len(there),
        "seeds": int(known[1].sum()),
        "holes": len(missing),
        "first": time_text(there[0] * HOUR_MS),
        "last": time_text(there[-1] * HOUR_MS),
        "missing": [time_text(hour * HOUR_MS) for hour in missing],
    }


def readings(history: History, names: Collection[str] = ()) -> Iterator[bytes]:
    """Write every hour as records of `leadpulse.metrics`: of figures by all of their labels, which add up to others."""
    figures, version = figure_of_row(history), catalog.version()
    for seq, hour in enumerate(history.held(), 1):
        at_ms = hour * HOUR_MS
        for row, top, bottom in zip(*(column.tolist() for column in history.hour(hour)[:3]), strict=True):
            figure = figures[row]
            metric = BY_NAME[figure.metric]
            if len(figure.labels) < len(metric.labels) or (names and metric.series not in names):
                continue
            count = np.isnan(bottom)
            value = top if count else top / bottom if bottom else None
            start_ms = at_ms - window_ms(figure.window)
            above, below, trials = (None, None, top) if count else (top, bottom, bottom)
            yield encode(
                Reading(
                    metric.series, dict(figure.labels), figure.window, value, above, below, trials, start_ms, at_ms,
                    at_ms, True, start_ms, seq, version,
                )
            )  # fmt: skip
