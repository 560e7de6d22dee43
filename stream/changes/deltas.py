"""Deltas: what one commit of a shard changed, packed.

In:  changes of cells per pane, added up.
Out: a packed record with the shard's sequence number, its newest times and its account; more than one where a
     backlog changed more than a broker takes in one.
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from stream.changes.accumulator import Spread
from stream.changes.cells import Cell

#: The version of the struct below, as in the list of what is stored.
VERSION = 3

#: Brokers take record batches of 1 MiB if nobody told them otherwise.
_RECORD_BYTES = 700 << 10


class Delta(msgspec.Struct, array_like=True):
    """What one shard reports in one commit, or a part of it.

    `names[name_index[i]]` changed by `amounts[i]` in pane `panes[i]` (int32, int64 and int64, little-endian), and what
    stands of `standing[i]` by `stands[i]` (int64).
    `account` and `gauges` are totals of the shard since its beginning, so that applying a record twice is harmless.
    `life` names the log that the shard lives in: numbers go on within one life only. `version` is that of this struct.
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
    life: str = ""  # once it was not said
    version: int = VERSION
    sent: dict[int, int] = {}  # shard of leads → number of the last record that it was told by
    taken: dict[str, int] = {}  # group/shard → number of its last record that was taken in
    standing: list[Cell] = []
    stands: bytes = b""


class UnknownDelta(Exception):
    """A delta of another release, or bytes that are none."""


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Delta)
_fields = msgspec.msgpack.Decoder(list[msgspec.Raw]).decode
_number = msgspec.msgpack.Decoder(int).decode
_VERSION = Delta.__struct_fields__.index("version")


def pack(delta: Delta) -> list[bytes]:
    """Encode as few records of the deltas topic as brokers take it in; their numbers go on from that of the delta."""
    whole = _encoder.encode(delta)
    if len(whole) <= _RECORD_BYTES:
        return [whole]
    parts = _parted(delta)
    for number, part in enumerate(parts):
        part.seq = delta.seq + number
        part.caught_up = delta.caught_up and part is parts[-1]  # until then readings lack something
    return [_encoder.encode(part) for part in parts]


def _parted(delta: Delta) -> list[Delta]:
    """Halve a delta until each part fits."""
    names, spreads, marks, standing = delta.names, delta.spreads, list(delta.marks.items()), delta.standing
    index, stands = np.frombuffer(delta.name_index, np.int32), np.frombuffer(delta.stands, np.int64)
    most = max(len(index), len(spreads), len(marks), len(standing))
    if len(_encoder.encode(delta)) <= _RECORD_BYTES or most < 2:
        return [delta]
    order = np.argsort(index, kind="stable")
    out: list[Delta] = []
    for part in (0, 1):
        here, spread, mark = (_half(whole, part) for whole in (order, spreads, marks))
        used, numbers = np.unique(index[here], return_inverse=True)
        half = msgspec.structs.replace(
            delta,
            names=[names[i] for i in used.tolist()],
            name_index=numbers.astype(np.int32).tobytes(),
            panes=np.frombuffer(delta.panes, np.int64)[here].tobytes(),
            amounts=np.frombuffer(delta.amounts, np.int64)[here].tobytes(),
            spreads=spread,
            marks=dict(mark),
            standing=_half(standing, part),
            stands=_half(stands, part).tobytes(),
        )
        out += _parted(half)
    return out


def _half(whole: Any, part: int) -> Any:
    middle = len(whole) // 2
    return whole[middle:] if part else whole[:middle]


def unpack(value: bytes) -> Delta:
    """Decode a record of the deltas topic; cells come back as tuples."""
    return _decoder.decode(value)


class Coded(Delta, array_like=True):
    """A delta whose names are as they were encoded."""

    names: msgspec.Raw  # type: ignore[assignment]


_decode_coded = msgspec.msgpack.Decoder(Coded).decode


def unpack_coded(value: bytes) -> tuple[Delta, bytes]:
    """Decode a record but for the list of its names, which is given apart and as it was encoded.

    Who knows most names already looks them up by their bytes: a third of what a tuple of ten labels costs.
    Raises UnknownDelta.
    """
    try:
        delta = _decode_coded(value)
    except msgspec.MsgspecError as error:
        raise UnknownDelta(_newer(value) or f"it cannot be read: {error}") from error
    if delta.version > VERSION:
        raise UnknownDelta(_newer(value))
    names = bytes(delta.names)
    if not _is_list(names):
        raise UnknownDelta("it cannot be read: it has no list of names")
    return delta, names


def _is_list(encoded: bytes) -> bool:
    """Tell whether an encoded value is a list, by its first byte."""
    return encoded[0] >> 4 == 0x9 or encoded[0] in (0xDC, 0xDD)


def _newer(value: bytes) -> str:
    """Say of which release a delta is, if it is a newer one."""
    try:
        found = _number(_fields(value)[_VERSION])
    except (msgspec.MsgspecError, IndexError):
        return ""
    return f"it was written by a newer release (format {found}; this one reads {VERSION})" if found > VERSION else ""


cell_of = msgspec.msgpack.Decoder(Cell).decode
