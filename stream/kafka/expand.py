"""Expand: the records of a compressed batch, unpacked within a bound.

In:  a codec and the bytes that a producer compressed.
Out: the same bytes unpacked; None where they are more than the bound, which is known before the memory is taken.

What a batch says of its size is a producer's word. So the space comes first and the bytes are unpacked into it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from struct import Struct
from struct import error as struct_error
from typing import Any, Final

import cramjam
import numpy as np

#: A batch beyond it is not read: brokers take a megabyte by default, and few texts shrink to less than a twentieth.
MOST_BYTES: Final = 64 << 20
#: Unpacked batches that are read piece by piece, kept at the same time; one more is unpacked again at its turn.
_KEPT: Final = 2
_FIRST_TRY: Final = 32

_XERIAL: Final = b"\x82SNAPPY\x00"
_XERIAL_HEADER: Final = 16
_LENGTH: Final = Struct(">i")

Body = bytes | memoryview


def expand(codec: int, packed: bytes, most_bytes: int = MOST_BYTES) -> Body | None:
    """Unpack the body of a record batch; raises ValueError where it is broken or of an unknown codec."""
    if codec == 0:
        return packed
    try:
        if codec == 2:
            return _snappy(packed, most_bytes)
        into: Callable[[bytes, Any], int] = _INTO[codec]
    except (KeyError, IndexError, struct_error, cramjam.DecompressionError) as error:
        raise ValueError(f"a batch of codec {codec} cannot be unpacked") from error
    # few batches grow beyond the first try, and fresh memory for the whole bound costs 50 µs
    for room in (min(most_bytes, max(1 << 20, _FIRST_TRY * len(packed))), most_bytes):
        space = np.empty(room, np.uint8)
        try:
            size = into(packed, space)
            return space.data[:size]
        except cramjam.DecompressionError as error:
            if "whole buffer" not in str(error):
                raise ValueError(f"a batch of codec {codec} cannot be unpacked") from error
    return None


_INTO: Final[dict[int, Callable[[bytes, Any], int]]] = {
    1: cramjam.gzip.decompress_into,
    3: cramjam.lz4.decompress_into,
    4: cramjam.zstd.decompress_into,
}


def _snappy(packed: bytes, most_bytes: int) -> bytes | None:
    """Unpack blocks as Java's client writes them, or a single one; each says its size in front, and is held to it."""
    if not packed.startswith(_XERIAL):
        fits = cramjam.snappy.decompress_raw_len(packed) <= most_bytes
        return bytes(cramjam.snappy.decompress_raw(packed)) if fits else None
    at, found, size = _XERIAL_HEADER, list[bytes](), 0
    while at < len(packed):
        (length,) = _LENGTH.unpack_from(packed, at)
        at += 4
        if length <= 0 or at + length > len(packed):
            raise IndexError(length)
        block = packed[at : at + length]
        size += cramjam.snappy.decompress_raw_len(block)
        if size > most_bytes:
            return None
        found.append(bytes(cramjam.snappy.decompress_raw(block)))
        at += length
    return b"".join(found)


class Bodies:
    """The unpacked batches that are being read piece by piece: the newest few, whoever reads them."""

    def __init__(self) -> None:
        self._kept: OrderedDict[int, Body] = OrderedDict()

    def of(self, name: int, make: Callable[[], Body]) -> Body:
        """Give a body by its name; one that had to leave is made again."""
        body = self._kept.pop(name, None)
        if body is None:
            body = make()
        self.put(name, body)
        return body

    def put(self, name: int, body: Body) -> None:
        """Keep a body as the newest."""
        self._kept[name] = body
        while len(self._kept) > _KEPT:
            try:
                self._kept.popitem(last=False)
            except KeyError:  # another thread was faster
                break

    def drop(self, name: int) -> None:
        """Forget one that was read to its end."""
        self._kept.pop(name, None)
