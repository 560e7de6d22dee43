"""Judged: the verdicts of the last look, as records of the log of history.

In:  records of the log; every figure that a look judged.
Out: the rows that say so, in the transaction of the readings that were looked at; all that was judged last.

A reading carries its verdict, but a sum that no reading shows carries none. Whoever does not own the rollup knows the
verdicts of all from here, and a new owner those of the look before its first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from stream.contract.alert import Verdict
from stream.history.pieces import Pieces

_PREFIX: Final = b"judged/"


class JudgedRow(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A figure in a judged window; `by` and `value` are labels beside site, joined by commas."""

    metric: str
    site: str
    by: str
    value: str
    window: str
    verdict: Verdict


class JudgedLog:
    """What the log has of verdicts."""

    def __init__(self) -> None:
        self._pieces = Pieces(_PREFIX)

    def load(self, key: bytes, value: bytes | None) -> bool:
        """Take one record, in the order of the log; False for one that is another's."""
        return self._pieces.load(key, value)

    def rows(self, judged: Iterable[JudgedRow], moment_ms: int) -> Iterator[tuple[bytes, bytes | None]]:
        """Write what a look judged, over what the one before did; 3,300 figures in three windows take 120 KB."""
        return self._pieces.rows(msgspec.msgpack.encode(list(judged)), moment_ms)

    def judged(self) -> list[JudgedRow]:
        """Give what was judged last; nothing where nothing can be read."""
        said = self._pieces.value()
        try:
            return [] if said is None else msgspec.msgpack.decode(said, type=list[JudgedRow])
        except msgspec.DecodeError:
            return []
