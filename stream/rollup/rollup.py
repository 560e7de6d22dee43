"""Rollup: adds up what all shards report, and reads the metrics.

In:  packed deltas of all shards, and the wall clock as an argument.
Out: readings; records of its own log.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import msgspec
import numpy as np

from stream import catalog
from stream.changes.accumulator import Spread
from stream.changes.cells import Cell
from stream.changes.deltas import Delta, unpack_coded
from stream.changes.panes import DAY_MS, Grid, end_pane
from stream.contract.readings import Reading
from stream.rollup.budget import Budget, Place
from stream.rollup.folding import Folding, choose
from stream.rollup.formulas import Formulas
from stream.rollup.known import Known
from stream.rollup.series import Ints, Series, Windows, shift_of, windows_of
from stream.rollup.snapshot import Snapshot
from stream.rollup.standing import Standings
from stream.rollup.totals import totals
from stream.state.keys import ROLLUP_CLOCK
from stream.windows.exact import ExactWindows
from stream.windows.levels import Levels

_CLOCK_KEY = ROLLUP_CLOCK.prefix
_MOST_WAITING = 500_000


class SequenceGap(Exception):
    """A delta is missing: what a shard reported can no longer be added up."""


@dataclass(frozen=True, slots=True)
class RollupOptions:
    """How a rollup is set up. `shards` is group → number of shards; without `windows` those of the catalog hold.

    `absent` are kinds of groups that do not run because their topics are missing: no shard can say so.

    With `exact` every change is kept with its millisecond and windows end at the very moment of reading: for a
    replay. Otherwise panes and levels bound the memory.
    """

    shards: Mapping[str, int]
    clock: Literal["wall", "events"] = "wall"
    windows: tuple[str, ...] | None = None
    exact: bool = False
    grid: Grid = Grid()
    label_limit: int = 50
    most_readings: int = 10_000
    allowed: Mapping[str, frozenset[str]] = field(default_factory=dict)
    absent: tuple[str, ...] = ()


class Rollup:
    """The cells of all shards, and what they amount to."""

    def __init__(self, options: RollupOptions, table: Windows | None = None) -> None:
        """With a `table` of windows that one is used, whatever the options say."""
        self.options = options
        wanted = windows_of(catalog.METRICS, options.windows)
        every = {window for windows in wanted.values() for window in windows}
        self._windows = {name for name, _ in every}
        self._levels = None if options.exact else Levels(every, options.grid)
        self._table: Windows = table or self._levels or ExactWindows()
        self._budget = Budget(options.label_limit, options.most_readings, options.allowed, everything=options.exact)
        self._series = Series(self._table, self._budget, wanted, catalog.METRICS, options.grid)
        self._folding = Folding(self._series, self._levels) if self._levels and table is None else None
        self._series.make_room = self._make_room if self._folding else None
        self._known = Known()
        self._formulas = Formulas(self._series, self._known)
        self._standings = Standings(options.shards, options.absent)
        self._snapshot = Snapshot(self._levels, self._series, self._standings, self._budget) if self._levels else None
        self._version = catalog.version()
        self._wall_ms = 0
        self._seq = 0
        self._stored_now_ms = 0
        self._restored = False
        self._was: dict[str, tuple[bool, int | None]] = {}  # window → standing when it was last read
        self._waiting: list[tuple[Ints, Ints, Ints]] = []
        self._waits = 0

    @property
    def now_ms(self) -> int:
        """The moment that windows are read at."""
        return self._table.now_ms

    # in ---------------------------------------------------------------------------------------------------

    def load(self, key: bytes, value: bytes | None) -> None:
        """Take one record of the rollup's log, all of them before the first delta."""
        if key == _CLOCK_KEY and value is not None:
            self._seq, self._stored_now_ms = msgspec.msgpack.decode(value, type=tuple[int, int])
        elif self._snapshot is not None:
            self._snapshot.load(key, value)

    def _restore(self) -> None:
        if not self._restored:
            self._restored = True
            if self._snapshot is not None and self._stored_now_ms:
                self._snapshot.restore(self._stored_now_ms)
            self._series.full.update(place for place in self._budget.kept if not self._budget.has_room(place))
            for standing in self._standings.of.values():
                self._known.take(standing.marks)

    def apply(self, value: bytes) -> None:
        """Add what one shard reported. A record seen before changes nothing; a gap raises SequenceGap."""
        self._add(*unpack_coded(value))

    def add(self, delta: Delta) -> None:
        """Add an unpacked delta."""
        self._add(delta, delta.names)

    def _add(self, delta: Delta, names: Sequence[Cell | bytes]) -> None:
        self._restore()
        known = self._standings.of.get((delta.group, delta.shard))
        if known is not None:
            if delta.seq <= known.seq:
                return
            if delta.seq != known.seq + 1:
                raise SequenceGap(f"shard {delta.group} {delta.shard} reported number {delta.seq} after {known.seq}")
        if not self.options.exact:
            self._reach(delta)
        if names:
            index = np.frombuffer(delta.name_index, np.int32).astype(np.int64)
            panes, amounts = np.frombuffer(delta.panes, np.int64), np.frombuffer(delta.amounts, np.int64)
            if not self.options.exact:
                # what is counted by arrival may run ahead of the newest event while a backlog is worked off; and
                # no timestamp may lie beyond the end of the windows
                grid = self.options.grid
                panes = np.minimum(panes, end_pane(self._table.now_ms, grid.pane_ms, grid.origin_ms) - 1)
            self._wait(self._series.expand(names, index, panes, amounts))
        for spread in delta.spreads:
            self._spread(spread)
        self._standings.take(delta, self._wall_ms)
        self._known.take(delta.marks)

    def _spread(self, spread: Spread) -> None:
        parts = self._series.parts(spread.cell)
        if len(parts) == 1 or self._levels is None:
            for sid in parts[-1].sids:
                self._table.spread(sid, spread)
            return
        for part in parts:
            for sid in part.sids:
                self._levels.spread(sid, spread, part.from_ms, part.to_ms)

    def _make_room(self, places: set[Place]) -> None:
        if self._folding is not None and (due := self._folding.due(places)):
            self._settle()
            self._folding.make_room(due)

    def _wait(self, changes: tuple[Ints, Ints, Ints]) -> None:
        """Keep changes until somebody reads: those of many shards name the same series, and are merged at once."""
        self._waiting.append(changes)
        self._waits += len(changes[0])
        if self._waits > _MOST_WAITING:
            self._settle()

    def _settle(self) -> None:
        """Add the changes that wait."""
        if self._waiting:
            sids, panes, amounts = (np.concatenate(part) for part in zip(*self._waiting, strict=True))
            self._waiting, self._waits = [], 0
            self._table.apply(sids, panes, amounts)

    def _reach(self, delta: Delta) -> None:
        """End windows after every event that was added: a person's latest visit may lie nowhere else."""
        newest = max(delta.newest_ms.values(), default=0)
        if not newest and delta.panes and not self._table.now_ms:
            # nothing was ever counted, only rejected: so far there are arrivals alone to go by
            panes = np.frombuffer(delta.panes, np.int64)
            newest = min(self.options.grid.start_ms(int(panes.max())), delta.now_ms)
        wall_ms = max(self._wall_ms, delta.now_ms)
        if wall_ms and self.options.clock == "wall":
            # one record with a timestamp of the far future would else leave nothing in any window, for good
            newest = min(newest, wall_ms + DAY_MS)
        if newest:
            self._table.advance(newest + 1)

    def advance(self, wall_ms: int) -> None:
        """Let time go on: to the wall clock once every shard is caught up, else no further than the events."""
        self._restore()
        self._wall_ms = max(self._wall_ms, wall_ms)
        if self.options.clock == "wall" and self._standings.complete(self._wall_ms):
            self._table.advance(self._wall_ms)

    def read_at(self, moment_ms: int) -> None:
        """Read windows at a given moment from here on: for a replay, which is always complete."""
        self._table.advance(moment_ms)

    # out --------------------------------------------------------------------------------------------------

    def readings(self, windows: Collection[str] | None) -> list[Reading]:
        """Read the live series: with `windows` None all of them, else those that changed in these windows.

        Totals since the beginning are always included. A change of standing (complete, data since) changes every
        reading, so all series of the windows are given then.
        """
        self._restore()
        self._settle()
        if self.options.exact:
            choose(self._series)
        self._formulas.refresh()
        self._seq += 1
        standing = self._complete(), self._standings.data_since_ms()
        out: list[Reading] = []
        for metric in catalog.METRICS:
            for window in self.options.windows or metric.windows:
                if windows is None or window in windows:
                    everything = windows is None or standing != self._was.get(window)
                    self._read(metric, window, everything, standing, out)
        self._was.update(dict.fromkeys(self._windows if windows is None else windows, standing))
        self._read_totals(standing, out)
        return out

    def snapshot(self, full: bool) -> list[tuple[bytes, bytes | None]]:
        """Give the records that bring the rollup's log up to date; with `full` all of them.

        Right before it, and never without it, values change places: a restart undoes nothing that was shown.
        """
        self._restore()
        self._settle()
        if self._folding is not None:
            self._folding.look()
        if self._snapshot is None:
            return []
        clock = msgspec.msgpack.encode((self._seq, self._table.now_ms))
        return [*self._snapshot.records(full), (_CLOCK_KEY, clock)]

    def _complete(self) -> bool:
        return self.options.exact or self._standings.complete(self._wall_ms)

    def _read(
        self,
        metric: catalog.Metric,
        window: str,
        everything: bool,
        standing: tuple[bool, int | None],
        out: list[Reading],
    ) -> None:
        table = self._table
        complete, since = standing
        now_ms = table.now_ms
        spans: dict[tuple[int | None, int], tuple[int, int]] = {}
        by_label, shift_ms = metric.waits_for_target, metric.shift_ms
        for value in self._formulas.values(metric, window, everything):
            if by_label:
                shift_ms = shift_of(metric, value.labels)
            named = value.end_ms, shift_ms
            if named not in spans:
                spans[named] = table.span((window, shift_ms), value.end_ms)
            start, end = spans[named]
            as_of = now_ms if value.end_ms is None else value.end_ms
            out.append(
                Reading(
                    metric=metric.name, labels=value.labels, window=window, value=value.value,
                    numerator=value.numerator, denominator=value.denominator, n=value.n, window_start_ms=start,
                    window_end_ms=end, as_of_ms=as_of, complete=complete, data_since_ms=since, seq=self._seq,
                    catalog_version=self._version,
                )
            )  # fmt: skip

    def _read_totals(self, standing: tuple[bool, int | None], out: list[Reading]) -> None:
        complete, since = standing
        now_ms = self._table.now_ms
        clock_ms = now_ms if self.options.exact else self._wall_ms or now_ms
        for name, labels, value in totals(self._standings, self._budget, clock_ms, complete, self._version):
            out.append(
                Reading(
                    metric=name, labels=labels, window=None, value=value, numerator=None, denominator=None, n=None,
                    window_start_ms=None, window_end_ms=None, as_of_ms=now_ms, complete=complete,
                    data_since_ms=since, seq=self._seq, catalog_version=self._version,
                )
            )  # fmt: skip
