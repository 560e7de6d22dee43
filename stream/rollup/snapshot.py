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

from stream.changes.accumulator import Spread
from stream.rollup.budget import Budget
from stream.rollup.series import Series
from stream.rollup.standing import Standing, Standings
from stream.state.keys import LABEL_BUDGET, ROLLUP_CELLS, ROLLUP_PENDING, ROLLUP_SERIES, STANDING
from stream.windows.levels import Level, Levels

Records = list[tuple[bytes, bytes | None]]

_PANE: Final = struct.Struct(">cBq")
_SLICE: Final = struct.Struct(">cI")
_A_SLICE: Final = 1_000
_encode = msgspec.msgpack.Encoder().encode
_standing = msgspec.msgpack.Decoder(Standing).decode
_series = msgspec.msgpack.Decoder(list[tuple[str, list[str | int]]]).decode
_budget = msgspec.msgpack.Decoder(tuple[dict[str, list[str]], dict[str, int], int]).decode
_pane = msgspec.msgpack.Decoder(tuple[bytes, bytes]).decode
_pending = msgspec.msgpack.Decoder(list[tuple[int, Spread]]).decode


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
        first = 0 if full else self._slices
        for number in range(first, -(-len(order) // _A_SLICE)):
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
            kept = {label: list(values) for label, values in budget.kept.items()}
            out.append((LABEL_BUDGET.prefix, _encode((kept, budget.folded, budget.readings))))
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
            kept, folded, readings = _budget(value)
            self._budget.kept = {label: dict.fromkeys(values) for label, values in kept.items()}
            self._budget.folded, self._budget.readings = folded, readings

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
