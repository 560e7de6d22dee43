"""Ids: hashing names to 64 bits, and asking sorted hashes and a table of bits which of them are known.

In:  texts; arrays of unsigned 64-bit hashes.
Out: hashes; flags, one a hash.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from xxhash import xxh3_64_intdigest

Hashes = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.bool_]

_SEVEN: Final = np.uint64(7)
_THREE: Final = np.uint64(3)
_MASKS: Final = (1 << np.arange(8)).astype(np.uint8)


def hashes_of(names: Sequence[str]) -> Hashes:
    """Hash the UTF-8 bytes of names with XXH3, the same in every process.

    >>> hashes_of(["shop\\x1fe-1"]).tolist()
    [13294458545447093685]
    """
    raw = [name.encode("utf-8", "surrogatepass") for name in names]
    return np.fromiter(map(xxh3_64_intdigest, raw), np.uint64, len(names))


def first_of_each(ids: Hashes) -> Flags:
    """Flag the first of each stretch of equal hashes; `ids` are sorted."""
    first = np.ones(len(ids), dtype=np.bool_)
    np.not_equal(ids[1:], ids[:-1], out=first[1:])
    return first


def held(run: Hashes, ids: Hashes) -> Flags:
    """Flag the hashes that stand in a sorted run, which is not empty."""
    # what is larger than all of them is held against the last one, which it is not
    found: Flags = run.take(run.searchsorted(ids), mode="clip") == ids
    return found


def merged(runs: Sequence[Hashes]) -> Hashes:
    """Make one sorted run of several."""
    out = np.concatenate(runs)
    out.sort(kind="stable")  # merges what is sorted already, in one pass
    return out


def mark(bits: npt.NDArray[np.uint8], shift: np.uint64, hashes: Hashes) -> None:
    """Set the bit of each hash in a table of 2^(64 − shift) bits, in place."""
    # the top bits choose the place: they are as random as any, and sorted hashes walk the table in order
    place = hashes >> shift
    masks = _MASKS[(place & _SEVEN).view(np.int64)]
    np.bitwise_or.at(bits, (place >> _THREE).view(np.int64), masks)


def marked(bits: npt.NDArray[np.uint8], shift: np.uint64, hashes: Hashes) -> Flags:
    """Flag the hashes whose bit is set."""
    place = hashes >> shift
    found: npt.NDArray[np.uint8] = bits[(place >> _THREE).view(np.int64)]
    return (found & _MASKS[(place & _SEVEN).view(np.int64)]).astype(np.bool_)
