"""Packed: records that are left in the bytes they came in until somebody wants one.

In:  batches that know how to give their records; what stands behind each other is one sequence.
Out: a sequence of records like any other. Whoever can read batches as they are takes `batches`, and no tuple is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol, overload

from stream.contract.records import Record


class Batch(Protocol):
    """Records of one batch."""

    def __len__(self) -> int: ...
    def records(self) -> list[Record]:
        """Give all of them."""

    def picked(self, places: list[int]) -> list[Record]:
        """Give those at these places, which rise."""

    def last(self) -> Record:
        """Give the last one."""

    def load(self, tables: Mapping[int, dict[str, bytes]]) -> list[tuple[bytes | None, bytes | None]]:
        """Put rows into tables by the first byte of their keys, the rest of which is text; give what is of no table.

        A record without a value takes its row away.
        """


class Packed(Sequence[Record]):
    """Records of batches, one behind the other."""

    __slots__ = ("_len", "_records", "batches")

    def __init__(self, batches: Sequence[Batch]) -> None:
        self.batches = batches
        self._len = sum(map(len, batches))
        self._records: list[Record] | None = None

    def __len__(self) -> int:
        return self._len

    @overload
    def __getitem__(self, at: int) -> Record: ...
    @overload
    def __getitem__(self, at: slice) -> list[Record]: ...
    def __getitem__(self, at: int | slice) -> Record | list[Record]:
        if at == -1 and self.batches:
            return self.batches[-1].last()
        return self._all()[at]

    def __iter__(self) -> Iterator[Record]:
        return iter(self._all())

    def picked(self, places: Sequence[int]) -> list[Record]:
        """Give the records at these places, which rise."""
        if self._records is not None or len(places) == len(self):
            records = self._all()
            return [records[at] for at in places]
        out: list[Record] = []
        first = nth = 0
        for batch in self.batches:
            end, here = first + len(batch), list[int]()
            while nth < len(places) and places[nth] < end:
                here.append(places[nth] - first)
                nth += 1
            if here:
                out += batch.picked(here)
            first = end
        return out

    def _all(self) -> list[Record]:
        if self._records is None:
            self._records = [record for batch in self.batches for record in batch.records()]
        return self._records


def joined(parts: Iterable[Sequence[Record]]) -> Sequence[Record]:
    """Put records behind each other; they stay packed where all of them are.

    >>> joined([[(0, 0, None, b"a", ())], [], [(1, 0, None, b"b", ())]])
    [(0, 0, None, b'a', ()), (1, 0, None, b'b', ())]
    """
    some = [part for part in parts if len(part)]
    if len(some) == 1:
        return some[0]
    batches: list[Batch] = []
    for part in some:
        if not isinstance(part, Packed):
            return [record for part in some for record in part]
        batches += part.batches
    return Packed(batches) if batches else []
