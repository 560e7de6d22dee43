"""Rollup: adds up what all shards report, and reads the metrics.

In:  packed deltas of all shards, each with the broker's stamp; the broker's clock as an argument.
Out: readings; records of its own log.

No worker's clock is asked: the moment that windows are read at is the broker's, and moves on only while every shard
is heard of, and no further than the broker's stamps on their reports go.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import msgspec
import numpy as np

from stream import catalog
from stream.catalog.sources import counts_leads, lacking
from stream.catalog.words import PERIODS
from stream.changes.accumulator import Spread
from stream.changes.deltas import Delta, UnknownDelta, unpack_coded
from stream.changes.holds import Holds
from stream.changes.panes import DAY_MS, NOW, Grid, end_pane
from stream.contract.readings import Reading
from stream.kernels.native import Wanted, chosen
from stream.rollup.budget import Budget, Place
from stream.rollup.folding import Folding, choose
from stream.rollup.formulas import Formulas
from stream.rollup.known import Known
from stream.rollup.resettled import resettle
from stream.rollup.series import Ints, Series, Windows
from stream.rollup.snapshot import Snapshot
from stream.rollup.standing import ForeignDelta, Standings, follows
from stream.rollup.totals import largest, totals
from stream.rollup.value import Value
from stream.rollup.wanted import shift_of, windows_for, windows_of
from stream.state.keys import ROLLUP_CLOCK
from stream.windows.exact import ExactWindows
from stream.windows.levels import Levels
from stream.windows.spreads import Part as Spreading

_CLOCK_KEY = ROLLUP_CLOCK.prefix
_MOST_WAITING = 500_000


@dataclass(frozen=True, slots=True)
class RollupOptions:
    """How a rollup is set up. `shards` is group → number of shards; without `windows` those of the catalog hold.

    `absent` are kinds of groups that do not run because their topics are missing: no shard can say so. With `once`
    no delta comes twice, as it is with transactions. `told` are the groups to whose shards others tell something;
    `periods` windows whose length the rules of leads give.

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
    once: bool = False
    told: tuple[str, ...] = ()
    periods: Mapping[str, str] = field(default_factory=lambda: dict(PERIODS))
    native: Wanted = "auto"  # whether the compiled core finds cells by their names


class _Standing(NamedTuple):
    """What is said beside all readings."""

    complete: bool
    along: bool  # complete to the end of the chain, where leads count
    since: int | None

    def of(self, counts_leads: bool) -> bool:
        return self.along if counts_leads else self.complete


class Rollup:
    """The cells of all shards, and what they amount to."""

    def __init__(self, options: RollupOptions, table: Windows | None = None) -> None:
        """With a `table` of windows that one is used, whatever the options say."""
        self.options = options
        wanted = windows_of(catalog.METRICS, options.windows, options.periods)
        every = {window for windows in wanted.values() for window in windows}
        self._windows = {name for name, _ in every}
        self._levels = None if options.exact else Levels(every, options.grid)
        self._table: Windows = table or self._levels or ExactWindows()
        self._budget = Budget(options.label_limit, options.most_readings, options.allowed, everything=options.exact)
        core = chosen(options.native)
        self._series = Series(self._table, self._budget, wanted, catalog.METRICS, options.grid, options.periods, core)
        self._folding = Folding(self._series, self._levels) if self._levels and table is None else None
        self._series.make_room = self._make_room if self._folding else None
        self._known = Known()
        self._formulas = Formulas(self._series, self._known)
        self._standings = Standings(options.shards, options.absent, options.told)
        self._snapshot = (
            Snapshot(self._levels, self._series, self._standings, self._budget, self._known) if self._levels else None
        )
        self._version = catalog.version()
        self._clock_ms = 0  # the broker's, as it was told last
        self._seq = 0
        self._stored_now_ms = 0
        self._restored = False
        self._of_leads = {metric.name for metric in catalog.METRICS if counts_leads(metric)}
        self._was: dict[str, _Standing] = {}  # window → standing when it was last read
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
                if self._folding is not None:
                    resettle(self._folding, self._series, self._snapshot.made)
            self._series.full.update(place for place in self._budget.kept if not self._budget.has_room(place))

    def apply(self, value: bytes, stamp_ms: int = 0, *, live: bool = True) -> None:
        """Add what one shard reported; raises SequenceGap or ForeignDelta, see `follows`.

        `stamp_ms` is when the broker took it; 0 stands for the newest moment that is known. It is `live` where it has
        just come, and was not there before whoever reads began.
        """
        try:
            delta, names = unpack_coded(value)
        except UnknownDelta as error:
            raise ForeignDelta(str(error)) from error
        self._add(delta, lambda: self._series.coded(names), stamp_ms, live)

    def hear(self, holds: Holds, stamp_ms: int = 0, *, live: bool = True) -> None:
        """Learn from a heartbeat that what some shards reported last still held; the rest is as for `apply`."""
        self._restore()
        self._standings.hold(holds, stamp_ms or self._clock_ms, self._clock_ms if live else None)

    def add(self, delta: Delta) -> None:
        """Add an unpacked delta."""
        self._add(delta, lambda: self._series.numbers(delta.names))

    def _add(self, delta: Delta, numbers: Callable[[], Ints], stamp_ms: int = 0, live: bool = True) -> None:
        self._restore()
        if not follows(self._standings.of.get((delta.group, delta.shard)), delta, once=self.options.once):
            return
        stamp_ms = stamp_ms or self._clock_ms
        if not self.options.exact:
            self._reach(delta, stamp_ms)
        if delta.name_index:
            index = np.frombuffer(delta.name_index, np.int32)
            panes, amounts = np.frombuffer(delta.panes, np.int64), np.frombuffer(delta.amounts, np.int64)
            if not self.options.exact:
                # what is counted by arrival may run ahead of the newest event while a backlog is worked off; and
                # no timestamp may lie beyond the end of the windows
                grid = self.options.grid
                panes = np.minimum(panes, end_pane(self._table.now_ms, grid.pane_ms, grid.origin_ms) - 1)
            self._wait((numbers()[index], panes, amounts))
        if delta.spreads:
            self._spread(delta.spreads)
        if delta.standing:
            self._table.stand(*self._series.standing(delta.standing, np.frombuffer(delta.stands, np.int64)))
        self._standings.take(delta, stamp_ms, self._clock_ms if live else None)
        self._known.take(delta.marks)

    def _spread(self, spreads: Sequence[Spread]) -> None:
        if self._levels is not None and self._table is self._levels:
            found = self._series.parts_of([spread.cell for spread in spreads])
            self._levels.spread_all(
                Spreading(sid, spread, part.from_ms, part.to_ms)
                for spread, parts in zip(spreads, found, strict=True)
                for part in parts
                for sid in part.sids
            )
            return
        for spread in spreads:
            for sid in self._series.targets(spread.cell):
                self._table.spread(sid, spread)

    def _make_room(self, places: set[Place]) -> None:
        if self._folding is not None and (due := self._folding.due(places)):
            self._settle()
            self._folding.make_room(due)

    def _wait(self, changes: tuple[Ints, Ints, Ints]) -> None:
        """Keep changes of cells until somebody reads: those of many shards name the same, and are merged at once."""
        self._waiting.append(changes)
        self._waits += len(changes[0])
        if self._waits > _MOST_WAITING:
            self._settle()

    def _settle(self) -> None:
        """Add the changes that wait."""
        if self._waiting:
            changes, self._waiting, self._waits = self._waiting, [], 0
            self._table.apply(*self._series.expand(changes))

    def _reach(self, delta: Delta, stamp_ms: int) -> None:
        """End windows after every event that was added: a person's latest visit may lie nowhere else."""
        newest, clock_ms = max(delta.newest_ms.values(), default=0), stamp_ms or delta.now_ms
        if not newest and delta.panes and not self._table.now_ms:
            # nothing was ever counted, only rejected: so far there are arrivals alone to go by
            panes = np.frombuffer(delta.panes, np.int64)
            newest = min(self.options.grid.start_ms(int(panes.max())), clock_ms)
        if clock_ms and self.options.clock == "wall":
            # one record with a timestamp of the far future would else leave nothing in any window, for good
            newest = min(newest, clock_ms + DAY_MS)
        if newest:
            self._table.advance(newest + 1)

    def advance(self, clock_ms: int, until_ms: int | None = None) -> None:
        """Let time go on: to the broker's clock once every shard is caught up, else no further than the events.

        By the clock it goes to `until_ms` at most: somebody wants to read at that very moment.
        """
        self._restore()
        self._clock_ms = clock_ms or self._clock_ms
        if self.options.clock == "wall" and self.complete:
            reached_ms = self._standings.reached_ms(self._clock_ms)
            self._table.advance(reached_ms if until_ms is None else min(reached_ms, until_ms))

    @property
    def records(self) -> int:
        """How many records all shards have accepted since they began."""
        return self._standings.records()

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
        standing = _Standing(self.complete, self.complete_along, self._standings.data_since_ms())
        out: list[Reading] = []
        missing = self._standings.missing()
        for metric in catalog.METRICS:
            if missing and lacking(metric, missing):
                continue  # whom nobody tells of is no nought
            for window in windows_for(metric, self.options.windows):
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

    @property
    def complete(self) -> bool:
        """Whether every shard has said lately that it has nothing more to read."""
        return self.options.exact or self._standings.complete(self._clock_ms)

    @property
    def behind(self) -> frozenset[str]:
        """Name the groups of which a shard has more to read, or was not heard of lately."""
        return frozenset() if self.options.exact else self._standings.behind(self._clock_ms)

    @property
    def complete_along(self) -> bool:
        """Whether all that leads count for is complete, too: they have taken in what others told them."""
        return self.complete and (self.options.exact or self._standings.complete_along(self._clock_ms))

    def _read(
        self,
        metric: catalog.Metric,
        window: str,
        everything: bool,
        standing: _Standing,
        out: list[Reading],
    ) -> None:
        table = self._table
        complete, since = standing.of(metric.name in self._of_leads), standing.since
        now_ms = table.now_ms
        spans: dict[tuple[int | None, int], tuple[int | None, int]] = {}
        by_label, shift_ms = metric.waits_for_target, metric.shift_ms
        if metric.kind == "largest":
            values: Iterable[Value] = largest(metric.name, self._standings, self._budget)
        else:
            values = self._formulas.values(metric, window, everything)
        series, seq, version = metric.series, self._seq, self._version
        for labels, value, top, bottom, n, end_ms, maturity, restated in values:
            if by_label:
                shift_ms = shift_of(metric, labels)
            named = end_ms, shift_ms
            span = spans.get(named)
            if span is None:
                span = spans[named] = (None, now_ms) if window == NOW else table.span((window, shift_ms), end_ms)
            # by place, in the order of the contract: by name each costs six times as much
            out.append(Reading(
                series, labels, window, value, top, bottom, n, span[0], span[1], now_ms if end_ms is None else end_ms,
                complete, since, seq, version, maturity, restated,
            ))  # fmt: skip

    def _read_totals(self, standing: _Standing, out: list[Reading]) -> None:
        complete, along, since = standing
        now_ms = self._table.now_ms
        clock_ms = now_ms if self.options.exact else self._clock_ms or now_ms
        for name, labels, value in totals(self._standings, self._budget, clock_ms, complete, along, self._version):
            out.append(
                Reading(
                    metric=name, labels=labels, window=None, value=value, numerator=None, denominator=None, n=None,
                    window_start_ms=None, window_end_ms=None, as_of_ms=now_ms, complete=complete,
                    data_since_ms=since, seq=self._seq, catalog_version=self._version,
                )
            )  # fmt: skip
