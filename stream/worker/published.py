"""Published: what the result topic says now, and what must be written to make it say the newest.

In:  readings as the rollup reads them now; verdicts of the last look.
Out: the rows that changed, as (key, value), with a tombstone for a series that is no more.

A reading is written when its value or its standing changed, not when time alone went on. Its `seq` rises over all
owners of the rollup: a new owner counts on from what it finds in the topic, since the snapshot that it restored is
some seconds older than the last publication. A verdict stands until the next look, whoever owns the rollup: a new owner
takes those that it finds, too.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final

import msgspec
import orjson

from stream.contract.alert import Verdict
from stream.contract.readings import Reading
from stream.contract.results import fitting
from stream.worker.ports import EncodeReading

#: Keys that are remembered: so many tables of labels may be new before all are forgotten.
_MOST_KEYS: Final = 60_000


def key_of(reading: Reading) -> bytes:
    """Name a series in the topic: [metric, labels, window]."""
    return fitting(orjson.dumps([reading.metric, reading.labels, reading.window], option=orjson.OPT_SORT_KEYS))


class Keys:
    """Keys of readings, each written once: whoever reads windows gives the same labels with every reading of a series.

    They are known by the very table of labels, which is kept as long as its key is. Totals have labels of their own
    each time.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, str | None], dict[int, tuple[dict[str, str], bytes]]] = {}
        self._size = 0

    def of(self, reading: Reading) -> bytes:
        """Give the key of a reading."""
        labels, window = reading.labels, reading.window
        named = reading.metric, window
        known = self._known.get(named)
        if known is None:
            known = self._known[named] = {}
        found = known.get(id(labels))
        if found is not None and found[0] is labels:
            return found[1]
        key = key_of(reading)
        if window is not None:
            if self._size >= _MOST_KEYS:  # labels of series that are no more go with that
                self._known, self._size = {named: (known := {})}, 0
            known[id(labels)] = labels, key
            self._size += 1
        return key


def window_of(key: bytes) -> str | None:
    """Give the window in a key."""
    return orjson.loads(key)[2]  # type: ignore[no-any-return]


class Published:
    """The last value of every key of the result topic."""

    def __init__(self, encode: EncodeReading) -> None:
        self._encode = encode
        self._keys = Keys()
        self._readings: dict[bytes, Reading] = {}
        self._foreign: set[bytes] = set()
        self._pending: dict[bytes, Reading | None] = {}
        self._ending: dict[bytes, int] = {}
        self._found_seq = 0
        self._shift: int | None = None
        self._verdicts: dict[bytes, Verdict] = {}
        self._looked: Callable[[Reading], Verdict | None] | None = None
        self._early: dict[bytes, int] = {}  # readings that end before the moment of their publication, and when

    def found(self, key: bytes, value: bytes | None) -> None:
        """Learn at a take-over what is in the topic; it is replaced or removed by the first full publication."""
        if value is None:
            self._foreign.discard(key)
        else:
            self._foreign.add(key)
            self._verdicts.pop(key, None)
            try:
                said = orjson.loads(value)
                self._found_seq = max(self._found_seq, int(said["seq"]))
                if "verdict" in said:
                    self._verdicts[key] = msgspec.convert(said["verdict"], Verdict)
            except (ValueError, KeyError, TypeError, msgspec.ValidationError):
                pass  # not of this form: written by something else, and replaced like the rest

    def judge(self, of: Callable[[Reading], Verdict | None]) -> None:
        """Take the verdicts of a look: those of before go with no reading of the next full publication any more.

        One that says the same as before stays what it was, of the look that said so first: that time alone went on is
        no news.
        """
        self._looked = of

    def seq_of(self, reading: Reading) -> int:
        """Give the number that the topic has for the publication of a reading."""
        if self._shift is None:
            self._shift = max(0, self._found_seq + 1 - reading.seq)
        return reading.seq + self._shift

    def forget(self) -> None:
        """Take the topic as empty: the next full publication writes everything."""
        self._readings, self._pending = {}, {}

    def rows(self, readings: list[Reading], windows: Collection[str | None] | None) -> list[tuple[bytes, bytes | None]]:
        """Give what to write for readings of these windows (None: all); call `confirm` once it is committed."""
        rows: list[tuple[bytes, bytes | None]] = []
        pending: dict[bytes, Reading | None] = {}
        seen: set[bytes] = set()
        if readings:
            self.seq_of(readings[0])
        now_ms = max((reading.as_of_ms for reading in readings), default=0)
        early = self._ending = {}
        verdicts, replace = self._verdicts, msgspec.structs.replace
        looked = self._looked if windows is None else None
        if looked is not None:
            self._verdicts, self._looked = {}, None
        key_of, known, were_early, shift = self._keys.of, self._readings.get, self._early, self._shift
        for reading in readings:
            key = key_of(reading)
            if windows is None:
                seen.add(key)
            before = known(key)
            if reading.as_of_ms < now_ms and reading.window is not None:
                early[key] = reading.as_of_ms
            verdict = verdicts.get(key) if verdicts else None
            if looked is not None:
                verdict = _newer(verdict, looked(reading))
                if verdict is not None:
                    self._verdicts[key] = verdict
            # the same figures up to another moment are news: nobody could tell from the others where these end
            if (
                before is None
                or before.verdict is not verdict
                or _differs(before, reading)
                or ((early or were_early) and early.get(key) != were_early.get(key))
            ):
                if shift or verdict is not None:
                    reading = replace(reading, seq=reading.seq + (shift or 0), verdict=verdict)
                pending[key] = reading
                rows.append((key, self._encode(reading)))
        if windows is None:  # some windows only: what is missing has not changed
            for key in self._readings.keys() - seen:
                pending[key] = None
                rows.append((key, None))
            rows += [(key, None) for key in self._foreign - seen - self._readings.keys()]
            self._foreign.clear()
        self._pending = pending
        return rows

    def confirm(self) -> tuple[Reading, ...]:
        """Take the rows as written, and give all readings of the topic."""
        for key, reading in self._pending.items():
            if reading is None:
                del self._readings[key]
            else:
                self._readings[key] = reading
            if self._early:
                self._early.pop(key, None)
        self._early |= {key: ms for key, ms in self._ending.items() if key in self._pending}
        self._pending, self._ending = {}, {}
        return tuple(self._readings.values())


def _newer(before: Verdict | None, now: Verdict | None) -> Verdict | None:
    """Give a verdict; the one before, if it said the same."""
    if before is None or now is None or before.state != now.state or before.usual != now.usual:
        return now
    return before if before == msgspec.structs.replace(now, at=before.at) else now


def _differs(a: Reading, b: Reading) -> bool:
    return (
        a.value != b.value
        or a.n != b.n
        or a.complete != b.complete
        or a.numerator != b.numerator
        or a.denominator != b.denominator
        or a.data_since_ms != b.data_since_ms
        or a.catalog_version != b.catalog_version
        or a.maturity != b.maturity
        or a.restated != b.restated
    )
