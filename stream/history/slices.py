"""Slices: which figures are named together, by the digest of their names.

In:  slices that a log has; rows of figures that must be named.
Out: for each row its slice and place; slices that are new.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream.history.packed import SLICE, names_packed
from stream.judge.history import Figure, History, shape_of

Ints = NDArray[np.int64]

#: Slices beyond those that are needed, before the figures of an hour are named anew in full ones.
_MOST_SPARE: Final = 32
#: Names that no hour uses go after so many hours: whoever writes seeds writes their names first.
SPARED_HOURS: Final = 24


class Slice(NamedTuple):
    """Names that stand together; `rows` has each one's row in a history, −1 for those of another catalog."""

    figures: tuple[Figure, ...]
    rows: Ints


class Slices:
    """All slices that a log has, and where each row is named."""

    def __init__(self, history: History) -> None:
        self.of: dict[bytes, Slice] = {}
        self._history = history
        self._place: dict[int, tuple[bytes, int]] = {}
        self._seen: dict[bytes, int] = {}  # the newest hour when a slice was written last
        self._joined: tuple[tuple[bytes, ...], Ints] = (), np.zeros(0, np.int64)

    def take(self, digest: bytes, figures: Sequence[Figure]) -> None:
        """Learn of a slice of the log. What is named as no entry of this catalog is counted is left alone."""
        self._seen[digest] = self._history.newest
        if digest not in self.of:
            rows = [self._history.row(one) if _of_today(one) else -1 for one in figures]
            self._add(digest, figures, rows)

    def _add(self, digest: bytes, figures: Sequence[Figure], rows: Sequence[int]) -> None:
        self._seen[digest], self._joined = self._history.newest, ((), np.zeros(0, np.int64))
        self.of[digest] = Slice(tuple(figures), np.array(rows, np.int64))
        self._place |= {row: (digest, place) for place, row in enumerate(rows) if row >= 0}

    def rows(self, digests: tuple[bytes, ...], sizes: tuple[int, ...]) -> Ints:
        """Give the rows of slices one after another; −1 where names are not known, or not of today's catalog."""
        if self._joined[0] != digests or len(self._joined[1]) != sum(sizes):
            known = [self.of.get(digest) for digest in digests]
            rows = [
                one.rows if one is not None and len(one.rows) == size else np.full(size, -1, np.int64)
                for one, size in zip(known, sizes, strict=True)
            ]
            self._joined = digests, np.concatenate([np.zeros(0, np.int64), *rows])
        return self._joined[1]

    def named(self, rows: Sequence[int]) -> tuple[dict[bytes, list[int]], list[tuple[bytes, bytes]]]:
        """Name rows: slice → places of those among them, in order; and slices to write, as (digest, record)."""
        used = {self._place[row][0] for row in rows if row in self._place}
        anew = len(used) > 2 * -(-len(rows) // SLICE) + _MOST_SPARE
        lacking = [row for row in rows if anew or row not in self._place]
        figures = list(self._history.rows)
        new: list[tuple[bytes, bytes]] = []
        for first in range(0, len(lacking), SLICE):
            some = lacking[first : first + SLICE]
            named = [figures[row] for row in some]
            digest, record = names_packed(named)
            self._add(digest, named, some)
            new.append((digest, record))
        places: dict[bytes, list[int]] = {}
        for row in rows:
            digest, place = self._place[row]
            places.setdefault(digest, []).append(place)
        return {digest: sorted(some) for digest, some in places.items()}, new

    def unused(self, used: set[bytes]) -> list[bytes]:
        """Forget slices that no hour uses any more, and name them."""
        until = self._history.newest - SPARED_HOURS
        gone = [digest for digest in self.of if digest not in used and self._seen[digest] <= until]
        for digest in gone:
            del self.of[digest], self._seen[digest]
        if gone:
            self._joined = (), np.zeros(0, np.int64)
            self._place = {row: where for row, where in self._place.items() if where[0] in self.of}
        return gone


def _of_today(figure: Figure) -> bool:
    """Tell whether the catalog counts a figure as it did when it was named."""
    try:
        return shape_of(figure.metric) == figure.shape
    except KeyError:
        return False
