"""Steps: what one step of a funnel counts for.

In:  when it began and when its end was reached.
Out: cells.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from stream.changes.cells import Cell
from stream.changes.durations import bucket_of
from stream.changes.panes import DAY_MS
from stream.changes.targets import STEP_TARGETS_S

HORIZON_MS: Final = 30 * DAY_MS

#: (cell, pane, amount): what something counts for.
Cells = list[tuple[Cell, int, int]]


def step(out: Cells, pane: Callable[[int], int], site: str, start: str, end: str, start_ms: int, end_ms: int) -> None:
    """List one step of a funnel: its cohort, whether `to` was reached and in time, and the time that it took."""
    out.append((("step_from", site, start, end), pane(start_ms), 1))
    reached(out, pane, site, start, end, start_ms, end_ms)


def reached(
    out: Cells, pane: Callable[[int], int], site: str, start: str, end: str, start_ms: int, end_ms: int
) -> None:
    """List that the end of a step was reached, if it was; 0 is never."""
    took_ms = end_ms - start_ms
    if not end_ms or not 0 <= took_ms <= HORIZON_MS:
        return
    cohort, taken = pane(start_ms), pane(end_ms)
    out.append((("step_reached", site, start, end), cohort, 1))
    out.append((("step_seconds", site, start, end, bucket_of(took_ms)), taken, 1))
    out.append((("step_ms", site, start, end), taken, took_ms))
    if took_ms <= STEP_TARGETS_S[start, end] * 1_000:
        out.append((("step_in_time", site, start, end), cohort, 1))
