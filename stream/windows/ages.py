"""Ages: what series hold, by how long ago that was; from the finest panes that remember it.

In:  levels from the finest to the longest panes; the moment that windows are read at.
Out: ages and amounts; sums of what is younger; where the oldest begins.

The pane says when something began, now says how long ago that is. What is young is read from short panes and what is
old from long ones, so that an age is never off by more than a few hundredths of itself. Ages are counted from the
middle of the finest pane that is running, and change when panes do and not with every look.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stream.changes.panes import end_pane
from stream.windows.level import PLAN, Level

Ints = NDArray[np.int64]


def by_age(levels: Sequence[Level], first: int, now_ms: int, sids: Ints) -> tuple[Ints, Ints, Ints]:
    """Give (place among the series, age in ms, amount) from a first pane of the last of these levels on.

    Where a level's longest window ends the next one goes on, at an edge of its panes. Series that a level does not
    keep are read from the next one.
    """
    out: list[tuple[Ints, Ints, Ints]] = []
    last = levels[-1]
    begin_ms = first * last.pane_ms + last.origin_ms
    for kept, some in _by_levels(levels, sids):
        moment_ms = _moment_ms(kept[0], now_ms)
        end_ms = kept[0].end * kept[0].pane_ms + kept[0].origin_ms
        for level, longer in zip(kept, [*kept[1:], None], strict=True):
            from_ms = begin_ms if longer is None else max(begin_ms, _edge_ms(level, longer))
            low, high = (end_pane(ms, level.pane_ms, level.origin_ms) for ms in (from_ms, end_ms))
            places, panes, amounts = level.held(sids[some], low, high)
            middles = panes * level.pane_ms + level.origin_ms + level.pane_ms // 2
            out.append((some[places], np.maximum(moment_ms - middles, 0), amounts))
            end_ms = from_ms
    if not out:
        nothing = np.zeros(0, np.int64)
        return nothing, nothing, nothing
    at, ages, amounts = (np.concatenate(column) for column in zip(*out, strict=True))
    return at, ages, amounts


def recent(levels: Sequence[Level], now_ms: int, sids: Ints, lengths_ms: Ints) -> Ints:
    """Sum what is younger than a length, from the finest level that serves windows so long, to the pane."""
    out = np.zeros(len(sids), np.int64)
    todo = np.flatnonzero((sids >= 0) & (lengths_ms > 0))
    for number, level in enumerate(levels):
        serves = level.keeps(sids[todo]) & ((lengths_ms[todo] <= PLAN[level.number][0]) | (number == len(levels) - 1))
        some, todo = todo[serves], todo[~serves]
        if len(some):
            firsts = (now_ms - lengths_ms[some] - level.origin_ms) // level.pane_ms
            out[some] = level.since(sids[some], firsts)
    return out


def oldest_ms(levels: Sequence[Level], sids: Ints) -> Ints:
    """Give where the oldest pane begins of each series, by the finest level that remembers it; −1: there is none."""
    out = np.full(len(sids), -1, np.int64)
    for level in reversed(levels):
        reach = level.end - level.ring
        places, panes, _ = level.held(sids, reach, level.end)
        oldest = np.full(len(sids), level.end, np.int64)
        np.minimum.at(oldest, places, panes)
        begins = oldest * level.pane_ms + level.origin_ms
        # what a longer pane holds may lie where this level does not reach any more
        sees = (oldest < level.end) & ((out < 0) | (out >= reach * level.pane_ms + level.origin_ms))
        out[sees] = begins[sees]
    return out


def _by_levels(levels: Sequence[Level], sids: Ints) -> list[tuple[list[Level], Ints]]:
    """Group series by the levels that keep them."""
    marks = np.zeros(len(sids), np.int64)
    for at, level in enumerate(levels):
        marks |= level.keeps(sids).astype(np.int64) << at
    return [
        ([level for at, level in enumerate(levels) if mark >> at & 1], np.flatnonzero(marks == mark))
        for mark in np.unique(marks).tolist()
        if mark
    ]


def _edge_ms(level: Level, longer: Level) -> int:
    """Give the first edge of longer panes from which on a level sees all that its longest window does."""
    reach_ms = (level.end - max(level.windows.values())) * level.pane_ms + level.origin_ms
    return end_pane(reach_ms, longer.pane_ms, longer.origin_ms) * longer.pane_ms + longer.origin_ms


def _moment_ms(level: Level, now_ms: int) -> int:
    """Give the middle of the pane that now lies in."""
    return (now_ms - 1 - level.origin_ms) // level.pane_ms * level.pane_ms + level.origin_ms + level.pane_ms // 2
