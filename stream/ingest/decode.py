"""Decode: bytes of one kind → events, each with its time, or rejects.

In:  a batch of records of one kind, as they come from the topic.
Out: the events, their times in milliseconds and their places in the batch; a reject for every other record.

Every record ends in exactly one of the two lists. Nothing that a record can hold raises: what is not foreseen
becomes a reject with reason `crash`. A record goes by one of two lanes with the same outcome. The closed
lane is for records that are nothing but the contract: one call of a parser in C. All others go by the open
lane, where the gate looks at the bytes first, because what the parser skips could be anything.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import compress
from operator import itemgetter
from typing import Any, Final

import msgspec
import numpy as np

from stream.adapters.faults import fault_of
from stream.adapters.gate import shut_out, with_doubtful_ids
from stream.contract.closed import closed
from stream.contract.kinds import KINDS, KindName
from stream.contract.records import Record
from stream.contract.rejects import UNKNOWN_SITE, Reject
from stream.contract.rules import Fault, fault_of_ids
from stream.contract.times import DAY_MS, YEAR_2000_MS
from stream.ingest import timing
from stream.ingest.timing import Millis

Parser = Callable[[bytes], Any]


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is accepted.

    `period_ms` bounds an ad total's period, and how far it may end after the arrival. With `now_ms` (a
    replay) times are held against it, one day ahead allowed, and not against the arrival.
    """

    max_bytes: int = 256 << 10
    max_depth: int = 32
    lateness_ms: int = DAY_MS
    period_ms: int = 400 * DAY_MS
    now_ms: int | None = None


@dataclass(slots=True, eq=False)
class Decoded:
    """A batch, read: `events`, their times, their arrivals and `index` (place in the batch) run side by side."""

    events: list[Any]
    index: list[int]
    rejects: list[Reject]
    times: Millis = field(default_factory=lambda: np.empty(0, np.int64))
    arrivals: Millis = field(default_factory=lambda: np.empty(0, np.int64))
    clock_ahead: int = 0


@dataclass(frozen=True, slots=True)
class Lanes:
    """The two parsers of a kind: one refuses fields that the contract does not name, one passes over them."""

    closed: Parser
    open: Parser


DEFAULT_LIMITS: Final = Limits()
LANES: Final[dict[KindName, Lanes]] = {
    name: Lanes(msgspec.json.Decoder(closed(kind.struct)).decode, msgspec.json.Decoder(kind.struct).decode)
    for name, kind in KINDS.items()
}

# Where half of the first records do not fit the closed lane, their producer adds fields of its own: a refusal
# costs 2 µs, so the rest of the batch goes straight to the open lane.
_TRIAL: Final = 64

_arrival, _value = itemgetter(1), itemgetter(3)

_CRASH: Final[Fault] = ("crash", "")
_TOO_LATE: Final[Fault] = ("too_late", "time")
_BAD_TIME: Final[Fault] = ("bad_time", "time")
_BAD_RECORDED: Final[Fault] = ("bad_time", "recordedtime")


def decode(
    kind: KindName, records: Sequence[Record], limits: Limits = DEFAULT_LIMITS, parser: Parser | None = None
) -> Decoded:
    """Read a batch of records of one kind; a parser of the caller's own takes the place of both lanes.

    >>> decode("form", [(7, 1_738_317_600_000, None, b"{}", ())]).rejects
    [Reject(index=0, reason='missing_field', path='specversion', site='unknown')]
    """
    batch = Decoded([], [], [])
    values = list(map(_value, records))
    _parse(batch, kind, values, LANES[kind] if parser is None else Lanes(parser, parser), limits)
    if batch.events:
        faults = _check(batch, kind, values, records, limits)
        _time(batch, records, limits, faults)
        _drop(batch, faults)
    batch.rejects.sort(key=lambda reject: reject.index)
    return batch


def _parse(batch: Decoded, kind: KindName, values: Sequence[Any], lanes: Lanes, limits: Limits) -> None:
    """Turn bytes into events: what fits by the closed lane, the rest by the open one."""
    places: Sequence[int] = range(len(values))
    if max(map(len, filter(None, values)), default=0) > limits.max_bytes:
        places = [i for i in places if values[i] is not None and len(values[i]) <= limits.max_bytes]
    refused = _run(batch, values, places[:_TRIAL], lanes.closed)
    if len(refused) <= _TRIAL // 2:
        _run(batch, values, places[_TRIAL:], lanes.closed)
    if len(batch.index) == len(values):
        return

    left = sorted(set(range(len(values))).difference(batch.index))
    shut = shut_out([values[i] for i in left], limits.max_bytes, limits.max_depth)
    # the site of what is shut out stays unknown: these are the bytes that no parser should see
    batch.rejects += [Reject(left[nth], reason) for nth, reason in shut.items()]
    passed = [i for nth, i in enumerate(left) if nth not in shut]
    fitted = len(batch.index)
    for i, error in _run(batch, values, passed, lanes.open).items():
        batch.rejects.append(Reject(i, *fault_of(kind, values[i], error)))
    if len(batch.index) > fitted:
        in_order = sorted(range(len(batch.index)), key=batch.index.__getitem__)
        batch.events = [batch.events[place] for place in in_order]
        batch.index.sort()


def _run(batch: Decoded, values: Sequence[Any], places: Sequence[int], parser: Parser) -> dict[int, Exception]:
    """Parse the values at these places in one call, taken up again behind each failure; give the failures."""
    events: list[Any] = []
    failed: dict[int, Exception] = {}
    remaining = map(values.__getitem__, places)
    while True:
        try:
            # a failure leaves the events before it in the list, and the iterator behind its record
            events.extend(map(parser, remaining))
        except Exception as error:
            # without its traceback, which would hold on to this frame and all its events
            failed[places[len(events) + len(failed)]] = error.with_traceback(None)
        else:
            break
    batch.events += events
    batch.index += [i for i in places if i not in failed] if failed else places
    return failed


def _check(
    batch: Decoded, kind: KindName, values: Sequence[Any], records: Sequence[Record], limits: Limits
) -> dict[int, Fault]:
    """Find events in which one field does not go with another, or an id cannot be one, by their places."""
    events, index = batch.events, batch.index
    faults: dict[int, Fault] = {}
    rule = KINDS[kind].rule
    if rule is not None:
        for place in rule.suspects(events):
            newest_ms = records[index[place]][1] if limits.now_ms is None else limits.now_ms
            try:
                fault = rule.fault(events[place].data, newest_ms, limits.period_ms)
            except Exception:
                fault = _CRASH
            if fault is not None:
                faults[place] = fault
    for place in with_doubtful_ids([values[i] for i in index]):
        if (fault := fault_of_ids(events[place], KINDS[kind].ids)) is not None:
            faults[place] = fault
    return faults


def _time(batch: Decoded, records: Sequence[Record], limits: Limits, faults: dict[int, Fault]) -> None:
    """Give each event its time; add those whose time cannot be, or that came too late, to the faults."""
    stated = timing.parse_times([event.time for event in batch.events])
    arrivals = np.fromiter(map(_arrival, records), np.int64, len(records))
    if len(batch.index) < len(records):
        arrivals = arrivals[batch.index]
    latest = None if limits.now_ms is None else limits.now_ms + DAY_MS
    times = timing.event_times(stated, arrivals, limits.lateness_ms, latest)
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
