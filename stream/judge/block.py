"""Block: the figures that a look is made of.

In:  nothing.  Out: one type.
"""

from __future__ import annotations

from typing import NamedTuple

from stream.judge.history import Ints, Pairs


class Block(NamedTuple):
    """Figures at moments in a row: rows of history × moments, NaN where `waits` says why.

    `whole` says that a figure which is not there is gone: a worker publishes all of them.
    """

    moments_ms: Ints
    now: Pairs
    waits: Ints
    seq: int = 0
    version: str = ""
    whole: bool = False
