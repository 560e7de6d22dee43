"""Route: which shard a record belongs to, whatever partition its producer put it on.

In:  decoded events, or their canonical keys.
Out: keys, and partition numbers as the Kafka clients would choose them.

The two partitioners are the default of Java and kafka-python (murmur2) and the default of librdkafka (crc32,
there called `consistent`). They agree on one key in n partitions only, which is why a shard is decided here.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from stream.contract.kinds import KINDS, KindName

PARTITIONERS: Final = ("murmur2", "crc32")

_SEED: Final = 0x9747B28C
_M: Final = np.uint32(0x5BD1E995)
_TAIL_MASKS: Final = np.array([0, 0xFF, 0xFFFF, 0xFFFFFF], dtype=np.uint32)


def canonical_keys(kind: KindName, events: Sequence[Any]) -> list[str]:
    """Give the key whose partition owns an event, for each of a batch of one kind, in order."""
    return KINDS[kind].canonical_keys(events)


def partitions_of(keys: Sequence[str], n: int, partitioner: str = "murmur2") -> npt.NDArray[np.int32]:
    """Give the partition (0 to n - 1) of each key, as the named partitioner chooses it.

    >>> partitions_of(["v1", "v2", "v3"], 12), partitions_of(["v1", "v2", "v3"], 12, "crc32")
    (array([7, 6, 8], dtype=int32), array([9, 3, 5], dtype=int32))
    """
    if not keys:
        return np.empty(0, dtype=np.int32)
    if partitioner == "murmur2":
        positive = murmur2(keys) & np.uint32(0x7FFFFFFF)
        return (positive % np.uint32(n)).astype(np.int32)
    if partitioner == "crc32":
        # unsigned, as librdkafka takes it; the C call a key is cheaper than any table in NumPy
        checksums = [zlib.crc32(key.encode("utf-8", "surrogatepass")) for key in keys]
        return (np.array(checksums, dtype=np.uint32) % np.uint32(n)).astype(np.int32)
    raise ValueError(f"partitioner {partitioner!r} is not one of {', '.join(PARTITIONERS)}")


def murmur2(keys: Sequence[str]) -> npt.NDArray[np.uint32]:
    """Hash the UTF-8 bytes of each key with MurmurHash2 and Kafka's seed, as unsigned 32-bit numbers.

    The loop runs over the words of the longest key, not over the keys: with 5,000 keys of 36 bytes 0.2 to
    0.4 µs a key, where a loop over the bytes in Python costs 10 µs and more. Keys are put in order of length,
    longest first, so that the keys that still have a word are always a prefix.
    """
    n = len(keys)
    text = "".join(keys)
    if text.isascii():
        joined = text.encode("ascii")
        lengths = np.fromiter(map(len, keys), dtype=np.int64, count=n)
    else:
        encoded = [key.encode("utf-8", "surrogatepass") for key in keys]
        joined = b"".join(encoded)
        lengths = np.fromiter(map(len, encoded), dtype=np.int64, count=n)
    starts = np.cumsum(lengths) - lengths
    word_counts = lengths >> 2
    longest = int(word_counts.max())
    order: npt.NDArray[np.intp] | None = None
    if longest != int(word_counts.min()):
        # 16-bit numbers are sorted by radix, six times as fast
        narrow = np.int16 if longest < 1 << 15 else np.int64
        order = np.argsort(longest - word_counts.astype(narrow), kind="stable")
        lengths, starts, word_counts = lengths[order], starts[order], word_counts[order]
    # how many keys have more than i words
    live = n - np.cumsum(np.bincount(word_counts, minlength=longest + 1))

    # a view of the word that begins at every byte; three bytes of padding let the last tail be read as a word
    padded = joined + b"\0\0\0\0"
    words = np.ndarray((len(padded) - 3,), dtype="<u4", buffer=padded, strides=(1,))
    hashes = np.uint32(_SEED) ^ lengths.astype(np.uint32)
    at = starts
    for i in range(longest):
        alive = int(live[i])
        k = words[at[:alive]]
        k *= _M
        k ^= k >> np.uint32(24)
        k *= _M
        hashes[:alive] *= _M
        hashes[:alive] ^= k
        at[:alive] += 4
    rest = lengths & 3
    tailed = (hashes ^ (words[at] & _TAIL_MASKS[rest])) * _M
    hashes = np.where(rest > 0, tailed, hashes)
    hashes ^= hashes >> np.uint32(13)
    hashes *= _M
    hashes ^= hashes >> np.uint32(15)
    if order is None:
        return hashes
    result = np.empty_like(hashes)
    result[order] = hashes
    return result
