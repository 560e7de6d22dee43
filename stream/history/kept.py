"""Kept: the history of a log: restored from its records, and the rows that bring it up to date at each publication.

In:  records of the log in any state of compaction; figures that are whole, and the moment they are of.
Out: a history in memory; rows to write, with tombstones for what is older than it reaches.

An hour is `hour/<hour since 1970>/<part>`; what was filled in afterwards is `seed/<hour>/<slice>`, so that neither can
take the other's place; names are `names/<slice>`. A log that is lost or torn is no fault: what it does not say was not
known.

The same holds for slots of another length, whose records have a word before them: `ten/hour/…` for ten minutes. What
is said here of an hour is then said of a slot.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final, NamedTuple

import numpy as np

from stream.changes.panes import HOUR_MS
from stream.history.packed import Unreadable, hour_packed, hour_unpacked, names_unpacked
from stream.history.slices import UNKNOWN, Slices, figure_of_row
from stream.judge.history import Figure, History

#: How long after a full hour a first publication still stands for it.
LATE_MS: Final = 10 * 60_000
#: Slices a record: with it none is larger than a topic takes, however many figures there are.
_PART: Final = 64

_DAY_H: Final = 24

Row = tuple[bytes, bytes | None]
Pair = tuple[float, float]


class Key(NamedTuple):
    """What a record is of: an hour of what was measured or filled in, or names."""

    what: str  # hour, seed, names
    hour: int
    digest: bytes


def key_of(key: bytes, word: bytes = b"") -> Key | None:
    """Read a key; None for one that is none of these.

    >>> key_of(b"hour/482913/0")
    Key(what='hour', hour=482913, digest=b'')
    >>> key_of(b"hour/482913/0", b"ten/") is key_of(b"ten/hour/2897478/0") is None
    True
    """
    if not key.startswith(word):
        return None
    key = key[len(word) :]
    what, *parts = key.decode("ascii", "replace").split("/")
    try:
        if what == "names" and len(parts) == 1:
            return Key(what, 0, bytes.fromhex(parts[0]))
        if what in ("hour", "seed") and len(parts) == 2:
            return Key(what, int(parts[0]), bytes.fromhex(parts[1]) if what == "seed" else b"")
    except ValueError:
        pass
    return None


class Kept:
    """A history, and what its log has of it."""

    def __init__(self, history: History | None = None, *, slot_ms: int = HOUR_MS, word: bytes = b"") -> None:
        """Take the length of a slot, and the word that stands before the keys of others than hours."""
        self.history = history or History()
        self.unreadable = 0
        self._slot_ms, self._word = slot_ms, word
        self._slices = Slices(self.history)
        self._used: dict[bytes, tuple[bytes, ...]] = {}  # key of an hour or seed that the log has → slices
        self._waiting: dict[bytes, bytes] = {}
        self._lost: dict[bytes, tuple[bytes, list[bytes]]] = {}  # records whose names the log has not, and which
        self._filled: tuple[int, set[tuple[str, str]]] = (-1, set())

    # -- in

    def load(self, key: bytes, value: bytes | None) -> None:
        """Take one record, in the order of the log; `settle` understands it."""
        named = self._named(key)
        if named is None:
            return
        if named.what == "names":
            if value is not None:
                try:
                    self._slices.take(named.digest, names_unpacked(named.digest, value))
                except Unreadable:
                    self.unreadable += 1
            return
        self._lost.pop(key, None)
        self._waiting.pop(key, None)  # the newest of a key is behind what lies between
        if value is None:
            self._used.pop(key, None)
        else:
            self._waiting[key] = value

    def settle(self, now_ms: int | None = None) -> int:
        """Understand what was loaded, and say how many records have figures whose names the log has not.

        What is later than now waits: it would take the places of all that is known.
        """
        found = [key for key, (_, lacking) in self._lost.items() if any(one in self._slices.of for one in lacking)]
        for key in found:
            self._waiting[key] = self._lost.pop(key)[0]
        for key, value in list(self._waiting.items()):
            named = self._named(key)
            assert named is not None
            if now_ms and named.hour > now_ms // self._slot_ms:
                continue
            del self._waiting[key]
            self._take(named, key, value)
        return len(self._lost)

    def _take(self, named: Key, key: bytes, value: bytes) -> None:
        try:
            hour = hour_unpacked(value)
        except Unreadable:
            self.unreadable += 1
            self._used[key] = ()
            return
        self._used[key] = hour.digests
        # all slices at once: an hour has a dozen, and a history a thousand hours
        rows = self._slices.rows(hour.digests, hour.sizes, hour.places)
        mine = rows != UNKNOWN
        self.history.put(
            named.hour, rows[mine], hour.successes[mine], hour.trials[mine], seed=named.what == "seed"
        )  # fmt: skip
        if lacking := [digest for digest in hour.digests if digest not in self._slices.of]:
            self._lost[key] = value, lacking

    # -- out

    def rows(self, moment_ms: int, figures: Mapping[Figure, Pair]) -> list[Row]:
        """Keep figures that are whole at a publication, if they stand for a full hour; give what to write.

        The first publication within ten minutes does. What was not whole then is taken from the first one at which it
        is; an hour that nobody read, or not in time, has a hole.
        """
        hour, past_ms = divmod(moment_ms, self._slot_ms)
        if past_ms > LATE_MS or hour <= self.history.newest - self.history.slots:
            return []
        if self._filled[0] != hour:
            self._filled = hour, self._measured(hour)
        filled = self._filled[1]
        fresh = {figure: pair for figure, pair in figures.items() if (figure.metric, figure.window) not in filled}
        if not fresh:
            return []
        filled.update((figure.metric, figure.window) for figure in fresh)
        at = [self.history.row(figure) for figure in fresh]
        self.history.put(hour, at, [top for top, _ in fresh.values()], [bottom for _, bottom in fresh.values()])
        return [*self._hour(hour), *self._gone()]

    def _measured(self, hour: int) -> set[tuple[str, str]]:
        """Name what an hour has already, by metric and window: its log was read by a new owner."""
        rows, _, _, seeded = self.history.hour(hour)
        figures = figure_of_row(self.history)
        return {(figures[row].metric, figures[row].window) for row in rows[~seeded].tolist()}

    def _hour(self, hour: int) -> Iterator[Row]:
        """Write what was measured in an hour."""
        before = {key for key in self._used if key.startswith(self._word + b"hour/%d/" % hour)}
        for number, (used, record) in enumerate(self._records(hour, seeded=False)):
            key = self._word + b"hour/%d/%d" % (hour, number)
            yield from used.new
            self._used[key] = used.digests
            before.discard(key)
            yield key, record
        for key in before:
            del self._used[key]
            yield key, None

    def seeds(self) -> Iterator[Row]:
        """Write all that was filled in, oldest hour first: one record a slice, with names before what they name."""
        for hour in self.history.held():
            for used, record in self._records(hour, seeded=True, part=1):
                yield from used.new
                yield self._word + b"seed/%d/%s" % (hour, used.digests[0].hex().encode()), record

    def _records(self, hour: int, *, seeded: bool, part: int = _PART) -> Iterator[tuple[_Used, bytes]]:
        rows, successes, trials, seeds = self.history.hour(hour)
        figures = figure_of_row(self.history)
        at = {figures[row]: place for place, row in enumerate(rows.tolist()) if seeds[place] == seeded}
        places, new = self._slices.named(list(at))
        names = [(self._names_key(digest), record) for digest, record in new]
        digests = list(places)
        for first in range(0, len(digests), part):
            some, packed = digests[first : first + part], []
            for digest in some:
                which = np.array([at[figure] for figure in places[digest].values()], np.int64)
                there = np.array(list(places[digest]), np.int64)
                packed.append((digest, len(self._slices.of[digest]), there, successes[which], trials[which]))
            yield _Used(tuple(some), names), hour_packed(packed)
            names = []

    def _gone(self) -> Iterator[Row]:
        """Take back what is older than the history reaches, names that nothing uses any more, and their places."""
        if self.history.newest % _DAY_H == 0:
            self.history.trim()
        last = self.history.newest - self.history.slots
        for key in [key for key in self._used if (named := self._named(key)) is not None and named.hour <= last]:
            del self._used[key]
            yield key, None
        used = {digest for digests in self._used.values() for digest in digests}
        for digest in self._slices.unused(used):
            yield self._names_key(digest), None

    def _named(self, key: bytes) -> Key | None:
        return key_of(key, self._word)

    def _names_key(self, digest: bytes) -> bytes:
        return names_key(digest, self._word)


class _Used(NamedTuple):
    digests: tuple[bytes, ...]
    new: Collection[Row]


def names_key(digest: bytes, word: bytes = b"") -> bytes:
    """Give the key of a slice of names."""
    return word + b"names/" + digest.hex().encode()


def restored(rows: Iterable[Row], now_ms: int | None = None) -> Kept:
    """Restore a history from all records of a log."""
    kept = Kept()
    for key, value in rows:
        kept.load(key, value)
    kept.settle(now_ms)
    return kept
