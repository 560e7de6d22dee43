"""Liberal: an event as plain values, made fit for the contract or refused, field by field.

In:  one envelope of a kind, parsed by whatever parser: texts, numbers, flags, lists, tables.
Out: the event with every value as the contract has it, all faults, and the fields that were ignored.

The fast lanes take what needs no change, this takes the rest: enums in capitals, ids that are numbers, empty texts,
12.0. Each field is read as its type says. What cannot be used is a fault where figures rest on it, and is dropped
where it only decorates. It costs some 15 µs an event, and nothing the events that the fast lanes take.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, Final
from urllib.parse import urlsplit

from stream.contract.codes import COUNTRIES, COUNTRY_ALIASES, CURRENCIES
from stream.contract.fields import ADDRESS, INT_LIMIT, MAY_LOOK_LIKE_ONE, SITE_MAX, millionths
from stream.contract.form import FRAMEWORKS
from stream.contract.kinds import KINDS, KindName, is_kind
from stream.contract.rejects import UNKNOWN_SITE, Reason
from stream.contract.rules import Fault
from stream.contract.table import Field, envelope_of
from stream.contract.times import is_time

_ADDRESS: Final = re.compile(ADDRESS).search
_CONTROL: Final = re.compile("[\x00-\x1f]").search
_HASH: Final = re.compile(r"[0-9a-f]{64}").fullmatch
_ABSENT: Final = object()
_NAMED: Final = 64
_COUNTRIES, _CURRENCIES = frozenset(COUNTRIES), frozenset(CURRENCIES)


class Unfit(Exception):
    """A value that its field cannot take, with the reason."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


@dataclass(slots=True)
class Read:
    """What became of an envelope.

    `event` is None where there are faults; `loose` is then what could be read of it, for the rules of its kind.
    `ignored` are paths in `data`, `raw` are values at fault by their path; `unfit` says of those that were dropped why,
    and what they were.
    """

    event: Any = None
    loose: Any = None
    faults: list[Fault] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    site: str = UNKNOWN_SITE
    raw: dict[str, Any] = field(default_factory=dict)
    unfit: dict[str, tuple[Reason, Any]] = field(default_factory=dict)


def read(kind: KindName, envelope: Any, addresses: bool = True) -> Read:
    """Read an event of a kind from plain values; names every fault. Without `addresses` none can be in it."""
    found = Read()
    if not isinstance(envelope, dict):
        found.faults.append(("wrong_type", ""))
        return found
    data = envelope.get("data")
    if isinstance(data, dict):
        found.site = _site(data.get("site_id"))
    if fault := fault_of_type(kind, envelope.get("type")):
        found.faults.append(fault)
        return found
    whole = envelope_of(kind)
    if addresses:
        found.faults += address_in(whole, data)
    values = _object(whole, envelope, found)
    if data_values := values.get("data"):
        _settle(kind, data_values, found)
    if found.faults:
        found.loose = _loose(whole, values, found.raw)
    else:
        found.event = _built(whole, values)
    return found


def kind_of(said: Any) -> Any:
    """Give the name of a kind as it is written, where a text is one in other letters."""
    plain = said.strip().lower() if isinstance(said, str) else said
    return plain if is_kind(plain) else said


def fault_of_type(kind: KindName, said: Any) -> Fault | None:
    """Say what is wrong with the type of an event on the topic of a kind."""
    if _is_nothing(said):
        return "missing_field", "type"
    if not isinstance(said, str):
        return "wrong_type", "type"
    named = kind_of(said)
    if named == kind:
        return None
    return ("wrong_topic" if is_kind(named) else "unknown_kind"), "type"


def address_in(whole: Field, data: Any) -> Iterator[Fault]:
    """Find the fields of the data that hold an address in any text; a path names nothing but the contract's fields."""
    for path in dict.fromkeys(_addresses(whole.named["data"], data)):
        yield "personal_data", path


def _addresses(known: Field, value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if _ADDRESS(value):
            yield known.path
    elif isinstance(value, list):
        for item in value:
            yield from _addresses(known, item)
    elif isinstance(value, dict):
        inner = known.named
        for name, item in value.items():
            if known.name != "data" or name not in MAY_LOOK_LIKE_ONE:
                yield from _addresses(inner.get(name, known), item)
            if name not in inner and _ADDRESS(name):
                yield known.path


def _object(known: Field, raw: dict[str, Any], found: Read) -> dict[str, Any]:
    """Read the fields of an object; what is absent is not in the answer."""
    values: dict[str, Any] = {}
    for each in known.fields:
        given = raw.get(each.name)
        if given is None and not each.required:
            continue
        value = _value(each, given, raw, found)
        if value is not _ABSENT:
            values[each.name] = value
    return values


def _value(each: Field, raw: Any, beside: dict[str, Any], found: Read) -> Any:
    if _is_nothing(raw):
        if each.required and not (each.instead and not _is_nothing(beside.get(each.instead))):
            found.faults.append(("missing_field", each.path))
        return _ABSENT
    try:
        if each.reads == "object":
            if not isinstance(raw, dict):
                raise Unfit("wrong_type")
            return _object(each, raw, found)
        if each.reads == "list":
            return _list(each, raw, found)
        return _WAYS[each.reads](each, raw)
    except Unfit as unfit:
        if each.strict or (each.instead and unfit.reason == "wrong_type" and _is_nothing(beside.get(each.instead))):
            reason: Reason = "bad_time" if each.reads == "time" else unfit.reason
            found.faults.append((reason, each.path))
            found.raw[each.path] = raw
            return _ABSENT
        found.unfit[each.path] = unfit.reason, raw
        _ignore(each.path, found)
        if each.stray and each.stray != "itself":
            return each.stray
        # who says anything but yes to being counted has not agreed
        return {"analytics": False} if each.path == "data.consent" else _ABSENT


def _ignore(path: str, found: Read) -> None:
    if path.startswith("data."):
        found.ignored.append(path.removeprefix("data."))


def _is_nothing(raw: Any) -> bool:
    return raw is None or (isinstance(raw, str) and not raw.strip())


# ways of reading ----------------------------------------------------------------------------------------------


def _text(each: Field, raw: Any) -> str:
    if not isinstance(raw, str):
        raise Unfit("wrong_type")
    if len(raw) > each.longest:
        raise Unfit("out_of_range")
    return raw.strip(" ").lower() if each.lower else raw


def _name(each: Field, raw: Any) -> str:
    return _text(each, raw if isinstance(raw, str) else str(_whole_number(raw)))


def _id(each: Field, raw: Any) -> str:
    text = _name(each, raw)
    if _CONTROL(text):
        raise Unfit("out_of_range")
    return text


def _message_id(each: Field, raw: Any) -> str:
    if isinstance(raw, str):
        bare = raw.strip()
        if bare.startswith("<") and bare.endswith(">"):
            raw = bare[1:-1].strip()
            if not raw:
                raise Unfit("missing_field")
    return _id(each, raw)


def _hash(each: Field, raw: Any) -> str:
    if not isinstance(raw, str):
        raise Unfit("wrong_type")
    text = raw.strip().lower()
    if not _HASH(text):
        raise Unfit("out_of_range")
    return text


def _enum(each: Field, raw: Any) -> str:
    if not isinstance(raw, str):
        raise Unfit("wrong_type")
    word = raw.strip().lower()
    if word not in each.values:
        if each.stray == "itself":
            return word[:_NAMED]
        raise Unfit("out_of_range")
    return word


def _time(each: Field, raw: Any) -> str:
    # whether the event's own can be believed is judged later, for a batch at once
    if not isinstance(raw, str) or len(raw) > each.longest or not is_time(raw):
        raise Unfit("bad_time")
    return raw


def _whole_number(raw: Any) -> int:
    if isinstance(raw, bool) or not isinstance(raw, (int, Decimal, float)):
        raise Unfit("wrong_type")
    if not -INT_LIMIT < raw < INT_LIMIT:
        raise Unfit("out_of_range")
    if raw != int(raw):
        raise Unfit("wrong_type")
    return int(raw)


def _whole(each: Field, raw: Any) -> int:
    number = _whole_number(raw)
    if each.least is not None and number < each.least:
        raise Unfit("out_of_range")
    return number


def _number(each: Field, raw: Any) -> float:
    if isinstance(raw, bool) or not isinstance(raw, (int, Decimal, float)):
        raise Unfit("wrong_type")
    if not -INT_LIMIT < raw < INT_LIMIT or (each.least is not None and raw < each.least):
        raise Unfit("out_of_range")
    return float(raw)


def _floor(each: Field, raw: Any) -> int:
    return int(_number(each, raw))


def _millionths(each: Field, raw: Any) -> int:
    if isinstance(raw, float):
        raw = Decimal(repr(raw))
    if isinstance(raw, bool) or not isinstance(raw, (int, Decimal)):
        raise Unfit("wrong_type")
    try:
        return millionths(raw)
    except (ValueError, ArithmeticError):
        raise Unfit("out_of_range") from None


def _flag(each: Field, raw: Any) -> bool:
    if not isinstance(raw, bool):
        raise Unfit("wrong_type")
    return raw


def _country(each: Field, raw: Any) -> str:
    if not isinstance(raw, str):
        raise Unfit("wrong_type")
    code = raw.strip().upper()
    code = COUNTRY_ALIASES.get(code, code)
    if code not in _COUNTRIES:
        raise Unfit("out_of_range")
    return code


def _currency(each: Field, raw: Any) -> str:
    if not isinstance(raw, str):
        raise Unfit("wrong_type")
    code = raw.strip().upper()
    if code not in _CURRENCIES:
        raise Unfit("out_of_range")
    return code


_WAYS: Final[dict[str, Callable[[Field, Any], Any]]] = {
    "text": _text,
    "name": _name,
    "id": _id,
    "message_id": _message_id,
    "hash": _hash,
    "enum": _enum,
    "time": _time,
    "whole": _whole,
    "floor": _floor,
    "number": _number,
    "millionths": _millionths,
    "flag": _flag,
    "agreement": _flag,
    "country": _country,
    "currency": _currency,
}


def _list(each: Field, raw: Any, found: Read) -> list[str]:
    """Read a list of texts, or of words of a list; an item that is none is dropped, and the list is noted."""
    if not isinstance(raw, list):
        raise Unfit("wrong_type")
    items = [item for item in raw if not _is_nothing(item)]
    kept = [item for item in items if isinstance(item, str) and len(item) <= each.longest]
    if each.values:
        words = (item.strip().lower() for item in items if isinstance(item, str))
        kept = [word for word in words if word in each.values]
    if len(kept) < len(items):
        _ignore(each.path, found)
    return kept


# what one field makes of another ------------------------------------------------------------------------------


def _settle(kind: KindName, data: dict[str, Any], found: Read) -> None:
    """Give one field what it has from another."""
    page = data.get("page")
    if page is not None and "path" not in page:
        page["path"] = _path_of(page.get("url"))
    if "consent.analytics" in found.ignored:
        data["consent"]["analytics"] = False
    qualification = data.get("qualification")
    if qualification is not None and "known" in qualification:
        _of_framework(qualification, found)
    for name in KINDS[kind].rests_on.get(data.get("action", ""), ()):
        if (path := f"data.{name}") in found.unfit:
            reason, found.raw[path] = found.unfit[path]
            found.ignored.remove(name)
            found.faults.append((reason, path))


def _of_framework(qualification: dict[str, Any], found: Read) -> None:
    """Leave of what is known the fields of the framework; the others are noted, once."""
    fields = FRAMEWORKS.get(qualification.get("framework", ""), ())
    known = qualification["known"]
    qualification["known"] = [name for name in known if name in fields]
    if len(qualification["known"]) < len(known) and "qualification.known" not in found.ignored:
        _ignore("data.qualification.known", found)


def _path_of(url: str | None) -> str:
    try:
        return urlsplit(url or "").path or "/"
    except ValueError:
        return "/"


def _site(raw: Any) -> str:
    """Give the site, if it can be one."""
    text = str(raw) if isinstance(raw, int) and not isinstance(raw, bool) else raw
    return (
        text if isinstance(text, str) and text.strip() and len(text) <= SITE_MAX and min(text) >= " " else UNKNOWN_SITE
    )


def _built(known: Field, values: dict[str, Any]) -> Any:
    assert known.part is not None
    made: dict[str, Any] = {}
    for each in known.fields:
        if each.name in values:
            value = values[each.name]
            made[each.attribute] = _built(each, value) if each.reads == "object" else value
    return known.part(**made)


def _loose(known: Field, values: dict[str, Any], raw: dict[str, Any]) -> Any:
    """Give what could be read as an object with every field of the contract, its default where there is nothing.

    What is at fault stands as it was sent: it is not missing as well.
    """
    made: dict[str, Any] = {}
    for each in known.fields:
        value = values.get(each.name, raw.get(each.path, each.default))
        inner = isinstance(value, dict) or (each.reads == "object" and each.required)
        made[each.attribute] = _loose(each, value if isinstance(value, dict) else {}, raw) if inner else value
    return SimpleNamespace(**made)
