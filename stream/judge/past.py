"""Past: full hours in a row, and what figures were at the same local hours of former weeks and days.

In:  history, the zone and marks of some series, the hours around some moments.
Out: arrays of series × hours; and, of what is known by the hour, the line at moments between.

What is usual is worked out by the hour: it is a sixth of the work of doing so at each look, and as good.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from stream.changes.panes import HOUR_MS
from stream.judge.history import Bools, Floats, History, Ints, Pairs
from stream.judge.marks import Spans
from stream.judge.zones import Zone

WEEK_H: Final = 168
DAY_H: Final = 24
#: Former weeks that say what is usual, and how many there must be.
WEEKS: Final = 4
LEAST_WEEKS: Final = 2
#: Six weeks hold the fifth week before this one whole; nothing reads further back.
REACH_WEEKS: Final = 5


#: Reads counts at hours: series × hours.
Counts = Callable[[Ints], Floats]
#: The same of successes and trials.
PairsAt = Callable[[Ints], Pairs]


class Rows(NamedTuple):
    """Rows of history, all of one window; and which of them have hours that the calendar takes out."""

    rows: Ints
    window_ms: int  # length of the window, and of what it is shifted by
    marked: tuple[tuple[Ints, Spans], ...] = ()  # (places among the rows, spans)

    def take(self, places: Ints) -> Rows:
        """Give some of the rows."""
        some = []
        for at, spans in self.marked:
            mine = np.flatnonzero(np.isin(places, at))
            if len(mine):
                some.append((mine, spans))
        return Rows(self.rows[places], self.window_ms, tuple(some))

    def held(self, moments_ms: Ints) -> Bools:
        """Say where the window that ends at a moment holds marked hours: rows × moments."""
        out = np.zeros((len(self.rows), len(moments_ms)), np.bool_)
        for at, spans in self.marked:
            out[at] = spans.held(moments_ms - self.window_ms, moments_ms)
        return out


@dataclass(frozen=True, slots=True)
class Past:
    """The hours `first` to `last`, counted from 1970, of sites with one clock; missing rows (-1) are holes."""

    history: History
    clock: Zone
    first: int
    last: int

    def hours(self, before: int = 0, after: int = 0) -> Ints:
        """List the hours, and some before and after them."""
        return np.arange(self.first - before, self.last + after + 1)

    def earlier(self, hours: Ints, by: int) -> Ints:
        """Give the hours at which clocks showed the same, so many hours of clock time before."""
        return self.clock.before(hours * HOUR_MS, by) // HOUR_MS if by else hours

    def read(self, of: Rows, hours: Ints) -> Pairs:
        """Read figures at hours; what is marked is no example, and so a hole."""
        pairs = self.history.read(np.maximum(of.rows, 0), hours)
        gone = of.rows < 0
        if gone.any():
            pairs.successes[gone], pairs.trials[gone] = np.nan, np.nan
        for at, spans in of.marked:
            marked = spans.held(hours * HOUR_MS - of.window_ms, hours * HOUR_MS)
            if marked.any():
                for side in pairs:
                    side[np.ix_(at, np.flatnonzero(marked))] = np.nan
        return pairs

    def counts(self, of: Rows) -> Counts:
        """Give how successes (or counts) of rows are read."""
        return lambda hours: self.read(of, hours).successes

    def lagged(self, of: Counts, lags: Iterable[int], hours: Ints) -> Floats:
        """Read counts so many hours of clock time before: lags × series × hours."""
        return np.stack([of(self.earlier(hours, lag)) for lag in lags])

    def pairs(self, of: PairsAt, lags: Iterable[int], hours: Ints) -> tuple[Floats, Floats]:
        """Read successes and trials so many hours of clock time before: lags × series × hours."""
        pairs = [of(self.earlier(hours, lag)) for lag in lags]
        return np.stack([pair.successes for pair in pairs]), np.stack([pair.trials for pair in pairs])


def weeks(count: int = WEEKS, first: int = 1) -> list[int]:
    """List lags of whole weeks, in hours.

    >>> weeks(2), weeks(2, first=0)
    ([168, 336], [0, 168])
    """
    return [WEEK_H * week for week in range(first, first + count)]


def around(values: Floats, shifts: Sequence[int], *, lowest: bool) -> Floats:
    """Give the lowest or highest of hours shifted against each other; `values` has the widest shift more at both ends.

    >>> around(np.array([5.0, 1.0, np.nan, 7.0]), (-1, 0, 1), lowest=True).tolist()
    [1.0, 1.0]
    """
    wide = max(shifts)
    length = values.shape[-1] - 2 * wide
    out = values[..., wide : wide + length]
    pick = np.fmin if lowest else np.fmax
    for shift in shifts:
        if shift:
            out = pick(out, values[..., wide + shift : wide + shift + length])
    return out


class Line:
    """Moments among hours: for each the hour before, and how far it is to the next.

    >>> from stream.judge.zones import zone
    >>> half = Line(Past(History(), zone("UTC", 0), 0, 2), np.array([1_800_000]))
    >>> half.between(np.array([8.0, 2.0, 2.0])).tolist(), half.under(np.array([50.0, 8.0, 2.0, 2.0, 2.0])).tolist()
    ([5.0], [4.23606797749979])
    """

    def __init__(self, past: Past, moments_ms: Ints) -> None:
        hour, past_ms = np.divmod(moments_ms, HOUR_MS)
        self._at: Ints = hour - past.first
        self._next: Ints = np.minimum(self._at + 1, past.last - past.first)
        self._part: Floats = past_ms / HOUR_MS
        self._full = not past_ms.any()

    def before(self, values: Floats) -> Floats:
        """Give what stood at the hour before."""
        return np.take(values, self._at, axis=-1)

    def under(self, values: Floats) -> Floats:
        """Give what is not above a curve through the hours; `values` have one hour more at both ends.

        Where a day falls off a cliff the line is far above what comes between, and the lines through the hours before
        and after are not: where it bends upwards their higher one, but nothing below both ends. Counts bend by chance:
        what is within one deviation of the line is the line.
        """
        line = self.between(values[..., 1:-1])
        if self._full:
            return line
        earlier, before, after, later = (np.take(values, self._at + shift, axis=-1) for shift in range(4))
        left = before + (before - earlier) * self._part
        right = after + (after - later) * (1 - self._part)
        low = np.maximum(np.maximum(left, right), np.minimum(before, after))
        return line - np.fmax(line - low - np.sqrt(line), 0)

    def between(self, values: Floats) -> Floats:
        """Give the line between two hours; where one is not known, the other."""
        before = np.take(values, self._at, axis=-1)
        if self._full:
            return before
        after = np.take(values, self._next, axis=-1)
        out = before + (after - before) * self._part
        hole = np.isnan(out)
        if hole.any():
            np.copyto(out, np.where(np.isnan(before) & (self._part > 0), after, before), where=hole)
        return out
