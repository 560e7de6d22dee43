"""Junk: values that name nobody, though they stand where an id does.

In:  the text of an id.
Out: whether it is one of the constants that bugs and test accounts write; the same for JSON Schema.

What stands under such a value is of many people, or of none: to join by it would make one of them all.
"""

from __future__ import annotations

import re
from typing import Final

from stream.contract.conditions import Schema

WORDS: Final = frozenset(
    {
        "-", "[object object]", "anonymous", "distinct_id", "distinctid", "email", "false", "guest", "id", "n/a", "nan",
        "none", "not_authenticated", "null", "test", "true", "undefined", "unknown", "user",
    }
)  # fmt: skip
_BLANK: Final = re.compile(r"[0\-\s]*")
_LONGEST: Final = max(map(len, WORDS))


def is_junk(value: str) -> bool:
    """Tell whether a value cannot name a person: constants that bugs and test accounts write.

    >>> is_junk("'Undefined'"), is_junk("0000-0000"), is_junk("l-204")
    (True, True, False)
    """
    if len(value) > _LONGEST and value[0] != "0" and value[0].isalnum() and value[-1].isalnum():
        return False  # as nearly all: nothing would be stripped, and no word is so long
    bare = value.strip().strip("'\"").strip().lower()
    return bare in WORDS or _BLANK.fullmatch(bare) is not None


def _spelled(word: str) -> str:
    return "".join(f"[{c}{c.upper()}]" if c.isalpha() else f"\\{c}" if c in "[]-" else c for c in word)


#: Any number of white space and quotes around one of the words, or nothing but zeros and dashes.
_PATTERN: Final = rf"^\s*['\"]*\s*({'|'.join(map(_spelled, sorted(WORDS)))}|[0\-\s]*)\s*['\"]*\s*$"
JUNK: Final[Schema] = {"anyOf": [{"type": "string", "pattern": _PATTERN}, {"const": 0}]}


def naming(*names: str) -> Schema:
    """Ask that fields, where they are there, are no junk."""
    return {"properties": {name: {"not": JUNK} for name in names}}
