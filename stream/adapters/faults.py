"""Faults: why a record could not be read, as a reason from the closed list and a path.

In:  the exception that the parser raised, and the bytes.
Out: reason, path and site. Never a word of the event: the parser's messages may quote it, so only what is
     known to be the contract's own is taken from them.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from stream.adapters.liberal import fault_of_type
from stream.contract.fields import SITE_MAX
from stream.contract.kinds import KINDS, KindName
from stream.contract.rejects import UNKNOWN_SITE, Reason
from stream.contract.table import by_path

#: Fields in which whatever cannot be accepted is a bad time.
TIME_PATHS: Final = frozenset(path for kind in KINDS for path, field in by_path(kind).items() if field.reads == "time")

_PLACE: Final = " - at `$"
_MISSING: Final = re.compile(r"Object missing required field `(\w+)`")
_OF_A_LIMIT: Final = re.compile(r"Expected `[^`]*` (?:of length|matching|multiple|[<>]=?) ?")
_SAFE_PATH: Final = re.compile(r"[\w.\[\]]*")


class _PeekData(msgspec.Struct, gc=False):
    """What is asked of the data of a record that is not right."""

    site_id: Any = None


class _Peek(msgspec.Struct, gc=False):
    """What is asked of the record itself."""

    type: Any = None
    data: _PeekData | str | float | bool | list[msgspec.Raw] | None = None


_peek = msgspec.json.Decoder(_Peek).decode
_skim = msgspec.json.Decoder(msgspec.Raw).decode

# what a parser may raise over bytes, whatever they hold
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeError, RecursionError)


def fault_of(kind: KindName, value: bytes, error: Exception) -> tuple[Reason, str, str]:
    """Give reason, path and site of a record that the parser of `kind` refused with `error`."""
    if isinstance(error, RecursionError):
        return "too_deep", "", UNKNOWN_SITE
    if not isinstance(error, msgspec.ValidationError):
        is_syntax = isinstance(error, (msgspec.DecodeError, UnicodeError))
        return "not_json" if is_syntax else "crash", "", UNKNOWN_SITE
    # the parser names the first fault it meets; a syntax error behind it comes before it
    try:
        seen = _peek(value)
    except msgspec.ValidationError:
        return (*_of_message(str(error)), UNKNOWN_SITE) if _is_json(value) else ("not_json", "", UNKNOWN_SITE)
    except _UNREADABLE:
        return "not_json", "", UNKNOWN_SITE
    site = _site_in(seen)
    if isinstance(seen.type, str) and (fault := fault_of_type(kind, seen.type)):
        # whatever else is wrong with it, it is no event of this topic
        return (*fault, site)
    return (*_of_message(str(error)), site)


def site_of(value: bytes) -> str:
    """Give the site that a record names, if that can be read and be a label, else "unknown"."""
    try:
        return _site_in(_peek(value))
    except _UNREADABLE:
        return UNKNOWN_SITE


def _of_message(message: str) -> tuple[Reason, str]:
    """Read reason and path from the parser's words.

    >>> _of_message("Expected `str`, got `int` - at `$.data.page.path`")
    ('wrong_type', 'data.page.path')
    """
    # the place comes last; what stands before it may be text of the event that looks like one
    what, found, place = message.rpartition(_PLACE)
    if not found:
        what, place = message, ""
    path = place.rstrip("`").lstrip(".")
    if not _SAFE_PATH.fullmatch(path):
        path = ""
    missing = _MISSING.match(what)
    if missing:
        return "missing_field", f"{path}.{missing[1]}".lstrip(".")
    if path in TIME_PATHS:
        return "bad_time", path
    if what.startswith(("Invalid enum value", "Integer value out", "Number out")) or _OF_A_LIMIT.match(what):
        return "out_of_range", path
    return "wrong_type", path


def _is_json(value: bytes) -> bool:
    try:
        _skim(value)
    except _UNREADABLE:
        return False
    return True


def _site_in(seen: _Peek) -> str:
    """Give the site, if it can be one."""
    site = seen.data.site_id if isinstance(seen.data, _PeekData) else None
    return site if isinstance(site, str) and 0 < len(site) <= SITE_MAX and min(site) >= " " else UNKNOWN_SITE
