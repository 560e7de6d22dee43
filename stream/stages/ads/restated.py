"""Restated: totals of periods, and what changes when another one of the same key is told.

In:  totals, each under the key that tells its rows of a report apart.
Out: spreads, of what a total counts for now and of what it counted for before; rows of totals.
"""

from __future__ import annotations

from typing import Final

import msgspec

from stream.changes.accumulator import Accumulator, Spread
from stream.changes.panes import DAY_MS
from stream.contract.records import UNIT
from stream.stages.ads.totals import Piece, Total, pieces, stands_over
from stream.state.keys import AD_TOTALS
from stream.state.rows import Rows

#: The longest window, and how far back figures that end before now may end: until then a total can be restated.
MEMORY_MS: Final = (365 + 35) * DAY_MS

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Total).decode


class Restated:
    """The totals of one shard."""

    def __init__(self) -> None:
        self.rows = Rows(AD_TOTALS, MEMORY_MS)
        self._periods: dict[str, set[tuple[int, int]]] | None = None  # key of totals → their periods

    def restate(self, key: str, new: Total, accumulator: Accumulator) -> None:
        """Let a total take the place that it has among those of its key, and write what that changes."""
        start, end = new.start, new.end
        old = self._total(key, (start, end))
        if old is not None and not stands_over(new, old):
            return
        near = self._overlapping(key, start, end)
        before = _listed([*near, *([old] if old is not None else [])])
        after = _listed([*near, new])
        spreads = accumulator.spreads
        for piece in before:
            if piece not in after:
                spreads.append(Spread(piece.cell, piece.start_ms, piece.end_ms, piece.amount, -1))
        for piece in after:
            if piece not in before:
                spreads.append(Spread(piece.cell, piece.start_ms, piece.end_ms, piece.amount, 1))
        self._index()[key].add((start, end))
        self.rows.put(_row(key, (start, end)), _encode(new))

    def of(self, first: str) -> list[Total]:
        """Give the totals of keys that begin with a part."""
        begin = first + UNIT
        return [_decode(row) for key, row in self.rows.encoded.items() if key.startswith(begin)]

    def _total(self, key: str, period: tuple[int, int]) -> Total | None:
        raw = self.rows.encoded.get(_row(key, period))
        return None if raw is None else _decode(raw)

    def _overlapping(self, key: str, start: int, end: int) -> list[Total]:
        """Give the other totals of a key whose contribution a total of this period can change.

        Those that overlap it, and those that overlap these: what they cover of each other decides, too.
        """
        periods = self._index().setdefault(key, set())
        near = {one for one in periods if one[0] < end and start < one[1]}
        low, high = min([start, *(one[0] for one in near)]), max([end, *(one[1] for one in near)])
        found: list[Total] = []
        for period in sorted(one for one in periods if one[0] < high and low < one[1] and one != (start, end)):
            total = self._total(key, period)
            if total is None:
                periods.discard(period)  # so old that its row is gone
            else:
                found.append(total)
        return found

    def _index(self) -> dict[str, set[tuple[int, int]]]:
        """Give the periods of each key, made of the rows when it is first asked for."""
        if self._periods is None:
            self._periods = {}
            for name in self.rows.encoded:
                key, start, end = name.rsplit(UNIT, 2)
                self._periods.setdefault(key, set()).add((int(start), int(end)))
        return self._periods


def _listed(totals: list[Total]) -> list[Piece]:
    """Give what totals of one key count for together."""
    return [piece for total in totals for piece in pieces(total, totals)]


def _row(key: str, period: tuple[int, int]) -> str:
    return f"{key}{UNIT}{period[0]}{UNIT}{period[1]}"
