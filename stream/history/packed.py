"""Packed: figures of one hour as one record, and their names as records of their own beside it.

In:  names of figures; two numbers of each.
Out: bytes of a record; and back.

A slice of names is found by a hash of what it says. It never changes, so no record can mean another figure than it
meant when it was written, whatever compaction left of the log and whoever wrote beside. An hour names its slices, says
by one bit which of their figures it has, and holds both numbers as columns: an integer in its four bytes, lowest bytes
of all first, which packs well; anything else as the double that it is.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from stream.judge.history import Figure

Floats = NDArray[np.float64]

VERSION: Final = 1
#: Figures a slice: 25 KB of names at most before they are packed.
SLICE: Final = 256
_DIGEST_BYTES: Final = 8
_MOST_BYTES: Final = 64 << 20  # a record that would be larger than that is none of ours
#: Counts up to here are integers of a column; one more stands for "no trials".
_LARGEST: Final = (1 << 31) - 2
_LEVEL: Final = 6

_head: Final = np.dtype([("digest", f"S{_DIGEST_BYTES}"), ("size", "<u2")])


class Unreadable(Exception):
    """Bytes that are no record of this form; the text says why."""


class Hour(NamedTuple):
    """What a record of an hour says: slices and their sizes, which places of them all, one after another, have figures,
    and their numbers; `trials` is NaN for a count."""

    digests: tuple[bytes, ...]
    sizes: tuple[int, ...]
    places: NDArray[np.int64]
    successes: Floats
    trials: Floats


def names_packed(figures: Sequence[Figure]) -> tuple[bytes, bytes]:
    """Write a slice of names; give its digest and its record."""
    said = msgspec.msgpack.encode([list(figure) for figure in figures])
    return _digest(said), bytes([VERSION]) + zlib.compress(said, _LEVEL)


def names_unpacked(digest: bytes, value: bytes) -> tuple[Figure, ...]:
    """Read a slice of names; raises Unreadable where it is not the one of this digest."""
    said = _inflated(value)
    if _digest(said) != digest:
        raise Unreadable("names that are not those of their key")
    try:
        named = msgspec.msgpack.decode(said, type=list[tuple[str, tuple[tuple[str, str], ...], str, str]])
    except msgspec.DecodeError as error:
        raise Unreadable(f"names: {error}") from None
    return tuple(Figure(*one) for one in named)


def hour_packed(slices: Sequence[tuple[bytes, int, NDArray[np.int64], Floats, Floats]]) -> bytes:
    """Write an hour of (digest, size of the slice, places in it, successes, trials or NaN)."""
    head = np.array([(digest, size) for digest, size, *_ in slices], _head)
    there = np.zeros(sum(size for _, size, *_ in slices), np.bool_)
    begin = 0
    for _, size, places, *_ in slices:
        there[begin + places] = True
        begin += size
    successes = np.concatenate([one for *_, one, _ in slices]) if slices else np.zeros(0)
    trials = np.concatenate([one for *_, one in slices]) if slices else np.zeros(0)
    tops, odd_tops = _column(successes)
    bottoms, odd_bottoms = _column(np.where(np.isnan(trials), -1.0, trials), 1)
    odd = np.concatenate([odd_tops, odd_bottoms + len(tops)]).astype("<u4")
    said = b"".join(
        [
            np.array([len(slices), len(tops), len(odd)], "<u4").tobytes(),
            head.tobytes(),
            np.packbits(there).tobytes(),
            _shuffled(tops),
            _shuffled(bottoms),
            odd.tobytes(),
            np.concatenate([successes[odd_tops], trials[odd_bottoms]]).astype("<f8").tobytes(),
        ]
    )
    return bytes([VERSION]) + zlib.compress(said, _LEVEL)


def hour_unpacked(value: bytes) -> Hour:
    """Read a record of an hour; raises Unreadable."""
    said = _Bytes(_inflated(value))
    slices, count, odds = (int(n) for n in said.take("<u4", 3))
    digests, sizes = _slices(said.take("u1", slices * _head.itemsize).tobytes())
    whole = sum(sizes)
    there = np.unpackbits(said.take("u1", (whole + 7) // 8), count=whole).view(np.bool_)
    tops, bottoms = (_unshuffled(said.take("u1", 4 * count)) for _ in range(2))
    odd, values = said.take("<u4", odds).astype(np.int64), said.take("<f8", odds)
    if not said.ended or there.sum() != count or (odds and odd.max() >= 2 * count):
        raise Unreadable("an hour whose parts do not fit each other")
    numbers = np.empty(2 * count)
    numbers[:count], numbers[count:] = tops, bottoms
    numbers[count:] -= 1
    numbers[count:][bottoms == 0] = np.nan
    numbers[odd] = values
    return Hour(digests, sizes, np.flatnonzero(there), numbers[:count], numbers[count:])


@lru_cache(maxsize=64)
def _slices(head: bytes) -> tuple[tuple[bytes, ...], tuple[int, ...]]:
    """Read digests and sizes; those of one hour are mostly those of the next."""
    starts = range(0, len(head), _head.itemsize)
    sizes = np.frombuffer(head, _head)["size"].tolist()
    return tuple(head[start : start + _DIGEST_BYTES] for start in starts), tuple(sizes)


def _column(values: Floats, more: int = 0) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Give integers and so much more, and the places of values that are none: these are 0 in the column."""
    no_zero = (values == 0) & np.signbit(values)
    fits = (values >= -more) & (values <= _LARGEST) & (values == np.floor(values)) & ~no_zero
    return np.where(fits, values + more, 0).astype("<u4"), np.flatnonzero(~fits)


def _shuffled(column: NDArray[np.uint32]) -> bytes:
    return column.view("u1").reshape(-1, 4).T.tobytes()


def _unshuffled(planes: NDArray[np.uint8]) -> NDArray[np.uint32]:
    return np.ascontiguousarray(planes.reshape(4, -1).T).view("<u4").ravel()


def _digest(said: bytes) -> bytes:
    return blake2b(said, digest_size=_DIGEST_BYTES).digest()


def _inflated(value: bytes) -> bytes:
    if not value or value[0] != VERSION:
        raise Unreadable(f"a record of version {value[0]}" if value else "an empty record")
    inflate = zlib.decompressobj()
    try:
        said = inflate.decompress(value[1:], _MOST_BYTES)
    except zlib.error as error:
        raise Unreadable(str(error)) from None
    if not inflate.eof:
        raise Unreadable("a record that is cut off, or larger than any of ours")
    return said


class _Bytes:
    """What is still to be read."""

    def __init__(self, said: bytes) -> None:
        self._said, self._at = said, 0

    def take(self, dtype: str | np.dtype, count: int) -> NDArray:  # type: ignore[type-arg]  # columns of many types
        kind = np.dtype(dtype)
        end = self._at + kind.itemsize * count
        if end > len(self._said):
            raise Unreadable("a record that ends too early")
        out = np.frombuffer(self._said, kind, count, self._at)
        self._at = end
        return out

    @property
    def ended(self) -> bool:
        return self._at == len(self._said)
