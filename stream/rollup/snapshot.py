"""Snapshot: the cells of a rollup as records of its log, only those panes that changed.

In:  levels, series, standings.
Out: records to write; and the way back.

Keys: `x` level pane: the cells of one pane, sparse. `s` number: a slice of the list of series. `d` group shard:
what a shard reported. `b`: the label budget. `q`: sequence and moment.
"""

from __future__ import annotations

import struct
from typing import Final

import msgspec
import numpy as np

from stream.rollup.budget import Budget, Place
from stream.rollup.series import Series
from stream.rollup.standing import Standing, Standings
from stream.state.keys import LABEL_BUDGET, ROLLUP_CELLS, ROLLUP_PENDING, ROLLUP_SERIES, STANDING
from stream.windows.levels import Level, Levels, Pending

Records = list[tuple[bytes, bytes | None]]

_PANE: Final = struct.Struct(">cBq")
_SLICE: Final = struct.Struct(">cI")
_A_SLICE: Final = 1_000
_encode = msgspec.msgpack.Encoder().encode
_standing = msgspec.msgpack.Decoder(Standing).decode
_series = msgspec.msgpack.Decoder(list[tuple[str, list[str | int]]]).decode


class _Budget(msgspec.Struct, array_like=True):
    """What is stored of a label budget."""

    kept: list[tuple[Place, dict[str, int]]]
    limits: list[tuple[Place, int]]
    followed: list[tuple[tuple[str, str, str, str], int]]
    lost_count: list[tuple[Place, int]]
    late: list[tuple[tuple[str, tuple[str, ...]], int]]
    folded: dict[str, int]
    hour: int


_budget = msgspec.msgpack.Decoder(_Budget).decode
_pane = msgspec.msgpack.Decoder(tuple[bytes, bytes]).decode
_pending = msgspec.msgpack.Decoder(list[Pending]).decode


class Snapshot:
    """Writes and reads back one rollup; panes that fell out of a level become tombstones."""

    def __init__(self, levels: Levels, series: Series, standings: Standings, budget: Budget) -> None:
        self._levels, self._series, self._standings, self._budget = levels, series, standings, budget
        self._slices = 0
        self._written: dict[int, set[int]] = {number: set() for number in levels.levels}
        self._pending_written: dict[int, bool] = {}
        self._loaded_series: dict[int, bytes] = {}
        self._loaded_panes: dict[tuple[int, int], bytes] = {}
        self._loaded_pending: dict[int, bytes] = {}

    def records(self, full: bool) -> Records:
        """Give the records that bring the log up to date; `full` gives all of them."""
        out: Records = []
        order = self._series.order
        slices = {sid // _A_SLICE for sid in self._series.changed_slices}
        slices.update(range(0 if full else self._slices, -(-len(order) // _A_SLICE)))
        self._series.changed_slices.clear()
        for number in sorted(slices):
            piece = order[number * _A_SLICE : (number + 1) * _A_SLICE]
            out.append(
                (_SLICE.pack(ROLLUP_SERIES.prefix, number), _encode([(name, list(labels)) for name, labels in piece]))
            )
        self._slices = len(order) // _A_SLICE
        for level in self._levels.levels.values():
            self._panes(level, full, out)
        for group, shard in sorted(self._standings.of if full else self._standings.changed):
            standing = self._standings.of[group, shard]
            out.append((STANDING.prefix + f"{group}/{shard}".encode(), _encode(standing)))
        self._standings.changed.clear()
        budget = self._budget
        if budget.changed or full:
            stored = _Budget(
                list(budget.kept.items()),
                list(budget.limits.items()),
                list(budget.followed.items()),
                list(budget.lost_count.items()),
                [((family, tuple(map(str, labels))), ms) for (family, labels), ms in budget.late.items()],
                budget.folded,
                budget.hour,
            )
            out.append((LABEL_BUDGET.prefix, _encode(stored)))
            budget.changed = False
        return out

    def load(self, key: bytes, value: bytes | None) -> None:
        """Take a record of the log; `restore` does the work when all are in."""
        kind = key[:1]
        if kind == ROLLUP_CELLS.prefix:
            _, level, pane = _PANE.unpack(key)
            if value is None:
                self._loaded_panes.pop((level, pane), None)
            else:
                self._loaded_panes[level, pane] = value
        elif value is None:
            return
        elif kind == ROLLUP_SERIES.prefix:
            self._loaded_series[_SLICE.unpack(key)[1]] = value
        elif kind == ROLLUP_PENDING.prefix:
            self._loaded_pending[key[1]] = value
        elif kind == STANDING.prefix:
            group, _, shard = key[1:].decode().rpartition("/")
            self._standings.of[group, int(shard)] = _standing(value)
        elif kind == LABEL_BUDGET.prefix:
            stored, budget = _budget(value), self._budget
            budget.kept, budget.limits = dict(stored.kept), dict(stored.limits)
            budget.followed, budget.lost_count = dict(stored.followed), dict(stored.lost_count)
            budget.late, budget.folded, budget.hour = dict(stored.late), stored.folded, stored.hour

    def restore(self, now_ms: int) -> None:
        """Rebuild series and cells as they were at `now`."""
        for _, value in sorted(self._loaded_series.items()):
            for name, labels in _series(value):
                self._series.restore(name, tuple(labels))
        self._slices = len(self._series.order) // _A_SLICE
        self._levels.advance(now_ms)
        for (number, pane), value in sorted(self._loaded_panes.items()):
            level = self._levels.levels.get(number)
            if level is None or not level.end - level.ring <= pane < level.end:
                continue
            sids, amounts = _pane(value)
            level.apply(
                np.frombuffer(sids, np.uint32).astype(np.int64),
                np.full(len(sids) // 4, pane, np.int64),
                np.frombuffer(amounts, np.int64),
            )
            self._written[number].add(pane)
        for number, value in self._loaded_pending.items():
            if number in self._levels.levels:
                self._levels.levels[number].pending = _pending(value)
                self._pending_written[number] = True
        for level in self._levels.levels.values():
            level.dirty.clear()
        self._loaded_series, self._loaded_panes, self._loaded_pending = {}, {}, {}

    def _panes(self, level: Level, full: bool, out: Records) -> None:
        number, oldest = level.number, level.end - level.ring
        written = self._written[number]
        kept = set(range(oldest, level.end)) if full else level.dirty
        by_row = np.array(level.sids, np.uint32)
        for pane in sorted(pane for pane in kept if pane >= oldest):
            cells = level.cells[pane % level.ring, : level.rows]
            rows = np.flatnonzero(cells)
            if len(rows):
                value = _encode((by_row[rows].tobytes(), cells[rows].tobytes()))
                out.append((_PANE.pack(ROLLUP_CELLS.prefix, number, pane), value))
                written.add(pane)
            elif pane in written:
                out.append((_PANE.pack(ROLLUP_CELLS.prefix, number, pane), None))
                written.discard(pane)
        for pane in [pane for pane in written if pane < oldest]:
            out.append((_PANE.pack(ROLLUP_CELLS.prefix, number, pane), None))
            written.discard(pane)
        level.dirty.clear()
        if level.pending or self._pending_written.get(number):
            out.append((ROLLUP_PENDING.prefix + bytes([number]), _encode(level.pending)))
            self._pending_written[number] = bool(level.pending)
