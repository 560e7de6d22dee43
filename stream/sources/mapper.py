"""Mapper: records of one source → envelopes of our events, and an account of every item.

    take apart → each item → mapping → envelope bytes → no address left in it

In:  records of a topic of the source, as plain tuples; the key of the installation for addresses.
Out: envelopes by place and item; what was refused, unmapped or ignored.

Each item ends in exactly one of mapped, unmapped, ignored and refused. Nothing that a record can hold raises: a mapping
that fails gives a refused item with the line where it failed, and other items of the record count.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from types import TracebackType
from typing import Any, Final, NamedTuple

import orjson

from stream.contract.fields import ADDRESS, MAY_LOOK_LIKE_ONE
from stream.contract.kinds import KindName
from stream.contract.records import Record
from stream.contract.rejects import Reason
from stream.sources.about import About, Ignored
from stream.sources.events import Event
from stream.sources.faults import Fault
from stream.sources.hashed import Digest, Hashed, HashedPrint, keyed, keyless, without_addresses
from stream.sources.paths import getter
from stream.sources.source import Source
from stream.sources.wire.schemas import Schemas, protobuf
from stream.sources.wire.wire import Wire

#: More events of one item than this is a mapping that does not end.
_EVENTS_MOST: Final = 10_000
_NAME_MOST: Final = 64
#: No time of the contract is longer.
_TIME_MOST: Final = 40
#: A number of more digits, before or behind its point, no reader of JSON takes; written out it may fill the memory.
_DIGITS_MOST: Final = 300
_NAMELESS: Final = "(no name)"
_WRITE: Final = orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS
_ADDRESS: Final = re.compile(ADDRESS)


class Mapped(NamedTuple):
    """An envelope: `place` is that of its record in the batch, `item` its number there, `event` its own in the item."""

    place: int
    item: int
    kind: KindName
    value: bytes


class Refused(NamedTuple):
    """An item that cannot be mapped, or a whole record that cannot be taken apart."""

    place: int
    item: int
    reason: Reason
    path: str = ""


@dataclass(slots=True)
class Outcome:
    """What became of a batch: items = mapped items + unmapped + ignored + refused."""

    events: list[Mapped] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    unmapped: Counter[str] = field(default_factory=Counter)
    ignored: Counter[str] = field(default_factory=Counter)
    items: int = 0
    mapped: int = 0
    redacted: int = 0


class Mapper:
    """Maps the records of one source."""

    def __init__(
        self,
        source: Source,
        key: bytes | None = None,
        schemas: Schemas | None = None,
        most_bytes: int = 8 << 20,
        off: Container[str] = (),
    ) -> None:
        """Take `off`, the kinds that nobody counts here: events of them are ignored."""
        assert source.read is not None, "a source without a mapping is refused when it is loaded"
        self.source, self.schemas = source, schemas or Schemas()
        definition, shape = source.definition, source.shape
        read = None
        if shape.format == "protobuf":
            read = protobuf(definition.path(definition.descriptor), definition.message)
        self._wire = Wire(shape, self.schemas, read, most_bytes)
        self._digest: Digest = keyless if key is None else keyed(key)
        self._off = off
        self._read, self._name_of, self._name = source.read, source.naming(), definition.name
        self._site, self._privacy = definition.site or None, definition.privacy
        self._site_of = getter(definition.site_field) if definition.site_field else None

    def map(self, records: Sequence[Record], topic: str = "", partition: int = 0) -> Outcome:
        """Map a batch."""
        out = Outcome()
        for place, record in enumerate(records):
            offset, arrival_ms, key, value, headers = record
            if value is None:
                out.items += 1
                out.ignored["tombstone"] += 1
                continue
            try:
                pairs = self._wire.items(value, headers)
            except Fault as fault:
                out.items += 1
                out.refused.append(Refused(place, 0, fault.reason, fault.path))
                continue
            except RecursionError:
                out.items += 1
                out.refused.append(Refused(place, 0, "too_deep"))
                continue
            except Exception:
                out.items += 1
                out.refused.append(Refused(place, 0, "crash"))
                continue
            about = About(
                topic=topic, partition=partition, offset=offset, arrival_ms=arrival_ms, key=key, headers=headers,
                options=self.source.options,
            )  # fmt: skip
            out.items += len(pairs)
            for number, (outer, item) in enumerate(pairs):
                about.outer, about.item = outer, number
                self._map_item(out, place, number, item, about)
        return out

    def _map_item(self, out: Outcome, place: int, number: int, item: Any, about: About) -> None:
        redacted = out.redacted
        try:
            if item is None:
                out.ignored["tombstone"] += 1
                return
            said = self._read(item, about)
            if said.__class__ is Event or said.__class__ is Ignored:
                said = (said,)
            made: list[Mapped] = []
            left = ""
            for each in said or ():  # type: ignore[union-attr]
                if each.__class__ is Event:
                    if each.kind in self._off:
                        left = f"group_off:{each.kind}"
                        continue
                    made.append(Mapped(place, number, each.kind, self._envelope(each, item, about, out)))
                    if len(made) > _EVENTS_MOST:
                        raise Fault("too_large")
                elif each.__class__ is Ignored:
                    left = each.name
                elif each is not None:
                    raise TypeError("a mapping yields events, or ignored(name)")
        except Fault as fault:
            out.redacted = redacted
            out.refused.append(Refused(place, number, fault.reason, fault.path))
        except Exception as error:
            out.redacted = redacted
            out.refused.append(Refused(place, number, "mapping", self._where(error)))
        else:
            if made:
                out.events += made
                out.mapped += 1
            elif left:
                out.ignored[shown(left)] += 1
            else:
                out.unmapped[shown(self._name_of(item, about.outer))] += 1

    def _envelope(self, event: Event, item: Any, about: About, out: Outcome) -> bytes:
        id, time, data = event.id, event.time, event.data
        if id is None or id == "":
            raise Fault("missing_field", "id")
        if time is None or time == "":
            raise Fault("missing_field", "time")
        if time.__class__ is str:
            if len(time) > _TIME_MOST:
                raise Fault("bad_time", "time")
        elif not isinstance(time, datetime):
            raise Fault("bad_time", "time")
        if event.kind == "privacy" and not self._privacy:
            raise Fault("mapping", "privacy")
        if "site_id" not in data:
            data["site_id"] = self._site if self._site_of is None else self._own_site(item, about)
        envelope = {"specversion": "1.0", "id": id, "source": self._name, "type": event.kind, "time": time}
        if event.recordedtime is not None:
            envelope["recordedtime"] = event.recordedtime
        envelope["data"] = data
        try:
            value = orjson.dumps(envelope, default=self._default, option=_WRITE)
        except orjson.JSONEncodeError as error:
            if isinstance(error.__cause__, Fault):
                raise error.__cause__ from None
            raise Fault("wrong_type") from None
        if b"@" in value or b"%40" in value:
            value = self._redact(value, out)
        return value

    def _own_site(self, item: Any, about: About) -> Any:
        assert self._site_of is not None
        found = self._site_of(item)
        return self._site_of(about.outer) if found is None else found

    def _default(self, value: Any) -> Any:
        if value.__class__ is Hashed or value.__class__ is HashedPrint:
            return value.resolved(self._digest)
        if isinstance(value, Decimal):
            if not value.is_finite() or not -_DIGITS_MOST < value.adjusted() < _DIGITS_MOST:
                raise Fault("out_of_range")
            return orjson.Fragment(format(value, "f"))
        raise TypeError("no value of JSON")

    def _redact(self, value: bytes, out: Outcome) -> bytes:
        """Replace what is an address, wherever it stands; what may look like one is left alone."""
        if _ADDRESS.search(value.decode()) is None:
            return value
        envelope, changed = orjson.loads(value), False
        for name in ("time", "recordedtime"):
            if "@" in str(envelope.get(name)) or "%40" in str(envelope.get(name)):
                raise Fault("bad_time", name)

        def clean(text: str) -> str:
            nonlocal changed
            cleaned = without_addresses(text, self._digest) if "@" in text or "%40" in text else text
            changed = changed or cleaned is not text
            return cleaned

        def walk(found: Any) -> Any:
            if found.__class__ is str:
                return clean(found)
            if found.__class__ is dict:
                return {name: walk(each) for name, each in found.items()}
            return [walk(each) for each in found] if found.__class__ is list else found

        envelope["data"] = {
            name: each if name in MAY_LOOK_LIKE_ONE else walk(each) for name, each in envelope["data"].items()
        }
        # an id may have the form of a mail's; one that is nothing but an address is somebody's
        if (id := envelope["id"]).__class__ is str and is_address(id):
            envelope["id"] = clean(id)
        if not changed:
            return value
        out.redacted += 1
        return orjson.dumps(envelope)

    def _where(self, error: Exception) -> str:
        """Name the line of the mapping that failed and the kind of failure; what it says may quote the record."""
        own = getattr(getattr(self._read, "__code__", None), "co_filename", "")
        line = _line(error.__traceback__, own)
        what = type(error).__name__
        return f"{line} {what}" if line else what


def shown(name: Any) -> str:
    """Give what an item is called as it may be shown: short, printable, and nobody's address.

    >>> shown("Signed Up"), shown(None), shown("for jo@acme.example")
    ('Signed Up', '(no name)', '(address)')
    """
    if isinstance(name, bool) or not isinstance(name, str | int) or name == "":
        return _NAMELESS
    text = str(name)[:_NAME_MOST]
    if not text.isprintable():
        return "(unprintable)"
    return "(address)" if _ADDRESS.search(str(name)[: 4 * _NAME_MOST]) else text


def is_address(text: str) -> bool:
    """Tell whether a text is nothing but an address.

    >>> is_address("jo@acme.example"), is_address("m-1/jo@acme.example")
    (True, False)
    """
    return re.fullmatch(r"\s*[A-Za-z0-9._%+-]*" + ADDRESS + r"\s*", text) is not None


def _line(trace: TracebackType | None, own: str) -> str:
    found = ""
    while trace is not None:
        code = trace.tb_frame.f_code
        if code.co_filename == own:
            found = f"{own.replace(chr(92), '/').rpartition('/')[2]}:{trace.tb_lineno}"
        trace = trace.tb_next
    return found
