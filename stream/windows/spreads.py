"""Spreads: totals of periods as columns: what of each lies in which pane, and those whose period is not over.

In:  totals of series, each with the part of its time that the series has of it.
Out: amounts by pane; what waits for panes to come, each total once however often it was restated.

A total is spread evenly: what lies before a moment is its amount times the share of the period that is over, rounded
down. So parts add up to the amount exactly, wherever they are cut; and since rounded parts of two totals do not add
up to those of their sum, only a total and its own taking back cancel out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream.changes.accumulator import Spread

Ints = NDArray[np.int64]

#: Panes that are worked out at once: some megabytes.
_AT_ONCE: Final = 100_000
#: Longer periods, of nine years and more, are divided one by one: their products need more than 64 bits.
_LONGEST: Final = 1 << 38
_HALF: Final = 16
#: Totals that wait, in one record of the log: 224 KB.
A_SLICE: Final = 4_000


class Part(NamedTuple):
    """A total, and the part of its time, [from, to), that a series has of it."""

    sid: int
    spread: Spread
    from_ms: int
    to_ms: int


#: Columns: series, start, end, amount, from, to, and how many times it counts; less than 0: times it is taken back.
WIDTH: Final = 7
_SID, _START, _END, _AMOUNT, _FROM, _TO, _TIMES = range(WIDTH)


def columns(parts: Iterable[Part]) -> Ints:
    """Give totals as columns, each once with the number of times that it counts; none that were taken back."""
    times: dict[tuple[int, ...], int] = {}
    for sid, spread, from_ms, to_ms in parts:
        key = sid, spread.start_ms, spread.end_ms, spread.amount, from_ms, to_ms
        times[key] = times.get(key, 0) + spread.sign
    rows = [(*key, n) for key, n in times.items() if n]
    return np.array(rows, np.int64).reshape(-1, WIDTH).T


def in_panes(table: Ints, pane_ms: int, origin_ms: int, first: int, end: int) -> Iterator[tuple[Ints, Ints, Ints]]:
    """Give (series, pane, amount) of totals within panes [first, end), some at a time."""
    low = np.maximum(table[_START] - origin_ms, table[_FROM] - origin_ms) // pane_ms
    high = -((origin_ms - table[_END]) // pane_ms)
    # what a series has of a total begins and ends at an edge of the longest panes, or nowhere
    low, high = np.maximum(low, first), np.minimum(np.minimum(high, (table[_TO] - origin_ms) // pane_ms), end)
    sizes = np.maximum(high - low, 0)
    until = np.cumsum(sizes)
    begin = 0
    while begin < len(sizes):
        done = int(until[begin - 1]) if begin else 0
        stop = max(begin + 1, int(np.searchsorted(until, done + _AT_ONCE, side="right")))
        yield from _some(table[:, begin:stop], low[begin:stop], sizes[begin:stop], pane_ms, origin_ms)
        begin = stop


def _some(table: Ints, low: Ints, sizes: Ints, pane_ms: int, origin_ms: int) -> Iterator[tuple[Ints, Ints, Ints]]:
    every = np.repeat(np.arange(len(sizes)), sizes)
    if not len(every):
        return
    panes = low[every] + np.arange(len(every)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    rows = table[:, every]
    edges = panes * pane_ms + origin_ms
    amounts = rows[_TIMES] * (_until(rows, edges + pane_ms) - _until(rows, edges))
    some = amounts != 0
    yield rows[_SID][some], panes[some], amounts[some]


def _until(rows: Ints, moments: Ints) -> Ints:
    """Give how much of each total lies before a moment of its own, rounded down; exact in 64 bits.

    Of amount = q · length + r the first part divides evenly; r · t has up to 76 bits, and is divided in two steps.
    """
    lengths = rows[_END] - rows[_START]
    t = np.clip(moments - rows[_START], 0, lengths)
    q, r = np.divmod(rows[_AMOUNT], lengths)
    high, rest = np.divmod(r * (t >> _HALF), lengths)
    out: Ints = q * t + (high << _HALF) + ((rest << _HALF) + r * (t & ((1 << _HALF) - 1))) // lengths
    for at in np.flatnonzero(lengths > _LONGEST).tolist():
        out[at] = int(rows[_AMOUNT, at]) * int(t[at]) // int(lengths[at])
    return out


class Waiting:
    """Totals whose period is not over, in slices that are written to the log where they changed."""

    def __init__(self) -> None:
        self._table = np.zeros((WIDTH, 0), np.int64)
        self._place: dict[tuple[int, ...], int] = {}  # all columns but the last → its place in the table
        self._free: list[int] = []
        self.changed: set[int] = set()  # slices

    def __len__(self) -> int:
        return len(self._place)

    @property
    def table(self) -> Ints:
        """All totals that wait, as columns."""
        return self._table[:, self._table[_TIMES] != 0]

    @property
    def slices(self) -> int:
        """How many slices there are."""
        return -(-self._table.shape[1] // A_SLICE)

    def add(self, table: Ints) -> None:
        """Let totals wait; one that is taken back waits no more."""
        for *key, times in table.T.tolist():
            self._add(tuple(key), times)

    def _add(self, key: tuple[int, ...], times: int) -> None:
        at = self._place.get(key)
        if at is None:
            at = self._take(key)
        self._table[_TIMES, at] += times
        self.changed.add(at // A_SLICE)
        if not self._table[_TIMES, at]:
            self._drop(key)

    def _take(self, key: tuple[int, ...]) -> int:
        if not self._free:
            size = self._table.shape[1]
            more = max(64, size // 2)
            self._table = np.concatenate([self._table, np.zeros((WIDTH, more), np.int64)], axis=1)
            self._free = list(range(size + more - 1, size - 1, -1))
        at = self._place[key] = self._free.pop()
        self._table[:_TIMES, at] = key
        return at

    def _drop(self, key: tuple[int, ...]) -> None:
        at = self._place.pop(key)
        self._table[:, at] = 0
        self._free.append(at)
        self.changed.add(at // A_SLICE)

    def end(self, edge_ms: int) -> None:
        """Forget what lies before an edge altogether."""
        table = self._table
        over = (table[_TIMES] != 0) & (np.minimum(table[_END], table[_TO]) <= edge_ms)
        for key in table[:_TIMES, over].T.tolist():
            self._drop(tuple(key))

    def move(self, sid: int, into: int | None) -> None:
        """Give all that waits for a series to another one, beside what it has itself; None: drop it."""
        mine = self._table[:, (self._table[_TIMES] != 0) & (self._table[_SID] == sid)]
        for _, *key, times in mine.T.tolist():
            if into is None:
                self._drop((sid, *key))
            else:
                self._add((into, *key), times)

    # the log ----------------------------------------------------------------------------------------------

    def slice(self, number: int) -> bytes:
        """Give the columns of a slice; nothing where none of it waits."""
        some = self._table[:, number * A_SLICE : (number + 1) * A_SLICE]
        return some[:, some[_TIMES] != 0].astype("<i8").tobytes()

    def restore(self, number: int, value: bytes) -> None:
        """Take a slice back to its place."""
        some = np.frombuffer(value, "<i8").astype(np.int64).reshape(WIDTH, -1)
        needs = number * A_SLICE + some.shape[1]
        size = self._table.shape[1]
        if needs > size:
            self._table = np.concatenate([self._table, np.zeros((WIDTH, needs - size), np.int64)], axis=1)
            self._free += range(size, needs)
        taken = set(range(number * A_SLICE, needs))
        self._free = [at for at in self._free if at not in taken]
        for at, (*key, times) in enumerate(some.T.tolist(), number * A_SLICE):
            self._place[tuple(key)] = at
            self._table[:, at] = (*key, times)


def cumulative(spread: Spread, until_ms: int) -> int:
    """Give how much of a total lies before a moment, rounded down."""
    if until_ms <= spread.start_ms:
        return 0
    if until_ms >= spread.end_ms:
        return spread.amount
    return spread.amount * (until_ms - spread.start_ms) // (spread.end_ms - spread.start_ms)
