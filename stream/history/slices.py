"""Slices: which figures are named together, by the digest of their names.

In:  slices that a log has; figures that must be named.
Out: for each figure its slice and place; slices that are new; rows of a history by place.
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


#: In place of a row: of a figure that has none yet, and of one that is not known, or not of today's catalog.
_NONE_YET: Final = -2
UNKNOWN: Final = -1


class _Joined(NamedTuple):
    """Rows of slices one after another; they hold as long as the history has given and taken no rows."""

    digests: tuple[bytes, ...]
    names: int
    rows: Ints


_NOTHING: Final = _Joined((), -1, np.zeros(0, np.int64))


def figure_of_row(history: History) -> dict[int, Figure]:
    """Give the figures of a history by their rows."""
    return {row: figure for figure, row in history.rows.items()}


class Slices:
    """All slices that a log has, and where each figure is named."""

    def __init__(self, history: History) -> None:
        self.of: dict[bytes, tuple[Figure, ...]] = {}
        self._history = history
        self._place: dict[Figure, tuple[bytes, int]] = {}
        self._seen: dict[bytes, int] = {}  # the newest hour when a slice was written last
        self._joined = _NOTHING

    def take(self, digest: bytes, figures: Sequence[Figure]) -> None:
        """Learn of a slice."""
        self._seen[digest] = self._history.newest
        if digest not in self.of:
            self._add(digest, figures)

    def _add(self, digest: bytes, figures: Sequence[Figure]) -> None:
        self._seen[digest], self._joined = self._history.newest, _NOTHING
        self.of[digest] = tuple(figures)
        self._place |= {figure: (digest, place) for place, figure in enumerate(figures)}

    def rows(self, digests: tuple[bytes, ...], sizes: tuple[int, ...], places: Ints) -> Ints:
        """Give the rows of places in slices one after another; UNKNOWN where names are not of today's catalog."""
        joined = self._joined
        if joined.digests != digests or joined.names != self._history.names or len(joined.rows) != sum(sizes):
            known = self._history.rows
            rows = [
                known.get(figure, _NONE_YET if _of_today(figure) else UNKNOWN) if figure is not None else UNKNOWN
                for figure in self._figures(digests, sizes)
            ]
            joined = _Joined(digests, self._history.names, np.array(rows, np.int64))
        out = joined.rows[places]
        new = places[out == _NONE_YET]
        if len(new):
            figures = self._figures(digests, sizes)
            for place in new.tolist():
                figure = figures[place]
                assert figure is not None
                joined.rows[place] = self._history.row(figure)
            out = joined.rows[places]
        self._joined = joined._replace(names=self._history.names)
        return out

    def _figures(self, digests: tuple[bytes, ...], sizes: tuple[int, ...]) -> list[Figure | None]:
        """Give the figures of slices one after another; None of those that are not known."""
        out: list[Figure | None] = []
        for digest, size in zip(digests, sizes, strict=True):
            known = self.of.get(digest, ())
            out += known if len(known) == size else [None] * size
        return out

    def named(self, figures: Sequence[Figure]) -> tuple[dict[bytes, dict[int, Figure]], list[tuple[bytes, bytes]]]:
        """Name figures: slice → place → figure, in order; and slices to write, as (digest, record)."""
        used = {self._place[figure][0] for figure in figures if figure in self._place}
        anew = len(used) > 2 * -(-len(figures) // SLICE) + _MOST_SPARE
        lacking = [figure for figure in figures if anew or figure not in self._place]
        new: list[tuple[bytes, bytes]] = []
        for first in range(0, len(lacking), SLICE):
            some = lacking[first : first + SLICE]
            digest, record = names_packed(some)
            self._add(digest, some)
            new.append((digest, record))
        places: dict[bytes, dict[int, Figure]] = {}
        for figure in figures:
            digest, place = self._place[figure]
            places.setdefault(digest, {})[place] = figure
        return {digest: dict(sorted(some.items())) for digest, some in places.items()}, new

    def unused(self, used: set[bytes]) -> list[bytes]:
        """Forget slices that no hour uses any more, and name them."""
        until = self._history.newest - SPARED_HOURS
        gone = [digest for digest in self.of if digest not in used and self._seen[digest] <= until]
        for digest in gone:
            del self.of[digest], self._seen[digest]
        if gone:
            self._joined = _NOTHING
            self._place = {figure: where for figure, where in self._place.items() if where[0] in self.of}
        return gone


def _of_today(figure: Figure) -> bool:
    """Tell whether the catalog counts a figure as it did when it was named."""
    try:
        return shape_of(figure.metric) == figure.shape
    except KeyError:
        return False
