"""CloudEvents: one JSON object a record, as the structured mode has it, or its data with the rest in headers.

In:  records of one kind.
Out: events, and a reject for every other record.

A record goes by one of three lanes with the same outcome. The closed lane is for records that are nothing but the
contract, written as the contract writes it: one call of a parser in C. The open lane lets unknown fields pass; the
gate looks at the bytes first, because what the parser skips could be anything. What neither takes, and what no lane
in C can vouch for (a text of white space, an address), goes by the liberal lane, which takes off wrappers and reads
field by field.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import compress
from operator import itemgetter
from typing import Any, Final

import msgspec

from stream.adapters import liberal
from stream.adapters.adapter import Parsed, RecordLimits
from stream.adapters.faults import fault_of
from stream.adapters.gate import shut_out
from stream.adapters.wrappers import attributes, unwrap
from stream.contract.closed import closed
from stream.contract.fields import ADDRESS, hook
from stream.contract.form import FRAMEWORKS, Qualification
from stream.contract.kinds import KINDS, KindName
from stream.contract.oversize import Cut
from stream.contract.records import Record
from stream.contract.rejects import Reject
from stream.contract.table import data_of
from stream.kernels.gate import doubtful

Parser = Callable[[bytes], Any]

_value = itemgetter(3)

# Where half of the first records do not fit the closed lane, their producer adds fields of its own: a refusal
# costs 2 µs, so the rest of the batch goes straight to the open lane.
_TRIAL: Final = 64

#: A text of nothing but white space, also where it is written in escapes or beyond ASCII.
_BLANK: Final = re.compile(
    rb'"(?:[\x20]|\\[tnrf]|\\u[0-9a-fA-F]{4}|\xc2[\x85\xa0]|\xe1\x9a\x80|\xe2\x80[\x80-\x8a\xa8\xa9\xaf]|\xe2\x81\x9f'
    rb'|\xe3\x80\x80)+"'
).search
#: A control character in an escape: no id may hold one.
_CONTROL: Final = re.compile(rb"\\(?:[bfnrt]|u00[01])").search
_ADDRESS: Final = re.compile(ADDRESS).search
#: An escape that may write a part of an address.
_ESCAPED: Final = re.compile(rb"\\u00(?:2[5bBdDeE]|3[0-9]|[4-7])").search


@dataclass(frozen=True, slots=True)
class Lanes:
    """The two parsers of a kind: one refuses fields that the contract does not name, one passes over them."""

    closed: Parser
    open: Parser


def _parser(struct: type[msgspec.Struct]) -> Parser:
    return msgspec.json.Decoder(struct, dec_hook=hook, float_hook=Decimal).decode


LANES: Final[Mapping[KindName, Lanes]] = {
    name: Lanes(_parser(closed(kind.struct)), _parser(kind.struct)) for name, kind in KINDS.items()
}
#: Numbers as they are written: what is rounded is rounded once.
plain: Final[Parser] = msgspec.json.Decoder(float_hook=Decimal).decode

#: Fields that are lower case, whatever was sent.
_LOWER: Final = {
    name: [field.attribute for field in data_of(name).fields if field.lower and field.reads != "enum"] for name in KINDS
}


@dataclass(frozen=True, slots=True)
class CloudEvents:
    """Read CloudEvents 1.0 in JSON, in structured and in binary mode."""

    lanes: Mapping[KindName, Lanes]
    name: str = "cloudevents"

    def read(self, kind: KindName, records: Sequence[Record], limits: RecordLimits) -> Parsed:
        """Turn records into events: what fits by the closed lane, the rest by the open or the liberal one."""
        batch = Parsed([], [], [])
        values: Sequence[Any] = list(map(_value, records))
        refused = self._parse(batch, kind, values, limits)
        doubted = [*_doubted(batch, kind, values), *_misqualified(batch, kind)]
        for attribute in _LOWER[kind]:
            _lower(batch.events, attribute)
        if refused or doubted:
            for i in sorted([*refused, *doubted]):
                self._liberal(batch, kind, i, records[i], limits, refused.get(i))
            in_order = sorted(range(len(batch.index)), key=batch.index.__getitem__)
            batch.events = [batch.events[place] for place in in_order]
            batch.index.sort()
        return batch

    def _parse(
        self, batch: Parsed, kind: KindName, values: Sequence[Any], limits: RecordLimits
    ) -> dict[int, Exception]:
        """Parse what the fast lanes take; give the places of the others, each with what was said of it."""
        lanes = self.lanes[kind]
        places: Sequence[int] = range(len(values))
        if max(map(len, filter(None, values)), default=0) > limits.max_bytes:
            places = [i for i in places if values[i] is not None and len(values[i]) <= limits.max_bytes]
        refused = _run(batch, values, places[:_TRIAL], lanes.closed)
        if len(refused) <= _TRIAL // 2:
            _run(batch, values, places[_TRIAL:], lanes.closed)
        if len(batch.index) == len(values):
            return {}

        left = sorted(set(range(len(values))).difference(batch.index))
        shut = shut_out([values[i] for i in left], limits.max_bytes, limits.max_depth)
        wrapped: dict[int, Exception] = {}
        for nth, reason in shut.items():
            if reason == "not_json" and values[left[nth]]:
                wrapped[left[nth]] = msgspec.DecodeError("no Unicode")
            else:
                # the site of what is shut out stays unknown: these are the bytes that no parser should see
                too_large = isinstance(values[left[nth]], Cut)
                batch.rejects.append(Reject(left[nth], "too_large" if too_large else reason))
        passed = [i for nth, i in enumerate(left) if nth not in shut]
        fitted = len(batch.index)
        refused = _run(batch, values, passed, lanes.open)
        if len(batch.index) > fitted:
            in_order = sorted(range(len(batch.index)), key=batch.index.__getitem__)
            batch.events = [batch.events[place] for place in in_order]
            batch.index.sort()
        return {**wrapped, **refused}

    def _liberal(
        self, batch: Parsed, kind: KindName, i: int, record: Record, limits: RecordLimits, error: Exception | None
    ) -> None:
        """Read one record field by field."""
        if error is not None and not isinstance(error, (msgspec.DecodeError, UnicodeError, RecursionError)):
            batch.rejects.append(Reject(i, *fault_of(kind, record[3] or b"", error)))  # a fault of our own
            return
        try:
            found = read(kind, record, limits)
        except msgspec.ValidationError as fault:
            # a number beyond all limits: the parser that knows the fields has said where it stands
            # no name of its own for the fault: this frame would hold the fault, which holds this frame
            known = isinstance(error, msgspec.ValidationError)
            batch.rejects.append(Reject(i, *fault_of(kind, record[3] or b"", error if known and error else fault)))
            return
        except Exception as fault:
            batch.rejects.append(Reject(i, *fault_of(kind, record[3] or b"", fault)))
            return
        if isinstance(found, liberal.Read):
            if not found.faults:
                batch.events.append(found.event)
                batch.index.append(i)
                if found.ignored:
                    batch.ignored[i] = found.ignored
                return
            batch.rejects.append(Reject(i, *found.faults[0], found.site))
        else:
            batch.rejects.append(msgspec.structs.replace(found, index=i))


def read(kind: KindName, record: Record, limits: RecordLimits) -> liberal.Read | Reject:
    """Read one record of a kind by the liberal lane, whatever is around it; a reject has index 0.

    Raises what the parser raises.
    """
    value = record[3] or b""
    inner, reason, named = unwrap(value, record[4], limits.max_bytes)
    if reason is not None:
        return Reject(0, reason, named)
    if inner is not value:
        shut = shut_out([inner], limits.max_bytes, limits.max_depth)
        if shut:
            return Reject(0, shut[0])
    said = plain(inner)
    if record[4] and not (isinstance(said, dict) and "specversion" in said):
        said_in_headers = attributes(record[4])
        if said_in_headers:
            said = {**said_in_headers, "data": said}
    return liberal.read(kind, said, addresses=b"@" in inner or b"%" in inner or b"\\u" in inner)


def _doubted(batch: Parsed, kind: KindName, values: Sequence[Any]) -> list[int]:
    """Take out of the batch the events that no lane in C can vouch for; give the places of their records."""
    if not batch.events:
        return []
    doubted: list[int] = []
    kept = bytearray(b"\1") * len(batch.events)
    held = values if len(batch.index) == len(values) else [values[i] for i in batch.index]
    for place in doubtful(held):
        value, event = held[place], batch.events[place]
        tidy = kind != "email" or _bare(event.data)
        if not tidy or _may_hide(value) or (_may_hold_address(value) and not _accounted(value, event)):
            kept[place] = 0
            doubted.append(batch.index[place])
    if doubted:
        batch.events = list(compress(batch.events, kept))
        batch.index = list(compress(batch.index, kept))
    return doubted


def _misqualified(batch: Parsed, kind: KindName) -> list[int]:
    """Take out of a batch the forms that call something known that is no field of the framework they name."""
    if kind != "form":
        return []
    told = [(place, event.data.qualification) for place, event in enumerate(batch.events)]
    wrong = {place for place, one in told if one is not None and one.known and not _of_framework(one)}
    if not wrong:
        return []
    places = [batch.index[place] for place in sorted(wrong)]
    batch.events = [event for place, event in enumerate(batch.events) if place not in wrong]
    batch.index = [index for place, index in enumerate(batch.index) if place not in wrong]
    return places


def _of_framework(told: Qualification) -> bool:
    return set(told.known or ()) <= set(FRAMEWORKS.get(told.framework or "", ()))


def _may_hide(value: bytes) -> bool:
    """Tell whether a text may be nothing but white space, or hold a control character."""
    escapes = b"\\" in value
    if not escapes and b'" ' not in value and value.isascii():
        return False
    return _BLANK(value) is not None or (escapes and _CONTROL(value) is not None)


def _may_hold_address(value: bytes) -> bool:
    if b"\\u00" in value and _ESCAPED(value):
        return True
    if b"@" not in value and b"%40" not in value:
        return False
    # an escape beside an @ may write a letter beyond ASCII
    return b"\\u" in value or _ADDRESS(value.decode(errors="replace")) is not None


def _bare(data: Any) -> bool:
    """Take the angle brackets off a message id; False where that leaves nothing, or more is odd about it."""
    name: str = data.message_id
    if name[0] == "<" and name[-1] == ">":
        data.message_id = name = name[1:-1]
    return bool(name) and not (name[0].isspace() or name[-1].isspace())


def _accounted(value: bytes, event: Any) -> bool:
    """Tell whether every @ of a record stands where something may look like an address."""
    if b"\\u" in value:
        return False
    data = event.data
    texts = (event.id, event.source, data.user_agent or "", getattr(data, "message_id", ""))
    seen = sum(text.count("@") + text.count("%40") for text in texts)
    return seen == value.count(b"@") + value.count(b"%40")


def _lower(events: list[Any], attribute: str) -> None:
    """Make a field of the data lower case, without spaces around it.

    A batch has few values: asking for each of them costs 0.03 µs an event.
    """
    names = {getattr(event.data, attribute) for event in events}
    odd = {name: plain for name in names if name is not None and name != (plain := name.strip(" ").lower())}
    if odd:
        for event in events:
            name = getattr(event.data, attribute)
            if name in odd:
                setattr(event.data, attribute, odd[name])


def _run(batch: Parsed, values: Sequence[Any], places: Sequence[int], parser: Parser) -> dict[int, Exception]:
    """Parse the values at these places in one call, taken up again behind each failure; give the failures."""
    events: list[Any] = []
    failed: dict[int, Exception] = {}
    remaining = map(values.__getitem__, places)
    while True:
        try:
            # a failure leaves the events before it in the list, and the iterator behind its record
            events.extend(map(parser, remaining))
        except Exception as error:
            # without traceback and cause: their frames would hold on to this one, and so to all that is folded with it
            error.__cause__ = error.__context__ = None
            failed[places[len(events) + len(failed)]] = error.with_traceback(None)
        else:
            break
    batch.events += events
    batch.index += [i for i in places if i not in failed] if failed else places
    return failed


STRUCTURED: Final = CloudEvents(LANES)
