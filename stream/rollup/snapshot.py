"""Snapshot: the cells of a rollup as records of its log, only those that changed.

In:  levels, series, standings, the budget, what is known of ads.
Out: records to write; and the way back.

Keys: `x` level pane: the cells of one pane, sparse. `a` number: what stands of some series. `s` number: a slice of
the list of series. `p` level number: a slice of the totals that are not over. `d` group shard: what a shard reported.
`k` mark: until when something is known. `b`: the label budget. `q`: sequence and moment. What does not fit into one
record goes into several.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from itertools import pairwise
from typing import Final

import msgspec
import numpy as np

from stream.changes.accumulator import Spread
from stream.rollup.budget import Budget
from stream.rollup.known import Known
from stream.rollup.pieces import Pieces, Records, halved
from stream.rollup.series import Ints, Series
from stream.rollup.standing import Standing, Standings
from stream.rollup.stored_budget import MadeWith, StoredBudget
from stream.state.keys import (
    LABEL_BUDGET,
    ROLLUP_AMOUNTS,
    ROLLUP_CELLS,
    ROLLUP_MARKS,
    ROLLUP_PENDING,
    ROLLUP_SERIES,
    STANDING,
)
from stream.windows.level import Level
from stream.windows.levels import Levels
from stream.windows.spreads import Part, columns

_PANE: Final = struct.Struct(">cBq")
_SLICE: Final = struct.Struct(">cI")
_WAITING: Final = struct.Struct(">cBI")
_A_SLICE: Final = 1_000
#: Cells in one record: 12 bytes each.
_CELLS: Final = 40_000
#: What is restored when all is loaded: series first, since all else is of them.
_IN_ORDER: Final = (ROLLUP_SERIES.prefix, ROLLUP_CELLS.prefix, ROLLUP_PENDING.prefix, ROLLUP_AMOUNTS.prefix)
_encode = msgspec.msgpack.Encoder().encode
_standing = msgspec.msgpack.Decoder(Standing).decode
_series = msgspec.msgpack.Decoder(list[tuple[str, list[str | int]]]).decode
_pane = msgspec.msgpack.Decoder(tuple[bytes, bytes]).decode
_pending = msgspec.msgpack.Decoder(list[tuple[int, Spread, int, int]]).decode
_moment = msgspec.msgpack.Decoder(int).decode


class Snapshot:
    """Writes and reads back one rollup; panes that fell out of a level become tombstones."""

    def __init__(self, levels: Levels, series: Series, standings: Standings, budget: Budget, known: Known) -> None:
        self._levels, self._series, self._standings, self._known = levels, series, standings, known
        self._budget = StoredBudget(budget)
        self._listed = 0  # series that the log has
        self._pieces = Pieces()
        self._written: dict[int, set[int]] = {number: set() for number in levels.levels}
        self._waiting: dict[int, set[int]] = {number: set() for number in levels.levels}
        self._standing: set[int] = set()  # slices of amounts that the log has
        self._former: set[bytes] = set()  # records of a former release, to be buried once theirs are written anew
        self._loaded: dict[bytes, bytes] = {}

    def records(self, full: bool) -> Records:
        """Give the records that bring the log up to date; `full` gives all of them."""
        out: Records = []
        self._list(full, out)
        for level in self._levels.levels.values():
            self._panes(level, full, out)
            self._wait(level, full, out)
        self._stand(full, out)
        for group, shard in sorted(self._standings.of if full else self._standings.changed):
            standing = self._standings.of[group, shard]
            out.append((STANDING.prefix + f"{group}/{shard}".encode(), _encode(standing)))
        self._standings.changed.clear()
        self._mark(full, out)
        self._budget.records(full, out)
        out += [(key, None) for key in sorted(self._former)]
        self._former.clear()
        return out

    def load(self, key: bytes, value: bytes | None) -> None:
        """Take a record of the log; `restore` does the work when all are in."""
        kind = key[:1]
        if kind in _IN_ORDER:
            if value is None:
                self._loaded.pop(key, None)
            else:
                self._loaded[key] = value
        elif kind == LABEL_BUDGET.prefix:
            self._budget.load(key, value)
        elif value is None:
            return
        elif kind == ROLLUP_MARKS.prefix:
            self._known.load(key[1:].decode(), _moment(value))
        elif kind == STANDING.prefix:
            group, _, shard = key[1:].decode().rpartition("/")
            standing = self._standings.of[group, int(shard)] = _standing(value)
            self._known.take(standing.marks)
            standing.marks = {}

    @property
    def made(self) -> MadeWith | None:
        """Give the settings that the state was made with."""
        return self._budget.made

    def restore(self, now_ms: int) -> None:
        """Rebuild series and cells as they were at `now`."""
        self._levels.advance(now_ms)
        self._budget.restore()
        loaded, self._loaded = self._loaded, {}
        for kind in _IN_ORDER:
            for key in sorted(key for key in loaded if key[:1] == kind):
                self._take(kind, key, loaded[key])
        self._listed = len(self._series.order)
        for level in self._levels.levels.values():
            level.dirty.clear()
        self._levels.amounts.changed.clear()
        self._lengthen()

    def _lengthen(self) -> None:
        """Fill a level that the log knows nothing of, since a former release had none such, from shorter panes.

        Else a year would begin with the upgrade, and hold less than the 90 days beside it.
        """
        for shorter, level in pairwise(self._levels.levels.values()):
            if self._written[shorter.number] and not self._written[level.number]:
                level.take_from(shorter)

    def _take(self, kind: bytes, key: bytes, value: bytes) -> None:
        if kind == ROLLUP_SERIES.prefix:
            self._pieces.found(key, _SLICE.size)
            for name, labels in _series(value):
                self._series.restore(name, tuple(labels))
        elif kind == ROLLUP_CELLS.prefix:
            _, number, pane = _PANE.unpack(self._pieces.found(key, _PANE.size))
            level = self._levels.levels.get(number)
            if level is not None and level.end - level.ring <= pane < level.end:
                level.apply(*_cells(value, pane))
                self._written[number].add(pane)
        elif kind == ROLLUP_AMOUNTS.prefix:
            _, number = _SLICE.unpack(key)
            sids, amounts = _stands(value)
            self._levels.stand(sids, amounts)
            self._standing.add(number)
        elif len(key) == _WAITING.size:
            _, number, part = _WAITING.unpack(key)
            if number in self._levels.levels:
                self._levels.levels[number].waiting.restore(part, value)
                self._waiting[number].add(part)
        else:
            self._former.add(key)
            if key[1] in self._levels.levels:
                self._levels.levels[key[1]].waiting.add(columns(Part(*one) for one in _pending(value)))

    # what is written --------------------------------------------------------------------------------------

    def _list(self, full: bool, out: Records) -> None:
        order = self._series.order
        slices = {sid // _A_SLICE for sid in self._series.changed_slices}
        if full or len(order) > self._listed:
            slices.update(range(0 if full else self._listed // _A_SLICE, -(-len(order) // _A_SLICE)))
        self._series.changed_slices.clear()
        for number in sorted(slices):
            piece = order[number * _A_SLICE : (number + 1) * _A_SLICE]
            values = halved([(name, list(labels)) for name, labels in piece], _encode)
            self._pieces.write(_SLICE.pack(ROLLUP_SERIES.prefix, number), values, out)
        self._listed = len(order)

    def _panes(self, level: Level, full: bool, out: Records) -> None:
        number, oldest = level.number, level.end - level.ring
        written = self._written[number]
        kept: Iterable[int] = range(oldest, level.end) if full else level.dirty
        for pane in sorted(pane for pane in kept if pane >= oldest):
            sids, amounts = level.of_pane(pane)
            if len(sids):
                values = [
                    _encode((sids[at : at + _CELLS].astype("<u4").tobytes(), amounts[at : at + _CELLS].tobytes()))
                    for at in range(0, len(sids), _CELLS)
                ]
                self._pieces.write(_PANE.pack(ROLLUP_CELLS.prefix, number, pane), values, out)
                written.add(pane)
            elif pane in written:
                self._bury(number, pane, out)
        for pane in [pane for pane in written if pane < oldest]:
            self._bury(number, pane, out)
        level.dirty.clear()

    def _bury(self, number: int, pane: int, out: Records) -> None:
        self._pieces.write(_PANE.pack(ROLLUP_CELLS.prefix, number, pane), (), out)
        self._written[number].discard(pane)

    def _wait(self, level: Level, full: bool, out: Records) -> None:
        waiting, written = level.waiting, self._waiting[level.number]
        for number in sorted(waiting.changed | (set(range(waiting.slices)) if full else set())):
            value = waiting.slice(number)
            if value:
                out.append((_WAITING.pack(ROLLUP_PENDING.prefix, level.number, number), value))
                written.add(number)
            elif number in written:
                out.append((_WAITING.pack(ROLLUP_PENDING.prefix, level.number, number), None))
                written.discard(number)
        waiting.changed.clear()

    def _stand(self, full: bool, out: Records) -> None:
        amounts = self._levels.amounts
        for number in sorted(amounts.changed | (set(range(amounts.slices)) if full else set())):
            sids, some = amounts.slice(number)
            key = _SLICE.pack(ROLLUP_AMOUNTS.prefix, number)
            if len(sids):
                out.append((key, _encode((sids.astype("<u4").tobytes(), some.tobytes()))))
                self._standing.add(number)
            elif number in self._standing:
                out.append((key, None))
                self._standing.discard(number)
        amounts.changed.clear()

    def _mark(self, full: bool, out: Records) -> None:
        known = self._known
        for name in sorted(known.marks if full else known.changed):
            out.append((ROLLUP_MARKS.prefix + name.encode(), _encode(known.marks[name])))
        known.changed.clear()


def _cells(value: bytes, pane: int) -> tuple[Ints, Ints, Ints]:
    sids, amounts = _stands(value)
    return sids, np.full(len(sids), pane, np.int64), amounts


def _stands(value: bytes) -> tuple[Ints, Ints]:
    sids, amounts = _pane(value)
    return np.frombuffer(sids, "<u4").astype(np.int64), np.frombuffer(amounts, np.int64)
