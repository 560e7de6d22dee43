"""Gate: which records an open parser must not see, by looking at their bytes only.

In:  the values of records.
Out: the ones that are empty, too large, too deep or no Unicode, with their reasons.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stream.contract.rejects import Reason
from stream.kernels.gate import WORD, depth_of, is_unicode, perhaps_deep


def shut_out(values: Sequence[bytes | None], max_bytes: int, max_depth: int) -> dict[int, Reason]:
    """Find the records that must not reach an open parser, by their places.

    >>> shut_out([b'{"id":"a"}', None, b"[[[["], max_bytes=99, max_depth=3)
    {1: 'not_json', 2: 'too_deep'}
    """
    shut: dict[int, Reason] = {}
    present = [value or b"" for value in values]
    if not present:
        return shut
    lengths = np.fromiter(map(len, present), dtype=np.int64, count=len(present))
    if lengths.min() == 0:
        shut.update(dict.fromkeys(np.flatnonzero(lengths == 0).tolist(), "not_json"))
    if lengths.max() > max_bytes:
        for i in np.flatnonzero(lengths > max_bytes).tolist():
            shut[i] = "too_large"
            present[i], lengths[i] = b"", 0  # or it would be copied, and looked through, for nothing
    ends = lengths.cumsum()
    starts = ends - lengths
    joined = b"".join([*present, b" " * (-int(ends[-1]) % WORD)])
    for i in perhaps_deep(joined, starts, ends, max_depth):
        if i not in shut and depth_of(present[i]) > max_depth:
            shut[i] = "too_deep"
    # JSON begins and ends with a character of ASCII, so a batch that is UTF-8 in one piece is so in each record
    # that the parser will take
    if not is_unicode(joined):
        for i, value in enumerate(present):
            if i not in shut and not is_unicode(value):
                shut[i] = "not_json"
    return shut
