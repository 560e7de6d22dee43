"""Told: what of each lead stands in the topics of results, and goes on with it wherever it lies.

In:  what was told in two places.
Out: what was told of the clusters together.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from stream.stages.leads.rows import Told


def merged(mine: list[Told], others: Iterable[object]) -> list[Told]:
    """Give what was told here and elsewhere; of one key what was told last."""
    out = {(one.site, one.type, one.text): one for one in mine}
    for other in others:
        one = msgspec.convert(other, Told)
        key = one.site, one.type, one.text
        known = out.get(key)
        if known is None or known.version < one.version:
            out[key] = one
    return list(out.values())
