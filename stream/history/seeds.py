"""Seeds: hours of a history that nobody measured, filled in from readings of former times.

In:  readings, moment by moment; now.
Out: a history of seeds; which of them are news to a history that is there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from typing import NamedTuple

import numpy as np

from stream.catalog import BY_NAME
from stream.catalog.sources import brought_by
from stream.changes.panes import HOUR_MS
from stream.contract.readings import Reading
from stream.history.kept import LATE_MS
from stream.history.slices import figure_of_row
from stream.judge.history import SLOTS, Figure, History
from stream.judge.readings import KNOWN, Names, figures_of


class Seeding:
    """What is filled in, so far."""

    def __init__(self, now_ms: int, version: str | None = None) -> None:
        """Take the version of the catalog that readings must be of; None takes all."""
        self.history = History()
        self.outside = 0  # hours that lie before the history reaches, or after now
        self.foreign: Counter[str] = Counter()  # readings of other catalogs, by version
        self._last, self._version, self._names = now_ms // HOUR_MS, version, Names()
        self._standing: dict[tuple[str, str | None, tuple[tuple[str, str], ...]], Reading] = {}
        self._at_ms = 0

    @property
    def at_ms(self) -> int:
        """Give the moment that was told last."""
        return self._at_ms

    def tell(self, at_ms: int, readings: Iterable[Reading]) -> None:
        """Take what was told at a moment, no earlier than the one before.

        A full hour has what was told first within ten minutes after it; else what stood, if anything was told in the
        hour before it; else nothing.
        """
        hour_ms = at_ms // HOUR_MS * HOUR_MS
        before_ms = (self._at_ms // HOUR_MS + 1) * HOUR_MS if self._at_ms else 0  # the full hour after the last moment
        late = at_ms - hour_ms > LATE_MS
        if before_ms and before_ms <= hour_ms and (late or before_ms < hour_ms):
            self.put(before_ms, self._standing.values())
        new_hour = hour_ms > self._at_ms or at_ms == hour_ms
        for reading in readings:
            if self._version is not None and reading.catalog_version != self._version:
                self.foreign[reading.catalog_version] += 1
                continue
            self._standing[reading.metric, reading.window, tuple(sorted(reading.labels.items()))] = reading
        if new_hour and not late:
            self.put(hour_ms, self._standing.values())
        self._at_ms = at_ms

    def put(self, hour_ms: int, readings: Iterable[Reading], without: Collection[str] = ()) -> None:
        """Fill an hour with readings; figures that rest on kinds of events that are told `without` are left out."""
        hour = hour_ms // HOUR_MS
        if not self._last - SLOTS < hour <= self._last:
            self.outside += 1
            return
        seen = figures_of(readings, self._names)
        some = {figure: one for figure, one in seen.items() if one.waits == KNOWN and not _rests_on(figure, without)}
        if some:
            rows = [self.history.row(figure) for figure in some]
            tops, bottoms = [one.successes for one in some.values()], [one.trials for one in some.values()]
            self.history.put(hour, rows, tops, bottoms, seed=True)


class News(NamedTuple):
    """Seeds that say something, and how many figure-hours of all were measured, and otherwise than they say."""

    history: History
    filled: int
    measured: int
    contradicted: int


def news(seeds: History, known: History) -> News:
    """Leave out what was measured: that counts, whatever seeds say."""
    out, figures = History(), figure_of_row(seeds)
    filled = measured = contradicted = 0
    for hour in seeds.held():
        rows, tops, bottoms, _ = seeds.hour(hour)
        theirs = np.array([known.rows.get(figures[row], -1) for row in rows.tolist()], np.int64)
        there, their_tops, their_bottoms, seeded = known.hour(hour)
        place = np.full(known.height + 1, -1, np.int64)
        place[there[~seeded]] = np.flatnonzero(~seeded)
        at = place[theirs]  # the last place is of those that are not known at all
        has = at >= 0
        same = (tops[has] == their_tops[at[has]]) & (
            (bottoms[has] == their_bottoms[at[has]]) | (np.isnan(bottoms[has]) & np.isnan(their_bottoms[at[has]]))
        )
        measured += int(has.sum())
        contradicted += int((~same).sum())
        mine = [out.row(figures[row]) for row in rows[~has].tolist()]
        if mine:
            filled += len(mine)
            out.put(hour, mine, tops[~has], bottoms[~has], seed=True)
    return News(out, filled, measured, contradicted)


def _rests_on(figure: Figure, kinds: Collection[str]) -> bool:
    return bool(kinds) and not brought_by(BY_NAME[figure.metric]).isdisjoint(kinds)
