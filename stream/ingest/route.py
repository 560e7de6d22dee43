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
from stream.kernels.murmur2 import partitions_by_murmur2

PARTITIONERS: Final = ("murmur2", "crc32")
#: Rises when a kind's canonical key becomes another: it is kept with the state, which cannot go on then.
KEY_RULES: Final = 1


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
        return partitions_by_murmur2(keys, n)
    if partitioner == "crc32":
        # unsigned, as librdkafka takes it; the C call a key is cheaper than any table in NumPy
        checksums = [zlib.crc32(key.encode("utf-8", "surrogatepass")) for key in keys]
        return (np.array(checksums, dtype=np.uint32) % np.uint32(n)).astype(np.int32)
    raise ValueError(f"partitioner {partitioner!r} is not one of {', '.join(PARTITIONERS)}")
