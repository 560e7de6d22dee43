"""Made: histories and readings for tests of the judge: what was so in each hour, and what is so now.

In:  functions of the hour.
Out: histories, readings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from stream.catalog import BY_NAME
from stream.changes.panes import HOUR_MS, window_ms
from stream.contract.readings import Reading
from stream.judge.history import SLOTS, History, figure_of
from stream.judge.past import Past, Rows
from stream.judge.usual import HOURS
from stream.judge.zones import zone

#: Monday 2 March 2026, 12 h UTC.
NOON = 1_772_452_800_000 // HOUR_MS
NOON_MS = NOON * HOUR_MS
WEEK = 168

#: Hours before now → a count, or successes and trials; None is a hole.
Was = Callable[[int], float | tuple[float, float] | None]


def remember(
    history: History, metric: str, window: str, labels: Mapping[str, str], was: Was, hours: int = SLOTS
) -> int:
    """Fill the hours before noon; lag 1 is the hour before."""
    row = history.row(figure_of(BY_NAME[metric], {"site": "shop", **labels}, window))
    for lag in range(hours - 1, -1, -1):
        value = was(lag)
        if value is not None and lag > 0:
            count, trials = value if isinstance(value, tuple) else (value, np.nan)
            history.put(NOON - lag, [row], [count], [trials])
    return row


def past(history: History, name: str = "UTC", hours: int = 1) -> Past:
    """Look at noon, and so many hours."""
    return Past(history, zone(name, NOON_MS), NOON, NOON + hours - 1)


def rows(window: str, *of: int) -> Rows:
    """Give rows of a window."""
    return Rows(np.array(of), HOURS[window] * HOUR_MS)


def reading(
    metric: str,
    window: str,
    value: float | tuple[float, float],
    *,
    at_ms: int = NOON_MS,
    complete: bool = True,
    since_ms: int = 0,
    **labels: str,
) -> Reading:
    """Make a reading of now: a count, or numerator and denominator."""
    numerator, denominator = value if isinstance(value, tuple) else (None, None)
    shown = value if not isinstance(value, tuple) else (value[0] / value[1] if value[1] else None)
    return Reading(
        metric=metric, labels={"site": "shop", **labels}, window=window, value=shown,  # type: ignore[arg-type]
        numerator=numerator, denominator=denominator, n=denominator, window_start_ms=at_ms - window_ms(window),
        window_end_ms=at_ms, as_of_ms=at_ms, complete=complete, data_since_ms=since_ms, seq=1, catalog_version="v",
    )  # fmt: skip
