"""Shown: text from a record as a terminal, a log or a page may show it.

In:  any text, or values that are written as JSON.
Out: the same with every character that is not simply seen written as an escape.

A terminal obeys control characters, and a reader believes an order of letters that a direction override has changed.
"""

from __future__ import annotations

import re
from typing import Any, Final

#: What Unicode calls printable and nobody sees: fillers, joiners, variation selectors.
_UNSEEN: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)


def plain(text: str, keep: str = "") -> str:
    r"""Escape what cannot be seen or does something, but for the characters of `keep`.

    >>> print(plain("a\x1b[2Jb\u202ec\nd\u200be"), plain("two\nlines", keep="\n"))
    a\x1b[2Jb\u202ec\nd\u200be two
    lines
    """
    if text.isprintable() and _UNSEEN.search(text) is None:
        return text
    return "".join(c if c in keep or _is_seen(c) else _escape(c) for c in text)


def json_plain(value: Any) -> str:
    r"""Write JSON on one line, in which what `plain` escapes is escaped as JSON does it.

    >>> print(json_plain({"a": "\x9b\u202e\U000e0100"}))
    {"a":"\u009b\u202e\udb40\udd00"}
    """
    import orjson

    return json_seen(orjson.dumps(value).decode())


def json_seen(text: str) -> str:
    """Escape in JSON on one line what `plain` escapes."""
    if text.isprintable() and _UNSEEN.search(text) is None:
        return text
    return "".join(c if _is_seen(c) else _json_escape(c) for c in text)


def _is_seen(character: str) -> bool:
    return character.isprintable() and _UNSEEN.match(character) is None


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode()


def _json_escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
