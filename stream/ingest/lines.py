"""Lines: events in a file, one envelope a line, for a replay and for checks.

In:  lines of bytes, and the wall clock.
Out: per kind the records that a topic would have held, and what they decode to; a reject for every line that
     names no known kind.

A line's topic is known from its `type`. Its arrival is its `recordedtime`, without one its `time`. Blank
lines are passed over. Line numbers begin at 1 and are the offsets of the records.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Final

import msgspec

from stream.adapters.faults import site_of
from stream.adapters.gate import shut_out
from stream.adapters.liberal import kind_of
from stream.contract.kinds import KindName, is_kind
from stream.contract.records import Record
from stream.contract.rejects import Reason, Reject
from stream.contract.times import parse_ms
from stream.ingest.decode import DEFAULT_LIMITS, Decoded, Limits, decode

_CHUNK: Final = 4_096
#: Files that were written on Windows begin with it.
_MARK: Final = b"\xef\xbb\xbf"


@dataclass(slots=True)
class Line:
    """A line that names a known kind; `time_ms` is its stated time, None where that is none.

    `name` is a hash of what makes two lines the same event: kind, source and id; None where one of them is none.
    `arrived` says whether the line tells when it came; else its arrival is its time.
    """

    kind: KindName
    time_ms: int | None
    record: Record
    name: int | None = None
    arrived: bool = True

    @property
    def number(self) -> int:
        """The line's number in the file, from 1."""
        return self.record[0]


@dataclass(slots=True)
class DecodedLines:
    """What a file holds: per kind its records and what they decode to; `rejects` are indexed by line
    number."""

    records: dict[KindName, list[Record]] = field(default_factory=dict)
    decoded: dict[KindName, Decoded] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)


class _Stamp(msgspec.Struct, gc=False):
    type: Any = None
    id: Any = None
    source: Any = None
    time: Any = None
    recordedtime: Any = None


_stamp = msgspec.json.Decoder(_Stamp).decode


def decode_lines(
    lines: Iterable[bytes],
    now_ms: int,
    limits: Limits = DEFAULT_LIMITS,
    first: int = 1,
    topic: KindName | None = None,
) -> DecodedLines:
    """Decode lines as a replay does: times up to one day ahead of `now_ms` are taken.

    With a topic, events of all other kinds are on the wrong one.

    >>> decode_lines([b'{"type":"call"}'], now_ms=0).rejects
    [Reject(index=1, reason='unknown_kind', path='type', site='unknown')]
    """
    result = DecodedLines()
    for line in read_lines(lines, limits, first):
        if isinstance(line, Reject):
            result.rejects.append(line)
        else:
            result.records.setdefault(topic or line.kind, []).append(line.record)
    held = replace(limits, now_ms=now_ms)
    for kind, records in result.records.items():
        result.decoded[kind] = decode(kind, records, held)
    return result


def read_lines(lines: Iterable[bytes], limits: Limits = DEFAULT_LIMITS, first: int = 1) -> Iterator[Line | Reject]:
    """Give each line as the record of a known kind, in order, or as a reject indexed by its number."""
    numbered = ((number, line.strip()) for number, line in enumerate(lines, first))
    filled = ((number, line.removeprefix(_MARK).strip()) for number, line in numbered if line)
    while chunk := list(islice(filled, _CHUNK)):
        shut = shut_out([line for _, line in chunk], limits.max_bytes, limits.max_depth)
        for place, (number, line) in enumerate(chunk):
            if place in shut:
                yield Reject(number, shut[place])
            else:
                yield _read(number, line)


def _read(number: int, line: bytes) -> Line | Reject:
    try:
        stamp = _stamp(line)
    except msgspec.ValidationError:
        return Reject(number, "wrong_type")
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return Reject(number, "not_json")
    kind = kind_of(stamp.type)
    if not is_kind(kind):
        reason: Reason = "unknown_kind" if isinstance(kind, str) else "wrong_type"
        absent = kind is None or (isinstance(kind, str) and not kind.strip())
        return Reject(number, "missing_field" if absent else reason, "type", site_of(line))
    time_ms = _ms(stamp.time)
    arrival_ms = _ms(stamp.recordedtime)
    arrived = arrival_ms is not None
    if arrival_ms is None:
        arrival_ms = time_ms or 0
    source, id = _plain(stamp.source), _plain(stamp.id)
    name = None if source is None or id is None else hash((kind, source, id))
    return Line(kind, time_ms, (number, arrival_ms, None, line, ()), name, arrived)


def _plain(value: object) -> str | None:
    """Give a part of a name as the contract reads it: a whole number is its decimal text."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else None


def _ms(value: object) -> int | None:
    return parse_ms(value) if isinstance(value, str) else None
