"""Faults: why a record could not be read, as a reason from the closed list and a path.

In:  the exception that the parser raised, and the bytes.
Out: reason, path and site. Never a word of the event: the parser's messages may quote it, so only what is
     known to be the contract's own is taken from them.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from stream.model.events import SITE_MAX
from stream.model.rejects import UNKNOWN_SITE, Reason

#: Fields in which whatever cannot be accepted is a bad time.
TIME_PATHS: Final = frozenset(
    {"time", "recordedtime", "data.appointment_at", "data.period_start", "data.period_end"}
)

_PLACE: Final = " - at `$"
_MISSING: Final = re.compile(r"Object missing required field `(\w+)`")
_OF_A_LIMIT: Final = re.compile(r"Expected `[^`]*` (?:of length|matching|multiple|[<>]=?) ?")
_SAFE_PATH: Final = re.compile(r"[\w.\[\]]*")


class _Peek(msgspec.Struct, gc=False):
    """What is asked of a record that is not right: its type and its data."""

    type: Any = None
    data: msgspec.Raw = msgspec.Raw(b"null")


class _PeekData(msgspec.Struct, gc=False):
    site_id: Any = None
    email_hash: Any = None


_skim = msgspec.json.Decoder(msgspec.Raw).decode
_peek = msgspec.json.Decoder(_Peek).decode
_peek_data = msgspec.json.Decoder(_PeekData).decode


def fault_of(kind: str, value: bytes, error: Exception) -> tuple[Reason, str, str]:
    """Give reason, path and site of a record that the parser of `kind` refused with `error`."""
    if isinstance(error, RecursionError):
        return "too_deep", "", UNKNOWN_SITE
    if not isinstance(error, msgspec.ValidationError):
        is_syntax = isinstance(error, (msgspec.DecodeError, UnicodeError))
        return "not_json" if is_syntax else "crash", "", UNKNOWN_SITE
    if not _is_json(value):
        # the parser names the first fault it meets, and a wrong type may stand before a syntax error
        return "not_json", "", UNKNOWN_SITE
    reason, path = _of_message(str(error))
    seen_type, site, seen_hash = _look(value)
    if isinstance(seen_type, str) and seen_type != kind:
        # whatever else is wrong with it, it is no event of this topic
        return "unknown_kind", "type", site
    if path == "data.email_hash" and isinstance(seen_hash, str) and "@" in seen_hash:
        return "personal_data", path, site
    return reason, path, site


def site_of(value: bytes) -> str:
    """Give the site that a record names, if that can be read and be a label, else "unknown"."""
    return _look(value)[1]


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
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return False
    return True


def _look(value: bytes) -> tuple[Any, str, Any]:
    """Look at a record for its type, site and hash of an address, as far as it can be read."""
    try:
        seen = _peek(value)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None, UNKNOWN_SITE, None
    try:
        data = _peek_data(seen.data)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return seen.type, UNKNOWN_SITE, None
    site = data.site_id
    if not (isinstance(site, str) and 0 < len(site) <= SITE_MAX and min(site) >= " "):
        site = UNKNOWN_SITE
    return seen.type, site, data.email_hash
