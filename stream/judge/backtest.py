"""Back-test: readings that were told once, judged as a worker would have.

In:  moments in order: what was told at each, as few readings as changed.
Out: records of `leadpulse.alerts`; how long there was something to judge, what never was, and why.

A figure stands until its next reading. Hours in which nothing at all was read are holes. Looks are given to the judge
a day at once, so memory does not grow with the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import numpy as np

from stream.changes.panes import DAY_MS, HOUR_MS, MINUTE_MS
from stream.contract.alert import AlertRecord
from stream.contract.readings import Reading
from stream.judge.block import Block
from stream.judge.history import SLOTS, Figure, History, Pairs
from stream.judge.look import Judge
from stream.judge.readings import ABSENT, EARLY, KNOWN, Names, Seen, seen_of
from stream.judge.settings import Settings
from stream.judge.state import State
from stream.judge.verdicts import Key

LOOK_MS: Final = 10 * MINUTE_MS
#: Looks that are given to the judge at once, at most.
MOST: Final = 144
#: Figures that are told late do so by less; more is a clock that went back.
BACK_MS: Final = HOUR_MS
_NO_REASON: Final = ""


class Never(NamedTuple):
    """A figure that was never judged in a window, and why at the end."""

    metric: str
    site: str
    value: tuple[str, ...]
    window: str
    state: str
    says: str


class _Standing(NamedTuple):
    """A reading as it stands: what it says, how far before its moment it begins, since when anything is known."""

    seen: Seen
    reach_ms: int
    since_ms: int | None


class Backtest:
    """Carries what was told through the judge; `begin_ms` is the first moment that is judged, not only remembered."""

    def __init__(self, settings: Settings, begin_ms: int | None = None) -> None:
        self._judge = Judge(settings)
        self.state = State(History(SLOTS + DAY_MS // HOUR_MS + 2))
        self._begin_ms = begin_ms
        self._names = Names()
        self._standing: dict[tuple[str, str | None, tuple[tuple[str, str], ...]], _Standing] = {}
        self._members: dict[Figure, set[tuple[str, str | None, tuple[tuple[str, str], ...]]]] = {}
        self._now = np.full((2, 0), np.nan)
        self._waits = np.zeros(0, np.int64)
        self._reach = np.zeros((2, 0), np.int64)  # of each row: reach, and since when anything is known
        self._columns: list[tuple[int, np.ndarray, np.ndarray]] = []
        self._read_ms = 0  # the newest moment that was read
        self._seq, self._version = 0, ""
        self.looks = 0
        self.first_ms = self.last_ms = 0
        self.sites: set[str] = set()
        self._judged: dict[tuple[Key, str], tuple[bool, str, str]] = {}

    def take(self, at_ms: int, readings: Iterable[Reading]) -> list[AlertRecord]:
        """Take what was told at a moment; gives what the judge tells of the moments before."""
        records: list[AlertRecord] = []
        look_ms = at_ms - at_ms % LOOK_MS
        if self._read_ms and look_ms - (self._columns[0][0] if self._columns else look_ms) >= DAY_MS:
            records += self._flush()
        self._stand_over(look_ms)
        changed = dict.fromkeys(figure for reading in readings for figure in self._put(reading))
        for figure in changed:
            self._add_up(figure)
        self._read_ms = at_ms
        if look_ms > self.last_ms:
            records += self._look(look_ms)
        return records

    def end(self) -> list[AlertRecord]:
        """Judge what is left."""
        return self._flush()

    def never(self) -> Iterator[Never]:
        """List what was never judged."""
        for ((metric, site, value), window), (made, state, says) in sorted(self._judged.items()):
            if not made:
                yield Never(metric, site, value, window, state, says)

    def _look(self, look_ms: int) -> list[AlertRecord]:
        waits = self._waits.copy()
        reach, since = self._reach
        waits[(waits == KNOWN) & (look_ms - reach < since)] = EARLY
        now = np.where(waits == KNOWN, self._now, np.nan)
        self.last_ms = look_ms
        if self._begin_ms is not None and look_ms < self._begin_ms:
            if look_ms % HOUR_MS == 0:
                self._fill(look_ms // HOUR_MS, now)
            return []
        self.first_ms = self.first_ms or look_ms
        self.looks += 1
        self._columns.append((look_ms, now, waits))
        return self._flush() if len(self._columns) >= MOST else []

    def _stand_over(self, look_ms: int) -> None:
        """Fill full hours since the last reading, as far as something was read in the hour before."""
        hour = self._read_ms // HOUR_MS + 1
        if self._read_ms and hour * HOUR_MS < look_ms and hour * HOUR_MS - self._read_ms < HOUR_MS:
            reach, since = self._reach
            known = (self._waits == KNOWN) & (hour * HOUR_MS - reach >= since)
            self._fill(hour, np.where(known, self._now, np.nan))

    def _fill(self, hour: int, now: np.ndarray) -> None:
        rows = np.flatnonzero(~np.isnan(now[0]))
        self.state.history.put(hour, rows, now[0, rows], now[1, rows])

    def _flush(self) -> list[AlertRecord]:
        if not self._columns:
            return []
        columns, self._columns = self._columns, []
        height = self.state.history.height
        now = np.full((2, height, len(columns)), np.nan)
        waits = np.full((height, len(columns)), ABSENT)
        for at, (_, figures, why) in enumerate(columns):
            few = min(height, len(why))  # there is room for more rows than there are figures
            now[:, :few, at], waits[:few, at] = figures[:, :few], why[:few]
        moments = np.array([look_ms for look_ms, _, _ in columns])
        block = Block(moments, Pairs(now[0], now[1]), waits, self._seq, self._version)
        looked = self._judge.block(self.state, block)
        for key, window, made in looked.verdicts.made():
            before = self._judged.get((key, window), (False, _NO_REASON, _NO_REASON))[0]
            verdict = looked.verdicts.of(*key, window)
            self._judged[key, window] = (before or made, verdict.state, verdict.says or _NO_REASON)
            self.sites.add(key[1])
        return looked.records

    def _put(self, reading: Reading) -> tuple[Figure, ...]:
        figures = self._names.of(reading)
        if not figures:
            return ()
        key = (reading.metric, reading.window, tuple(sorted(reading.labels.items())))
        start_ms = reading.as_of_ms if reading.window_start_ms is None else reading.window_start_ms
        seen = seen_of(reading, early=False)
        self._standing[key] = _Standing(seen, reading.as_of_ms - start_ms, reading.data_since_ms)
        for figure in figures:
            self._members.setdefault(figure, set()).add(key)
        self._seq, self._version = reading.seq, reading.catalog_version
        return figures

    def _add_up(self, figure: Figure) -> None:
        row = self.state.history.row(figure)
        if row >= self._now.shape[1]:
            more = row + 64 - self._now.shape[1]
            self._now = np.concatenate([self._now, np.full((2, more), np.nan)], axis=1)
            self._waits = np.concatenate([self._waits, np.full(more, ABSENT)])
            self._reach = np.concatenate([self._reach, np.zeros((2, more), np.int64)], axis=1)
        members = [self._standing[key] for key in self._members[figure]]
        self._now[:, row] = np.sum([one.seen[:2] for one in members], axis=0)
        self._waits[row] = max(one.seen.waits for one in members)
        self._reach[0, row] = max(one.reach_ms for one in members)
        self._reach[1, row] = max((one.since_ms or 0) for one in members)
