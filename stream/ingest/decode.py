"""Decode: bytes of one kind → events, each with its time, or rejects.

    parse → check → time → drop

In:  a batch of records of one kind, as they come from the topic.
Out: the events, their times in milliseconds and their places in the batch; a reject for every other record.

Every record ends in exactly one of the two lists. Nothing that a record can hold raises: what is not foreseen
becomes a reject with reason `crash`. The format is the adapter's affair, the rest is the same for every format.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress
from operator import itemgetter
from typing import Any, Final

import numpy as np

from stream.adapters import formats
from stream.adapters.adapter import Adapter, Parsed, RecordLimits
from stream.contract.kinds import KINDS, Kind, KindName
from stream.contract.records import Record
from stream.contract.rejects import UNKNOWN_SITE, Reject
from stream.contract.rules import Fault, Moment
from stream.contract.times import DAY_MS, YEAR_2000_MS
from stream.ingest import timing
from stream.ingest.ladder import Ladder
from stream.ingest.timing import Millis


@dataclass(frozen=True, slots=True)
class Limits(RecordLimits):
    """How much is accepted: how large and deep, how late, how long.

    `period_ms` bounds an ad total's period, and how far it may end after the arrival. With `now_ms` (a
    replay) times are held against it, one day ahead allowed, and not against the arrival. `own_lateness_ms` is that of
    kinds which may come later, or must come sooner, than others. With a `ladder` a crm may name its stages only.
    """

    lateness_ms: int = DAY_MS
    period_ms: int = 400 * DAY_MS
    now_ms: int | None = None
    own_lateness_ms: Mapping[str, int] = field(default_factory=dict)
    ladder: Ladder | None = None

    def lateness_of(self, kind: KindName) -> int:
        """Give how long before its arrival an event of a kind may have happened.

        >>> Limits().lateness_of("ad") // DAY_MS, Limits(own_lateness_ms={"crm": 5}).lateness_of("crm")
        (1, 5)
        """
        own = KINDS[kind].lateness_ms
        return self.own_lateness_ms.get(kind, self.lateness_ms if own is None else own)


@dataclass(slots=True, eq=False)
class Decoded:
    """A batch, read: `events`, their times, their arrivals and `index` (place in the batch) run side by side.

    `ignored` names, by place in the batch, the fields of the data that could not be used and were dropped.
    """

    events: list[Any]
    index: list[int]
    rejects: list[Reject]
    times: Millis = field(default_factory=lambda: np.empty(0, np.int64))
    arrivals: Millis = field(default_factory=lambda: np.empty(0, np.int64))
    clock_ahead: int = 0
    ignored: dict[int, list[str]] = field(default_factory=dict)


DEFAULT_LIMITS: Final = Limits()

_arrival = itemgetter(1)

_CRASH: Final[Fault] = ("crash", "")
_TOO_LATE: Final[Fault] = ("too_late", "time")
_BAD_TIME: Final[Fault] = ("bad_time", "time")
_BAD_RECORDED: Final[Fault] = ("bad_time", "recordedtime")


def decode(
    kind: KindName,
    records: Sequence[Record],
    limits: Limits = DEFAULT_LIMITS,
    adapter: Adapter = formats.DEFAULT,
) -> Decoded:
    """Read a batch of records of one kind, in the format of the adapter.

    >>> decode("form", [(7, 1_738_317_600_000, None, b"{}", ())]).rejects
    [Reject(index=0, reason='missing_field', path='type', site='unknown')]
    """
    parsed = adapter.read(kind, records, limits)
    batch = Decoded(parsed.events, parsed.index, parsed.rejects, ignored=parsed.ignored)
    if batch.events:
        faults = _check(parsed, KINDS[kind], records, limits)
        if limits.ladder is not None and kind == "crm":
            _climb(batch, limits.ladder, faults)
        _time(batch, records, limits, limits.lateness_of(kind), faults)
        _drop(batch, faults)
    batch.rejects.sort(key=lambda reject: reject.index)
    return batch


def _check(parsed: Parsed, kind: Kind, records: Sequence[Record], limits: Limits) -> dict[int, Fault]:
    """Find events in which one field does not go with another, by their places."""
    events, index = parsed.events, parsed.index
    faults: dict[int, Fault] = {}
    if kind.rule is not None:
        for place in kind.rule.suspects(events):
            try:
                found = kind.rule.faults(events[place], moment_of(records[index[place]], limits))
            except Exception:
                found = [_CRASH]
            if found:
                faults[place] = found[0]
    return faults


def moment_of(record: Record, limits: Limits) -> Moment:
    """Give what a rule has to know of when a record came."""
    arrival_ms = record[1]
    return Moment(arrival_ms, arrival_ms if limits.now_ms is None else limits.now_ms, limits.period_ms)


def _climb(batch: Decoded, ladder: Ladder, faults: dict[int, Fault]) -> None:
    """Put the stages of a crm on the ladder; add moves to no stage to the faults."""
    found, ignored = ladder.settle(batch.events)
    for place, fault in found.items():
        faults.setdefault(place, fault)
    for place, paths in ignored.items():
        batch.ignored.setdefault(batch.index[place], []).extend(paths)


def _time(
    batch: Decoded, records: Sequence[Record], limits: Limits, lateness_ms: int, faults: dict[int, Fault]
) -> None:
    """Give each event its time; add those whose time cannot be, or that came too late, to the faults."""
    stated = timing.parse_times([event.time for event in batch.events])
    arrivals = np.fromiter(map(_arrival, records), np.int64, len(records))
    if len(batch.index) < len(records):
        arrivals = arrivals[batch.index]
    latest = None if limits.now_ms is None else limits.now_ms + DAY_MS
    times = timing.event_times(stated, arrivals, lateness_ms, latest)
    for flags, fault in ((times.bad, _BAD_TIME), (times.late, _TOO_LATE)):
        if flags.any():
            for place in np.flatnonzero(flags).tolist():
                faults.setdefault(place, fault)
    recorded = [event.recordedtime for event in batch.events]
    if recorded.count(None) < len(recorded):
        given = [place for place, text in enumerate(recorded) if text is not None]
        read = timing.parse_times([recorded[place] for place in given])
        for nth in np.flatnonzero(read < YEAR_2000_MS).tolist():
            faults.setdefault(given[nth], _BAD_RECORDED)
    times.ahead[list(faults)] = False
    batch.clock_ahead = int(np.count_nonzero(times.ahead))
    batch.times, batch.arrivals = times.event_ms, arrivals


def _drop(batch: Decoded, faults: dict[int, Fault]) -> None:
    """Move events at fault to the rejects."""
    if not faults:
        return
    kept = bytearray(b"\1") * len(batch.events)
    for place, (reason, path) in faults.items():
        kept[place] = 0
        site = UNKNOWN_SITE if path == "data.site_id" else batch.events[place].data.site_id
        batch.rejects.append(Reject(batch.index[place], reason, path, site))
    batch.events = list(compress(batch.events, kept))
    flags = np.frombuffer(kept, np.bool_)
    batch.times, batch.arrivals = batch.times[flags], batch.arrivals[flags]
    batch.index = list(compress(batch.index, kept))
