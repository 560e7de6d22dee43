"""Id filter: a table of bits that says which ids are certainly new, so that few are looked up in the runs.

In:  unsigned 64-bit hashes, by batch.
Out: per hash, whether it may have been added before (never a wrong no; at most one wrong yes in eight).

It answers for all hours at once. Without it every batch would have to be searched in the runs of each hour
that is remembered, some fifty to a hundred nanoseconds an id and hour.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stream.kernels.ids import mark, marked

Hashes = npt.NDArray[np.uint64]

_MIN_BITS = 16


class IdFilter:
    """A one-hash Bloom filter. Nothing is taken out; it is built anew when too much in it is gone."""

    __slots__ = ("_bits", "_shift", "added", "capacity")

    def __init__(self, expected: int = 0) -> None:
        log2 = max(_MIN_BITS, (8 * expected - 1).bit_length() if expected else 0)
        self._bits = np.zeros(1 << (log2 - 3), dtype=np.uint8)
        self._shift = np.uint64(64 - log2)
        self.capacity = 1 << (log2 - 3)
        self.added = 0

    @property
    def nbytes(self) -> int:
        """Bytes of the table."""
        return self._bits.nbytes

    def add(self, hashes: Hashes) -> None:
        """Remember hashes."""
        mark(self._bits, self._shift, hashes)
        self.added += len(hashes)

    def may_hold(self, hashes: Hashes) -> npt.NDArray[np.bool_]:
        """Say for each hash whether it may have been added."""
        return marked(self._bits, self._shift, hashes)
