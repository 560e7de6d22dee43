"""History: what each figure was at each full hour of six weeks.

In:  figures by their names, two numbers an hour: successes (or a count) and trials.
Out: the same for many figures and hours at once.

A hole is NaN, never 0. An hour whose slot was taken by a later one is a hole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from hashlib import blake2b
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream.catalog import BY_NAME, COUNTS, Metric, counts_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

#: Six weeks of hours.
SLOTS: Final = 1_008
#: Windows that are kept; others are shown with the verdict of the nearest of these.
KEPT: Final = ("1h", "6h", "24h", "7d")
_NEVER: Final = -1


class Figure(NamedTuple):
    """The name of a figure: a metric as the catalog calls its entry, labels in the order of the catalog, a window.

    `shape` is a hash of what the entry counts: a changed definition is another figure, and begins anew.
    """

    metric: str
    labels: tuple[tuple[str, str], ...]
    window: str
    shape: str


@cache
def shape_of(name: str) -> str:
    """Hash what an entry counts and how its windows are shifted; a changed help or alert changes nothing of it."""
    metric = BY_NAME[name]
    counts = [COUNTS[count] for count in counts_of(metric)]
    said = (
        metric.numerator, metric.denominator, metric.shift_ms, metric.waits_for_target, metric.scale,
        metric.bottom_scale, metric.ends, counts,
    )  # fmt: skip
    return blake2b(repr(said).encode(), digest_size=4).hexdigest()


def figure_of(metric: Metric, labels: dict[str, str], window: str) -> Figure:
    """Name the figure of an entry; labels that it has beside those of the catalog are left out.

    >>> figure_of(BY_NAME["channel_visitors"], {"channel": "direct", "site": "shop"}, "1h")[:3]
    ('channel_visitors', (('site', 'shop'), ('channel', 'direct')), '1h')
    """
    named = tuple((label, labels[label]) for label in metric.labels if label in labels)
    return Figure(metric.name, named, window, shape_of(metric.name))


class Pairs(NamedTuple):
    """Successes (or counts) and trials (NaN for counts), figures × hours or moments; NaN in both is a hole."""

    successes: Floats
    trials: Floats


class History:
    """A ring of hours; each figure has a row."""

    def __init__(self, slots: int = SLOTS) -> None:
        self.slots = slots
        self.rows: dict[Figure, int] = {}
        self.names = 0  # how often rows were given or taken
        self._free: list[int] = []
        self.hours: Ints = np.full(slots, _NEVER, np.int64)  # slot → the hour it holds, counted from 1970
        self.newest = _NEVER  # hour
        self.changes = 0  # how often anything was put: what is worked out of it holds as long as this does
        self._pairs: Floats = np.full((2, 0, slots), np.nan)
        self._seeded: Bools = np.zeros((0, slots), np.bool_)

    def row(self, figure: Figure) -> int:
        """Give the row of a figure; a new one has only holes."""
        row = self.rows.get(figure)
        if row is None:
            self.names += 1
            row = self.rows[figure] = self._free.pop() if self._free else len(self.rows)
            if row >= self._pairs.shape[1]:
                more = max(64, row // 2)
                self._pairs = np.concatenate([self._pairs, np.full((2, more, self.slots), np.nan)], axis=1)
                self._seeded = np.concatenate([self._seeded, np.zeros((more, self.slots), np.bool_)])
        return row

    def put(
        self,
        hour: int,
        rows: Sequence[int] | Ints,
        successes: Sequence[float] | Floats,
        trials: Sequence[float] | Floats,
        *,
        seed: bool = False,
    ) -> bool:
        """Fill the slot of an hour for some figures; a seed leaves alone what was measured, which stands over it.

        Says False, and does nothing, where the hour is older than the ring reaches.
        """
        slot = hour % self.slots
        if hour <= self.newest - self.slots:
            return False
        if self.hours[slot] != hour:
            self.hours[slot] = hour
            self._pairs[:, :, slot], self._seeded[:, slot] = np.nan, False
            self.newest = max(self.newest, hour)
        at = np.asarray(rows, np.int64)
        pair = np.array([successes, trials], np.float64)
        if seed:
            free = np.isnan(self._pairs[0, at, slot]) | self._seeded[at, slot]
            at, pair = at[free], pair[:, free]
        self._pairs[:, at, slot] = pair
        self._seeded[at, slot] = seed
        self.changes += 1
        return True

    def is_measured(self, hour: int) -> bool:
        """Say whether anything of an hour was measured."""
        rows, _, _, seeded = self.hour(hour)
        return len(rows) > 0 and not bool(seeded.all())

    def forget(self, figures: Iterable[Figure]) -> None:
        """Make holes of all that is known of some figures; their rows stay."""
        for figure in figures:
            row = self.rows.get(figure)
            if row is not None:
                self._pairs[:, row], self._seeded[row] = np.nan, False
        self.changes += 1

    def trim(self) -> list[Figure]:
        """Take back the rows of figures of which nothing is known any more, and name these."""
        gone = [figure for figure, row in self.rows.items() if np.isnan(self._pairs[0, row]).all()]
        for figure in gone:
            self._free.append(self.rows.pop(figure))
        self.names += len(gone)
        return gone

    @property
    def height(self) -> int:
        """Give how many rows there are, those that are free too."""
        return len(self.rows) + len(self._free)

    def held(self) -> Iterator[int]:
        """Give the hours of which anything is held, oldest first."""
        yield from sorted(int(hour) for hour in self.hours if hour > max(_NEVER, self.newest - self.slots))

    def hour(self, hour: int) -> tuple[Ints, Floats, Floats, Bools]:
        """Give what an hour holds: rows without holes, their successes, their trials, and which are seeds."""
        slot = hour % self.slots
        if self.hours[slot] != hour:
            nothing = np.zeros(0)
            return nothing.astype(np.int64), nothing, nothing, nothing.astype(np.bool_)
        rows = np.flatnonzero(~np.isnan(self._pairs[0, : self.height, slot]))
        return rows, self._pairs[0, rows, slot], self._pairs[1, rows, slot], self._seeded[rows, slot]

    def read(self, rows: Ints, hours: Ints) -> Pairs:
        """Read figures at hours: rows × hours."""
        slots = hours % self.slots
        count = len(hours)
        first, last = int(slots[0]), int(slots[-1])
        if last - first == count - 1 and (count < 3 or (np.diff(slots) == 1).all()):
            pair = self._pairs[:, rows, first : last + 1]  # hours in a row are copied whole
        else:
            pair = self._pairs[:, rows[:, None], slots]
        there = self.hours[slots] == hours
        if not there.all():
            pair[:, :, ~there] = np.nan
        return Pairs(pair[0], pair[1])
