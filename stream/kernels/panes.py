"""Panes: the old ones among many gathered into longer ones.

In:  numbers of panes, and from which age on how many stand together.
Out: for each the number of the first pane of those that it stands together with.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def gathered(panes: Ints, coarser: Sequence[tuple[int, int]]) -> Ints:
    """Move panes to the first of the longer pane that holds them.

    `coarser` are (edge, factor), edges falling and factors rising: what lies before an edge stands by `factor`.

    >>> gathered(np.array([99, 57, 13]), [(60, 10), (20, 20)])
    array([99, 50,  0])
    """
    first = panes.copy()
    for edge, factor in coarser:
        old = panes < edge
        if not old.any():
            break
        first[old] = panes[old] // factor * factor
    return first
