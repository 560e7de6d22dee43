"""Deltas: changes of cells per pane, gathered by a shard and packed into one record a commit.

In:  `sink[cell] + pane` keys, counted up in a plain dictionary while a shard folds.
Out: one packed record with the shard's sequence number, its newest times and its account.
"""

from __future__ import annotations

from collections import defaultdict

import msgspec
import numpy as np
from numpy.typing import NDArray

from stream.model.cells import Cell

#: Bits for the pane in a key; 42 hold milliseconds until the year 2109, ids above them stay below 2^63.
PANE_BITS = 42
PANE_MASK = (1 << PANE_BITS) - 1
_MOST_NAMES = 200_000
_MOST = (1 << 62) - 1


class Spread(msgspec.Struct, array_like=True, frozen=True):
    """An amount spread evenly over a period: the total that a platform reported, or the taking back of one."""

    cell: Cell
    start_ms: int
    end_ms: int
    amount: int
    sign: int


class Delta(msgspec.Struct, array_like=True):
    """What one shard reports in one commit.

    `names[name_index[i]]` changed by `amounts[i]` in pane `panes[i]` (int32, int64 and int64, little-endian).
    `account` and `gauges` are totals of the shard since its beginning, so that applying a record twice is harmless.
    """

    group: str
    shard: int
    seq: int
    names: list[Cell]
    name_index: bytes
    panes: bytes
    amounts: bytes
    spreads: list[Spread]
    newest_ms: dict[str, int]
    oldest_ms: int | None
    caught_up: bool
    now_ms: int
    lag_records: dict[str, int]
    missing: list[str]
    account: dict[str, int]
    gauges: dict[str, float]
    marks: dict[str, int]  # highest so far, such as the newest spend of a site and currency


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Delta)
_parts = msgspec.msgpack.Decoder(list[msgspec.Raw]).decode
_NAMES = Delta.__struct_fields__.index("names")
_NO_NAMES = msgspec.Raw(_encoder.encode([]))


class CellIds(dict[Cell, int]):
    """Cell → its number shifted past the pane; numbers are private to the process and never stored."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[Cell] = []

    def __missing__(self, cell: Cell) -> int:
        key = self[cell] = len(self.names) << PANE_BITS
        self.names.append(cell)
        return key


class Sink:
    """Gathers the changes of one shard between two commits.

    The hot path writes `counts[ids[cell] + pane] += n` itself: one dictionary update, no call.
    """

    __slots__ = ("counts", "ids", "spreads")

    def __init__(self) -> None:
        self.ids = CellIds()
        self.counts: defaultdict[int, int] = defaultdict(int)
        self.spreads: list[Spread] = []

    def add(self, cell: Cell, pane: int, amount: int = 1) -> None:
        """Change a cell in a pane; an arrival can be any number, and what no pane holds goes to the nearest."""
        self.counts[self.ids[cell] + min(max(pane, 0), PANE_MASK)] += amount

    def take(self) -> tuple[list[Cell], NDArray[np.int32], NDArray[np.int64], NDArray[np.int64], list[Spread]]:
        """Give names, name index, panes, amounts and spreads, without what came to nothing; begin anew."""
        counts = self.counts
        keys = np.fromiter(counts.keys(), np.int64, len(counts))
        try:
            amounts = np.fromiter(counts.values(), np.int64, len(counts))
        except OverflowError:  # no honest sum is so large, and no record may stop a shard
            held = (max(-_MOST, min(n, _MOST)) for n in counts.values())
            amounts = np.fromiter(held, np.int64, len(counts))
        changed = amounts != 0
        keys, amounts = keys[changed], amounts[changed]
        used, index = np.unique(keys >> PANE_BITS, return_inverse=True)
        known = self.ids.names
        names = [known[i] for i in used.tolist()]
        spreads = self.spreads
        self.counts = defaultdict(int)
        self.spreads = []
        if len(known) > _MOST_NAMES:
            self.ids = CellIds()
        return names, index.astype(np.int32), keys & PANE_MASK, amounts, spreads


def pack(delta: Delta) -> bytes:
    """Encode a record of the deltas topic."""
    return _encoder.encode(delta)


def unpack(value: bytes) -> Delta:
    """Decode a record of the deltas topic; cells come back as tuples."""
    return _decoder.decode(value)


def unpack_coded(value: bytes) -> tuple[Delta, list[bytes]]:
    """Decode a record but for its names, which are given apart and as they were encoded.

    Who knows most names already looks them up by their bytes: a third of what a tuple of ten labels costs.
    """
    parts = _parts(value)
    names = list(map(bytes, _parts(parts[_NAMES])))
    parts[_NAMES] = _NO_NAMES
    return _decoder.decode(_encoder.encode(parts)), names


cell_of = msgspec.msgpack.Decoder(Cell).decode
