"""Pieces: what is one thing in the rollup and may be too large for one record of its log.

In:  rows, and how they are encoded.
Out: values that topics take, and the keys that they go under; tombstones for pieces that are no more.

The first piece goes under the key of the whole, each further one under that key and its number.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any, Final

#: Brokers take records of 1 MiB if nobody told them otherwise; half of it leaves room for whoever lowered that.
MOST_BYTES: Final = 512 << 10
_NUMBER: Final = struct.Struct(">H")

Records = list[tuple[bytes, bytes | None]]


def halved(rows: Sequence[Any], encode: Callable[[Any], bytes]) -> list[bytes]:
    """Encode rows in as few pieces as halving makes of them until each fits.

    >>> [len(piece) for piece in halved(["x" * 300_000] * 4, lambda some: "".join(some).encode())]
    [300000, 300000, 300000, 300000]
    """
    value = encode(rows)
    if len(value) <= MOST_BYTES or len(rows) < 2:
        return [value]
    middle = len(rows) // 2
    return halved(rows[:middle], encode) + halved(rows[middle:], encode)


class Pieces:
    """How many pieces the log has of each whole that did not fit into one record."""

    def __init__(self) -> None:
        self._counts: dict[bytes, int] = {}

    def write(self, key: bytes, values: Sequence[bytes], out: Records) -> None:
        """Write the pieces of a whole in place of those that are there; without any it is buried."""
        out.append((key, values[0] if values else None))
        for number, value in enumerate(values[1:], 1):
            out.append((key + _NUMBER.pack(number), value))
        for number in range(max(1, len(values)), self._counts.pop(key, 1)):
            out.append((key + _NUMBER.pack(number), None))
        if len(values) > 1:
            self._counts[key] = len(values)

    def found(self, key: bytes, size: int) -> bytes:
        """Give the key of the whole, which has so many bytes, for a key of the log."""
        whole = key[:size]
        if len(key) > size:
            self._counts[whole] = max(self._counts.get(whole, 1), _NUMBER.unpack(key[size:])[0] + 1)
        return whole
